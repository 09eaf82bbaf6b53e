"""What a paced interface does with limits that are kept elsewhere."""

import pytest
from staged import Staged, pieces, said

from agentkit import Delta, InterfaceError, StatusError, Usage, Wait
from agentkit.errors import ConnectError
from agentkit.messages import Quota
from agentkit.paced import Paced, shared_pace
from agentkit.shared_limits import SHARED, Rates, sharing

FOLLOWS = [Delta("Hel"), Delta("lo."), said(usage=Usage(prompt_tokens=50, completion_tokens=10))]


class Account(Staged):
    """Its limits are counted by its account and the model."""

    def quota_key(self, request):
        return ("ours", request.model)


class Noted:
    """Gives each place after so many asks, and notes what it is told."""

    def __init__(self, asks=1, *, error=None):
        self.asks, self.error, self.said = asks, error, []
        self.wait, self.reason, self.is_fresh = 0.0, "room for all", False

    def place(self, key, name, tokens, by_hand, patience):
        self.said.append(("place", key, name, by_hand, patience))
        return self

    def ask(self):
        if self.error:
            raise self.error
        self.asks -= 1
        self.wait = 0.0 if self.asks <= 0 else 0.2
        self.is_fresh = self.asks <= 0

    def __getattr__(self, name):
        return lambda *given: self.said.append((name, *given)) or name in ("answered", "refused")


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    shared_pace.cache_clear()


def test_a_place_is_asked_for_and_told_what_was_used(mode):
    limits = Noted()
    with sharing(limits):
        taken = pieces(Paced(Account(FOLLOWS), requests=5), mode)

    assert taken == FOLLOWS
    assert limits.said == [
        ("place", ("ours", "default"), "staged default", Rates(5, None), 600.0),
        ("sent",),
        ("answered", 60, Rates()),
        ("flush",),
        ("release",),
    ]


def test_it_waits_until_there_is_room_and_says_for_what(mode):
    with sharing(Noted(asks=3)):
        taken = pieces(Paced(Account(FOLLOWS)), mode)

    assert taken == [*[Wait(0.2, "staged: room for all")] * 2, *FOLLOWS[:2], taken[-1]]
    assert taken[-1].waited == pytest.approx(0.4)


def test_a_refusal_is_told_with_its_wait_and_the_limits_it_names(mode):
    limits = Noted()
    quotas = (Quota("tokens", 8000, 0, 3.0),)
    error = StatusError("Too many.", status=429, retry_after=3.0, quotas=quotas)
    with sharing(limits), pytest.raises(StatusError):
        pieces(Paced(Account(error)), mode)

    assert limits.said[2:] == [("refused", 3.0, Rates(None, 8000)), ("flush",), ("release",)]


def test_of_a_lost_connection_nothing_is_told(mode):
    limits = Noted()
    with sharing(limits), pytest.raises(ConnectError):
        pieces(Paced(Account(ConnectError("Cut."))), mode)

    assert [name for name, *_ in limits.said] == ["place", "sent", "release"]


def test_what_cannot_be_looked_up_is_not_sent(mode):
    staged, limits = Account(FOLLOWS), Noted(error=InterfaceError("Away."))
    with sharing(limits), pytest.raises(InterfaceError, match="Away"):
        pieces(Paced(staged), mode)

    assert staged.requests == []
    assert [name for name, *_ in limits.said] == ["place", "release"]


def test_an_interface_with_limits_of_its_own_shares_none(mode):
    limits = Noted()
    with sharing(limits):
        pieces(Paced(Staged(FOLLOWS)), mode)

    assert limits.said == []


def test_outside_nothing_is_shared():
    with sharing(Noted()):
        pass

    assert SHARED.get() is None

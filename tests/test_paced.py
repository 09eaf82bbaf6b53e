"""Requests that wait for a place: told, given back, and shared by whom they concern."""

import asyncio
import math
import threading
from functools import partial

import pytest
from staged import ASKED, Clock, Staged, estimated, pieces, response, said

from agentkit import ConfigError, Delta, InterfaceError, StatusError, Usage, Wait
from agentkit.errors import ConnectError
from agentkit.messages import Quota
from agentkit.pace import Pace
from agentkit.paced import Paced, shared_pace
from agentkit.testing import ScriptedInterface

FOLLOWS = [Delta("Hel"), Delta("lo."), said()]


class Account(Staged):
    """Its limits are counted by its account and the model."""

    def __init__(self, *attempts, account="ours"):
        super().__init__(*attempts)
        self.account = account

    def quota_key(self, request):
        return (self.account, request.model)


@pytest.fixture
def clock(monkeypatch):
    clock = Clock(monkeypatch)
    monkeypatch.setattr("agentkit.paced.Pace", partial(Pace, clock=clock))
    shared_pace.cache_clear()
    yield clock
    shared_pace.cache_clear()


def about(seconds):
    """Waits are in steps."""
    return pytest.approx(seconds, abs=1.0)


def next_wait(paced):
    """How long one more request would wait, in the first pause or not at all."""
    pace = shared_pace(paced.quota_key(ASKED), *paced._by_hand)
    ticket = pace.reserve(ASKED)
    try:
        return round(pace.wait(ticket), 6)
    finally:
        pace.release(ticket)


def test_a_request_waits_for_its_place_and_says_why(clock, mode):
    paced = Paced(Account(FOLLOWS), requests=1)
    assert pieces(paced, mode) == FOLLOWS
    *waits, one, other, last = pieces(paced, mode)

    assert {each.reason for each in waits} == {"staged: 1 requests a minute"}
    assert sum(each.seconds for each in waits) == sum(clock.pauses) == about(60)
    assert (one, other, last) == (*FOLLOWS[:2], said(waited=last.waited))
    assert last.waited == pytest.approx(sum(clock.pauses))


def test_a_whole_response_says_how_long_it_waited(clock, mode):
    paced = Paced(Account(said()), requests=1)

    assert [response(paced, mode).waited for _ in range(3)] == [0, about(60), about(60)]


def test_tokens_by_hand_are_paced_too(clock, mode):
    paced = Paced(Account(said(usage=Usage(500, 100))), tokens=600)
    first, second = (response(paced, mode, estimated(300)).waited for _ in range(2))

    assert first == 0
    assert 25 < second < 62


def test_limits_are_learned_from_replies(clock, mode):
    paced = Paced(Account(said(quotas=(Quota("tokens", 600, 0, 60.0),))))
    first, second = (response(paced, mode, estimated(60)).waited for _ in range(2))

    assert first == 0
    assert 5 < second < 62


def test_the_plan_of_the_tokens_is_learned_from_replies(clock, mode):
    paced = Paced(Account(said(quotas=(Quota("tokens", 8000, 8000, 0.0),))), plans={8000: 1})

    assert [response(paced, mode).waited for _ in range(3)][2] == about(60)


def test_a_429_stops_all_who_share_the_account(clock, mode):
    refused = StatusError("slow", status=429, retry_after=40.0)
    one, other = Paced(Account(refused)), Paced(Account(said()))
    with pytest.raises(StatusError):
        response(one, mode)

    assert response(other, mode).waited == about(40)


def test_accounts_models_and_limits_by_hand_are_apart(clock):
    def waited(account, model, requests):
        paced = Paced(Account(said(), account=account), requests=requests)
        return response(paced, "sync", estimated_for(model)).waited

    cases = [("a", "m", 1), ("b", "m", 1), ("a", "n", 1), ("a", "m", 2), ("a", "m", 1)]

    assert [waited(*case) for case in cases] == [0, 0, 0, 0, about(60)]


def estimated_for(model):
    return type(ASKED)(messages=ASKED.messages, model=model)


def test_a_wait_that_is_too_long_fails_at_once_and_gives_the_place_back(clock, mode):
    paced = Paced(Account(said()), requests=1, longest=100.0)
    response(paced, mode)
    pace = shared_pace(paced.quota_key(ASKED), 1, None)
    first = pace.reserve(ASKED)
    with pytest.raises(InterfaceError, match=r"wait 1[12]\d s for 1 requests a minute.*than 100 s"):
        response(paced, mode)
    pace.release(first)

    assert clock.pauses == []
    assert next_wait(paced) == about(60)


def test_a_wait_that_is_too_long_is_not_worth_asking_again(clock):
    paced = Paced(Account(said()), requests=1, longest=50.0)
    response(paced, "sync")
    with pytest.raises(InterfaceError) as raised:
        response(paced, "sync")

    assert not raised.value.retryable


@pytest.mark.parametrize("begun", [False, True], ids=["in the wait", "in the answer"])
def test_left_early_it_gives_back_what_was_not_sent(clock, mode, begun):
    paced = Paced(Account(FOLLOWS), requests=1)
    if not begun:
        response(paced, mode)
    (first,) = pieces(paced, mode, most=1)

    assert isinstance(first, Delta if begun else Wait)
    assert paced.inner.open == 0
    assert next_wait(paced) == about(60)  # once, because only one request was sent


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_wait_gives_the_place_back(clock, mode, stop):
    paced = Paced(Account(said()), requests=1)
    response(paced, mode)
    clock.stop = stop()
    with pytest.raises(stop):
        response(paced, mode)

    assert next_wait(paced) == about(60)
    assert len(paced.inner.requests) == 1


def test_a_cancelled_task_gives_the_place_back(clock):
    paced = Paced(Account(said()), requests=1)

    async def cancelled():
        await paced.asend(ASKED)
        task = asyncio.create_task(paced.asend(ASKED))
        await asyncio.wait([task], timeout=0)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(cancelled())
    assert next_wait(paced) == about(60)


@pytest.mark.parametrize(
    "error",
    [
        ConnectError("refused"),
        StatusError("no", status=400),
        ValueError("odd"),
        ConfigError("no"),
        KeyboardInterrupt(),
    ],
    ids=repr,
)
def test_what_was_sent_and_failed_is_spent_and_over(clock, mode, error):
    paced = Paced(Account([Delta("Hel"), error]), requests=1)
    with pytest.raises(type(error)) as raised:
        pieces(paced, mode)

    assert raised.value is error
    assert next_wait(paced) == about(60)
    assert shared_pace(paced.quota_key(ASKED), 1, None)._sent == {}


def test_a_first_reply_without_limits_lets_the_others_go(clock):
    paced = Paced(Account(said()), plans={8000: 30})

    async def all_of_them():
        return await asyncio.gather(*(paced.asend(ASKED) for _ in range(9)))

    asyncio.run(all_of_them())

    assert len(paced.inner.requests) == 9


def test_many_tasks_share_one_pace_in_order(clock):
    paced = Paced(Account(said()), requests=6)

    async def all_of_them():
        return await asyncio.gather(*(paced.asend(ASKED) for _ in range(12)))

    waited = [each.waited for each in asyncio.run(all_of_them())]

    assert waited == sorted(waited)
    assert waited[:5] == [0] * 5
    assert waited[11] == pytest.approx(60, abs=11)


def test_two_threads_share_one_pace(clock):
    begun = clock.now
    sent_at = []

    class Noted(Account):
        def stream(self, request):
            sent_at.append(clock.now - begun)
            return super().stream(request)

    def work():
        paced = Paced(Noted(said()), requests=2)
        for _ in range(6):
            response(paced, "sync")

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    early = [at for place, at in enumerate(sorted(sent_at)) if place > 1 + at / 30 + 1e-6]
    assert (len(sent_at), early) == (12, [])


@pytest.mark.parametrize(
    "wrong", [{"requests": 0}, {"tokens": 0}, {"requests": -1}, {"tokens": math.nan}]
)
def test_limits_that_make_no_sense_are_refused(clock, wrong):
    with pytest.raises(ConfigError, match="above 0"):
        response(Paced(Account(said()), **wrong), "sync")


def test_a_new_interface_does_not_inherit_the_pace_of_one_that_is_gone(clock):
    spent = said(quotas=(Quota("tokens", 600, 0, 60.0),))
    waited = [response(Paced(ScriptedInterface(spent)), "sync").waited for _ in range(50)]

    assert waited == [0] * 50


def test_interfaces_that_nobody_knows_have_a_pace_each(clock):
    one, other = (Paced(ScriptedInterface(*[said()] * 2), requests=1) for _ in range(2))
    waited = [response(each, "sync").waited for each in (one, other, one)]

    assert waited == [0, 0, about(60)]

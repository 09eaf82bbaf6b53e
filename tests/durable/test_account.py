"""Requests of one process, brought together to where all are counted."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from waiting import until

from agentkit import InterfaceError
from agentkit.durable.account import Account, Unreachable
from agentkit.durable.window import Window
from agentkit.shared_limits import Rates

LIMITS = Rates(3, None)


class Shelf:
    """Keeps a window for all accounts; it can be out of reach, before or after it counted."""

    def __init__(self):
        self.text, self.now, self.turns = "", 1000.0, 0
        self.away: bool | None = None
        self.passes = threading.Event()
        self.passes.set()

    def transact(self, work):
        self.turns += 1
        self.passes.wait()
        if self.away is False:
            raise Unreachable(doubtful=False)
        window = Window(60.0, 2.0, self.text)
        window.begin(1_700_000_000 + self.now)
        counted = work(window)
        self.text = window.text
        if self.away:
            raise Unreachable(doubtful=True)
        return counted

    def account(self):
        return Account(self.transact, 60.0, 2.0, clock=lambda: self.now)

    @property
    def taken(self):
        window = Window(60.0, 2.0, self.text)
        return sum(taken[0] for taken in window._slots.values())


@pytest.fixture
def shelf():
    return Shelf()


def asked(account, *, patience=600.0):
    place = account.place(100.0, LIMITS, patience)
    place.ask()
    return place


def test_places_are_given_until_all_are_taken_by_whichever_process(shelf):
    one, other = shelf.account(), shelf.account()

    places = [asked(each) for each in (one, other, one, other)]

    assert [each.is_fresh for each in places] == [True, True, True, False]
    assert 62 <= places[3].wait <= 63
    assert places[3].reason == "3 requests a minute, shared by all workers"


def test_those_that_wait_ask_one_for_all_and_in_time(shelf):
    account = shelf.account()
    waiting = [asked(account) for _ in range(9)][3:]
    before = shelf.turns
    for _ in range(5):
        for each in waiting:
            each.ask()

    assert shelf.turns == before
    shelf.now += 63.0
    for each in waiting:
        each.ask()
    assert sum(each.is_fresh for each in waiting) == 3


def test_those_that_ask_while_another_does_are_counted_together(shelf):
    account = shelf.account()
    shelf.passes.clear()
    with ThreadPoolExecutor(30) as pool:
        places = [pool.submit(asked, account) for _ in range(30)]
        assert until(lambda: len(account._asking) == 29)
        shelf.passes.set()
    granted = [each.result().is_fresh for each in places]

    assert shelf.turns == 2
    assert granted.count(True) == 3


def test_what_a_reply_says_is_counted_with_the_next_request(shelf):
    account = shelf.account()
    first = asked(account)
    first.sent()
    assert first.answered(40.0, Rates()) is False

    asked(account)

    assert shelf.turns == 2
    assert Window(60.0, 2.0, shelf.text)._slots.popitem()[1] == [2, 40 + 210]


def test_news_for_all_are_told_at_once(shelf):
    account = shelf.account()
    first, second = asked(account), asked(account)

    assert first.refused(5.0, Rates()) is True
    assert second.answered(10.0, Rates(None, 8000.0)) is True
    account.flush()
    (late,) = [asked(shelf.account())]
    assert late.wait > 0
    assert Window(60.0, 2.0, shelf.text).learned == Rates(None, 8000.0)


def test_a_place_that_was_not_used_is_given_back(shelf):
    account = shelf.account()
    places = [asked(account) for _ in range(3)]
    places[0].sent()
    for each in places:
        each.release()

    assert asked(account).is_fresh
    assert shelf.taken == 2


def test_a_place_that_was_not_used_in_time_is_asked_for_anew(shelf):
    account = shelf.account()
    place = asked(account)
    shelf.now += 10.0
    was_fresh = place.is_fresh

    place.ask()

    assert not was_fresh
    assert place.is_fresh
    assert shelf.taken == 1


@pytest.mark.parametrize("doubtful", [False, True])
def test_nothing_is_sent_while_the_database_is_away(shelf, doubtful):
    account = shelf.account()
    shelf.away = doubtful
    place = asked(account)
    assert (place.is_fresh, place.wait) == (False, 1.0)
    assert "cannot be reached" in place.reason
    shelf.away = None
    shelf.now += 1.0

    place.ask()

    assert place.is_fresh
    assert shelf.taken == 1 + doubtful


def test_who_waits_too_long_for_the_database_fails(shelf):
    shelf.away = False
    place = asked(shelf.account(), patience=10.0)
    shelf.now += 11.0

    with pytest.raises(InterfaceError, match="could not be reached for 10 s"):
        place.ask()


def test_what_may_have_been_counted_is_not_taken_back_twice(shelf):
    account = shelf.account()
    place = asked(account)
    other = asked(account)
    place.answered(10.0, Rates())
    shelf.away = True
    account.flush()
    shelf.away = None

    asked(account)

    assert Window(60.0, 2.0, shelf.text)._slots.popitem()[1][1] >= 10 + other.taken


def test_a_bug_is_told_to_all_that_asked(shelf):
    account = shelf.account()
    shelf.text = "no JSON"

    with pytest.raises(ValueError, match="Expecting value"):
        asked(account)

"""The pace alone, with a clock that is moved by hand: that limits hold, in order, and are used."""

import sys
import threading
from itertools import pairwise

import pytest
from choosing import WHOLE
from staged import ASKED, Clock, at_once, estimated, goes, sent

from agentkit import (
    AssistantMessage,
    FunctionCall,
    FunctionDefinition,
    Request,
    ResultMessage,
    Usage,
    UserMessage,
)
from agentkit.errors import ConnectError, StatusError
from agentkit.pace import Pace


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


@pytest.fixture
def paced(clock):
    def make(**limits):
        return Pace(**limits, clock=clock)

    return make


def next_wait(pace, request=ASKED):
    """How long one more request would wait now."""
    ticket = pace.reserve(request)
    wait = pace.wait(ticket)
    pace.release(ticket)
    return wait


def about(seconds):
    """Some part of a limit may be kept back, and waits are in steps."""
    return pytest.approx(seconds, rel=0.1, abs=1.0)


def test_without_limits_nobody_waits(paced, clock):
    assert goes(paced(), clock, *[estimated(10**9)] * 50) == [0] * 50


@pytest.mark.parametrize("requests", [1, 2, 7, 30, 300 if WHOLE else 100])
def test_requests_go_as_fast_as_the_limit_allows_and_no_faster(paced, clock, requests):
    times = goes(paced(requests=requests), clock, *[ASKED] * (3 * requests))
    early = [at for place, at in enumerate(times) if place + 1 > requests * (1 + at / 60) + 1e-3]

    assert early == []
    assert times[-1] == pytest.approx(120, rel=0.1, abs=61 / requests)


@pytest.mark.parametrize("used", [300, 600])
def test_tokens_go_as_fast_as_the_limit_allows_and_no_faster(paced, clock, used):
    times = goes(paced(tokens=6_000), clock, *[estimated(600)] * 60, used=used)
    early = [at for place, at in enumerate(times) if place * used > 6_000 + 100 * at + 1e-3]

    assert early == []
    assert times[-1] == pytest.approx((60 * used - 6_000) / 100, rel=0.1, abs=6)


def test_less_than_one_request_a_minute_is_possible(paced, clock):
    assert goes(paced(requests=0.5), clock, ASKED, ASKED) == [0, about(120)]


def test_the_limit_that_takes_longest_counts(paced, clock):
    many = [estimated(600)] * 30

    assert goes(paced(requests=10, tokens=10**6), clock, *many, used=600)[-1] == about(120)
    assert goes(paced(requests=10**6, tokens=6_000), clock, *many, used=600)[-1] == about(120)


def test_a_bucket_never_holds_more_than_its_limit(paced, clock):
    pace = paced(requests=10)
    clock.now += 3_600

    assert 9 <= at_once(pace) <= 10


def test_a_request_that_is_larger_than_the_limit_waits_for_a_full_bucket(paced, clock):
    times = goes(paced(tokens=600), clock, estimated(6_000), estimated(6_000), used=600)

    assert times == [0, pytest.approx(60, abs=4)]


def test_requests_go_in_the_order_in_which_they_came(paced, clock):
    pace = paced(tokens=6_000)
    sizes = [6_000, 300, 5_000, 300, 300, 2_000]
    times = goes(pace, clock, *map(estimated, sizes))

    assert all(one <= other for one, other in pairwise(times))
    assert times[-1] > 0


def test_the_small_do_not_overtake_the_large(paced):
    pace = paced(tokens=6_000)
    sent(pace, estimated(5_000))
    large, small = pace.reserve(estimated(5_000)), pace.reserve(estimated(300))

    assert 0 < pace.wait(large) <= pace.wait(small)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [({"requests": 1}, "1 requests a minute"), ({"tokens": 1_500}, "1,500 tokens a minute")],
)
def test_the_reason_names_the_limit(paced, limits, reason):
    pace = paced(**limits)
    sent(pace, estimated(1_500))
    ticket = pace.reserve(estimated(1_500))

    assert pace.wait(ticket) > 0
    assert ticket.reason == reason


LONG = "x" * 3_500


@pytest.mark.parametrize(
    "more",
    [
        {"messages": (UserMessage(LONG),)},
        {"messages": (AssistantMessage(LONG),)},
        {"messages": (AssistantMessage(None, (FunctionCall("f", LONG),)),)},
        {"messages": (ResultMessage("f", LONG),)},
        {"definitions": (FunctionDefinition("f", LONG, {}),)},
        {"definitions": (FunctionDefinition("f", "", {"description": LONG}),)},
        {"options": {"max_tokens": 1_200}},
    ],
    ids=lambda more: str(more)[:45],
)
def test_everything_that_is_sent_counts_for_the_estimate(paced, more):
    plain = {"messages": (UserMessage(""),)}

    assert 33 <= at_once(paced(tokens=8_000), Request(**plain)) <= 40  # 200 tokens each
    assert 5 <= at_once(paced(tokens=8_000), Request(**plain | more)) <= 7  # 1,200 tokens


def test_a_cancelled_request_that_waited_gives_its_place_back(paced):
    pace = paced(requests=1)
    sent(pace)
    cancelled = pace.reserve(ASKED)
    pace.release(cancelled)
    pace.release(cancelled)

    assert next_wait(pace) == about(60)


def test_who_stands_behind_a_cancelled_request_moves_up(paced):
    pace = paced(requests=1)
    sent(pace)
    cancelled, behind = pace.reserve(ASKED), pace.reserve(ASKED)
    assert pace.wait(behind) > 90
    pace.release(cancelled)

    assert pace.wait(behind) == about(60)
    assert next_wait(pace) > 90


@pytest.mark.parametrize("error", [ConnectError("cut"), StatusError("busy", status=503)])
def test_what_was_sent_is_spent_however_it_went(paced, error):
    pace = paced(requests=1)
    ticket = sent(pace)
    pace.refused(ticket, error)
    pace.release(ticket)

    assert next_wait(pace) == about(60)


@pytest.mark.parametrize(
    ("usage", "wait"),
    [
        (None, 48),
        (Usage(), 48),
        (Usage(0, 0), 48),
        (Usage(5_000, 1_000), 48),
        (Usage(500, 500), 0),
        (Usage(5_500, 500, cached_tokens=5_000), 0),
        (Usage(8_000, 1_000), 78),
    ],
    ids=str,
)
def test_a_reply_says_what_was_really_taken(paced, usage, wait):
    pace = paced(tokens=6_000)
    ticket, waiting = sent(pace, estimated(6_000)), pace.reserve(estimated(4_600))
    pace.learn(ticket, usage, ())
    pace.release(ticket)

    assert pace.wait(waiting) == pytest.approx(wait, abs=14)


def test_estimates_follow_what_replies_say(paced):
    pace, request = paced(tokens=60_000), Request(messages=(UserMessage("x" * 1_000),))
    before = at_once(pace, request)
    pace = paced(tokens=10**9)
    for _ in range(40):
        pace.learn(sent(pace, request), Usage(2_900, 100), ())
    pace._buckets = paced(tokens=60_000)._buckets

    assert before > 100
    assert 17 <= at_once(pace, request) <= 20


def test_a_short_prompt_does_not_spoil_the_estimate_of_a_long_one(paced):
    pace = paced(tokens=8_000)
    pace.learn(sent(pace, Request(messages=(UserMessage("Hi"),))), Usage(72, 10), ())

    assert at_once(pace, Request(messages=(UserMessage(LONG),))) >= 4  # of 1,000 tokens each


@pytest.fixture
def _hasty():
    """Threads take turns as often as they can."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("_hasty")
def test_only_one_thread_at_a_time_counts():
    inside, most = [], []

    def clock():  # it is asked in the middle of all that threads may not do at once
        inside.append(1)
        most.append(len(inside))
        sum(range(500))
        inside.pop()
        return 1_000.0

    pace = Pace(requests=1_000, clock=clock)

    def work():
        for _ in range(25):
            sent(pace)
            pace.release(pace.reserve(ASKED))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert max(most) == 1
    assert 760 <= at_once(pace, most=900) <= 800


def test_those_that_are_gone_are_not_counted_behind_one_that_waits(paced, clock):
    pace = paced(requests=60)
    at_once(pace)
    late = pace.reserve(ASKED)
    pace.wait(late)  # and stays in its wait, as the events of its run are not read
    for _ in range(100):
        clock.now += 2
        ticket = pace.reserve(ASKED)
        pace.wait(ticket)
        pace.release(ticket)

    assert next_wait(pace) <= 2


def test_who_does_not_come_for_its_place_holds_nobody_up(paced, clock):
    pace = paced(requests=2)
    at_once(pace)
    late, others = pace.reserve(ASKED), [pace.reserve(ASKED) for _ in range(3)]
    pace.wait(late)
    gone = []
    for _ in range(300):
        clock.now += 1
        for ticket in [each for each in others if pace.wait(each) == 0]:
            others.remove(ticket)
            pace.sent(ticket)
            pace.release(ticket)
            gone.append(clock.now)

    assert (len(gone), others) == (3, [])
    while pace.wait(late) > 0:  # it has its turn when it comes
        clock.now += 1


def test_a_request_may_end_in_the_middle_of_anything(paced, clock):
    """As the garbage collector ends one that was left, wherever it runs."""
    pace = paced(requests=60)
    left = [sent(pace) for _ in range(5)]

    def now():
        if left:
            pace.release(left.pop())
        return clock.now

    pace._clock = now
    working = threading.Thread(target=sent, args=(pace,), daemon=True)
    working.start()
    working.join(20)

    assert not working.is_alive()
    assert (sent(pace), left) != (None, [])


def test_what_a_forked_process_inherits_holds_it_up_nowhere(paced, clock):
    pace = paced(requests=60)
    at_once(pace)
    waiting = [pace.reserve(ASKED) for _ in range(10)]
    with pace._lock:
        pace.renew()

    assert next_wait(pace) == about(1)  # the limit is known
    for ticket in waiting:  # these have no place any more, and do no harm
        pace.release(ticket)
    clock.now += 60
    assert at_once(pace) == about(58)

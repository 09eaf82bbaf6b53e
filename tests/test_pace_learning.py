"""What a pace learns of a server's limits: from headers, from the text of a 429, from a plan."""

import math

import pytest
from staged import ASKED, Clock, at_once, estimated, goes, sent

from agentkit import Usage
from agentkit.errors import ConnectError, StatusError
from agentkit.messages import Quota
from agentkit.pace import Pace

TOLD = "Rate limit reached for model `m` on {} per {}: Limit {}, Used {}, Requested 600."
TPM, RPM, RPD = ("tokens", "minute (TPM)"), ("requests", "minute (RPM)"), ("requests", "day (RPD)")


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


@pytest.fixture
def paced(clock):
    def make(*quotas, plans=None, **limits):
        pace = Pace(**limits, clock=clock)
        if quotas:
            answered(pace, sent(pace, estimated(600)), *quotas, plans=plans)
        return pace

    return make


def answered(pace, ticket, *quotas, plans=None):
    pace.learn(ticket, None, quotas, plans)
    pace.release(ticket)


def refused(pace, text="", after=None, quotas=()):
    ticket = sent(pace, estimated(600))
    pace.refused(ticket, StatusError(text, status=429, retry_after=after, quotas=quotas))
    pace.release(ticket)


def about(seconds):
    return pytest.approx(seconds, rel=0.15, abs=4)


def test_a_quota_of_tokens_is_one_of_a_minute(paced, clock):
    pace = paced(Quota("tokens", 6_000, 1_200, 48.0))
    times = goes(pace, clock, *[estimated(600)] * 12, used=600)

    assert times[:2] == [0, about(0)]
    assert times[-1] == about(60)


def test_a_quota_of_requests_fills_as_fast_as_its_reset_says(paced, clock):
    pace = paced(Quota("requests", 60, 10, 100.0))  # 50 of them in 100 seconds
    times = goes(pace, clock, *[ASKED] * 30)

    assert times[7] == 0
    assert times[-1] == about(40)


@pytest.mark.parametrize(
    "quota",
    [Quota("requests", 9, 9, 60.0), Quota("requests", 9, 0, 0.0), Quota("requests", 9, 10, 5.0)],
)
def test_a_quota_of_requests_that_says_nothing_is_no_limit(paced, quota):
    assert at_once(paced(quota)) == 200


def test_what_is_left_of_a_day_can_be_used(paced):
    pace = paced(Quota("requests", 14_400, 100, 85_800.0))

    assert 90 <= at_once(pace) <= 100


def test_others_with_the_same_key_count(paced):
    pace = paced(Quota("tokens", 6_000, 6_000, 0.0))
    answered(pace, sent(pace, estimated(300)), Quota("tokens", 6_000, 500, 55.0))

    assert pace.wait(pace.reserve(estimated(2_000))) > 0


def test_what_is_on_its_way_may_not_have_been_counted_when_a_limit_is_learned(paced):
    pace = paced()
    first, _ = sent(pace, estimated(1_000)), sent(pace, estimated(2_000))
    answered(pace, first, Quota("tokens", 6_000, 3_000, 30.0))

    assert pace.wait(pace.reserve(estimated(2_000))) > 0  # 1,000 may be left


def test_a_quota_moves_those_who_wait(paced):
    pace = paced(Quota("tokens", 6_000, 1_000, 50.0))
    ahead, behind = pace.reserve(estimated(300)), pace.reserve(estimated(4_000))
    before = pace.wait(behind)
    pace.sent(ahead)
    answered(pace, ahead, Quota("tokens", 6_000, 3_000, 30.0))

    assert before > pace.wait(behind) + 10


def test_another_limit_takes_the_place_of_the_old(paced):
    pace = paced(Quota("tokens", 600, 600, 0.0))
    answered(pace, sent(pace), Quota("tokens", 12_000, 12_000, 0.0))

    assert 18 <= at_once(pace, estimated(600)) <= 20


def test_limits_by_hand_are_over_what_the_server_says(paced):
    pace = paced(Quota("tokens", 60_000, 60_000, 0.0), tokens=6_000)
    refused(pace, TOLD.format(*TPM, 60_000, 0), after=0.0)

    assert at_once(pace, estimated(600)) <= 10


def test_the_plan_is_known_by_its_tokens(paced, clock):
    pace = paced(Quota("tokens", 8_000, 8_000, 0.0), plans={8_000: 30})
    times = goes(pace, clock, *[ASKED] * 60, used=10)

    assert times[27] == 0
    assert times[-1] == about(60)


def test_a_plan_that_is_not_listed_says_nothing_of_requests(paced):
    pace = paced(Quota("tokens", 9 * 10**6, 9 * 10**6, 0.0), plans={8_000: 3})

    assert at_once(pace) == 200


@pytest.mark.parametrize("limit", ["Limit {}", "Limit: {}"])
def test_the_text_of_a_429_names_a_limit(paced, clock, limit):
    pace = paced()
    refused(pace, f"Slow down on requests per minute: {limit.format(30)}, Used 30.", after=2.0)
    times = goes(pace, clock, *[ASKED] * 31)

    assert times[0] == about(2)
    assert times[-1] == about(62)


def test_a_limit_may_be_written_with_a_comma(paced):
    pace = paced()
    refused(pace, TOLD.format(*TPM, "14,400", "0"), after=0.0)

    assert at_once(pace, estimated(600)) > 10


@pytest.mark.parametrize(("kind", "seconds"), [(RPM, 60), (RPD, 86_400)])
def test_the_text_of_a_429_names_a_limit_of_a_minute_or_a_day(paced, clock, kind, seconds):
    pace = paced()
    refused(pace, TOLD.format(*kind, 30, 30), after=seconds / 30)
    times = goes(pace, clock, *[ASKED] * 16)

    assert times[-1] - times[0] == pytest.approx(seconds / 2, rel=0.1)


def test_a_limit_of_tokens_a_day_counts_what_replies_say(paced, clock):
    pace = paced()
    refused(pace, TOLD.format("tokens", "day (TPD)", 500_000, 0), after=1.0)
    clock.now += 60
    for _ in range(500):
        ticket = sent(pace, estimated(8_000))
        pace.learn(ticket, Usage(500, 100), ())
        pace.release(ticket)

    assert at_once(pace, estimated(8_000)) >= 20  # of 500,000 it used 300,000


def test_tokens_that_were_too_many_are_there_when_the_wait_is_over(paced, clock):
    pace = paced()
    refused(pace, TOLD.format(*TPM, 6_000, 5_600), after=2.0)

    assert goes(pace, clock, estimated(600), used=600) == [about(2)]
    assert pace.wait(pace.reserve(estimated(3_000))) == about(30)


def test_a_429_moves_those_who_wait(paced):
    pace = paced(Quota("tokens", 6_000, 6_000, 0.0))
    first, waiting = sent(pace, estimated(600)), pace.reserve(estimated(3_000))
    assert pace.wait(waiting) == 0
    text = TOLD.format(*TPM, 6_000, 5_600)
    pace.refused(first, StatusError(text, status=429, retry_after=0.0))

    assert pace.wait(waiting) > 20


def test_a_limit_of_nothing_is_no_division_by_zero(paced):
    pace = paced()
    refused(pace, TOLD.format(*TPM, 0, 0), after=0.0)
    first, second = pace.reserve(ASKED), pace.reserve(ASKED)

    assert math.isfinite(pace.wait(first))
    assert math.isfinite(pace.wait(second))


def test_the_text_of_openai_names_a_limit_too(paced):
    pace = paced()
    refused(pace, TOLD.format("tokens", "min (TPM)", 6_000, 6_000), after=0.0)

    assert pace.wait(pace.reserve(estimated(600))) > 0


def test_after_a_429_nobody_sends_for_as_long_as_it_says(paced, clock):
    pace = paced()
    waiting = pace.reserve(ASKED)
    refused(pace, "slow", after=30.0)
    late = pace.reserve(ASKED)

    assert (pace.wait(waiting), pace.wait(late)) == (30, 30)
    assert late.reason == "the server's limit, as it said"
    clock.now += 30
    assert (pace.wait(waiting), pace.wait(late)) == (0, 0)


def test_the_longer_pause_counts(paced):
    pace = paced()
    for ticket, after in [(sent(pace), 30.0), (sent(pace), 5.0)]:
        pace.refused(ticket, StatusError("slow", status=429, retry_after=after))

    assert pace.wait(pace.reserve(ASKED)) == 30


@pytest.mark.parametrize(
    "error",
    [
        StatusError("slow", status=429),
        StatusError("busy", status=503, retry_after=30.0),
        ConnectError("cut"),
    ],
    ids=str,
)
def test_other_errors_are_no_pause_for_others(paced, error):
    pace = paced()
    pace.refused(sent(pace), error)

    assert at_once(pace) == 200


def test_errors_tell_limits_in_their_headers(paced):
    pace = paced()
    quotas = (Quota("tokens", 6_000, 0, 60.0),)
    pace.refused(sent(pace), StatusError("no", status=400, quotas=quotas))

    assert pace.wait(pace.reserve(estimated(600))) == about(6)


def test_careful_requests_wait_for_the_first_reply(paced, clock):
    pace = paced()
    first, second = sent(pace, careful=True), pace.reserve(ASKED, careful=True)
    assert 0 < pace.wait(second) < 0.1
    assert second.reason == "the first reply's word on limits"
    clock.now += 1
    answered(pace, first)

    assert pace.wait(second) == 0


def test_the_first_reply_is_not_waited_for_for_ever(paced, clock):
    pace = paced()
    sent(pace, careful=True)
    second = pace.reserve(ASKED, careful=True)
    clock.now += 4.9
    assert pace.wait(second) > 0
    clock.now += 0.2

    assert pace.wait(second) == 0


def test_others_need_no_care(paced):
    pace, by_hand = paced(), paced(requests=9)
    sent(pace, careful=True)
    sent(by_hand, careful=True)

    assert pace.wait(pace.reserve(ASKED)) == 0
    assert by_hand.wait(by_hand.reserve(ASKED, careful=True)) == 0

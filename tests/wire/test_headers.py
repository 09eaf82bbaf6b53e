"""Times and limits from headers and error texts, in every spelling that servers use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from agentkit.messages import Quota
from agentkit.wire import quotas_of, status_error
from agentkit.wire.headers import refill, retry_after, seconds_of

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
GROQ = {
    "x-ratelimit-limit-requests": "14400",
    "x-ratelimit-limit-tokens": "18000",
    "x-ratelimit-remaining-requests": "14370",
    "x-ratelimit-remaining-tokens": "17997",
    "x-ratelimit-reset-requests": "2m59.56s",
    "x-ratelimit-reset-tokens": "7.66s",
}


@pytest.fixture
def _now(monkeypatch):
    monkeypatch.setattr("agentkit.wire.headers.time.time", NOW.timestamp)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("2", 2.0), ("0", 0.0), ("0.5", 0.5), (" 7 ", 7.0), ("1e2", 100.0), ("007", 7.0)),
        *(("7.66s", 7.66), ("50.597142857s", 50.597142857), ("120ms", 0.12), ("0s", 0.0)),
        *(("2m59.56s", 179.56), ("9m38.016s", 578.016), ("1h2m3s", 3723.0), ("1m", 60.0)),
        *(("1m0.5s", 60.5), ("24h0m0s", 86400.0), ("1h0m0.000000001s", 3600.000000001)),
        *(("350us", 0.00035), ("350µs", 0.00035), ("9ns", 9e-9), ("1s500ms", 1.5)),
    ],
)
def test_numbers_and_durations_are_seconds(text, seconds):
    assert seconds_of(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text",
    [
        *(
            None,
            "",
            " ",
            "soon",
            "-1",
            "-1s",
            "+-1",
            "nan",
            "inf",
            "-inf",
            "1e999",
            "1 s",
            "s",
            "m",
        ),
        *("1x", "1s!", "1d", ".5s", "1.s", "--", "0x10", "1" * 41, "1s" * 9, "1h" * 21, "\x00"),
        *("Wed", "Wed, 21 Oct 2015 07:28:00 GMT", "Mon, 99 Foo 2026 99:99:99 GMT"),
    ],
)
def test_what_is_no_time_to_wait_does_not_count(text):
    assert seconds_of(text) is None


@pytest.mark.usefixtures("_now")
@pytest.mark.parametrize(
    "text",
    [
        format_datetime(NOW + timedelta(seconds=90), usegmt=True),
        "Sun, 22 Nov 2026 20:01:30 +0000",
        "Sun, 22 Nov 2026 21:01:30 +0100",
        "22 Nov 2026 20:01:30 GMT",
    ],
)
def test_a_date_is_the_seconds_until_then(text):
    assert seconds_of(text) == pytest.approx(90)


@pytest.mark.usefixtures("_now")
def test_a_date_in_the_past_does_not_count():
    assert seconds_of(format_datetime(NOW - timedelta(seconds=1), usegmt=True)) is None


@pytest.mark.parametrize(
    ("headers", "text", "seconds"),
    [
        ({"retry-after": "2"}, "", 2.0),
        ({"retry-after-ms": "250", "retry-after": "2"}, "", 0.25),
        ({"retry-after-ms": "soon", "retry-after": "2"}, "", 2.0),
        ({"retry-after": "2"}, "Please try again in 5.289s.", 2.0),
        ({"retry-after": "-1"}, "Please try again in 5.289s.", 5.289),
        ({}, "Please try again in 5.289s. Need more?", 5.289),
        ({}, "Please try again in 9m38.016s.", 578.016),
        ({}, "Please try again in 350ms.", 0.35),
        ({}, "Please retry after 20 s", 20.0),
        ({}, "Please retry in 20s.", 20.0),
        ({}, "Try again in 2 minutes.", 120.0),
        ({}, "Please retry after 1 minute and 30 seconds.", 90.0),
        ({}, "TRY AGAIN IN 1H 5 MIN, please", 3900.0),
        ({}, "Please try again in about 20 ms", 0.02),
        ({}, "Please try again in 5 milliseconds.", 0.005),
        ({}, "Please try again in 5 moons.", None),
        ({}, "Please retry after 2 models failed.", None),
        ({}, "Please try again later.", None),
        ({}, "Please try again in a minute.", None),
        ({}, "try again in " + "9" * 60 + "s", None),
        ({"retry-after": "1790000000"}, "", None),  # a point in time
        ({"retry-after": "1790000000"}, "Please try again in 20s.", 20.0),
        ({"retry-after-ms": "1790000000000", "retry-after": "2"}, "", 2.0),
        ({"retry-after": "0"}, "Try again in 20s.", 20.0),
        ({"retry-after": "0"}, "", 0.0),
        (GROQ, "", None),
        ({}, "", None),
    ],
)
def test_the_wait_is_told_by_headers_or_else_by_the_text(headers, text, seconds):
    assert retry_after(headers, text) == (seconds and pytest.approx(seconds))


def test_an_error_has_the_wait_that_its_text_tells():
    body = b'{"error": {"message": "Rate limit reached. Please try again in 1m2.5s."}}'
    assert status_error(429, body).retry_after == 62.5


def test_the_limits_of_a_reply_are_read():
    assert quotas_of(GROQ) == (
        Quota("requests", 14400.0, 14370.0, 179.56),
        Quota("tokens", 18000.0, 17997.0, 7.66),
    )


def test_a_limit_without_its_reset_is_one():
    given = {"x-ratelimit-limit-tokens": "6000", "x-ratelimit-remaining-tokens": "0"}
    assert quotas_of(given) == (Quota("tokens", 6000.0, 0.0, 0.0),)


def test_a_reset_that_makes_no_sense_does_not_count():
    given = {**GROQ, "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1790000000"}
    quotas = quotas_of(given)

    assert quotas[1] == Quota("tokens", 18000.0, 0.0, 0.0)
    assert refill(quotas) is None


@pytest.mark.parametrize("name", ["limit", "remaining"])
@pytest.mark.parametrize("value", [None, "", "-1", "nan", "inf", "many"])
def test_a_limit_that_makes_no_sense_does_not_count(name, value):
    given = {**GROQ, f"x-ratelimit-{name}-tokens": value}
    assert [quota.kind for quota in quotas_of(given)] == ["requests"]


def test_a_limit_of_nothing_does_not_count():
    assert quotas_of({**GROQ, "x-ratelimit-limit-requests": "0"})[0].kind == "tokens"


def test_headers_without_limits_tell_none():
    assert quotas_of({}) == quotas_of({"retry-after": "2"}) == ()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"limit-tokens": "8000", "remaining-tokens": "0", "reset-tokens": "7.66s"}, 7.66),
        ({"limit-requests": "14400", "remaining-requests": "0", "reset-requests": "24h"}, 6.0),
        ({"limit-tokens": "8000", "remaining-tokens": "9", "reset-tokens": "7.66s"}, None),
    ],
)
def test_a_429_without_a_word_on_waiting_waits_for_what_is_used_up(headers, seconds):
    given = {f"x-ratelimit-{name}": value for name, value in headers.items()}

    assert status_error(429, b"{}", given).retry_after == seconds
    assert status_error(500, b"{}", given).retry_after is None

"""The clock: zones by the names people use, and honest answers where clocks jump."""

from __future__ import annotations

import datetime
import re
import subprocess
import sys
from zoneinfo import ZoneInfo, available_timezones

import pytest

from agentkit import Toolbox, ToolError
from agentkit_tools import clock
from agentkit_tools._zones import match_name
from agentkit_tools.clock import add_to_date, convert_time, current_time, days_between, weekday

pytestmark = pytest.mark.skipif(not available_timezones(), reason="needs time zone data")

DAY = datetime.date
WEEKDAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
SENTENCE = re.compile(
    rf"It is (\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d) in (.+) \(({WEEKDAYS}), UTC([+-]\d\d:\d\d)\)\."
)


def at(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        ("UTC", "UTC"),
        ("utc", "UTC"),
        ("Asia/Tokyo", "Asia/Tokyo"),
        ("asia/TOKYO", "Asia/Tokyo"),
        ("Tokyo", "Asia/Tokyo"),
        ("new york", "America/New_York"),
        ("  New   York ", "America/New_York"),
        ("Oslo", "Europe/Oslo"),
        ("Kathmandu", "Asia/Kathmandu"),
        ("Buenos Aires", "America/Argentina/Buenos_Aires"),
        ("Etc/GMT+9", "Etc/GMT+9"),
    ],
)
def test_the_time_now_is_that_of_the_real_clock_in_the_zone(zone: str, name: str) -> None:
    rules = ZoneInfo(name)
    before = datetime.datetime.now(rules).replace(microsecond=0)
    sentence = SENTENCE.fullmatch(current_time(zone))
    after = datetime.datetime.now(rules)
    assert sentence is not None
    shown, label, day, offset = sentence.groups()
    told = datetime.datetime.strptime(f"{shown} {offset}", "%Y-%m-%d %H:%M:%S %z")
    assert before <= told <= after
    assert label == name
    assert told.utcoffset() == told.astimezone(rules).utcoffset()
    assert day == WEEKDAYS.split("|")[told.weekday()]


@pytest.mark.parametrize(
    ("zone", "offset"),
    [("UTC+9", "+09:00"), ("gmt-3", "-03:00"), ("+05:30", "+05:30"), ("GMT+9", "+09:00")],
)
def test_an_offset_counts_from_utc_as_people_mean_it(zone: str, offset: str) -> None:
    sentence = SENTENCE.fullmatch(current_time(zone))
    assert sentence is not None
    assert sentence[4] == offset


def test_utc_is_the_zone_when_none_is_given() -> None:
    assert " in UTC (" in current_time()


def test_local_is_the_zone_of_the_machine() -> None:
    before = datetime.datetime.now().astimezone().replace(microsecond=0)
    sentence = SENTENCE.fullmatch(current_time("local"))
    after = datetime.datetime.now().astimezone()
    assert sentence is not None
    told = datetime.datetime.strptime(f"{sentence[1]} {sentence[4]}", "%Y-%m-%d %H:%M:%S %z")
    assert before <= told <= after


@pytest.mark.parametrize(
    ("zone", "message"),
    [
        ("eastern", "Canada/Eastern or US/Eastern"),
        ("Tokio", "Did you mean Asia/Tokyo"),
        ("Asia/Tokio", "Did you mean Asia/Tokyo"),
        ("", "no time zone ''"),
        ("../../etc/passwd", "no time zone"),
        ("/etc/localtime", "no time zone"),
        ("Asia/Tokyo\0", "no time zone"),
        ("a" * 5000, "no time zone"),
        ("UTC+25", "not below 24 hours"),
        ("UTC+\N{ARABIC-INDIC DIGIT THREE}", "no time zone"),
    ],
)
def test_an_unknown_or_ambiguous_zone_is_refused_with_what_is_near(zone: str, message: str) -> None:
    with pytest.raises(ToolError, match=message) as caught:
        current_time(zone)
    assert len(str(caught.value)) < 500


def test_half_the_name_of_an_inverted_zone_does_not_reach_it() -> None:
    with pytest.raises(ToolError, match="no time zone"):
        match_name("GMT+9", {"Etc/GMT+9", "Asia/Tokyo"})


def test_a_machine_without_zone_data_says_what_to_install() -> None:
    with pytest.raises(ToolError, match="pip install tzdata"):
        match_name("Tokyo", [])


@pytest.mark.parametrize(
    ("time", "source", "target", "expected"),
    [
        (
            "2026-11-22T23:05",
            "Tokyo",
            "Oslo",
            "2026-11-22 23:05:00 in Asia/Tokyo (Sunday, UTC+09:00) is "
            "2026-11-22 15:05:00 in Europe/Oslo (Sunday, UTC+01:00).",
        ),
        (
            "2026-07-01T20:00",
            "New York",
            "UTC",
            "2026-07-01 20:00:00 in America/New_York (Wednesday, UTC-04:00) is "
            "2026-07-02 00:00:00 in UTC (Thursday, UTC+00:00).",
        ),
        (
            "2026-01-01T12:00",
            "UTC+9",
            "UTC-3:30",
            "2026-01-01 12:00:00 in UTC+09:00 (Thursday, UTC+09:00) is "
            "2025-12-31 23:30:00 in UTC-03:30 (Wednesday, UTC-03:30).",
        ),
    ],
)
def test_a_time_is_converted_from_zone_to_zone(
    time: str, source: str, target: str, expected: str
) -> None:
    assert convert_time(at(time), source, target) == expected


def test_a_time_that_clocks_show_twice_gets_both_answers() -> None:
    answer = convert_time(at("2026-10-25T02:30"), "Oslo", "UTC")
    assert "happens twice in Europe/Oslo" in answer
    assert "2026-10-25 00:30:00 in UTC" in answer
    assert "2026-10-25 01:30:00 in UTC" in answer


def test_a_time_that_clocks_skip_is_refused_with_the_one_it_would_have_been() -> None:
    with pytest.raises(ToolError, match=r"does not exist in Europe/Oslo.*2026-03-29 03:30:00"):
        convert_time(at("2026-03-29T02:30"), "Oslo", "UTC")


def test_an_offset_in_the_time_says_which_of_two_times_is_meant() -> None:
    answer = convert_time(at("2026-10-25T02:30+01:00"), "Oslo", "UTC")
    assert answer.endswith("is 2026-10-25 01:30:00 in UTC (Sunday, UTC+00:00).")
    assert "twice" not in answer


def test_an_offset_in_the_time_that_is_not_the_zones_is_refused() -> None:
    with pytest.raises(ToolError, match=r"UTC\+00:00, which is not that of Asia/Tokyo"):
        convert_time(at("2026-01-01T00:00Z"), "Tokyo", "UTC")


@pytest.mark.parametrize(
    ("time", "source", "target"),
    [
        (datetime.datetime.min, "Tokyo", "UTC"),
        (datetime.datetime.max, "UTC", "Tokyo"),
        (datetime.datetime.max, "UTC-9", "UTC"),
        (at("0001-01-01T00:00+01:00"), "Oslo", "UTC"),
    ],
)
def test_a_conversion_beyond_the_calendar_is_refused(
    time: datetime.datetime, source: str, target: str
) -> None:
    with pytest.raises(ToolError, match="outside the years 1 to 9999"):
        convert_time(time, source, target)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not read TZ")
@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("datetime(2026, 7, 1, 12), 'local', 'UTC'", "is 2026-07-01 16:00:00 in UTC"),
        ("datetime(2026, 1, 1, 12), 'local', 'UTC'", "is 2026-01-01 17:00:00 in UTC"),
        ("datetime(2026, 11, 1, 1, 30), 'local', 'UTC'", "happens twice"),
        ("datetime(2026, 11, 1, 5, 30), 'UTC', 'local'", "01:30:00 in the machine's own zone (Sunday, UTC-04:00)"),
        ("datetime(2026, 11, 1, 6, 30), 'UTC', 'local'", "01:30:00 in the machine's own zone (Sunday, UTC-05:00)"),
    ],
)  # fmt: skip
def test_local_follows_the_machines_rules_on_every_date(call: str, expected: str) -> None:
    code = (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        "import os, time; os.environ['TZ'] = 'America/New_York'; time.tzset()\n"
        "from datetime import datetime\n"
        "from agentkit_tools.clock import convert_time\n"
        f"print(convert_time({call}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert expected in done.stdout


@pytest.mark.parametrize(
    ("start", "added", "expected"),
    [
        ("2026-01-01", {"days": 1}, "plus 1 day is 2026-01-02 (Friday)."),
        ("2026-01-01", {"days": -1}, "plus -1 day is 2025-12-31 (Wednesday)."),
        ("2026-01-01", {"weeks": 2, "days": 3}, "plus 2 weeks, 3 days is 2026-01-18 (Sunday)."),
        ("2026-11-30", {"months": 2}, "plus 2 months is 2027-01-30 (Saturday)."),
        ("2026-03-15", {"months": -3}, "plus -3 months is 2025-12-15 (Monday)."),
        ("2026-05-05", {"years": 1, "months": 1}, "plus 1 year, 1 month is 2027-06-05 (Saturday)."),
        ("2026-05-05", {}, "plus 0 days is 2026-05-05 (Tuesday)."),
        ("9998-12-31", {"years": 1}, "plus 1 year is 9999-12-31 (Friday)."),
        ("0001-02-01", {"months": -1}, "plus -1 month is 0001-01-01 (Monday)."),
    ],
)
def test_days_weeks_months_and_years_are_added(
    start: str, added: dict[str, int], expected: str
) -> None:
    assert add_to_date(DAY.fromisoformat(start), **added).endswith(expected)


@pytest.mark.parametrize(
    ("start", "added", "expected"),
    [
        ("2026-01-31", {"months": 1}, "is 2026-02-28 (Saturday). 2026-02 has no day 31"),
        ("2024-01-31", {"months": 1}, "is 2024-02-29 (Thursday). 2024-02 has no day 31"),
        ("2024-02-29", {"years": 1}, "is 2025-02-28 (Friday). 2025-02 has no day 29"),
        ("2026-01-31", {"months": 1, "days": 1}, "is 2026-03-01 (Sunday). 2026-02 has no day 31"),
    ],
)
def test_a_day_that_the_month_lacks_becomes_its_last_and_the_answer_says_so(
    start: str, added: dict[str, int], expected: str
) -> None:
    assert expected in add_to_date(DAY.fromisoformat(start), **added)


@pytest.mark.parametrize(
    "added",
    [
        {"days": 1},
        {"weeks": 10**30},
        {"months": 1},
        {"years": 10**30},
        {"years": -9999},
        {"days": -(10**12)},
        {"days": 10**5000},
    ],
)
def test_a_date_beyond_the_calendar_is_refused(added: dict[str, int]) -> None:
    with pytest.raises(ToolError, match="outside the years 1 to 9999"):
        add_to_date(DAY(9999, 12, 31), **added)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("2026-01-01", "2026-02-15", "From 2026-01-01 (Thursday) to 2026-02-15 (Sunday): 45 days (6 weeks and 3 days)."),
        ("2026-02-15", "2026-01-01", "From 2026-02-15 (Sunday) back to 2026-01-01 (Thursday): -45 days (6 weeks and 3 days)."),
        ("2026-01-01", "2026-01-02", "From 2026-01-01 (Thursday) to 2026-01-02 (Friday): 1 day."),
        ("2026-01-01", "2026-01-01", "From 2026-01-01 (Thursday) to 2026-01-01 (Thursday): 0 days."),
        ("2024-02-28", "2024-03-01", "From 2024-02-28 (Wednesday) to 2024-03-01 (Friday): 2 days."),
    ],
)  # fmt: skip
def test_the_days_between_two_dates_are_counted(start: str, end: str, expected: str) -> None:
    assert days_between(DAY.fromisoformat(start), DAY.fromisoformat(end)) == expected


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2026-11-22", "2026-11-22 is a Sunday, day 326 of its year, in ISO week 2026-W47."),
        ("2027-01-01", "2027-01-01 is a Friday, day 1 of its year, in ISO week 2026-W53."),
        ("0001-01-01", "0001-01-01 is a Monday, day 1 of its year, in ISO week 0001-W01."),
    ],
)
def test_the_weekday_comes_with_week_and_day_of_the_year(date: str, expected: str) -> None:
    assert weekday(DAY.fromisoformat(date)) == expected


def test_the_module_offers_five_tools_that_change_nothing() -> None:
    box = Toolbox(clock)
    assert sorted(box) == ["add_to_date", "convert_time", "current_time", "days_between", "weekday"]
    assert all(each.read_only for each in box.values())


def test_the_schemas_ask_for_dates_and_times() -> None:
    box = Toolbox(clock)
    date = box["add_to_date"].definition.parameters["properties"]["date"]
    time = box["convert_time"].definition.parameters["properties"]["time"]
    assert (date["type"], date["format"]) == ("string", "date")
    assert (time["type"], time["format"]) == ("string", "date-time")

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from offline.talks import function, text

from agentkit.offline.fill import fill
from agentkit.offline.schemas import read_functions

SATURDAY = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)


def dated(prompt: str, schema: dict[str, Any]) -> Any:
    (read,) = read_functions({"functions": [function("act", "", ["date"], date=schema)]})
    return fill(read, prompt, now=SATURDAY).arguments.get("date")


@pytest.mark.parametrize(
    ("said", "date"),
    [
        ("on 2026-05-01", "2026-05-01"),
        ("on 2026/5/1", "2026-05-01"),
        ("on 05/31/2026", "2026-05-31"),
        ("on 31/05/2026", "2026-05-31"),
        ("on May 1, 2026", "2026-05-01"),
        ("on the 1st of May 2026", "2026-05-01"),
        ("on 1 May", "2026-05-01"),
        ("today", "2026-03-14"),
        ("tomorrow", "2026-03-15"),
        ("the day before yesterday", "2026-03-12"),
        ("on Monday", "2026-03-16"),
        ("in 3 weeks", "2026-04-04"),
        ("tomorrow; today is 2023-10-01", "2023-10-02"),
    ],
)
def test_dates_are_read_as_people_write_them(said: str, date: str) -> None:
    assert dated(f"act {said}", text(format="date")) == date


def test_a_year_that_stands_once_is_that_of_all() -> None:
    days = {"start": text(format="date"), "end": text(format="date")}
    (read,) = read_functions({"functions": [function("act", "", ["start", "end"], **days)]})
    given = fill(read, "act from May 30 to June 2, 2024", now=SATURDAY).arguments
    assert given == {"start": "2024-05-30", "end": "2024-06-02"}


@pytest.mark.parametrize(
    ("form", "date"),
    [
        ("The date as MM/DD/YYYY.", "05/01/2026"),
        ("The date in the form DD-MM-YYYY.", "01-05-2026"),
        ("The date (month-day-year).", "05-01-2026"),
        ("The date, such as 2020-12-31.", "2026-05-01"),
    ],
)
def test_a_date_is_written_as_the_description_says(form: str, date: str) -> None:
    assert dated("act on May 1, 2026", text(form)) == date


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("at 9am on 12 October 2026", "2026-10-12T09:00"),
        ("on 12 October 2026 at 21:05", "2026-10-12T21:05"),
        ("at 2026-10-12T21:05:30Z", "2026-10-12T21:05:30Z"),
    ],
)
def test_a_date_and_a_time_beside_it_are_one(said: str, moment: str) -> None:
    assert dated(f"act {said}", text(format="date-time")) == moment


@pytest.mark.parametrize("said", ["on February 31, 2026", "on 2026-13-45", "on 99/99/2026"])
def test_a_date_that_there_is_not_is_none(said: str) -> None:
    assert dated(f"act {said}", text(format="date")) is None

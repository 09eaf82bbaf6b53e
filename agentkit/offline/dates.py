"""Dates and times of day in a text, and how a parameter wants them written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise

__all__ = ["CALENDAR", "Moment", "find_moments", "join_moments", "undated", "written"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTH_NAMES = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_DAY_NAMES = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
CALENDAR = re.compile(rf"{_MONTH_NAMES}|{_DAY_NAMES}s?", re.IGNORECASE)
"""A month or a day of the week."""

_MONTH = rf"(?P<month>{_MONTH_NAMES})(?![a-z])\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?\b"
_YEAR = r"(?P<year>\d{4})\b"
_WEEKDAY = rf"(?P<weekday>{_DAY_NAMES})\b"
_CLOCK = (
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))(?::(?P<second>\d{2}))?\s?(?P<half>[ap]\.?m\b\.?)?"
)
_ISO = r"\b(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})"
_DATES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_ISO}(?:T|\s+(?:at\s+)?){_CLOCK}(?P<zone>Z|[+-]\d{{2}}:?\d{{2}})?(?!\d)",
        rf"{_ISO}(?!\d)",
        r"\b(?P<year>\d{4})[/.](?P<month>\d{1,2})[/.](?P<day>\d{1,2})(?!\d)",
        r"(?<![\d/.-])(?P<month>\d{1,2})[-/.](?P<day>\d{1,2})[-/.](?P<year>\d{4})(?!\d)",
        rf"\b{_MONTH}\s*{_DAY}(?:,?\s*{_YEAR})?",
        rf"\b{_DAY}\s+(?:of\s+)?{_MONTH}(?:,?\s*{_YEAR})?",
        rf"\b{_WEEKDAY}",
        r"\b(?P<relative>today|tonight|tomorrow|yesterday|the day (?:after tomorrow|before"
        r" yesterday))\b",
        r"\bin (?P<ahead>\d{1,4}) (?P<unit>day|week)s?\b(?! of)",
    )
)
_TIMES = (
    re.compile(rf"\b{_CLOCK}", re.IGNORECASE),
    re.compile(r"\b(?P<hour>\d{1,2})\s?(?P<half>[ap]\.?m\b\.?)", re.I),
    re.compile(r"\b(?P<word>noon|midnight|midday)\b", re.IGNORECASE),
)
_BESIDE = re.compile(r",?\s*(?:(?:at|on)\s+)?")
_ANCHOR = re.compile(r"\btoday(?:'s date)? is\s+(?:\w+day,?\s+)?(?:the\s+)?", re.IGNORECASE)
_SHIFTS = {
    "today": 0, "tonight": 0, "tomorrow": 1, "yesterday": -1,
    "the day after tomorrow": 2, "the day before yesterday": -2,
}  # fmt: skip
_UNITS = {"day": 1, "week": 7}
_WANTED = re.compile(
    r"\b(?:yyyy|mm|dd)(?:[-/. ](?:yyyy|mm|dd))+\b"
    r"|\b(?:year|month|day)(?:[-/](?:year|month|day)){2}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A date, a time of day or both, where it stands, and whether the text has the whole of it."""

    start: int
    end: int
    day: date | None = None
    clock: time | None = None
    zone: str = ""
    told: bool = True


def find_moments(text: str, now: datetime) -> list[Moment]:
    """The dates and times of a text, in its order; "tomorrow" counts from `now`.

    A text that says "today is ..." is believed. A date without a year is of the one that another
    date has, or else of this year.
    """
    today, stated = now.date(), _ANCHOR.search(text)
    if stated:
        dates = _read(text, _DATES, today)
        today = next((m.day for m in dates if m.day and m.start == stated.end()), today)
    year = next((m.day.year for m in _read(text, _DATES, today) if m.day and m.told), today.year)
    found: list[Moment] = []
    for moment in _read(text, _DATES + _TIMES, today, year):
        beside = all(moment.end <= other.start or other.end <= moment.start for other in found)
        if beside and not (stated and moment.start == stated.end()):
            found.append(moment)
    return sorted(found, key=lambda each: each.start)


def undated(text: str) -> str:
    """The text without its dates."""
    dates = _read(text, _DATES, date(2000, 1, 1))
    for moment in sorted(dates, key=lambda each: -each.start):
        text = text[: moment.start] + text[moment.end :]
    return text


def join_moments(found: list[Moment], text: str) -> Iterator[Moment]:
    """A date and a time of day beside each other as one."""
    for one, other in pairwise(found):
        apart = (one.day is None) == (other.day is None)
        if not apart and _BESIDE.fullmatch(text, one.end, other.start):
            day, clock = (one, other) if one.day else (other, one)
            yield replace(day, start=one.start, end=other.end, clock=clock.clock)


def _read(
    text: str, forms: tuple[re.Pattern[str], ...], today: date, year: int = 0
) -> Iterator[Moment]:
    for pattern in forms:
        for match in pattern.finditer(text):
            parts = {key: value for key, value in match.groupdict().items() if value}
            try:
                day = _day({"year": str(year or today.year)} | parts, today)
                clock = _clock(parts)
            except ValueError:
                continue
            told = day is None or "year" in parts
            yield Moment(*match.span(), day, clock, parts.get("zone", ""), told)


def _day(parts: dict[str, str], today: date) -> date | None:
    if "relative" in parts:
        return today + timedelta(_SHIFTS[parts["relative"].lower()])
    if "ahead" in parts:
        return today + int(parts["ahead"]) * timedelta(_UNITS[parts["unit"].lower()])
    if "weekday" in parts:
        ahead = (_DAYS.index(parts["weekday"][:3].lower()) - today.weekday()) % 7
        return today + timedelta(ahead or 7)
    if "month" not in parts:
        return None
    month, day = parts["month"], int(parts["day"])
    number = int(month) if month.isdigit() else _MONTHS.index(month[:3].lower()) + 1
    if number > 12:
        number, day = day, number
    return date(int(parts["year"]), number, day)


def _clock(parts: dict[str, str]) -> time | None:
    if "word" in parts:
        return time(0 if parts["word"].lower() == "midnight" else 12)
    if "hour" not in parts:
        return None
    hour = int(parts["hour"])
    if half := parts.get("half"):
        hour = hour % 12 + (12 if half[0] in "pP" else 0)
    return time(hour, int(parts.get("minute", 0)), int(parts.get("second", 0)))


def written(moment: Moment, text: str, wanted: str, *, form: str = "") -> str:
    """A moment as a parameter wants it.

    Args:
        moment: What to write.
        text: How the user wrote it, which is kept where nothing else is asked for.
        wanted: The parameter's description, which may name a form such as "MM/DD/YYYY".
        form: The `format` of its schema: "date", "date-time", "time".
    """
    if moment.day is None:
        assert moment.clock is not None
        if form == "time" or "hh:mm:ss" in wanted.lower():
            return moment.clock.isoformat()
        return moment.clock.isoformat("minutes") if "hh:mm" in wanted.lower() else text
    if form == "date-time":
        clock = moment.clock or time()
        whole = re.search(r":\d\d:\d\d", text) or ":ss" in wanted.lower()
        exact = "seconds" if whole else "minutes"
        return f"{moment.day.isoformat()}T{clock.isoformat(exact)}{moment.zone}"
    if moment.clock and form != "date":
        return text
    if shape := _WANTED.search(wanted):
        wanted_form = re.sub(
            "[a-z]+", lambda m: f"%{m.group()[0]}".replace("y", "Y"), shape.group().lower()
        )
        return moment.day.strftime(wanted_form)
    in_words = re.search("[A-Za-z]", text) is not None
    return moment.day.isoformat() if form == "date" or in_words else text

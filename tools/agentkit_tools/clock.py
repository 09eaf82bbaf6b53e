"""Dates and times: what time it is where, and how far dates are apart."""

from __future__ import annotations

import calendar
import datetime

from agentkit import ToolError, tool
from agentkit_tools._zones import Zone, find_zone

__all__ = ["add_to_date", "convert_time", "current_time", "days_between", "weekday"]

# calendar.day_name speaks the machine's language
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_OUT_OF_RANGE = "The result is outside the years 1 to 9999."


@tool(read_only=True)
def current_time(zone: str = "UTC") -> str:
    """Tell the current date, time and weekday in a time zone.

    Args:
        zone: An IANA name such as Asia/Tokyo, a city such as Tokyo, an offset such as UTC+9,
            or "local" for this machine's zone.
    """
    name, rules = find_zone(zone)
    return f"It is {_moment(datetime.datetime.now(rules), name)}."


@tool(read_only=True)
def convert_time(time: datetime.datetime, from_zone: str, to_zone: str) -> str:
    """Convert a date and time of one time zone to another.

    Args:
        time: Date and time as the clocks in from_zone show it, such as 2026-11-22T23:05:00.
        from_zone: An IANA name such as Asia/Tokyo, a city, an offset such as UTC+9, or "local".
        to_zone: The zone to convert to, named in the same way.
    """
    source, target = find_zone(from_zone), find_zone(to_zone)
    try:
        moments = _moments(time, source)
        answers = [
            f"{_moment(each, source[0])} is {_moment(each.astimezone(target[1]), target[0])}."
            for each in moments
        ]
    except (OverflowError, ValueError, OSError):  # the last two from the system's own clock
        raise ToolError(_OUT_OF_RANGE) from None
    if len(answers) == 1:
        return answers[0]
    twice = f"{_shown(moments[0])} happens twice in {source[0]}: the clocks go back over it."
    return f"{twice} The first time: {answers[0]} The second time: {answers[1]}"


@tool(read_only=True)
def add_to_date(
    date: datetime.date, days: int = 0, weeks: int = 0, months: int = 0, years: int = 0
) -> str:
    """Add days, weeks, months and years to a date; negative numbers go back.

    Years and months come first. A day that the month does not have becomes its last day.

    Args:
        date: The date to begin at, such as 2026-01-31.
        days: Days to add.
        weeks: Weeks to add.
        months: Months to add.
        years: Years to add.
    """
    try:
        moved = _add_months(date, years * 12 + months)
        result = moved + datetime.timedelta(days=days) + datetime.timedelta(weeks=weeks)
    except OverflowError:
        raise ToolError(_OUT_OF_RANGE) from None
    added = {"year": years, "month": months, "week": weeks, "day": days}
    parts = [_count(number, unit) for unit, number in added.items() if number]
    clamped = (
        f" {moved.isoformat()[:7]} has no day {date.day}, so its last day counts."
        if moved.day != date.day
        else ""
    )
    return f"{_day(date)} plus {', '.join(parts) or '0 days'} is {_day(result)}.{clamped}"


@tool(read_only=True)
def days_between(start: datetime.date, end: datetime.date) -> str:
    """Count the days from one date to another.

    Args:
        start: The first date, such as 2026-01-01; it is not counted itself.
        end: The last date, which is counted; an earlier one than start gives a negative number.
    """
    days = (end - start).days
    weeks, rest = divmod(abs(days), 7)
    in_weeks = f" ({_count(weeks, 'week')} and {_count(rest, 'day')})" if weeks else ""
    back = " back" if days < 0 else ""
    return f"From {_day(start)}{back} to {_day(end)}: {_count(days, 'day')}{in_weeks}."


@tool(read_only=True)
def weekday(date: datetime.date) -> str:
    """Tell the weekday, the ISO week and the day of the year of a date.

    Args:
        date: The date, such as 2026-11-22.
    """
    year, week, _ = date.isocalendar()
    number = date.timetuple().tm_yday
    name, iso = _WEEKDAYS[date.weekday()], f"{year:04}-W{week:02}"
    return f"{date.isoformat()} is a {name}, day {number} of its year, in ISO week {iso}."


def _moments(time: datetime.datetime, zone: Zone) -> list[datetime.datetime]:
    """The moment when the clocks show this time, or both where they show it twice."""
    name, rules = zone
    if time.tzinfo is not None:
        return [_with_own_offset(time, zone)]
    first, second = (time.replace(tzinfo=rules, fold=fold) for fold in (0, 1))
    before, after = _offset(first), _offset(second)
    if before == after:
        return [first]
    if before > after:
        return [first, second]
    moved = time + (after - before)
    raise ToolError(
        f"{_shown(time)} does not exist in {name}: the clocks go forward over it. "
        f"Counted on from before the change it would be {_shown(moved)}; ask, or convert that."
    )


def _with_own_offset(time: datetime.datetime, zone: Zone) -> datetime.datetime:
    name, rules = zone
    there = time.astimezone(rules)
    if there.replace(tzinfo=None) != time.replace(tzinfo=None):
        raise ToolError(
            f"The time has an offset of its own, {_utc(time)}, which is not that of {name}. "
            "Give the time without an offset, or the from_zone that it belongs to."
        )
    return there


def _add_months(date: datetime.date, months: int) -> datetime.date:
    year, month = divmod(date.year * 12 + date.month - 1 + months, 12)
    if not datetime.MINYEAR <= year <= datetime.MAXYEAR:
        raise OverflowError
    last = calendar.monthrange(year, month + 1)[1]
    return datetime.date(year, month + 1, min(date.day, last))


def _moment(when: datetime.datetime, zone: str) -> str:
    return f"{_shown(when)} in {zone} ({_WEEKDAYS[when.weekday()]}, {_utc(when)})"


def _shown(when: datetime.datetime) -> str:
    return when.replace(microsecond=0, tzinfo=None).isoformat(sep=" ")


def _day(date: datetime.date) -> str:
    return f"{date.isoformat()} ({_WEEKDAYS[date.weekday()]})"


def _utc(when: datetime.datetime) -> str:
    """The offset as UTC+09:00; seconds only where it has some, as before standard time."""
    offset = _offset(when)
    sign, size = ("-", -offset) if offset < datetime.timedelta(0) else ("+", offset)
    clock = (datetime.datetime.min + size).time()
    return f"UTC{sign}{clock.isoformat('seconds' if clock.second else 'minutes')}"


def _offset(when: datetime.datetime) -> datetime.timedelta:
    offset = when.utcoffset()
    if offset is None:
        raise ToolError("This zone does not say how far it is from UTC.")
    return offset


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if abs(number) == 1 else f"{number} {unit}s"

"""Working days: count them, and find the date that lies some of them ahead."""

from collections.abc import Collection
from datetime import date, timedelta

from agentkit import ToolError, tool

__all__ = ["add_working_days", "count_working_days"]

_SATURDAY = 5
_MOST = 10_000  # days, so that no call takes long
_TOO_FAR = f"The dates are more than {_MOST:,} days apart, or outside the years 1 to 9999."


@tool(read_only=True, idempotent=True)
def add_working_days(start: date, days: int, holidays: list[date] | None = None) -> str:
    """Find the date that lies some working days after or before another.

    Working days are Monday to Friday without the given holidays.

    Args:
        start: The date to begin at, such as 2026-12-21; it is not counted itself.
        days: Working days to go ahead; negative numbers go back.
        holidays: Dates that are no working days; give them, as none are known here.
    """
    free = frozenset(holidays or ())
    step = timedelta(days=1 if days > 0 else -1)
    day, left = start, abs(days)
    if left > _MOST:
        raise ToolError(_TOO_FAR)
    try:
        while left:
            day += step
            left -= _is_working_day(day, free)
    except OverflowError:
        raise ToolError(_TOO_FAR) from None
    return f"{days} working days from {start} is {day}."


@tool(read_only=True, idempotent=True)
def count_working_days(first: date, last: date, holidays: list[date] | None = None) -> str:
    """Count the working days of a period: Monday to Friday without the given holidays.

    Args:
        first: The first date of the period, such as 2026-12-21; it is counted too.
        last: The last date of the period; it is counted too.
        holidays: Dates that are no working days; give them, as none are known here.
    """
    length = (last - first).days + 1
    if length < 1:
        raise ToolError(f"The period ends before it begins: {last} is before {first}.")
    if length > _MOST:
        raise ToolError(_TOO_FAR)
    free = frozenset(holidays or ())
    days = (first + timedelta(days=number) for number in range(length))
    number = sum(_is_working_day(day, free) for day in days)
    return f"{first} to {last} has {number} working days."


def _is_working_day(day: date, holidays: Collection[date]) -> bool:
    return day.weekday() < _SATURDAY and day not in holidays

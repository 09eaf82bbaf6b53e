"""Time zones by the names that people use, and what their clocks do."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from difflib import get_close_matches
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from agentkit import ToolError

__all__ = ["Zone", "find_zone", "match_name"]

_OFFSET = re.compile(r"(?:utc|gmt)?([+-])(\d{1,2})(?::?([0-5]\d))?", re.ASCII)
_MOST_HOURS = 24
_LISTED = 8  # names in an error message
_SINCE, _UNTIL = 1970, 2038  # the years in which two names of one zone must agree

Zone = tuple[str, tzinfo]
"""How a sentence names a zone, and the zone."""


class _Local(tzinfo):
    """The machine's zone by its operating system, which knows it for every date."""

    def utcoffset(self, when: datetime | None) -> timedelta | None:
        return None if when is None else when.replace(tzinfo=None).astimezone().utcoffset()

    def dst(self, when: datetime | None) -> timedelta | None:
        return None

    def tzname(self, when: datetime | None) -> str | None:
        return None if when is None else when.replace(tzinfo=None).astimezone().tzname()

    def fromutc(self, when: datetime) -> datetime:
        there = when.replace(tzinfo=UTC).astimezone()
        plain = there.replace(tzinfo=self, fold=0)
        return plain if plain.utcoffset() == there.utcoffset() else plain.replace(fold=1)


def find_zone(name: str) -> Zone:
    """The zone with this IANA name, city, offset such as UTC+9, or "local".

    Raises:
        ToolError: There is none, or more than one.
    """
    key = "_".join(name.split()).lower()
    if key == "local":
        return "the machine's own zone", _Local()
    if key == "utc":
        return "UTC", UTC
    if offset := _OFFSET.fullmatch(key):
        return _fixed(offset)
    found = match_name(name, available_timezones())
    return found, ZoneInfo(found)


def match_name(name: str, known: Collection[str]) -> str:
    """The one of the known IANA names that is meant: the whole name, or its last part.

    Raises:
        ToolError: There is none, or more than one.
    """
    if not known:
        raise ToolError(
            "This machine has no time zone data, so only UTC, local and offsets such as UTC+9 "
            "work. Somebody must install it: the system's tzdata package, or pip install tzdata."
        )
    key = "_".join(name.split()).lower()
    for each in known:
        if each.lower() == key:
            return each
    # the sign in Etc/GMT+9 is the other way round, so nobody may reach it by half its name
    places = [n for n in known if _last(n) == key and not n.startswith("Etc/")]
    if not places:
        raise _unknown(name, key, known)
    if len({_clock(each) for each in places}) > 1:
        raise ToolError(f"{name!r} may be {_either(sorted(places))}. Say which.")
    return max(places, key=lambda each: (each.count("/"), each))


def _fixed(offset: re.Match[str]) -> Zone:
    sign, hours, minutes = offset.groups()
    size = timedelta(hours=int(hours), minutes=int(minutes or 0))
    if size >= timedelta(hours=_MOST_HOURS):
        raise ToolError(f"The offset {offset[0]!r} is not below {_MOST_HOURS} hours.")
    zone = timezone(size if sign == "+" else -size)
    return zone.tzname(None), zone


def _unknown(name: str, key: str, known: Collection[str]) -> ToolError:
    whole = {each.lower(): each for each in sorted(known)}
    parts = {_last(each): each for each in sorted(known) if not each.startswith("Etc/")}
    near = [parts[n] for n in get_close_matches(key, parts, n=_LISTED)]
    near += [whole[n] for n in get_close_matches(key, whole, n=_LISTED)]
    hint = f" Did you mean {_either(list(dict.fromkeys(near))[:_LISTED])}?" if near else ""
    return ToolError(
        f"There is no time zone {name[:80]!r}.{hint} Give an IANA name such as Europe/Oslo, "
        "the one of a city in the same zone if need be."
    )


def _last(name: str) -> str:
    return name.rpartition("/")[2].lower()


def _either(names: list[str]) -> str:
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


@cache
def _clock(name: str) -> tuple[timedelta | None, ...]:
    """What its clocks showed, month by month: the same for two names of one zone."""
    zone = ZoneInfo(name)
    months = [(year, month) for year in range(_SINCE, _UNTIL) for month in range(1, 13)]
    return tuple(datetime(*month, 15, tzinfo=zone).utcoffset() for month in months)

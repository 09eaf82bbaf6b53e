"""Signatures of ordinary kinds with simple types, in a module with postponed annotations."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import Path
from typing import Any, Literal, NewType, Optional, Union
from uuid import UUID

from pydantic import BaseModel
from signature_case import (
    BOOLEAN,
    INTEGER,
    NULL,
    NUMBER,
    STRING,
    Cases,
    array,
    keep,
    null_or,
    opened,
    texts,
)
from typing_extensions import TypeAliasType

UserId = NewType("UserId", int)
Numbers = list[int]
Words = TypeAliasType("Words", list[str])

KEY = "a2f4c1de-0000-4000-8000-000000000001"


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Size(IntEnum):
    SMALL = 1
    LARGE = 2


CASES = Cases()
case = CASES.add


@case({"type": "object", "properties": {}}, {}, lambda: ())
def nothing():
    return keep()


@case(
    opened("text count ratio on", text=STRING, count=INTEGER, ratio=NUMBER, on=BOOLEAN),
    {"text": "é", "count": 3, "ratio": 2, "on": True},
    lambda: ("é", 3, 2.0, True),
)
def scalars(text: str, count: int, ratio: float, on: bool):
    return keep(text, count, ratio, on)


@case(
    opened("none anything untyped", none=NULL, anything={}, untyped={}),
    {"none": None, "anything": {"a": [1, None]}, "untyped": "x"},
    lambda: (None, {"a": [1, None]}, "x"),
)
def loose(none: None, anything: Any, untyped):
    return keep(none, anything, untyped)


@case(
    opened(
        "unit",
        unit={"type": "string", "enum": ["c", "f"]},
        level=null_or({"type": "integer", "enum": [1, 2]}, default=1),
    ),
    {"unit": "f", "level": 2},
    lambda: ("f", 2),
)
def literals(unit: Literal["c", "f"], level: Literal[1, 2] = 1):
    return keep(unit, level)


@case(
    opened(
        "color",
        color={"type": "string", "enum": ["red", "blue"]},
        size=null_or({"type": "integer", "enum": [1, 2]}, default=1),
    ),
    {"color": "blue", "size": 2},
    lambda: (Color.BLUE, Size.LARGE),
)
def enums(color: Color, size: Size = Size.SMALL):
    return keep(color, size)


@case(
    opened("a", a=null_or(INTEGER), b=null_or(INTEGER), c=null_or(STRING, default="x")),
    {"a": None, "b": 2, "c": None},
    lambda: (None, 2, None),
)
def optionals(a: Optional[int], b: int | None = None, c: str | None = "x"):  # noqa: UP045
    return keep(a, b, c)


@case(
    opened("a b", a={"anyOf": [INTEGER, STRING]}, b=null_or(texts("date"), array(INTEGER))),
    {"a": "7", "b": [1]},
    lambda: ("7", [1]),
)
def unions(a: Union[int, str], b: date | list[int] | None):  # noqa: UP007
    return keep(a, b)


@case(
    opened(
        "a b c d",
        a=array(INTEGER),
        b=array(STRING, uniqueItems=True),
        c={"type": "array", "prefixItems": [INTEGER, STRING], "minItems": 2, "maxItems": 2},
        d=array(texts("date")),
    ),
    {"a": [1], "b": ["x"], "c": [1, "y"], "d": ["2024-05-17"]},
    lambda: ([1], {"x"}, (1, "y"), (date(2024, 5, 17),)),
)
def collections(a: list[int], b: set[str], c: tuple[int, str], d: tuple[date, ...]):
    return keep(a, b, c, d)


@case(
    opened(
        "a b",
        a=array({}),
        b={"type": "object", "additionalProperties": True},
        c=null_or(array({}), default=[]),
        d=null_or(array({}, uniqueItems=True), default=[]),
    ),
    {"a": [1, "x"], "b": {"k": 1}, "c": [2], "d": [3]},
    lambda: ([1, "x"], {"k": 1}, (2,), {3}),
)
def bare_collections(a: list, b: dict, c: tuple = (), d: set = frozenset()):
    return keep(a, b, c, d)


@case(
    opened(
        "a b",
        a={"type": "object", "additionalProperties": NUMBER},
        b={"type": "object", "additionalProperties": array(texts("uuid"))},
    ),
    {"a": {"x": 1}, "b": {"k": [KEY]}},
    lambda: ({"x": 1.0}, {"k": [UUID(KEY)]}),
)
def mappings(a: dict[str, float], b: dict[str, list[UUID]]):
    return keep(a, b)


@case(
    opened("user others", user=INTEGER, others=array(INTEGER)),
    {"user": 1, "others": [2]},
    lambda: (1, [2]),
)
def new_type(user: UserId, others: list[UserId]):
    return keep(user, others)


@case(
    opened("numbers words", numbers=array(INTEGER), words=array(STRING)),
    {"numbers": [1], "words": ["x"]},
    lambda: ([1], ["x"]),
)
def type_aliases(numbers: Numbers, words: Words):
    return keep(numbers, words)


@case(
    opened(
        "day moment at length",
        day=texts("date"),
        moment=texts("date-time"),
        at=texts("time"),
        length=texts("duration"),
    ),
    {"day": "2024-05-17", "moment": "2024-05-17T08:30:00Z", "at": "08:30:00", "length": "PT90S"},
    lambda: (
        date(2024, 5, 17),
        datetime(2024, 5, 17, 8, 30, tzinfo=UTC),
        time(8, 30),
        timedelta(seconds=90),
    ),
)
def dates(day: date, moment: datetime, at: time, length: timedelta):
    return keep(day, moment, at, length)


@case(
    opened(
        "price key file raw",
        price={"anyOf": [NUMBER, STRING]},
        key=texts("uuid"),
        file=texts("path"),
        raw=texts("binary"),
    ),
    {"price": "9.90", "key": KEY, "file": "a/b.txt", "raw": "é"},
    lambda: (Decimal("9.90"), UUID(KEY), Path("a/b.txt"), b"\xc3\xa9"),
)
def exact_values(price: Decimal, key: UUID, file: Path, raw: bytes):
    return keep(price, key, file, raw)


LATER = opened("when", when=texts("date"))


@case(
    opened("one many", one=LATER, many=array(LATER)),
    {"one": {"when": "2024-05-17"}, "many": [{"when": "2024-05-18"}]},
    lambda: (Later(when=date(2024, 5, 17)), [Later(when=date(2024, 5, 18))]),
)
def forward_references(one: Later, many: "list[Later]"):  # noqa: UP037
    return keep(one, many)


class Later(BaseModel):
    when: date

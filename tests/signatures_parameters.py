"""Signatures with descriptions, constraints, defaults and every kind and name of parameter."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import Field
from signature_case import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    STRING,
    Cases,
    array,
    keep,
    null_or,
    opened,
    texts,
)

from agentkit import Context

SENTINEL = object()

CASES = Cases()
case = CASES.add


@case(
    opened(
        "city",
        city={**STRING, "description": "A town."},
        days=null_or(INTEGER, description="How many.", default=3),
    ),
    {"city": "Rome"},
    lambda: ("Rome", 3),
)
def annotated_text(city: Annotated[str, "A town."], days: Annotated[int, "How many."] = 3):
    return keep(city, days)


@case(
    opened("age", age={**INTEGER, "minimum": 0, "maximum": 150, "description": "Years."}),
    {"age": 41},
    lambda: (41,),
)
def annotated_field(age: Annotated[int, Field(ge=0, le=150, description="Years.")]):
    return keep(age)


@case(
    opened("", size=null_or({**INTEGER, "minimum": 1}, description="Pages.", default=5)),
    {},
    lambda: (5,),
)
def field_default(size: int = Field(5, ge=1, description="Pages.")):
    return keep(size)


@case(
    opened("top", names=null_or(array(STRING)), top={**INTEGER, "exclusiveMinimum": 1}),
    {"top": 2, "names": None},
    lambda: ([], 2),
)
def field_factory(
    names: list[str] = Field(default_factory=list),  # noqa: B008
    top: int = Field(..., gt=1),
):
    return keep(names, top)


@case(opened("from", **{"from": STRING}), {"from": "here"}, lambda: ("here",))
def field_alias(source: Annotated[str, Field(alias="from")]):
    return keep(source)


@case(
    opened(
        "code even",
        code={**STRING, "pattern": "^[a-z]+$"},
        even=array({**INTEGER, "multipleOf": 2}),
    ),
    {"code": "ab", "even": [2, 4]},
    lambda: ("ab", [2, 4]),
)
def constrained(
    code: Annotated[str, Field(pattern="^[a-z]+$")],
    even: list[Annotated[int, Field(multiple_of=2)]],
):
    return keep(code, even)


@case(
    opened(
        "",
        a=null_or(STRING, default="x"),
        b=null_or(NUMBER, default=0.5),
        c=null_or(array(INTEGER), default=[1]),
        d=null_or(texts("date"), default="2024-05-17"),
        e={},
        f=null_or(INTEGER),
    ),
    {},
    lambda: ("x", 0.5, [1], date(2024, 5, 17), SENTINEL, None),
)
def defaults(  # noqa: PLR0917
    a: str = "x",
    b: float = 0.5,
    c: list[int] = [1],  # noqa: B006
    d: date = date(2024, 5, 17),
    e: Any = SENTINEL,
    f: int = None,  # noqa: RUF013
):
    return keep(a, b, c, d, e, f)


@case(
    opened("first", first=INTEGER, rest=null_or(array(texts("date")))),
    {"first": 1, "rest": ["2024-05-17"]},
    lambda: (1, (date(2024, 5, 17),)),
)
def variadic(first: int, *rest: date):
    return keep(first, rest)


@case(
    {**opened("first", first=INTEGER), "additionalProperties": NUMBER},
    {"first": 1, "a": 2, "first_": 3},
    lambda: (1, {"a": 2.0, "first_": 3.0}),
)
def keywords(first: int, **more: float):
    return keep(first, more)


@case(
    opened("a", a=INTEGER, b=null_or(STRING, default="x"), c=null_or(INTEGER, default=1)),
    {"a": 1, "c": 3},
    lambda: (1, "x", 3),
)
def positional_only(a: int, b: str = "x", /, c: int = 1):
    return keep(a, b, c)


@case(
    opened("a", a=INTEGER, b=null_or(BOOLEAN, default=True), rest=null_or(array({})), c={}),
    {"a": 1, "rest": [2, "3"], "b": False, "d": 4},
    lambda: (1, False, (2, "3"), None, {"d": 4}),
)
def everything(a: int, b: bool = True, *rest, c=None, **more):
    return keep(a, b, rest, c, more)


@case(
    opened("a", a=INTEGER, b=null_or(BOOLEAN, default=True)),
    {"a": 1, "b": False},
    lambda: (1, False),
)
def keyword_only(*, a: int, b: bool = True):
    return keep(a, b)


@case(
    opened(
        "_id self_ title model_config schema",
        _id=INTEGER,
        self_=INTEGER,
        title=STRING,
        model_config=INTEGER,
        schema=INTEGER,
        json=null_or(INTEGER, default=1),
    ),
    {"_id": 1, "self_": 2, "title": "t", "model_config": 4, "schema": 5, "json": 6},
    lambda: (1, 2, "t", 4, 5, 6),
)
def odd_names(_id: int, self_: int, title: str, model_config: int, schema: int, json: int = 1):
    return keep(_id, self_, title, model_config, schema, json)


@case(
    opened(
        "model_fields copy args kwargs p0",
        model_fields=INTEGER,
        copy=INTEGER,
        args=INTEGER,
        kwargs=INTEGER,
        p0=INTEGER,
    ),
    {"model_fields": 1, "copy": 2, "args": 3, "kwargs": 4, "p0": 5},
    lambda: (1, 2, 3, 4, 5),
)
def odder_names(model_fields: int, copy: int, args: int, kwargs: int, p0: int):
    return keep(model_fields, copy, args, kwargs, p0)


@case(opened("city", city=STRING), {"city": "Rome"}, lambda: ("Rome", 42))
def with_context(city: str, context: Context[int]):
    return keep(city, context.deps)

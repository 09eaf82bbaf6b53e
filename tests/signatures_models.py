"""Signatures with models, dataclasses, TypedDicts and named tuples, nested and recursive."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import (
    Annotated,
    Any,
    Generic,
    Literal,
    NamedTuple,
    NotRequired,
    Required,
    TypedDict,
    TypeVar,
)

from pydantic import BaseModel, Field
from signature_case import INTEGER, NULL, STRING, Cases, array, keep, null_or, opened

T = TypeVar("T")


class Point(BaseModel):
    """A place."""

    x: int
    y: int = 0


class Line(BaseModel):
    start: Point
    end: Point | None = None
    label: Annotated[str, Field(max_length=9, description="What it is.")] = "line"


class Tree(BaseModel):
    value: int
    children: list[Tree] = []


class Page(BaseModel, Generic[T]):
    items: list[T]


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]


@dataclass
class Address:
    street: str
    number: int = 1


@dataclass
class Person:
    name: str
    home: Address
    friends: list[Person] = field(default_factory=list)


class Movie(TypedDict):
    title: str
    year: NotRequired[int]


class Filters(TypedDict, total=False):
    near: Point
    most: Required[int]


class Folder(TypedDict):
    name: str
    inside: list[Folder]


class Range(NamedTuple):
    low: int
    high: int = 9


CASES = Cases()
case = CASES.add

BARE_POINT = opened("x", x=INTEGER, y=null_or(INTEGER, default=0))
POINT = {**BARE_POINT, "description": "A place."}
ADDRESS = opened("street", street=STRING, number=null_or(INTEGER, default=1))


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


@case(
    opened(
        "line",
        line=opened(
            "start",
            start=POINT,
            end=null_or(POINT, default=None),
            label=null_or({**STRING, "maxLength": 9}, description="What it is.", default="line"),
        ),
    ),
    {"line": {"start": {"x": 1}, "end": {"x": 2, "y": 3}, "label": None}},
    lambda: (Line(start=Point(x=1), end=Point(x=2, y=3)),),
)
def nested_model(line: Line):
    return keep(line)


@case(
    opened(
        "points",
        points=array(POINT),
        named={**null_or({"type": "object", "additionalProperties": POINT})},
    ),
    {"points": [{"x": 1, "y": None}], "named": {"a": {"x": 2}}},
    lambda: ([Point(x=1)], {"a": Point(x=2)}),
)
def many_models(points: list[Point], named: dict[str, Point] | None = None):
    return keep(points, named)


@case(
    opened("", point=null_or(BARE_POINT, description="A place.", default={"x": 1, "y": 0})),
    {"point": {"x": 5}},
    lambda: (Point(x=5),),
)
def default_model(point: Point = Point(x=1)):  # noqa: B008
    return keep(point)


@case(
    {
        **opened("tree", tree=ref("Tree")),
        "$defs": {
            "Tree": opened("value", value=INTEGER, children=null_or(array(ref("Tree")), default=[]))
        },
    },
    {"tree": {"value": 1, "children": [{"value": 2, "children": None}]}},
    lambda: (Tree(value=1, children=[Tree(value=2)]),),
)
def recursive_model(tree: Tree):
    return keep(tree)


@case(
    opened(
        "pet",
        pet={
            "oneOf": [
                opened("kind lives", kind={"type": "string", "const": "cat"}, lives=INTEGER),
                opened("kind", kind={"type": "string", "const": "dog"}),
            ]
        },
    ),
    {"pet": {"kind": "cat", "lives": 9}},
    lambda: (Cat(kind="cat", lives=9),),
)
def tagged_union(pet: Annotated[Cat | Dog, Field(discriminator="kind")]):
    return keep(pet)


@case(
    opened("place", place={"anyOf": [POINT, ADDRESS, INTEGER]}),
    {"place": {"street": "High Street"}},
    lambda: (Address("High Street"),),
)
def union_of_objects(place: Point | Address | int):
    return keep(place)


@case(
    opened("page", page=opened("items", items=array(POINT))),
    {"page": {"items": [{"x": 1}]}},
    lambda: (Page[Point](items=[Point(x=1)]),),
)
def generic_model(page: Page[Point]):
    return keep(page)


@case(
    opened("address other", address=ADDRESS, other=null_or(ADDRESS)),
    {"address": {"street": "High Street", "number": 2}, "other": None},
    lambda: (Address("High Street", 2), None),
)
def a_dataclass(address: Address, other: Address | None):
    return keep(address, other)


@case(
    {
        **opened("person", person=ref("Person")),
        "$defs": {
            "Person": opened(
                "name home", name=STRING, home=ADDRESS, friends=null_or(array(ref("Person")))
            )
        },
    },
    {
        "person": {
            "name": "A",
            "home": {"street": "S"},
            "friends": [{"name": "B", "home": {"street": "T"}}],
        }
    },
    lambda: (Person("A", Address("S"), [Person("B", Address("T"))]),),
)
def recursive_dataclass(person: Person):
    return keep(person)


@case(
    opened("movie", movie=opened("title", title=STRING, year=null_or(INTEGER))),
    {"movie": {"title": "M", "year": None}},
    lambda: ({"title": "M"},),
)
def typed_dict(movie: Movie):
    return keep(movie)


@case(
    opened(
        "filters",
        filters=opened("most", near=null_or(BARE_POINT, description="A place."), most=INTEGER),
    ),
    {"filters": {"near": {"x": 1}, "most": 2}},
    lambda: ({"near": Point(x=1), "most": 2},),
)
def partial_typed_dict(filters: Filters):
    return keep(filters)


@case(
    {
        **opened("folder", folder=ref("Folder")),
        "$defs": {"Folder": opened("name inside", name=STRING, inside=array(ref("Folder")))},
    },
    {"folder": {"name": "a", "inside": [{"name": "b", "inside": []}]}},
    lambda: ({"name": "a", "inside": [{"name": "b", "inside": []}]},),
)
def recursive_typed_dict(folder: Folder):
    return keep(folder)


@case(
    opened(
        "span",
        span={
            "type": "array",
            "prefixItems": [INTEGER, {**INTEGER, "default": 9}],
            "minItems": 1,
            "maxItems": 2,
        },
    ),
    {"span": [1]},
    lambda: (Range(1, 9),),
)
def named_tuple(span: Range):
    return keep(span)


@case(
    opened("rows", rows=array(null_or(array({"anyOf": [POINT, NULL]})))),
    {"rows": [[{"x": 1}, None], None]},
    lambda: ([[Point(x=1), None], None],),
)
def deeply_nested(rows: list[list[Point | None] | None]):
    return keep(rows)

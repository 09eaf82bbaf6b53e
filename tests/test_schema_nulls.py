"""Null for what may be left out: what the published schema takes, the function takes."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, Field
from signature_case import kept
from signatures_models import Address, Line, Point, Tree

from agentkit import FunctionCall, Toolbox, tool


class Bird(BaseModel):
    kind: Literal["bird"]
    wings: int = 2


class Fish(BaseModel):
    kind: Literal["fish"]


POINT = {"x": 1, "y": None}
PLACES = [
    (Point, POINT, Point(x=1)),
    (Point | None, POINT, Point(x=1)),
    (list[Point], [POINT], [Point(x=1)]),
    (list[list[Point]], [[POINT]], [[Point(x=1)]]),
    (Line, {"start": POINT, "end": POINT}, Line(start=Point(x=1), end=Point(x=1))),
    (Tree, {"value": 1, "children": None}, Tree(value=1)),
    (
        Tree,
        {"value": 1, "children": [{"value": 2, "children": None}]},
        Tree(value=1, children=[Tree(value=2)]),
    ),
    (Address, {"street": "S", "number": None}, Address("S")),
    (dict[str, Point], {"a": POINT}, {"a": Point(x=1)}),
    (tuple[Point, int], [POINT, 1], (Point(x=1), 1)),
    (tuple[Point, ...], [POINT], (Point(x=1),)),
    (Point | Address, POINT, Point(x=1)),
    (Point | int | None, POINT, Point(x=1)),
    (list[Point | Address], [POINT], [Point(x=1)]),
    (
        Annotated[Bird | Fish, Field(discriminator="kind")],
        {"kind": "bird", "wings": None},
        Bird(kind="bird"),
    ),
]


@pytest.fixture(autouse=True)
def _nothing_kept():
    kept.clear()


def seen(annotation: Any, sent: Any, default: Any = ...) -> list[Any]:
    """What a function with a parameter of the annotation is given."""
    given: list[Any] = []

    def take(value=default):
        given.append(value)

    take.__annotations__ = {"value": annotation}
    if default is ...:
        take.__defaults__ = None
    made = tool(take)
    Draft202012Validator(made.definition.parameters).validate({"value": sent})
    result = Toolbox(made).call(FunctionCall("take", json.dumps({"value": sent})))
    assert not result.is_error, result.content
    return given


@pytest.mark.parametrize(
    ("annotation", "sent", "expected"), PLACES, ids=lambda value: str(value)[:60]
)
def test_a_nested_null_takes_the_default(annotation: Any, sent: Any, expected: Any):
    assert seen(annotation, sent) == [expected]


@pytest.mark.parametrize(
    ("annotation", "default"),
    [(int, 5), (str, ""), (list[int], ()), (Point, None), (Literal["a", "b"], "a")],
)
def test_null_takes_the_default_where_the_annotation_does_not_allow_none(
    annotation: Any, default: Any
):
    assert seen(annotation, None, default) == [default]


@pytest.mark.parametrize("annotation", [int | None, Literal["a", None], Any, None])
def test_null_is_a_value_where_the_annotation_allows_none(annotation: Any):
    assert seen(annotation, None, default="other") == [None]


def test_null_for_a_required_argument_is_refused():
    def take(value: int): ...

    result = Toolbox(take).call(FunctionCall("take", '{"value": null}'))

    assert result.is_error
    assert "value: Input should be a valid integer, got null" in result.content


def test_null_inside_free_values_stays():
    assert seen(dict[str, Any], {"a": None}) == [{"a": None}]
    assert seen(list[Any], [None]) == [[None]]


def test_null_for_further_arguments_is_none_of_them():
    def take(*values: int, **more: int | None):
        return [values, more]

    result = Toolbox(take).call(FunctionCall("take", '{"values": null, "other": null}'))

    assert result.content == '[[],{"other":null}]'

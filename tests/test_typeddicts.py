"""Every TypedDict works as an annotation, also `typing.TypedDict` before Python 3.12."""

from __future__ import annotations

import typing
from typing import Annotated, Any, Literal, NotRequired, Required, TypedDict

import pytest
import typing_extensions
from pydantic import TypeAdapter, ValidationError

from agentkit.typeddicts import portable


class Base(TypedDict):
    a: int


class Child(Base, total=False):
    b: Annotated[str, "Words."]
    c: Required[list[Base]]


class Marked(TypedDict):
    """Told."""

    a: int
    b: NotRequired[Child]


class Loop(TypedDict):
    next: NotRequired[Loop]


class Modern(typing_extensions.TypedDict):
    a: int


def accepts(annotation: Any, value: Any) -> bool:
    try:
        return bool(TypeAdapter(portable(annotation)).validate_python(value) == value)
    except ValidationError:
        return False


WRAPPED = [
    (Base, {"a": 1}),
    (Base | None, {"a": 1}),
    (typing.Optional[Base], {"a": 1}),  # noqa: UP045
    (int | Base | Marked, {"a": 1}),
    (list[Base], [{"a": 1}]),
    (dict[str, list[Base]], {"x": [{"a": 1}]}),
    (tuple[Base, int], ({"a": 1}, 2)),
    (tuple[Base, ...], ({"a": 1},)),
    (typing.List[Base], [{"a": 1}]),  # noqa: UP006
    (Annotated[Base, "Words."], {"a": 1}),
    (Annotated[list[Base] | None, "Words."], [{"a": 1}]),
    (Modern, {"a": 1}),
    (list[Modern], [{"a": 1}]),
]


@pytest.mark.parametrize(("annotation", "value"), WRAPPED, ids=lambda value: str(value)[:60])
def test_a_typed_dict_is_checked_wherever_it_stands(annotation: Any, value: Any):
    assert accepts(annotation, value)
    assert not accepts(annotation, "text")


@pytest.mark.parametrize(
    ("annotation", "value", "fits"),
    [
        (Child, {"a": 1, "c": []}, True),
        (Child, {"a": 1, "b": "x", "c": [{"a": 2}]}, True),
        (Child, {"a": 1}, False),
        (Child, {"c": []}, False),
        (Marked, {"a": 1}, True),
        (Marked, {"b": {"a": 1, "c": []}}, False),
        (Marked, {"a": 1, "b": {"a": "x", "c": []}}, False),
        (Loop, {}, True),
        (Loop, {"next": {"next": {}}}, True),
        (Loop, {"next": {"next": 1}}, False),
    ],
)
def test_required_and_not_required_count_through_inheritance(
    annotation: Any, value: Any, fits: bool
):
    assert accepts(annotation, value) is fits


def test_name_and_docstring_stay():
    made = portable(Marked)

    assert (made.__name__, made.__doc__, made.__module__) == ("Marked", "Told.", __name__)


@pytest.mark.parametrize(
    "annotation",
    [int, Any, None, list[int], int | None, Literal["a"], Annotated[int, "Words."], Modern],
)
def test_what_needs_no_twin_stays_as_it_is(annotation: Any):
    assert portable(annotation) is annotation

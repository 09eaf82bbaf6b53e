"""Schemas of simple types, which are made once, are those that a whole model would have."""

import json
from datetime import date, datetime
from typing import Annotated, Any, Literal, Optional, Union

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from agentkit import FunctionCall, Toolbox, tool

ATOMS = st.sampled_from([str, int, float, bool, Any, list, dict, date, datetime, type(None)])
NAMES = st.lists(st.sampled_from(["b", "a", "", 1, 0, True, False, None]), min_size=1, max_size=4)


def holders(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(
        inner.map(lambda each: list[each]),
        inner.map(lambda each: dict[str, each]),
        inner.map(lambda each: set[each]),
        inner.map(lambda each: tuple[each, ...]),
        inner.map(lambda each: Optional[each]),  # noqa: UP045 - another kind
        st.tuples(inner, inner).map(lambda each: tuple[each]),
        st.tuples(inner, inner).map(lambda each: Union[each]),  # noqa: UP007 - of a tuple
    )


TYPES = st.recursive(ATOMS | NAMES.map(lambda each: Literal[tuple(each)]), holders, max_leaves=4)


def written(annotation: Any, default: Any, *, simple: bool) -> str:
    """The schema of a parameter as text, as the order of its keys counts too."""

    def act(given=default, *, other=0): ...

    act.__doc__ = "Act.\n\nArgs:\n    given: What is given.\n"
    act.__annotations__ = {"given": annotation, "other": int if simple else Annotated[int, Field()]}
    return json.dumps(tool(act).definition.parameters)


@given(TYPES, st.sampled_from([None, 1, "a", [1], {"a": None}]))
def test_the_schema_of_a_simple_type_is_the_one_in_a_model(annotation: Any, default: Any):
    assert written(annotation, default, simple=True) == written(annotation, default, simple=False)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (int | str, str | int),
        (Literal["a", "b"], Literal["b", "a"]),
        (list[Literal[1]], list[Literal[True]]),
        (dict[str, int | str], dict[str, str | int]),
    ],
)
def test_types_that_are_equal_in_another_order_keep_their_own(one: Any, other: Any):
    texts = [written(each, None, simple=True) for each in (one, other)]

    assert texts == [written(each, None, simple=False) for each in (one, other)]
    assert texts[0] != texts[1]


def test_a_schema_that_somebody_changes_is_nobody_elses():
    @tool
    def first(words: list[Literal["a", "b"]]): ...

    @tool
    def second(words: list[Literal["a", "b"]]): ...

    first.parameters.schema["properties"]["words"]["items"]["enum"].append("c")

    assert second.definition.parameters["properties"]["words"]["items"]["enum"] == ["a", "b"]


def test_values_of_simple_types_are_checked_at_the_first_call():
    @tool
    def add(a: int, b: int = 2, *more: int) -> int:
        return a + b + sum(more)

    box = Toolbox(add)
    sent = ['{"a": "1", "more": [3]}', '{"a": "x"}', '{"a": 1, "c": 2}']
    results = [box.call(FunctionCall("add", text)) for text in sent]

    assert results[0].content == "6"
    assert all(each.is_error for each in results[1:])

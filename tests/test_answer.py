from dataclasses import dataclass
from datetime import date
from typing import Literal, TypedDict

import pytest
from pydantic import BaseModel

from agentkit import DefinitionError, FunctionCall
from agentkit.answer import Answer
from agentkit.errors import ArgumentsError


class City(BaseModel):
    name: str
    people: int = 0


@dataclass
class Place:
    name: str


class Row(TypedDict):
    name: str


class Node(BaseModel):
    kids: list["Node"] = []


def given(arguments):
    return FunctionCall("final_answer", arguments)


@pytest.mark.parametrize(
    ("annotation", "arguments", "value"),
    [
        (City, '{"name": "Oslo", "people": null}', City(name="Oslo")),
        (Place, '{"name": "Oslo"}', Place("Oslo")),
        (Row, '{"name": "Oslo"}', {"name": "Oslo"}),
        (int, '{"answer": 3}', 3),
        (list[date], '{"answer": ["2026-01-02"]}', [date(2026, 1, 2)]),
        (Literal["yes", "no"], '{"answer": "no"}', "no"),
        (int | None, '{"answer": null}', None),
        (dict[str, int], '{"answer": {"a": 1}}', {"a": 1}),
        (City, "{'name': 'Oslo'}", City(name="Oslo")),
        (list[Node], '{"answer": [{"kids": [{}]}]}', [Node(kids=[Node()])]),
    ],
    ids=str,
)
def test_a_call_gives_an_instance_of_the_type(annotation, arguments, value):
    assert Answer(annotation).read(given(arguments)) == value


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        (City, '```json\n{"name": "Oslo"}\n```', City(name="Oslo")),
        (int, "42", 42),
        (int, '{"answer": 42}', 42),
        (Literal["yes", "no"], "yes\n", "yes"),
        (date, "2026-01-02", date(2026, 1, 2)),
        (list[int], "[1, 2]", [1, 2]),
        (dict[str, int], '{"a": 1}', {"a": 1}),
    ],
    ids=str,
)
def test_a_text_that_fits_is_an_answer_too(annotation, text, value):
    assert Answer(annotation).read_text(text) == value


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ("{}", "name: missing"),
        ('{"name": 1}', "name: Input should be a valid string, got 1"),
        ('{"name": "Os', "not valid JSON"),
    ],
)
def test_a_wrong_answer_is_told_path_by_path(arguments, problem):
    with pytest.raises(ArgumentsError) as wrong:
        Answer(City).read(given(arguments))

    assert problem in str(wrong.value)


def test_a_missing_plain_answer_is_named():
    with pytest.raises(ArgumentsError, match="answer: missing"):
        Answer(int).read(given("{}"))


def test_a_text_that_does_not_fit_is_refused():
    with pytest.raises(ArgumentsError, match="valid integer"):
        Answer(int).read_text("about three")


def test_a_type_without_a_json_form_is_refused():
    with pytest.raises(DefinitionError, match="output"):
        Answer(type("Opaque", (), {}))

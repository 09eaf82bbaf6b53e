"""What a model is told of arguments that do not fit: path, what came, what is expected."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, BaseModel, Field
from signatures_models import Line, Point, Tree

from agentkit import Toolbox
from agentkit.testing import call


class Closed(BaseModel, extra="forbid"):
    width: int


def refuse(value: int) -> int:
    raise ValueError("never right")


def lines(function: Any, **sent: Any) -> list[str]:
    """The problems of one call."""
    result = Toolbox(function).call(call(function.__name__, sent))
    first, *rest = result.content.splitlines()

    assert result.is_error
    assert first == f"Error: Wrong arguments for {function.__name__}:"
    return rest


def take(
    number: int,
    word: Literal["a", "b"] = "a",
    few: Annotated[int, Field(ge=0, le=3)] = 0,
    odd: Annotated[int, AfterValidator(refuse)] = 1,
): ...


def draw(line: Line | None = None, points: list[Point] = [], tree: Tree | None = None): ...  # noqa: B006


def fold(closed: Closed | None = None): ...


def measure(length: int | float): ...


@pytest.mark.parametrize(
    ("sent", "line"),
    [
        ({}, '- number: missing (expected "integer")'),
        (
            {"number": "x"},
            '- number: Input should be a valid integer, unable to parse string as an integer, got "x"',
        ),
        ({"number": None}, "- number: Input should be a valid integer, got null"),
        (
            {"number": 1.5},
            "- number: Input should be a valid integer, got a number with a fractional part, got 1.5",
        ),
        ({"number": [1]}, "- number: Input should be a valid integer, got [1]"),
        ({"number": 1, "word": "c"}, "- word: Input should be 'a' or 'b', got \"c\""),
        ({"number": 1, "few": 9}, "- few: Input should be less than or equal to 3, got 9"),
        ({"number": 1, "odd": 9}, "- odd: Value error, never right, got 9"),
        (
            {"number": 1, "wrod": "a"},
            "- wrod: no such parameter. Did you mean 'word'? The parameters are: number, word, few, odd",
        ),
        (
            {"number": 1, "zzz": "a"},
            "- zzz: no such parameter. The parameters are: number, word, few, odd",
        ),
    ],
)
def test_each_problem_is_one_line(sent: dict[str, Any], line: str):
    assert lines(take, **sent) == [line]


def test_several_problems_are_several_lines():
    assert [line.split(":")[0] for line in lines(take, number="x", word="c", few=9)] == [
        "- number",
        "- word",
        "- few",
    ]


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ({"line": {"start": {"x": "a"}}}, "- line.start.x: "),
        ({"line": {"start": {}}}, "- line.start.x: missing"),
        ({"points": [{"x": 1}, {"x": "a"}]}, "- points[1].x: "),
        ({"points": {"x": 1}}, "- points: "),
        ({"tree": {"value": 1, "children": [{"value": "a"}]}}, "- tree.children[0].value: "),
    ],
)
def test_a_nested_problem_is_named_by_its_path(sent: dict[str, Any], path: str):
    (line,) = lines(draw, **sent)

    assert line.startswith(path)


def test_a_nested_extra_is_not_answered_with_the_parameters_of_the_tool():
    (line,) = lines(fold, closed={"width": 1, "widht": 2})

    assert line.startswith("- closed.widht: ")
    assert "The parameters are: closed" not in line


def test_a_missing_argument_of_several_types_tells_what_is_expected():
    (line,) = lines(measure)

    assert line.startswith("- length: missing (expected ")


def test_a_function_without_parameters_says_so():
    def ring(): ...

    assert lines(ring, loud=True) == ["- loud: no such parameter. The parameters are: none"]


def test_a_long_value_is_shown_short():
    (line,) = lines(take, number="x" * 10_000)

    assert len(line) < 200

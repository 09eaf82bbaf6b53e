"""Docstrings of all four styles become descriptions."""

import inspect
from typing import Annotated

import pytest
from docstring_parser import ParseError, parse
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from agentkit import tool
from agentkit.docstrings import read_docstring, summary_of

GOOGLE = """Forecast the weather.

It looks at the sky,
and says so.

Args:
    city (str): A town,
        or a village.
    days: How many.

Returns:
    Words.
"""
NUMPY = """Forecast the weather.

It looks at the sky,
and says so.

Parameters
----------
city : str
    A town,
    or a village.
days : int, optional
    How many.

Returns
-------
str
    Words.
"""
REST = """Forecast the weather.

It looks at the sky,
and says so.

:param str city: A town,
    or a village.
:param days: How many.
:returns: Words.
"""
EPYDOC = """Forecast the weather.

It looks at the sky,
and says so.

@param city: A town,
    or a village.
@param days: How many.
@return: Words.
"""


def described(function) -> dict[str, str | None]:
    properties = tool(function).definition.parameters["properties"]
    return {name: schema.get("description") for name, schema in properties.items()}


@pytest.mark.parametrize(
    "text", [GOOGLE, NUMPY, REST, EPYDOC], ids=["Google", "NumPy", "reST", "Epydoc"]
)
def test_a_docstring_of_each_style_describes_tool_and_parameters_whole(text: str):
    def forecast(city: str, days: int = 1): ...

    forecast.__doc__ = text

    assert tool(forecast).definition.description == (
        "Forecast the weather.\n\nIt looks at the sky,\nand says so."
    )
    assert described(forecast) == {"city": "A town,\nor a village.", "days": "How many."}


def test_numpy_names_that_share_a_line_share_the_description():
    def add(a: int, b: int, c: int):
        """Add.

        Parameters
        ----------
        a, b : int
            A number.
        c : int
            Another.
        """

    assert described(add) == {"a": "A number.", "b": "A number.", "c": "Another."}


@pytest.mark.parametrize("stars", ["*", "\\*"])
def test_stars_are_stripped_from_names(stars: str):
    def add(*rest: int): ...

    add.__doc__ = f"Add.\n\nArgs:\n    {stars}rest: Numbers.\n"

    assert described(add) == {"rest": "Numbers."}


def test_a_field_description_wins_over_the_docstring():
    def pick(
        a: Annotated[int, Field(description="Of the field.")],
        b: int = Field(1, description="Of the default."),
        c: Annotated[int, "Of the text."] = 1,
        d: int = 1,
    ):
        """Pick.

        Args:
            a: Of the docstring.
            b: Of the docstring.
            c: Of the docstring.
            d: Of the docstring.
        """

    assert described(pick) == {
        "a": "Of the field.",
        "b": "Of the default.",
        "c": "Of the text.",
        "d": "Of the docstring.",
    }


def test_a_field_description_wins_over_an_annotated_text():
    def pick(a: Annotated[int, "Text.", Field(description="Field.")]): ...

    assert described(pick) == {"a": "Field."}


def test_a_description_of_the_decorator_wins_and_leaves_those_of_the_parameters():
    @tool(description="Mine.")
    def pick(a: int):
        """Theirs.

        Args:
            a: A number.
        """

    assert pick.definition.description == "Mine."
    assert described(pick) == {"a": "A number."}


def test_an_empty_description_is_one():
    def pick():
        """Not this."""

    assert tool(pick, description="").definition.description == ""


def test_without_a_docstring_there_is_no_description():
    def pick(a: int): ...

    assert tool(pick).definition.description == ""
    assert described(pick) == {"a": None}


def test_a_docstring_in_no_style_is_the_description_as_a_whole():
    text = "Pick one.\n\nUsage: pick(1), or pick(2)."

    assert read_docstring(text) == (text, {})


@pytest.mark.parametrize(
    "text",
    [
        *("Args:", "Args:\n  : x", ":param", "@param", "Parameters\n---\n", ":", "::"),
        ":param a b c d: x",
    ],
)
def test_a_broken_docstring_never_fails(text: str):
    description, described = read_docstring(text)

    assert isinstance(description, str)
    assert all(isinstance(each, str) for each in described.values())


def test_the_docstring_of_a_class_or_partial_does_not_stand_in_for_the_function():
    class Quiet:
        def __call__(self, a: int): ...

    assert tool(Quiet()).definition.description == ""


PIECES = [
    "Args:",
    "Returns:",
    "Usage:",
    "Parameters",
    "----------",
    "---",
    "Notes",
    "-----",
    "..",
    "@",
    ":",
    "::",
    ":x",
    ":param",
    "@param",
    "word",
    "a:",
    "b:",
    "*c:",
    "int",
    "x",
    "----",
    "Note",
]
MORE = [":param a: x", ":type a: int", "@param a: x", "a : int", ".. deprecated:: 1", "Two words."]
LINES = st.tuples(
    st.sampled_from(["", "", "    ", "        "]),
    st.sampled_from([*PIECES, *MORE, "", "", " "]) | st.text(max_size=4),
).map("".join)


@given(st.lists(LINES, max_size=10).map("\n".join))
def test_the_parsers_that_are_not_asked_would_have_found_nothing(text: str):
    cleaned = inspect.cleandoc(text)
    try:
        whole = (parse(cleaned).description or "").strip()
    except ParseError:
        whole = cleaned
    except IndexError:  # its own, with a line `::`
        return

    assert read_docstring(text)[0] == whole
    assert summary_of(text).split() == whole.partition("\n\n")[0].split()

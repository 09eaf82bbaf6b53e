from __future__ import annotations

from typing import Any

import pytest
from offline.talks import function, text

from agentkit.offline.arithmetic import find_expression
from agentkit.offline.fill import fill
from agentkit.offline.schemas import read_functions


def filled(prompt: str, required: list[str], **properties: Any) -> dict[str, Any]:
    (read,) = read_functions({"functions": [function("act", "", required, **properties)]})
    return fill(read, prompt).arguments


INTEGER = {"type": "integer"}


@pytest.mark.parametrize(
    ("prompt", "value"),
    [
        ("size 7", 7),
        ("a size of 1,200", 1200),
        ("size three", 3),
        ("size twenty-five", 25),
        ("size 2 million", 2_000_000),
        ("size -4", -4),
    ],
)
def test_numbers_are_read_as_people_write_them(prompt: str, value: int) -> None:
    assert filled(prompt, ["size"], size=INTEGER) == {"size": value}


def test_a_percentage_is_a_share_unless_percent_is_wanted() -> None:
    share = {"type": "number", "description": "The rate."}
    percent = {"type": "number", "description": "The rate in percent."}
    assert filled("a rate of 5%", ["rate"], rate=share) == {"rate": 0.05}
    assert filled("a rate of 5%", ["rate"], rate=percent) == {"rate": 5}


def test_each_number_goes_to_the_parameter_whose_name_is_nearest() -> None:
    given = filled("height of 5 and base 10", ["base", "height"], base=INTEGER, height=INTEGER)
    assert given == {"base": 10, "height": 5}


def test_values_without_names_are_taken_in_order() -> None:
    assert filled("act on 36 and 48", ["a", "b"], a=INTEGER, b=INTEGER) == {"a": 36, "b": 48}


def test_no_piece_of_text_is_used_twice() -> None:
    assert filled("act on 36", ["a", "b"], a=INTEGER, b=INTEGER) == {"a": 36}


def test_prepositions_tell_source_from_target() -> None:
    given = filled("from Oslo to Rome", ["target", "source"], target=text(), source=text())
    assert given == {"target": "Rome", "source": "Oslo"}


def test_quoted_text_comes_before_names() -> None:
    assert filled("In Oslo say 'good day'", ["words"], words=text()) == {"words": "good day"}


def test_an_optional_parameter_needs_evidence() -> None:
    assert filled("Oslo 5", [], city=text("The city."), days=INTEGER) == {}
    assert filled("for 5 days", [], days=INTEGER) == {"days": 5}


def test_an_enum_takes_only_its_own_values() -> None:
    unit = {"type": "string", "enum": ["celsius", "fahrenheit"]}
    assert filled("in Fahrenheit", ["unit"], unit=unit) == {"unit": "fahrenheit"}
    assert filled("in Kelvin", ["unit"], unit=unit) == {}


def test_values_of_an_enum_that_a_text_names_are_each_in_an_array_once() -> None:
    genre = {"type": "string", "enum": ["pop", "popular", "jazz"]}
    genres = {"type": "array", "items": genre}
    assert filled("jazz and pop, jazz first", ["genres"], genres=genres) == {
        "genres": ["jazz", "pop"]
    }


def test_lists_become_arrays() -> None:
    words = {"type": "array", "items": {"type": "string"}}
    numbers = {"type": "array", "items": {"type": "integer"}}
    assert filled("Ada, Bob and Cy", ["names"], names=words) == {"names": ["Ada", "Bob", "Cy"]}
    assert filled("sort 5, 3 and 9", ["items"], items=numbers) == {"items": [5, 3, 9]}
    assert filled("sort [5, 3, 9]", ["items"], items=numbers) == {"items": [5, 3, 9]}


def test_yes_or_no_is_read_from_the_parameters_name() -> None:
    toppings = {"type": "boolean", "description": "Whether to add cheese."}
    assert filled("a pizza with cheese", [], cheese=toppings) == {"cheese": True}
    assert filled("a pizza without cheese", [], cheese=toppings) == {"cheese": False}
    assert filled("a pizza", [], cheese=toppings) == {}


def test_dates_links_and_addresses_go_where_their_format_is_wanted() -> None:
    prompt = "Send https://example.com/a to bob@example.com on June 20, 2026"
    given = filled(
        prompt,
        ["when", "link", "to"],
        when=text(format="date"),
        link=text(format="uri"),
        to=text(format="email"),
    )
    assert given == {"when": "2026-06-20", "link": "https://example.com/a", "to": "bob@example.com"}


def test_an_object_is_filled_when_all_that_it_requires_is_there() -> None:
    point = {"type": "object", "properties": {"x": INTEGER, "y": INTEGER}, "required": ["x", "y"]}
    assert filled("x 3 and y 4", ["point"], point=point) == {"point": {"x": 3, "y": 4}}
    assert filled("x 3", ["point"], point=point) == {}


@pytest.mark.parametrize(
    ("prompt", "expression"),
    [
        ("What is 12 * (3+4)?", "12 * (3+4)"),
        ("17 times 23", "17 * 23"),
        ("five plus seven", "5 + 7"),
        ("1,200 divided by 7", "1200 / 7"),
        ("2 to the power of 10", "2 ** 10"),
        ("3 squared plus 4 squared", "3 ** 2 + 4 ** 2"),
        ("15 percent of 80", "15 / 100 * 80"),
        ("200 plus 15%", "200 * (1 + 15 / 100)"),
        ("10 + 5 + 20%", "10 + 5 + (20 / 100)"),
        ("5 cubed minus triple 4", "5 ** 3 - 4 * 3"),
        ("17 % 5", "17 % 5"),
        ("17 mod 5", "17 % 5"),
        ("the sum of 5, 6 and 7", "5 + 6 + 7"),
        ("the average of 3, 4 and 8", "(3 + 4 + 8) / 3"),
        ("3.5 times 2, and so on", "3.5 * 2"),
        ("max(3, 4) * 2", "max(3, 4) * 2"),
    ],
)
def test_arithmetic_in_words_becomes_an_expression(prompt: str, expression: str) -> None:
    assert find_expression(prompt) == expression


@pytest.mark.parametrize(
    "prompt", ["5 and 6", "2026-12-24", "call 555-123-4567", "3 times a week", "", "-", "("]
)
def test_text_without_an_operation_is_no_expression(prompt: str) -> None:
    assert find_expression(prompt) is None


@pytest.mark.parametrize(
    ("prompt", "value"),
    [
        ("Read the file a.txt", "a.txt"),
        ("Read the file docs/my-notes.v2.md.", "docs/my-notes.v2.md"),
        ("What does ./pyproject.toml say?", "./pyproject.toml"),
        ("Open shop.db, please", "shop.db"),
    ],
)
def test_a_path_is_read_as_a_whole(prompt: str, value: str) -> None:
    assert filled(prompt, ["path"], path={"type": "string"}) == {"path": value}


@pytest.mark.parametrize(
    ("prompt", "schema", "value"),
    [
        ('for "docs/a.txt"', text(format="path"), "docs/a.txt"),
        ("on '2026-01-31'", text(format="date"), "2026-01-31"),
        ('at "2026-11-22T23:05:00"', text(format="date-time"), "2026-11-22T23:05:00"),
        ('size "7"', INTEGER, 7),
        ('to "bob@example.com"', text(format="email"), "bob@example.com"),
        ('that match "[0-9]+"', text("A regular expression."), "[0-9]+"),
    ],
)
def test_what_is_quoted_is_what_it_is_without_quotes(prompt: str, schema: Any, value: Any) -> None:
    assert filled(prompt, ["size"], size=schema) == {"size": value}


@pytest.mark.parametrize("prompt", ["Echo hello", "Please echo hello!", "Can you echo hello?"])
def test_a_greeting_behind_the_verb_is_a_value(prompt: str) -> None:
    (echo,) = read_functions({"functions": [function("echo", "Echo.", ["text"], text=text())]})
    assert fill(echo, prompt).arguments == {"text": "hello"}

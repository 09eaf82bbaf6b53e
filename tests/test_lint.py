"""What is found wrong with tools, and what is left in peace."""

from __future__ import annotations

import collections
import enum
import importlib
import ipaddress
import pkgutil
import re
import socket
import subprocess
import sys
import typing
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, NewType, Protocol, TypedDict
from uuid import UUID

import pytest
from pydantic import BaseModel
from typing_extensions import TypeAliasType

import agentkit_tools
from agentkit import ConfigError, Context, Tool, Toolbox, ToolError, tool
from agentkit.catalog import names
from agentkit.lint import Finding, lint, tokens
from agentkit.results import result_text


@tool
def forecast(city: str, days: int = 1) -> str:
    """Tell the weather of a city.

    Args:
        city: Its name.
        days: How many days ahead.
    """
    return city


def rules(*sources: Any, interface: str | None = None) -> list[tuple[str, str, str]]:
    found = Toolbox(*sources).lint(interface)
    return [(each.tool, each.kind, each.rule) for each in found]


def returning(annotation: Any) -> Callable[[], Any]:
    def give() -> Any:
        """Give it."""

    give.__annotations__["return"] = annotation
    return give


def declared(name: str = "look", /, **schema: Any) -> Tool[..., Any]:
    parameters = {"type": "object", **schema}
    definition = {"name": name, "description": "Look.", "parameters": parameters}
    return Tool.declared(definition, lambda **_: "")


def described(name: str, text: str, *parameters: str) -> Tool[..., Any]:
    properties = {each: {"type": "string", "description": "It."} for each in parameters}
    schema = {"type": "object", "properties": properties}
    return Tool.declared({"name": name, "description": text, "parameters": schema}, lambda **_: "")


def test_a_good_tool_has_no_findings():
    assert Toolbox(forecast).lint() == []
    assert Toolbox().lint() == []


@pytest.mark.parametrize("interface", [None, "offline", "http://127.0.0.1:8000/v1", *names()])
def test_no_interface_has_anything_against_the_built_in_tools(interface):
    modules = [m.name for m in pkgutil.iter_modules(agentkit_tools.__path__) if m.name[0] != "_"]
    packs = [Toolbox(importlib.import_module(f"agentkit_tools.{name}")) for name in modules]

    assert [each for pack in packs for each in pack.lint(interface)] == []


def test_the_built_in_packs_do_not_resemble_each_other():
    modules = [m.name for m in pkgutil.iter_modules(agentkit_tools.__path__) if m.name[0] != "_"]
    every = Toolbox(*(importlib.import_module(f"agentkit_tools.{name}") for name in modules))

    assert [each for each in every.lint() if each.tool] == []


def test_what_models_are_not_told_is_found():
    @tool
    def silent(a: int, b: int, context: Context) -> str:
        return ""

    found = Toolbox(silent).lint()

    assert [each.rule for each in found] == ["missing-description", "missing-parameter-description"]
    assert [each.kind for each in found] == ["error", "warning"]
    assert found[1] == Finding(
        "silent",
        "warning",
        "missing-parameter-description",
        "a and b have no description: add one under Args:.",
    )


@pytest.mark.parametrize(
    ("name", "kind"), [("read_result", "error"), ("final_answer", "warning"), ("read", None)]
)
def test_names_that_agents_keep_for_themselves_are_found(name, kind):
    assert rules(tool(forecast, name=name)) == ([(name, kind, "reserved-name")] if kind else [])


def test_a_tool_that_cannot_be_offered_is_found_and_hides_no_other():
    def odd(value: socket.socket) -> str:
        """Odd."""
        return ""

    @tool(strict=True)
    def free(value: dict[str, int]) -> str:
        """Free."""
        return ""

    found = Toolbox(odd, free, forecast, silent := tool(lambda: "", name="silent")).lint()

    assert silent.name == "silent"
    assert [(each.tool, each.rule) for each in found] == [
        ("odd", "broken-definition"),
        ("free", "broken-definition"),
        ("silent", "missing-description"),
    ]
    assert "parameter 'value' has a type that JSON cannot carry" in found[0].text


class Colour(enum.Enum):
    RED = "red"


@dataclass
class Point:
    x: int


class Row(TypedDict):
    x: int


class Model(BaseModel):
    x: int


class Plain:
    """Has no form for a model."""


class Sized(Protocol):
    def size(self) -> int: ...


WRITTEN = [
    (str, "a"),
    (int, 1),
    (type(None), None),
    (complex, 1j),
    (bytes, b"a"),
    (memoryview, memoryview(b"a")),
    (Decimal, Decimal(1)),
    (Fraction, Fraction(1, 2)),
    (date, date(2026, 1, 1)),
    (timedelta, timedelta(1)),
    (UUID, UUID(int=1)),
    (Path, Path("a")),
    (re.Pattern[str], re.compile("a")),
    (ipaddress.IPv4Address, ipaddress.ip_address("127.0.0.1")),
    (ipaddress.IPv6Interface, ipaddress.ip_interface("::1/64")),
    (Colour, Colour.RED),
    (Point, Point(1)),
    (Row, Row(x=1)),
    (Model, Model(x=1)),
    (collections.Counter[str], collections.Counter("a")),
    (collections.UserDict, collections.UserDict(a=1)),
    (list[Point], [Point(1)]),
    (dict[str, tuple[Model, ...]], {"a": (Model(x=1),)}),
    (Iterator[int], iter([1])),
    (Mapping[str, Any], {"a": 1}),
]
UNWRITTEN = [
    (Plain, Plain()),
    (list[Plain], [Plain()]),
    (Plain | None, Plain()),
    (dict[str, list[Plain]], {"a": [Plain()]}),
    (tuple[int, Plain], (1, Plain())),
    (Annotated[Plain, "plain"], Plain()),
    (NewType("Newer", Plain), Plain()),
    (TypeAliasType("Alias", list[Plain]), [Plain()]),
    (Iterator[Plain], iter([Plain()])),
    (Callable[[], int], len),
    (type, int),
    (range, range(3)),
    (PurePosixPath, PurePosixPath("a")),
    (collections.UserList, collections.UserList([1])),
    (ValueError, ValueError("a")),
    (socket.socket, socket),
]


@pytest.mark.parametrize(("annotation", "value"), WRITTEN)
def test_what_can_be_written_for_a_model_may_be_returned(annotation, value):
    assert rules(returning(annotation)) == []
    assert isinstance(result_text(value, "give"), str)


@pytest.mark.parametrize(("annotation", "value"), UNWRITTEN)
def test_what_cannot_be_written_for_a_model_is_found(annotation, value):
    with pytest.raises(ToolError):
        result_text(value, "give")

    assert rules(returning(annotation)) == [("give", "error", "unserialisable-result")]


OPEN = [
    Any,
    object,
    "Any",
    Iterable[Any],
    Sized,
    typing.TypeVar("T"),
    Literal["a"],
    typing.Hashable,
]


@pytest.mark.parametrize("annotation", [*OPEN, Awaitable[str], typing.NoReturn])
def test_a_type_that_leaves_it_open_is_left_in_peace(annotation):
    assert rules(returning(annotation)) == []


def test_returns_are_found_in_all_kinds_of_callables():
    class Caller:
        """Call."""

        def __call__(self) -> Plain:
            """Call."""
            return Plain()

    async def later() -> Plain:
        """Come later."""
        return Plain()

    found = rules(Caller(), later, tool(Plain), returning(AsyncIterator[int]))

    assert {rule for _, _, rule in found} == {"unserialisable-result"}
    assert [name for name, *_ in found] == ["Caller", "later", "Plain", "give"]


def test_a_declared_tool_may_have_a_function_with_any_annotations():
    def look(value: no_such_type) -> no_such_type:  # noqa: F821 - that is the point
        return value

    parameters = {"type": "object", "properties": {"value": {"description": "A value."}}}
    definition = {"name": "look", "description": "Look.", "parameters": parameters}

    assert rules(Tool.declared(definition, look)) == []


def test_an_alias_that_holds_itself_has_an_end():
    alias = list
    for _ in range(100):
        alias = list[alias]

    assert rules(returning(alias)) == []


@pytest.mark.parametrize(
    ("one", "other", "rule"),
    [
        (("get_user", "Find one."), ("getUser", "Look up a person."), "similar-names"),
        (("search", "Find one."), ("search_2", "Look up a person."), "similar-names"),
        (("user_get", "Find one."), ("get-user", "Look up a person."), "similar-names"),
        (("find", "Find a person."), ("look", "Find  a person."), "duplicate-description"),
        (
            ("find_docs", "Search the documentation for words.", "words"),
            ("find_pages", "Search the documents for a word.", "words"),
            None,  # one word of five is another
        ),
        (
            ("find_docs", "Search the documentation for words.", "words"),
            ("find_pages", "Search the documents, for words.", "words"),
            "near-identical",
        ),
        (
            ("find_docs", "Search the documentation for words.", "words"),
            ("find_pages", "Search the documents for words.", "words", "page"),
            None,
        ),
        (("light_on", "Turn the light on.", "room"), ("dark", "Turn the light off.", "room"), None),
        (
            ("to_km", "Convert a length in miles to kilometres.", "length"),
            ("to_miles", "Convert a length in kilometres to miles.", "length"),
            None,
        ),
        (("read_file", "Read a file."), ("read_files", "Read several files at once."), None),
        (("sha1", "Hash in the old way."), ("sha256", "Hash in today's way."), None),
        (("_", "Do this."), ("-", "Do that."), "similar-names"),
    ],
)
def test_tools_that_a_model_would_take_for_each_other_are_found(one, other, rule):
    assert rules(described(*one), described(*other)) == (
        [(one[0], "warning", rule)] if rule else []
    )


def test_a_long_text_that_differs_in_one_word_is_near_identical():
    text = "List all {} issues of a repository, the newest first, each with its number, its title, "
    text += "the names of its labels, the person who wrote it and the date of the last change"
    first, second = described("opened", text.format("open")), described("shut", text.format("shut"))

    assert rules(first, second) == [("opened", "warning", "near-identical")]


@pytest.mark.parametrize(
    ("interface", "source", "found"),
    [
        ("gemini", tool(forecast, name="2days"), ("error", "refused-name")),
        ("gemini", declared(properties={"a": {"type": ["string", "null"]}}), "refused-schema"),
        ("anthropic", declared(properties={"filter[id]": {}}), "refused-parameter-name"),
        ("anthropic", declared(anyOf=[{"required": []}]), "refused-schema"),
        ("openai", declared(allOf=[{"required": []}]), "refused-schema"),
    ],
)
def test_what_one_interface_refuses_is_an_error_there_alone(interface, source, found):
    found = found if isinstance(found, tuple) else ("error", found)
    extra = {"missing-parameter-description"}

    def seen(name):
        return [each[1:] for each in rules(source, interface=name) if each[2] not in extra]

    assert seen(interface) == [found]
    assert seen("groq") == []


class Tree(BaseModel):
    children: list[Tree]


class Inner(BaseModel):
    kind: Literal["one"]


def taking(annotation: Any) -> Callable[..., str]:
    def take(value):
        """Take it.

        Args:
            value: What to take.
        """
        return ""

    take.__annotations__ = {"value": annotation, "return": str}
    return take


@pytest.mark.parametrize(
    ("annotation", "lost"),
    [
        (Tree, "$ref"),
        (dict[str, int], "additionalProperties"),
        (dict[Literal["a"], int], "additionalProperties and propertyNames"),
        (Inner, ""),  # written out, and const as enum
        (list[Inner], ""),
        (dict[str, Any], ""),
        (int | None, ""),
    ],
)
def test_what_is_left_out_of_a_schema_is_told_where_nothing_takes_its_place(annotation, lost):
    found = Toolbox(taking(annotation)).lint("gemini")

    assert [each.rule for each in found] == (["lost-schema"] if lost else [])
    assert all(each.text.startswith(f"Gemini refuses {lost}, so") for each in found)
    assert Toolbox(taking(annotation)).lint("groq") == []


def test_strict_tools_lose_nothing_that_counts():
    assert rules(tool(taking(Inner), strict=True), interface="gemini") == []


def test_a_parameter_may_have_the_name_of_a_keyword():
    schema = {"type": {"type": "string", "description": "A."}, "const": {"description": "B."}}

    assert rules(declared(properties=schema), interface="gemini") == []


def test_more_tools_than_the_interface_takes_are_an_error():
    many = [described(f"{chr(97 + n // 26)}{chr(97 + n % 26)}", f"Do {n}.") for n in range(129)]

    assert rules(many[:15]) == []
    assert rules(many[:16]) == rules(many[:128]) == [("", "warning", "too-many-tools")]
    assert rules(many) == [("", "error", "too-many-tools")]
    assert rules(many[:128], interface="ollama") == []
    assert rules(many, interface="offline") == []


def test_definitions_that_take_most_of_a_minute_are_told():
    long = described("talk", "word " * 4_000)

    assert rules(long) == [("", "warning", "costly-definitions")]
    assert "has 8,000 a minute" in Toolbox(long).lint()[0].text
    assert rules(long, interface="ollama") == []


def test_the_cost_grows_with_what_is_said():
    assert 20 < tokens(forecast) < 100
    assert tokens(tool(forecast, description="word " * 700)) > 1000


@pytest.mark.parametrize("name", ["groq", "groq:openai/gpt-oss-20b", None])
def test_groq_is_the_default_and_a_model_behind_it_changes_nothing(name):
    assert lint({"forecast": forecast}, name) == []


def test_an_unknown_interface_is_named():
    with pytest.raises(ConfigError, match="Did you mean 'groq'"):
        Toolbox(forecast).lint("grok")


def test_nothing_is_called():
    @tool
    def explode() -> str:
        """Explode."""
        raise AssertionError("called")

    assert Toolbox(explode).lint() == []


def test_the_rules_are_not_loaded_until_they_are_asked_for():
    code = "import sys\nfrom agentkit import Agent, Toolbox\nprint('agentkit.lint' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert done.stdout == "False\n"

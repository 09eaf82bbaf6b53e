"""What cannot be offered to a model is refused with function, parameter and remedy."""

from collections.abc import Callable
from typing import Any, TypedDict, Unpack

import pytest

from agentkit import DefinitionError, Toolbox, tool


class Machine:
    def start(self, speed: int): ...


class Speeds(TypedDict):
    low: int


def unresolved(first: int, place: "Nowhere"): ...  # noqa: F821


def unresolved_inside(place: "list[Nowhere]"): ...  # noqa: F821


def no_such_attribute(place: "pytest.Nowhere"): ...


def no_syntax(place: "list["): ...  # noqa: F722


def not_generic(place: "int[str]"): ...


def callback(then: Callable[[int], int]): ...


def any_class(count: int, machine: Machine): ...


def any_class_with_default(machine: Machine = Machine()): ...  # noqa: B008


def generator_of(classes: list[type[Machine] | Machine]): ...


def no_type(size: 5): ...


def unpacked(**speeds: Unpack[Speeds]): ...


async def endless():
    yield 1


AT_FIRST_USE = [
    (unresolved, ["unresolved", "'place'", "'Nowhere'", "define or import it"]),
    (unresolved_inside, ["unresolved_inside", "'place'", "'Nowhere'"]),
    (no_such_attribute, ["no_such_attribute", "'place'"]),
    (no_syntax, ["no_syntax", "'place'"]),
    (not_generic, ["not_generic", "'place'"]),
    (callback, ["callback", "'then'", "Context or functools.partial"]),
    (any_class, ["any_class", "'machine'", "Give it a type that pydantic can validate"]),
    (any_class_with_default, ["any_class_with_default", "'machine'"]),
    (generator_of, ["generator_of", "'classes'"]),
    (no_type, ["no_type", "size"]),
    (unpacked, ["unpacked", "speeds"]),
    (Machine.start, ["start", "method without its object", "pass the method of an instance"]),
    (max, ["max", "cannot be read", "Tool.declared(definition, function)"]),
]


@pytest.mark.parametrize(
    ("function", "words"),
    AT_FIRST_USE,
    ids=lambda value: getattr(value, "__name__", str(value)[:40]),
)
def test_a_refusal_at_first_use_names_function_parameter_and_remedy(
    function: Any, words: list[str]
):
    with pytest.raises(DefinitionError) as caught:
        _ = tool(function).definition

    assert [word for word in words if word not in str(caught.value)] == []


@pytest.mark.parametrize("name", ["with space", "a.b", "ä", "x" * 65, "<lambda>", "a\n"])
def test_a_name_that_servers_refuse_is_refused_when_decorated(name: str):
    with pytest.raises(DefinitionError, match=r"is no name for a tool.*tool\(name="):
        tool(callback, name=name)


def test_a_lambda_needs_a_name():
    with pytest.raises(DefinitionError, match="'<lambda>' is no name for a tool"):
        tool(lambda x: x)


def test_an_async_generator_is_refused_when_decorated():
    with pytest.raises(DefinitionError, match="endless is an async generator; return a list"):
        tool(endless)


@pytest.mark.parametrize("value", [5, "text", {"name": "x"}])
def test_what_cannot_be_called_is_refused(value: Any):
    with pytest.raises(DefinitionError, match="cannot be called, so it cannot be a tool"):
        tool(value)
    with pytest.raises(DefinitionError, match="holds no tools"):
        Toolbox(value)


def test_a_method_of_a_class_is_refused_when_a_toolbox_is_described():
    with pytest.raises(DefinitionError, match="start: it is a method without its object"):
        _ = Toolbox(Machine.start).definitions


def test_a_decorated_method_of_a_class_is_refused_too():
    class Lamp:
        @tool
        def light(self, level: int): ...

    with pytest.raises(DefinitionError, match="light: it is a method without its object"):
        _ = Lamp.light.definition

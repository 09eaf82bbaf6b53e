"""`@tool` and `Tool`: the decorated object stays what it was, and gains a definition."""

import asyncio
import contextvars
import functools
import inspect
import threading
from collections.abc import Iterator
from typing import Any

import callable_kinds
import pytest
import signatures_models
from signature_case import kept

from agentkit import DefinitionError, FunctionCall, Tool, Toolbox, ToolError, tool

user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")


@pytest.fixture(autouse=True)
def _nothing_kept():
    kept.clear()


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Holds a slow tool until the test is over."""
    held = threading.Event()
    yield held
    held.set()


def add(a: int, b: int = 1) -> int:
    """Add."""
    return a + b


def answer(made: Any, arguments: str = "{}") -> str:
    return Toolbox(made).call(FunctionCall(tool(made).name, arguments)).content


def awaited(made: Any, arguments: str = "{}") -> str:
    call = FunctionCall(tool(made).name, arguments)
    return asyncio.run(Toolbox(made).acall(call)).content


@pytest.mark.parametrize("kind", callable_kinds.KINDS)
def test_every_kind_of_callable_stays_callable(kind: str):
    given = callable_kinds.KINDS[kind]("Rome", days=2)
    result = asyncio.run(given) if inspect.isawaitable(given) else given

    assert result == "kept"
    assert kept == [("Rome", 2)]


def test_a_decorated_function_keeps_name_docstring_module_and_signature():
    made = tool(add)

    assert (made.__name__, made.__doc__, made.__module__) == ("add", "Add.", __name__)
    assert made.__wrapped__ is add
    assert inspect.signature(made) == inspect.signature(add)


def test_the_decorator_is_used_bare_or_with_options():
    bare, empty = tool(add), tool()(add)
    named = tool(name="plus", description="Sum.", read_only=True)(add)

    assert (bare.name, empty.name, named.name) == ("add", "add", "plus")
    assert (bare.definition.description, named.definition.description) == ("Add.", "Sum.")
    assert (bare.read_only, named.read_only) == (False, True)


def test_a_tool_made_of_a_tool_is_the_same_or_a_copy_with_other_options():
    made = tool(add, read_only=True)
    copy = tool(made, name="plus")

    assert tool(made) is made
    assert (copy.name, copy.read_only, copy(1)) == ("plus", True, 2)
    assert made.name == "add"
    assert made.definition.name == "add"


def test_methods_of_two_objects_share_one_reading_of_the_signature():
    class Counter:
        def __init__(self, start: int) -> None:
            self.start = start

        @tool
        def count(self, step: int = 1) -> int:
            return self.start + step

    one, two = Counter(1), Counter(10)

    assert (answer(one.count), answer(two.count)) == ("2", "11")
    assert one.count.parameters is two.count.parameters
    assert isinstance(Counter.count, Tool)


def test_a_method_is_overridden_by_that_of_a_subclass():
    class Base:
        @tool
        def name(self) -> str:
            return "base"

    class Derived(Base):
        @tool
        def name(self) -> str:
            return "derived, " + super().name()

    assert answer(Derived().name) == "derived, base"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"read_only": True, "destructive": True}, "add cannot be both read_only and destructive"),
        ({"on_error": "ignore"}, "add: on_error is report, hide or raise"),
        ({"timeout": 0}, "add: timeout is a number of seconds above 0"),
        ({"timeout": -1.5}, "add: timeout is a number of seconds above 0"),
        ({"max_chars": 0}, "add: max_chars is at least 1, or None"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], words: str):
    with pytest.raises(DefinitionError, match=words):
        tool(add, **options)


def test_an_unknown_option_is_refused():
    with pytest.raises(TypeError, match="readonly"):
        tool(add, readonly=True)


@pytest.mark.parametrize("name", ["a", "A-b_9", "x" * 64])
def test_a_name_that_servers_take_is_taken(name: str):
    assert tool(add, name=name).definition.name == name


def test_repr_names_the_tool():
    assert repr(tool(add, name="plus")) == "Tool(plus)"


def test_the_definition_is_made_at_first_use_and_once():
    made = tool(lambda x: x, name="later")
    made.function.__annotations__["x"] = int

    assert made.definition.parameters["properties"] == {"x": {"type": "integer"}}
    assert made.definition is made.definition


def test_the_effects_stand_on_the_tool_and_not_in_the_definition():
    made = tool(add, destructive=True, idempotent=True, open_world=True)

    assert (made.destructive, made.idempotent, made.open_world) == (True, True, True)
    assert made.definition.to_dict().keys() == {"name", "description", "parameters"}


def test_strict_stands_in_the_definition():
    assert tool(add, strict=True).definition.to_dict()["strict"] is True


@pytest.mark.parametrize("run", [answer, awaited])
def test_an_async_function_is_awaited(run: Any):
    async def later(a: int) -> int:
        await asyncio.sleep(0)
        return a

    assert run(later, '{"a": 2}') == "2"


@pytest.mark.parametrize("run", [answer, awaited])
def test_what_a_sync_function_gives_to_await_is_awaited(run: Any):
    async def later(a: int) -> int:
        return a

    assert run(tool(lambda: later(2), name="f")) == "2"
    assert run(tool(functools.partial(later, 3), name="g")) == "3"


@pytest.mark.parametrize("run", [answer, awaited])
def test_a_slow_sync_tool_is_given_up(run: Any, gate: threading.Event):
    made = tool(gate.wait, name="slow", timeout=0.01)

    assert run(made) == "Error: slow did not finish within 0.01 seconds."


@pytest.mark.parametrize("run", [answer, awaited])
def test_a_slow_async_tool_is_cancelled(run: Any):
    ended = threading.Event()

    async def slow() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    assert run(tool(slow, timeout=0.01)) == "Error: slow did not finish within 0.01 seconds."
    assert ended.wait(20)


@pytest.mark.parametrize("run", [answer, awaited])
@pytest.mark.parametrize("timeout", [None, 60])
def test_a_timeout_error_of_the_tool_is_its_own(run: Any, timeout: float | None):
    def fail() -> None:
        raise TimeoutError("mine")

    async def fail_async() -> None:
        raise TimeoutError("mine")

    assert run(tool(fail, timeout=timeout)) == "Error: TimeoutError: mine"
    assert run(tool(fail_async, timeout=timeout)) == "Error: TimeoutError: mine"


@pytest.mark.parametrize("run", [answer, awaited])
def test_a_tool_within_its_timeout_gives_its_result(run: Any):
    assert run(tool(add, timeout=60), '{"a": 1}') == "2"


@pytest.mark.parametrize("run", [answer, awaited])
@pytest.mark.parametrize("timeout", [None, 60])
def test_context_variables_of_the_caller_reach_the_tool(run: Any, timeout: float | None):
    def who() -> str:
        return user.get()

    async def who_async() -> str:
        return user.get()

    token = user.set("ada")
    try:
        assert run(tool(who, timeout=timeout)) == "ada"
        assert run(tool(who_async, timeout=timeout)) == "ada"
    finally:
        user.reset(token)


def test_a_sync_tool_without_a_timeout_runs_in_the_callers_thread():
    def thread() -> int:
        return threading.get_ident()

    here = str(threading.get_ident())

    assert answer(thread) == here
    assert answer(tool(thread, timeout=60)) != here
    assert awaited(thread) != here


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("timeout", [None, 60])
def test_what_ends_the_program_passes_through(kind: type[BaseException], timeout: float | None):
    def stop() -> None:
        raise kind("stop")

    async def stop_async() -> None:
        raise kind("stop")

    for function in (stop, stop_async):
        with pytest.raises(kind, match="stop"):
            answer(tool(function, timeout=timeout))


@pytest.mark.parametrize("run", [answer, awaited])
class TestAGeneratorsBodyIsTheTool:
    def test_its_tool_error_goes_to_the_model_as_it_stands(self, run: Any):
        def pages():
            yield 1
            raise ToolError("Ask for fewer.")

        assert run(pages) == "Error: Ask for fewer."

    def test_its_exception_follows_on_error(self, run: Any):
        def pages():
            yield 1
            raise KeyError("private")

        assert run(tool(pages, on_error="hide")) == "Error: pages failed."
        with pytest.raises(KeyError):
            run(tool(pages, on_error="raise"))

    def test_its_timeout_counts(self, run: Any, gate: threading.Event):
        def pages():
            yield gate.wait()

        made = tool(pages, timeout=0.01)

        assert run(made) == "Error: pages did not finish within 0.01 seconds."


def test_a_generator_does_not_run_in_the_event_loops_thread():
    def pages():
        yield threading.get_ident()

    assert awaited(pages) != f"[{threading.get_ident()}]"


def test_a_class_is_a_tool_that_makes_an_object():
    made = tool(signatures_models.Address, name="address")

    assert list(made.definition.parameters["properties"]) == ["street", "number"]
    assert answer(made, '{"street": "High Street"}') == '{"street":"High Street","number":1}'

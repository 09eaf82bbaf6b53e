"""Tools by name, and one function call -> one result message."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any

from agentkit.arguments import read_arguments
from agentkit.context import Context
from agentkit.errors import ArgumentsError, ConfigError, DefinitionError, ToolError, closest
from agentkit.finding import Finding
from agentkit.function_tool import Tool, tool
from agentkit.messages import FunctionCall, FunctionDefinition, ResultMessage
from agentkit.reading import LONGEST, READ, handle_of
from agentkit.redact import redact, without
from agentkit.results import capped, result_text
from agentkit.tracing import HERE, Span, awithin, note, within

if TYPE_CHECKING:
    from agentkit.schema import Bound  # needs pydantic

_LONGEST_ERROR = 2_000  # characters of an exception's text

ToolSource = Any
"""A tool, a function, a toolbox, a module or object with tools in it, or an iterable of these."""


class Toolbox(Mapping[str, Tool[..., Any]]):
    """Tools by name.

    Args:
        sources: Tools, functions, other toolboxes, modules or objects whose attributes are tools,
            and lists of these.

    Raises:
        DefinitionError: A source holds no tool, or two tools have one name.
    """

    def __init__(self, *sources: ToolSource) -> None:
        self._tools: dict[str, Tool[..., Any]] = {}
        for each in _tools(sources):
            if self._tools.setdefault(each.name, each) is not each:
                raise DefinitionError(
                    f"Two tools are named {each.name!r}. Rename one with tool(name=...), or give "
                    "one toolbox a prefix with .prefixed(...)."
                )

    def __getitem__(self, name: str) -> Tool[..., Any]:
        return self._tools[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tools)

    def __len__(self) -> int:
        return len(self._tools)

    def __add__(self, other: ToolSource) -> Toolbox:
        return Toolbox(self, other)

    def __repr__(self) -> str:
        return f"Toolbox({', '.join(self)})"

    def prefixed(self, prefix: str) -> Toolbox:
        """The same tools with a prefix before each name."""
        return Toolbox(*(replace(each, name=prefix + each.name) for each in self.values()))

    def only(self, *names: str) -> Toolbox:
        """The named tools alone."""
        return Toolbox(*(self._known(name) for name in names))

    def without(self, *names: str) -> Toolbox:
        """All tools but the named ones."""
        left_out = [self._known(name).name for name in names]
        return Toolbox(*(each for each in self.values() if each.name not in left_out))

    @property
    def definitions(self) -> tuple[FunctionDefinition, ...]:
        """What a model is told of the tools.

        Raises:
            DefinitionError: One of them cannot be offered.
        """
        return tuple(each.definition for each in self.values())

    def lint(self, interface: str | None = None) -> list[Finding]:
        """What to put right before a model sees these tools; nothing is called or sent.

        Args:
            interface: The name or address of the interface whose refusals and limits count;
                groq if not given.

        Raises:
            ConfigError: There is no such interface.
        """
        from agentkit.lint import lint

        return lint(self, interface)

    def call(self, call: FunctionCall, context: Context[Any] | None = None) -> ResultMessage:
        """Run one function call and give its result.

        What the model did wrong is a result that says so, never an exception; the same holds for
        what the tool raises, unless the tool says `on_error="raise"`.
        """
        if (here := HERE.get()) is None:
            return self._call(call, context)
        return within(self._span(here, call, context), lambda: self._call(call, context))

    async def acall(self, call: FunctionCall, context: Context[Any] | None = None) -> ResultMessage:
        """`call`, awaited."""
        if (here := HERE.get()) is None:
            return await self._acall(call, context)
        return await awithin(self._span(here, call, context), self._acall(call, context))

    def _span(self, here: Span, call: FunctionCall, context: Context[Any] | None) -> Span:
        return here.call(self.get(call.name), call, context.call_key if context else "")

    def _call(self, call: FunctionCall, context: Context[Any] | None) -> ResultMessage:
        job = self.prepare(call, context)
        if isinstance(job, ResultMessage):
            return job
        try:
            return job.kept() or job.result(job.tool.invoke(job.bound))
        except Exception as error:
            return job.failure(error)

    async def _acall(self, call: FunctionCall, context: Context[Any] | None) -> ResultMessage:
        job = self.prepare(call, context)
        if isinstance(job, ResultMessage):
            return job
        try:
            return job.kept() or job.result(await job.tool.ainvoke(job.bound))
        except Exception as error:
            return job.failure(error)

    def _known(self, name: str) -> Tool[..., Any]:
        if name not in self:
            raise ConfigError(f"There is no tool named {name!r}.{closest(name, self)}")
        return self[name]

    def prepare(
        self, call: FunctionCall, context: Context[Any] | None = None
    ) -> Job | ResultMessage:
        """The call with its arguments validated, or the result of one that cannot run."""
        found = self.get(call.name)
        if found is None:
            names = ", ".join(self) or "none"
            text = f"There is no tool named {call.name!r}.{closest(call.name, self)}"
            return _error(call, f"{text} The tools are: {names}.")
        given = context or Context(None, _tool=found.name)
        if given._tool != found.name:
            given = replace(given, _tool=found.name)
        repairs: tuple[str, ...] = ()
        try:
            values, repairs = read_arguments(call.written, cut=call.malformed is not None)
            if call.malformed is not None:  # somebody changed a stored transcript
                raise ArgumentsError(["they could not be read when they came"])
            bound = found.parameters.bind(values, given)
            key = _key(values, bound) if found.cache else b""
            return Job(found, call, bound, repairs, given._room, key)
        except ArgumentsError as error:
            note(error)
            lines = "\n".join(f"- {problem}" for problem in error.problems)
            return _error(call, f"Wrong arguments for {found.name}:\n{lines}", repairs)
        except Exception as error:  # raised by a validator of the tool's own types
            return Job(found, call, ((), {}), repairs, None).failure(error)


@dataclass(frozen=True, slots=True)
class Job:
    """A call whose arguments fit."""

    tool: Tool[..., Any]
    call: FunctionCall
    bound: Bound
    repairs: tuple[str, ...]
    room: int | None
    key: bytes = b""  # of its result, if that is kept

    def kept(self) -> ResultMessage | None:
        """The result of an equal call, if it is kept and not too old."""
        text = self.tool.results.get(self.key, self.tool.cache) if self.tool.cache else None
        return None if text is None else self._message(text)

    def result(self, value: Any) -> ResultMessage:
        """What the model is told of a value."""
        text = self._without_secrets(result_text(value, self.tool.name))
        if self.tool.cache:
            self.tool.results.put(self.key, text)
        return self._message(text)

    def failure(self, error: Exception) -> ResultMessage:
        """What the model is told of an exception."""
        if self.tool.on_error == "raise" and not isinstance(error, ToolError):
            raise error
        note(error)
        text = str(error)
        if not isinstance(error, ToolError):
            self.warn()
            text = f"{type(error).__name__}: {redact(text)}"
        if self.tool.on_error == "hide" and not isinstance(error, ToolError):
            text = f"{self.tool.name} failed."
        failed = _error(self.call, self._without_secrets(text), self.repairs)
        return replace(failed, untrusted=self.tool.open_world)

    def warn(self, what: str = "") -> None:
        """Log the exception that is being handled, without secrets."""
        import traceback

        from agentkit.log import log

        trace = redact(self._without_secrets(traceback.format_exc()))
        log.warning("%s failed\n%s", f"{what} {self.tool.name}".lstrip(), trace)

    def _message(self, text: str) -> ResultMessage:
        limits = [each for each in (self.tool.max_chars, self.room) if each is not None]
        whole, handle, hint = "", "", ""
        if self.room is not None and limits and len(text) > min(limits):
            whole = text[:LONGEST]
            handle = handle_of(whole)
            hint = f'; {READ}(handle="{handle}", offset={{offset}}) gives them'
        return ResultMessage(
            self.call.name,
            capped(text, min(limits, default=None), hint),
            self.call.id,
            repairs=self.repairs,
            untrusted=self.tool.open_world,
            whole=whole,
            handle=handle,
        )

    def _without_secrets(self, text: str) -> str:
        if not self.tool.takes_secrets:
            return text
        from agentkit.safe.secrets import secrets_in

        return without(text, secrets_in(self.bound))


def _key(values: dict[str, Any], bound: Bound) -> bytes:
    from agentkit.cached import cache_key  # rarely used

    return cache_key(values, bound)


def _error(call: FunctionCall, text: str, repairs: tuple[str, ...] = ()) -> ResultMessage:
    content = f"Error: {capped(text, _LONGEST_ERROR)}"
    return ResultMessage(call.name, content, call.id, is_error=True, repairs=repairs)


def _tools(sources: Iterable[ToolSource]) -> Iterator[Tool[..., Any]]:
    for source in sources:
        if isinstance(source, Tool):
            yield source
        elif isinstance(source, Toolbox):
            yield from source.values()
        elif isinstance(source, list | tuple | Iterator):
            yield from _tools(source)
        elif isinstance(source, ModuleType) or not callable(source):
            yield from _inside(source)
        else:
            yield tool(source)


def _inside(holder: Any) -> Iterator[Tool[..., Any]]:
    """The tools among the attributes of a module or an object."""
    is_module = isinstance(holder, ModuleType)
    places = [holder] if is_module else reversed(type(holder).__mro__)
    names = dict.fromkeys(name for place in places for name in vars(place))
    found = [
        getattr(holder, name)
        for name in names
        if isinstance(inspect.getattr_static(holder, name, None), Tool | classmethod | staticmethod)
    ]
    tools = [tool(each) for each in found if _is_tool(each)]
    if not tools:
        raise DefinitionError(
            f"{getattr(holder, '__name__', repr(holder))} holds no tools; decorate its functions "
            "with @tool."
        )
    yield from tools


def _is_tool(value: Any) -> bool:
    return isinstance(value, Tool) or isinstance(getattr(value, "__func__", None), Tool)

"""Tools by name, and one function call -> one result message."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from types import FunctionType, ModuleType
from typing import Any

from agentkit.arguments import read_arguments
from agentkit.context import Context
from agentkit.errors import ArgumentsError, ConfigError, DefinitionError, closest
from agentkit.finding import Finding
from agentkit.function_tool import Tool, tool
from agentkit.job import Job, failed
from agentkit.live import Derived, Live, Tools
from agentkit.messages import FunctionCall, FunctionDefinition, ResultMessage
from agentkit.notices import complain
from agentkit.tracing import HERE, Span, awithin, note, within

ToolSource = Any
"""A tool, a function, a toolbox, a module or object with tools in it, a tool of LangChain or of
pydantic-ai, or an iterable of these."""


class Toolbox(Mapping[str, Tool[..., Any]]):
    """Tools by name.

    Args:
        sources: Tools, functions, other toolboxes, modules or objects whose attributes are tools,
            and lists of these.

    Raises:
        DefinitionError: A source holds no tool, or two tools have one name.
    """

    def __init__(self, *sources: ToolSource) -> None:
        self._parts = tuple(_tools(sources))
        self._live = tuple(each for each in self._parts if isinstance(each, Live))
        self._asked: tuple[Tools, ...] = ()  # what was last known of those
        self._known = {} if self._live else self._by_name()

    @property
    def _tools(self) -> dict[str, Tool[..., Any]]:
        if self._live and (now := tuple(each.tools() for each in self._live)) != self._asked:
            try:
                self._known = self._by_name()
            except DefinitionError as error:
                if not self._asked:
                    raise
                complain(f"The tools stay as they were: {error}")  # a run is not to end by it
            self._asked = now
        return self._known

    def _by_name(self) -> dict[str, Tool[..., Any]]:
        tools: dict[str, Tool[..., Any]] = {}
        for part in self._parts:
            for each in part.tools() if isinstance(part, Live) else (part,):
                if tools.setdefault(each.name, each) is not each:
                    raise DefinitionError(
                        f"Two tools are named {each.name!r}. Rename one with tool(name=...), or "
                        "give one toolbox a prefix with .prefixed(...)."
                    )
        return tools

    @property
    def is_ready(self) -> bool:
        """Whether all tools are known, so that to look at them takes no time."""
        return all(each.is_ready for each in self._live)

    async def aready(self) -> None:
        """Ask the servers among the sources for their tools, side by side.

        Who does not is made to wait when the tools are first looked at.

        Raises:
            AgentkitError: One cannot be asked.
        """
        if not self.is_ready:
            import asyncio

            await asyncio.gather(*(each.aready() for each in self._live))

    def __getitem__(self, name: str) -> Tool[..., Any]:
        return self._tools[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tools)

    def __len__(self) -> int:
        return len(self._tools)

    def __add__(self, other: ToolSource) -> Toolbox:
        return Toolbox(self, other)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self) if self.is_ready else '...'})"

    def prefixed(self, prefix: str) -> Toolbox:
        """The same tools with a prefix before each name."""
        return self._changed(
            lambda tools: [replace(each, name=prefix + each.name) for each in tools.values()]
        )

    def only(self, *names: str) -> Toolbox:
        """The named tools alone."""
        return self._changed(lambda tools: [tools._called(name) for name in names])

    def without(self, *names: str) -> Toolbox:
        """All tools but the named ones."""
        return self._changed(lambda tools: tools._but({tools._called(name) for name in names}))

    def _but(self, left_out: Collection[Tool[..., Any]]) -> list[Tool[..., Any]]:
        return [each for each in self.values() if each not in left_out]

    def _changed(self, change: Callable[[Toolbox], Iterable[Tool[..., Any]]]) -> Toolbox:
        """A toolbox with other tools in the place of these, also when these change."""
        return Toolbox(Derived(self, change) if self._live else list(change(self)))

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

    def _called(self, name: str) -> Tool[..., Any]:
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
            return failed(call, f"{text} The tools are: {names}.")
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
            return failed(call, f"Wrong arguments for {found.name}:\n{lines}", repairs)
        except Exception as error:  # raised by a validator of the tool's own types
            return Job(found, call, ((), {}), repairs, None).failure(error)


def _key(values: dict[str, Any], bound: Any) -> bytes:
    from agentkit.cached import cache_key  # rarely used

    return cache_key(values, bound)


def _tools(sources: Iterable[ToolSource]) -> Iterator[Tool[..., Any] | Live]:
    for source in sources:
        if isinstance(source, Tool | Live):
            yield source
        elif isinstance(source, Toolbox):
            yield from source._parts
        elif isinstance(source, list | tuple | Iterator):
            yield from _tools(source)
        elif isinstance(source, FunctionType):
            yield tool(source)
        elif isinstance(source, ModuleType):
            yield from _inside(source)
        elif (theirs := _adapted(source)) is not None:
            yield from theirs
        elif callable(source):
            yield tool(source)
        else:
            yield from _inside(source)


def _adapted(source: Any) -> list[Tool[..., Any]] | None:
    from agentkit.foreign import adapted  # rarely used

    return adapted(source)


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

"""A Python function as something that a model can call."""

from __future__ import annotations

import functools
import inspect
import json
import re
from collections.abc import Callable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    Literal,
    ParamSpec,
    TypedDict,
    TypeVar,
    Unpack,
    cast,
    overload,
)

from agentkit.context import is_context
from agentkit.docstrings import read_docstring
from agentkit.errors import DefinitionError, ToolError
from agentkit.hints import annotations_of, docstring_of, own_name
from agentkit.messages import FunctionDefinition
from agentkit.profile import strict as strict_profile
from agentkit.profile import tolerant
from agentkit.workers import Ended, in_thread, in_thread_awaited, on_own_loop

if TYPE_CHECKING:
    from agentkit.cached import ResultCache
    from agentkit.schema import Bound, Parameters  # needs pydantic

P = ParamSpec("P")
Q = ParamSpec("Q")
R = TypeVar("R")
S = TypeVar("S")

OnError = Literal["report", "hide", "raise"]
"""What becomes of a tool's exception: told to the model, hidden from it, or raised."""


class ToolOptions(TypedDict, total=False):
    """The options of `Tool`, which describes them."""

    name: str
    description: str | None
    strict: bool
    read_only: bool
    destructive: bool
    idempotent: bool
    open_world: bool
    approve: bool | Callable[..., bool | str | None] | None
    cache: float | None
    on_error: OnError
    timeout: float | None
    max_chars: int | None


_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}\Z")  # what Groq and OpenAI take


@dataclass(eq=False, repr=False)
class Tool(Generic[P, R]):
    """A function with its definition. Calling it calls the function.

    Args:
        function: What to call: a function, async function, method, callable object or partial.
        name: What the model calls it; the function's own name if not given. Letters, digits,
            `_` and `-`, at most 64.
        description: What it does; if not given, the docstring's summary and long description.
        strict: Publish the schema in the profile that servers call strict.
        read_only: It changes nothing. Such calls of one response run in parallel.
        destructive: It may destroy something.
        idempotent: Repeating it with the same arguments changes nothing more.
        open_world: It talks to the world outside, so its results may hold anybody's text.
        approve: Whether a person must approve a call: True or False for each, None for what the
            agent's policy says. Or a function that is called with the tool's own arguments and
            says so for these, or why in a text; a `ToolError` that it raises refuses the call.
        cache: Seconds for which a result is given again for the same arguments; only for a tool
            that is `read_only` and `idempotent` and has no `Context`.
        on_error: What becomes of its exceptions; a `ToolError` always goes to the model.
        timeout: Seconds until the model is told that it took too long. A sync function cannot be
            stopped: it goes on in its thread and its result is dropped.
        max_chars: The longest result in characters, head and tail of a longer one; None for all.

    Raises:
        DefinitionError: It cannot be offered to a model; some causes show only at first use.
    """

    function: Callable[P, R]
    _: KW_ONLY
    name: str = ""
    description: str | None = None
    strict: bool = False
    read_only: bool = False
    destructive: bool = False
    idempotent: bool = False
    open_world: bool = False
    approve: bool | Callable[..., bool | str | None] | None = None
    cache: float | None = None
    on_error: OnError = "report"
    timeout: float | None = None
    max_chars: int | None = 10_000
    _read: list[Parameters] = field(default_factory=list)  # once; copies and methods share it

    def __post_init__(self) -> None:
        self.name = self.name or own_name(self.function)
        _check(self)
        functools.update_wrapper(cast(Any, self), self.function, updated=())

    @classmethod
    def declared(
        cls,
        definition: Mapping[str, Any],
        function: Callable[..., R],
        **options: Unpack[ToolOptions],
    ) -> Tool[..., R]:
        """A tool with a ready definition: `name`, `description`, `parameters` (a JSON schema).

        Arguments are validated by jsonschema and passed by keyword. `options` are those of `Tool`.

        Raises:
            DefinitionError: The definition has no name, or no valid schema.
        """
        from agentkit.declared import DeclaredParameters

        if not isinstance(definition.get("name"), str):
            raise DefinitionError("The definition has no 'name'.")
        hidden = next((n for n, hint in annotations_of(function).items() if is_context(hint)), None)
        schema = definition.get("parameters") or {}
        own = ToolOptions(name=definition["name"], description=definition.get("description", ""))
        parameters = DeclaredParameters(schema, definition["name"], hidden)
        return Tool(function, **(own | options), _read=[parameters])

    @property
    def parameters(self) -> Parameters:
        """What it takes; read from the signature when first asked for."""
        if not self._read:
            from agentkit.schema import FunctionParameters

            self._read.append(FunctionParameters(self.function, self.name, self._documented[1]))
        return self._read[0]

    @functools.cached_property
    def definition(self) -> FunctionDefinition:
        """What a model is told of it."""
        description, schema = self._documented[0], self.parameters.schema
        try:
            if self.strict:
                schema = strict_profile(schema)
            elif not self.parameters.is_declared:
                schema = tolerant(schema)
        except DefinitionError as error:
            raise DefinitionError(f"{self.name}: strict does not allow {error}.") from None
        return FunctionDefinition(self.name, description, schema, self.strict)

    @functools.cached_property
    def results(self) -> ResultCache:
        """The results that `cache` keeps."""
        from agentkit.cached import ResultCache

        return ResultCache()

    @functools.cached_property
    def takes_secrets(self) -> bool:
        """Whether an argument is a secret, which no result and no error may show."""
        return '"writeOnly":true' in json.dumps(self.parameters.schema, separators=(",", ":"))

    @functools.cached_property
    def _documented(self) -> tuple[str, dict[str, str]]:
        text, described = read_docstring(docstring_of(self.function))
        return (text if self.description is None else self.description), described

    def invoke(self, bound: Bound) -> Any:
        """Call the function with bound arguments and wait, within the timeout."""
        args, kwargs = bound
        call = functools.partial(_finished, self.function, *args, **kwargs)
        threaded = self.timeout is not None and not self._is_async
        value: Any = self._within(in_thread(call)) if threaded else call()
        return self._within(on_own_loop(value)) if inspect.isawaitable(value) else value

    async def ainvoke(self, bound: Bound) -> Any:
        """`invoke`, awaited; a sync function runs in a thread of its own."""
        import asyncio

        call = functools.partial(_finished, self.function, *bound[0], **bound[1])
        limit = nullcontext() if self.timeout is None else asyncio.timeout(self.timeout)
        try:
            async with limit:
                value = call() if self._is_async else await in_thread_awaited(call)
                return await value if inspect.isawaitable(value) else value
        except TimeoutError:
            if isinstance(limit, asyncio.Timeout) and limit.expired():
                raise self._too_slow() from None
            raise

    @functools.cached_property
    def _is_async(self) -> bool:
        return inspect.iscoroutinefunction(self.function)

    def _within(self, future: Any) -> Any:
        try:
            with suppress(TimeoutError):
                future.result(self.timeout)
            if not future.done():
                raise self._too_slow()
            return future.result()
        except Ended as ended:
            raise ended.cause from None
        except BaseException:
            future.cancel()
            raise

    def _too_slow(self) -> ToolError:
        return ToolError(f"{self.name} did not finish within {self.timeout:g} seconds.")

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Tool[P, R]: ...
    @overload
    def __get__(
        self: Tool[Concatenate[S, Q], R], instance: S, owner: type | None = None
    ) -> Tool[Q, R]: ...
    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """The tool of one object, when it was made from a method."""
        function: Any = self.function
        if not hasattr(function, "__get__") or (
            instance is None and not isinstance(function, classmethod | staticmethod)
        ):
            return self
        return replace(self, function=function.__get__(instance, owner))

    def __repr__(self) -> str:
        return f"Tool({self.name})"


@overload
def tool(function: Callable[P, R], /, **options: Unpack[ToolOptions]) -> Tool[P, R]: ...
@overload
def tool(**options: Unpack[ToolOptions]) -> Callable[[Callable[P, R]], Tool[P, R]]: ...
def tool(function: Any = None, /, **options: Unpack[ToolOptions]) -> Any:
    """Make a function a tool: `@tool`, or `@tool(read_only=True)` with the options of `Tool`."""
    if function is None:
        return lambda given: tool(given, **options)
    if isinstance(function, Tool):
        return replace(function, **options) if options else function
    method = getattr(function, "__func__", None)
    if isinstance(method, Tool):  # @classmethod above @tool, from Python 3.13 on
        return method.__get__(function.__self__, None)
    return Tool(function, **options)


def _finished(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What the function returns; a generator's body runs here, and not while it is encoded."""
    value = function(*args, **kwargs)
    return list(value) if inspect.isgenerator(value) else value


def _check(made: Tool[..., Any]) -> None:
    if not _NAME.match(made.name):
        raise DefinitionError(
            f"{made.name!r} is no name for a tool: letters, digits, _ and -, at most 64. "
            'Give it one with tool(name="...").'
        )
    if made.read_only and made.destructive:
        raise DefinitionError(f"{made.name} cannot be both read_only and destructive.")
    if made.on_error not in ("report", "hide", "raise"):
        raise DefinitionError(f"{made.name}: on_error is report, hide or raise.")
    if inspect.iscoroutinefunction(made.approve):
        raise DefinitionError(f"{made.name}: approve is no async function.")
    if not (callable(made.approve) or made.approve in (True, False, None)):
        raise DefinitionError(f"{made.name}: approve is True, False, None or a function.")
    _check_cache(made)
    if made.timeout is not None and made.timeout <= 0:
        raise DefinitionError(f"{made.name}: timeout is a number of seconds above 0.")
    if made.max_chars is not None and made.max_chars < 1:
        raise DefinitionError(f"{made.name}: max_chars is at least 1, or None.")
    if inspect.isasyncgenfunction(made.function):
        raise DefinitionError(f"{made.name} is an async generator; return a list instead.")


def _check_cache(made: Tool[..., Any]) -> None:
    if made.cache is None:
        return
    if not made.cache > 0:
        raise DefinitionError(f"{made.name}: cache is a number of seconds above 0.")
    if not (made.read_only and made.idempotent):
        raise DefinitionError(f"{made.name}: cache is for tools that are read_only and idempotent.")
    if any(map(is_context, annotations_of(made.function).values())):
        why = "because what a Context brings is no part of the arguments."
        raise DefinitionError(f"{made.name}: cache and Context do not go together, {why}")

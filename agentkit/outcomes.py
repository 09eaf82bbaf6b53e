"""What comes of each of many runs."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from agentkit.agent_settings import RunOptions, check_names, check_values
from agentkit.errors import ConfigError, DefinitionError, JournalError, StatusError
from agentkit.run import Run

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")
Item = str | Mapping[str, Any]
"""A prompt, or a mapping with `prompt` and the names of `RunOptions`."""

_ALL_OF_THEM = (401, 402)  # no key, or a wrong one; no credit


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What came of one of many runs.

    Args:
        index: The place of its item, from 0.
        given: The item.
        run: The run, also as far as one came that failed; None where none had begun.
        error: What ended it before its answer, if anything did.
    """

    index: int
    given: Item
    run: Run[T] | None = None
    error: BaseException | None = None

    @property
    def done(self) -> bool:
        """Whether it has its answer. Otherwise it failed, or calls of it wait for approval."""
        return self.error is None and self.run is not None and self.run.done

    @property
    def output(self) -> T:
        """The answer.

        Raises:
            BaseException: What ended the run before it.
            ConfigError: Calls of it wait for approval.
        """
        if self.error is not None:
            raise self.error
        if self.run is None or not self.run.done:
            raise ConfigError(
                f"The run of item {self.index} has no answer: calls of it wait for approval."
            )
        return self.run.output


def read_item(item: Any, given: RunOptions) -> tuple[str | None, RunOptions]:
    """The prompt of an item, and what else its run is given.

    Args:
        item: The item.
        given: What all are given; an item's own comes first.

    Raises:
        ConfigError: It is neither a text nor a mapping, or has what no run has.
    """
    if isinstance(item, str):
        item = {"prompt": item}
    if not isinstance(item, Mapping):
        raise ConfigError(
            f"An item is a prompt, or a mapping such as {{'prompt': ..., 'run_id': ...}}, not "
            f"{type(item).__name__}."
        )
    more = {**given, **item}
    prompt = more.pop("prompt", None)
    options = cast(RunOptions, more)
    try:
        check_names(options)
    except TypeError as error:
        raise ConfigError(str(error)) from None
    check_values(prompt, options)
    return prompt, options


def ends_all(error: BaseException) -> bool:
    """Whether an error of one run would be that of all others too.

    What is wrong with an item itself shows before its run begins.
    """
    if isinstance(error, StatusError):
        return error.status in _ALL_OF_THEM or error.no_such_model
    if isinstance(error, ConfigError | DefinitionError):
        return error.run is not None
    return isinstance(error, JournalError)


class Turns:
    """Lets what has the same key take turns, in the order in which it comes."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def taken(self, key: str | None) -> AsyncGenerator[None, None]:
        """Wait for those that came before, and have others wait."""
        import asyncio

        if key is None:
            yield
            return
        lock, users = self._locks.get(key) or (asyncio.Lock(), 0)
        self._locks[key] = lock, users + 1
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks.pop(key)
            if users > 1:
                self._locks[key] = lock, users - 1


def turn_key(options: RunOptions) -> str | None:
    """What must not run twice at once: a run that is there already, or a conversation."""
    for name in ("conversation", "run_id"):
        if value := options.get(name):
            return f"{name} {value}"
    return None

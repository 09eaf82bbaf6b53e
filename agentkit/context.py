"""What a tool may ask of the run that calls it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import UnionType
from typing import Annotated, Any, Generic, TypeVar, Union, get_args, get_origin

Deps = TypeVar("Deps")


@dataclass(frozen=True, slots=True)
class Progress:
    """A tool's word on how far it is; `fraction` is between 0 and 1 where it is known."""

    tool: str
    call_key: str
    message: str
    fraction: float | None = None


def nobody(progress: Progress) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True)
class Context(Generic[Deps]):
    """One optional parameter of a tool, known by its annotation and hidden from the model.

    Args:
        deps: What was given to `run(deps=...)`: a connection, a user, settings.
        call_key: Names this call; the same again when a run is retried, resumed or replayed, so
            that a side effect can be made exactly once.
    """

    deps: Deps
    call_key: str = ""
    _tool: str = field(default="", repr=False)
    _listener: Callable[[Progress], None] = field(default=nobody, repr=False)
    _room: int | None = field(default=None, repr=False)  # characters; a run can read on behind it

    def progress(self, message: str, fraction: float | None = None) -> None:
        """Tell whoever watches the run how far this call is.

        In a sync run a call that runs alone has the caller's thread to itself: what it tells is
        seen when it is over.
        """
        self._listener(Progress(self._tool, self.call_key, message, fraction))


def is_context(annotation: Any) -> bool:
    """Whether a parameter with this annotation is the context, also `Context[X] | None`."""
    if get_origin(annotation) in (Annotated, Union, UnionType):
        return any(is_context(inner) for inner in get_args(annotation))
    return annotation is Context or get_origin(annotation) is Context

"""What the loop needs from a provider of models."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Generator, Hashable, Iterator, Sequence
from importlib import import_module
from typing import Any, TypeVar

from agentkit.errors import ReplyError
from agentkit.messages import Delta, Request, Response, Wait
from agentkit.tracing import HERE, Target, atold, told

T = TypeVar("T")

_WORDS = re.compile(r"\s*\S+(?:\s+\Z)?|\s+\Z")  # with the space before each; nothing is left out


class Interface(ABC):
    """A way to a model. `send` is all that a new one must write; the rest follows from it."""

    name: str = "custom"
    """Its name in notices and in the catalog."""

    asks_another = False
    """Whether it has another interface asked, whose requests are told where a run is traced."""

    replays = False
    """Whether a run that goes on asks it again for all that it answered before."""

    @staticmethod
    def from_url(address: str, **settings: Any) -> Interface:
        """The interface to any server that speaks chat completions.

        Args:
            address: The address up to `/chat/completions`.
            settings: Those of `open_interface`.
        """
        # It stands above this file, which it needs: found by name, so that no import goes up.
        made: Interface = import_module("agentkit.interfaces").open_interface(address, **settings)
        return made

    @abstractmethod
    def send(self, request: Request) -> Response:
        """Send a request and wait for the whole response.

        Raises:
            InterfaceError: No usable reply came.
            ConfigError: The request has a model alias or an option that does not fit; not sent.
        """

    async def asend(self, request: Request) -> Response:
        """`send`, awaited."""
        import asyncio

        return await asyncio.to_thread(self.send, request)

    def stream(self, request: Request) -> Iterator[Delta | Wait | Response]:
        """Send a request and yield the pieces as they come, last the whole response.

        With the option `stream=False` there are no pieces of text.
        """
        yield self.send(request)

    async def astream(self, request: Request) -> AsyncGenerator[Delta | Wait | Response, None]:
        """`stream`, awaited."""
        yield await self.asend(request)

    def check(self, request: Request) -> None:  # noqa: B027 - optional: most have nothing to check
        """Refuse, before anything is sent, what this interface cannot take.

        Raises:
            ConfigError: A model alias or an option does not exist or fit.
        """

    def excess(self, request: Request) -> float:
        """Characters by which a request is too long to be taken, as far as is known, or 0."""
        return 0.0

    def quota_key(self, request: Request) -> Hashable | None:
        """What the server's limits are counted by, across interfaces; None for this one alone."""
        return None

    def target(self, request: Request) -> Target:
        """Where a request goes, for whoever traces it."""
        return Target(self.name, request.model)

    def close(self) -> None:  # noqa: B027 - optional
        """Close the connections of the sync methods."""

    async def aclose(self) -> None:  # noqa: B027 - optional
        """Close the connections of the awaited methods in this event loop."""


def asked(interface: Interface, request: Request) -> Iterator[Delta | Wait | Response]:
    """`interface.stream`, told where the run is traced."""
    here = HERE.get()
    if here is None or interface.asks_another:
        return interface.stream(request)
    target = interface.target(request)
    return told(lambda: here.request(target, request), _each(interface.stream(request)))


def aasked(interface: Interface, request: Request) -> AsyncGenerator[Delta | Wait | Response, None]:
    """`asked`, awaited."""
    here = HERE.get()
    if here is None or interface.asks_another:
        return interface.astream(request)
    target = interface.target(request)
    return atold(lambda: here.request(target, request), interface.astream(request))


def _each(pieces: Iterator[T]) -> Generator[T, None, None]:
    yield from pieces


def place_of(interface: Interface) -> str:
    """The name of an interface, and its address where that is not the one of its page."""
    place = getattr(interface, "place", None) or getattr(interface, "name", None)
    return str(place or type(interface).__name__)


def whole(request: Request) -> Request:
    """The request without a stream, where none was asked for."""
    return request if request.options.get("stream") else request.with_options(stream=False)


def in_pieces(response: Response) -> Iterator[Delta | Response]:
    """A whole response as a stream: its text word by word, last the response."""
    message = response.message
    for word in _WORDS.findall(message.reasoning or ""):
        yield Delta(reasoning=word)
    yield from map(Delta, _WORDS.findall(message.content or ""))
    yield response


def last_piece(pieces: Sequence[Delta | Wait | Response | None]) -> Response:
    """The response at the end of a stream's pieces.

    Raises:
        ReplyError: There is none.
    """
    last = pieces[-1] if pieces else None
    if not isinstance(last, Response):
        raise ReplyError("The interface ended its stream without a response.")
    return last

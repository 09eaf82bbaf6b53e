"""What the loop needs from a provider of models."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Iterator

from agentkit.messages import Delta, Request, Response


class Interface(ABC):
    """A way to a model. `send` is all that a new one must write; the rest follows from it."""

    name: str = "custom"
    """Its name in notices and in the catalog."""

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

    def stream(self, request: Request) -> Iterator[Delta | Response]:
        """Send a request and yield the pieces as they come, last the whole response."""
        yield self.send(request)

    async def astream(self, request: Request) -> AsyncGenerator[Delta | Response, None]:
        """`stream`, awaited."""
        yield await self.asend(request)

    def check(self, request: Request) -> None:  # noqa: B027 - optional: most have nothing to check
        """Refuse, before anything is sent, what this interface cannot take.

        Raises:
            ConfigError: A model alias or an option does not exist or fit.
        """

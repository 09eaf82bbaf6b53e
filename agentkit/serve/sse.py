"""Server-sent events: a reply that goes on until what it tells of is over."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

T = TypeVar("T")
_PULSE = 15.0  # seconds of silence after which a comment shows that the line is open
_STUCK = 60.0  # seconds that a reader may take nothing
_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",  # a proxy is to hand on what comes
}


class EventStream(Response):
    """Sends pieces as they come; sees at once that the reader is gone.

    Args:
        pieces: The events, encoded.
        on_left: Called if the reader left before the end, or takes nothing any more.
    """

    def __init__(
        self, pieces: AsyncGenerator[bytes, None], on_left: Callable[[], None] | None = None
    ) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._pieces, self._on_left = pieces, on_left

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        gone = asyncio.create_task(left(receive))
        finished = False
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            finished = await self._pump(gone, send)
        except TimeoutError:
            pass  # it is stuck, which is as good as gone
        finally:
            gone.cancel()
            await self._pieces.aclose()
            if not finished and self._on_left:
                self._on_left()

    async def _pump(self, gone: asyncio.Task[None], send: Send) -> bool:
        """Send all there is; False if the reader left."""
        coming: asyncio.Future[bytes] | None = None
        try:
            while True:
                coming = coming or asyncio.ensure_future(anext(self._pieces))
                await asyncio.wait((coming, gone), timeout=_PULSE, return_when="FIRST_COMPLETED")
                if gone.done():
                    return False
                piece = b": still here\n\n"
                if coming.done():
                    try:
                        piece = coming.result()
                    except StopAsyncIteration:
                        await send({"type": "http.response.body", "body": b""})
                        return True
                    coming = None
                async with asyncio.timeout(_STUCK):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        finally:
            if coming is not None:
                coming.cancel()
                with suppress(asyncio.CancelledError, StopAsyncIteration, Exception):
                    await coming


GONE = 499  # the status of a reply that nobody hears


async def unless_left(receive: Receive, work: Coroutine[Any, Any, T]) -> T | None:
    """What some work gives; None, and the work is cancelled, if whoever asked is gone before."""
    task, gone = asyncio.ensure_future(work), asyncio.ensure_future(left(receive))
    try:
        await asyncio.wait((task, gone), return_when="FIRST_COMPLETED")
        return task.result() if task.done() else None
    finally:
        gone.cancel()
        task.cancel()


async def left(receive: Receive) -> None:
    """Wait until whoever asked is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass

"""The embedded, rule-based stand-in for a model: no network, no key, no weights. English only."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from agentkit.interface import Interface, in_pieces
from agentkit.messages import Delta, Request, Response

if TYPE_CHECKING:
    from agentkit.wire import Dialect


def _local_time() -> datetime:
    return datetime.now().astimezone()


class OfflineInterface(Interface):
    """The offline model behind the wire format that a server's model is reached by.

    Args:
        dialect: In which it is asked: `functions` for one call in a reply, `tools` for several.
        clock: What "today" and "in an hour" are counted from: gives the time, with its zone. It is
            read once for each request; the machine's own clock where none is given.
    """

    name = "offline"
    model = "offline-rules"

    def __init__(
        self, dialect: Dialect = "functions", *, clock: Callable[[], datetime] = _local_time
    ) -> None:
        self._dialect = dialect
        self._clock = clock

    def send(self, request: Request) -> Response:
        """Answer by rules, at once."""
        from agentkit import wire
        from agentkit.offline.model import reply

        body = json.loads(wire.encode(request, model=self.model, dialect=self._dialect))
        return replace(wire.decode(json.dumps(reply(body, now=self._clock())).encode()), cost=0.0)

    def check(self, request: Request) -> None:
        """Refuse options that Groq would refuse, so that a mistake shows without a key too."""
        asked = {k: v for k, v in request.options.items() if k != "stream" or v is not False}
        if asked:
            from agentkit.catalog import page

            page("groq").model_copy(update={"name": self.name}).check_options(asked)

    async def asend(self, request: Request) -> Response:
        """`send`: it is too quick to be worth a thread."""
        return self.send(request)

    def stream(self, request: Request) -> Iterator[Delta | Response]:
        """Yield the answer word by word, last the whole response."""
        response = self.send(request)
        yield from in_pieces(response) if request.options.get("stream") is not False else [response]

    async def astream(self, request: Request) -> AsyncGenerator[Delta | Response, None]:
        """`stream`, awaited."""
        for each in self.stream(request):
            yield each

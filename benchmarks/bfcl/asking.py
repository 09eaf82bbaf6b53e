"""What a model replies to a row: its calls, none of which is carried out."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agentkit.arguments import readable
from agentkit.crew import Window, each
from agentkit.errors import InterfaceError
from agentkit.interface import Interface
from agentkit.messages import AssistantMessage, FunctionCall, Request, ResultMessage
from agentkit.outcomes import ends_all
from agentkit.patience import one_of_many

from .data import Row
from .definitions import definitions, messages

_MOST = 12  # requests for a row where a reply has one call; no row of the leaderboard needs as many


@dataclass(frozen=True)
class Reply:
    """What came of a row.

    Args:
        key: The row's.
        calls: `{function: arguments}` for each; arguments that are no JSON object are their text.
        milliseconds: What each request took.
        tokens: What they cost, as far as the server said.
        error: Why there is no reply.
    """

    key: str
    calls: list[dict[str, Any]] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)
    tokens: int = 0
    error: str = ""


@dataclass(frozen=True)
class Asker:
    """Asks a model.

    Args:
        interface: The way to it.
        model: An alias or a full name.
        one_by_one: Whether a reply has one call at most, so that a row of a parallel category is
            asked on, each call being said to be done, until none comes.
        options: For the model, such as `temperature`.
    """

    interface: Interface
    model: str = "default"
    one_by_one: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)

    def replies(self, rows: Iterable[Row], concurrency: int) -> Generator[Reply, None, None]:
        """The reply to each row, as they come.

        Raises:
            AgentkitError: What would go wrong with all rows, such as a key that is refused.
        """
        return each(self._reply, rows, Window(concurrency, in_order=False))

    async def _reply(self, _: int, row: Row) -> Reply:
        one_of_many.set(True)  # which wait for a server's limits as long as it takes
        try:
            return await self._asked(row)
        except InterfaceError as error:
            if ends_all(error):
                raise
            return Reply(row.key, error=str(error))

    async def _asked(self, row: Row) -> Reply:
        request = Request(
            messages=messages(row),
            definitions=definitions(row),
            model=self.model,
            options=self.options,
        )
        # The offline model answers within this thread: its own time, whatever else goes on here.
        clock = time.thread_time if self.interface.name == "offline" else time.perf_counter
        calls: list[FunctionCall] = []
        milliseconds: list[float] = []
        tokens = 0
        for _ in range(_MOST):
            begun = clock()
            response = await self.interface.asend(request)
            milliseconds.append(round((clock() - begun - response.waited) * 1000, 3))
            tokens += response.usage.total_tokens if response.usage else 0
            calls += response.message.calls
            if not (response.message.calls and self.one_by_one and "parallel" in row.category):
                break
            request = _said_done(request, response.message)
        return Reply(row.key, [_plain(call) for call in calls], milliseconds, tokens)


def _said_done(request: Request, message: AssistantMessage) -> Request:
    calls = tuple(readable(call)[0] for call in message.calls)
    results = (ResultMessage(call.name, "done", call.id) for call in calls)
    return replace(request, messages=(*request.messages, replace(message, calls=calls), *results))


def _plain(call: FunctionCall) -> dict[str, Any]:
    """The call as it is judged: what agentkit would mend in it is not mended."""
    try:
        return {call.name: json.loads(call.written or "{}")}
    except ValueError:
        return {call.name: call.written}

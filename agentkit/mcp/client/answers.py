"""What a server may ask its client, and what it is told."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mcp_types import (
    INVALID_REQUEST,
    ElicitRequestFormParams,
    ElicitResult,
    ErrorData,
    ListRootsResult,
    Root,
)

from agentkit.mcp.client.cleaning import clean, clean_schema
from agentkit.workers import in_thread_awaited, on_own_loop

Elicit = Callable[[str, dict[str, Any]], Any]
"""Is asked a server's question: its words, and the JSON schema of the answer. It gives the answer
as a dict, or None to refuse; it may be async."""


_AT_ONCE = 8  # questions; each has a thread


class Answers:
    """Answers a server's requests; what was not given is refused. Its wish for a model always is.

    Args:
        elicit: Is asked the questions that the server has for the user.
        roots: The directories that it is told of.
    """

    def __init__(self, elicit: Elicit | None, roots: Sequence[str | Path]) -> None:
        self._elicit, self._turns = elicit, asyncio.Semaphore(_AT_ONCE)
        self._roots = [Root(uri=Path(each).resolve().as_uri()) for each in roots]  # type: ignore[arg-type]
        # The package tells the server that it may ask where there is somebody who answers.
        self.elicit = self._asked if elicit else None
        self.roots = self._told if self._roots else None

    async def _asked(self, context: Any, params: Any) -> ElicitResult | ErrorData:
        if not isinstance(params, ElicitRequestFormParams):
            return ErrorData(code=INVALID_REQUEST, message="Only forms are answered")
        assert self._elicit
        words, schema = clean(params.message, 2_000), clean_schema(params.requested_schema)
        async with self._turns:
            answer = await in_thread_awaited(self._elicit, words, schema)
            if inspect.isawaitable(answer):  # what it does must not block the connections
                answer = await asyncio.wrap_future(on_own_loop(answer))
        if answer is None:
            return ElicitResult(action="decline")
        return ElicitResult(action="accept", content=answer)

    async def _told(self, context: Any) -> ListRootsResult:
        return ListRootsResult(roots=self._roots)

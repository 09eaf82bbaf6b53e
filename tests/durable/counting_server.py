"""A model server that refuses nothing, and remembers when each request came and what it took."""

from __future__ import annotations

import time
import zlib
from typing import Any

from model_server import ModelServer, Reply

_PER_TOKEN, _ANSWER = 3.5, 200  # as those who have seen no reply estimate


class CountingServer(ModelServer):
    """Takes tokens that estimates get wrong by up to so many times, too few and too many.

    Args:
        wrong: How many times.
        seconds: The longest that an answer takes.
    """

    def __init__(self, *, wrong: float = 2.0, seconds: float = 0.0) -> None:
        super().__init__()
        self._wrong, self._seconds = wrong, seconds
        self.came: list[tuple[float, int]] = []
        self.always = self._answered

    def _answered(self, body: dict[str, Any]) -> Reply:
        at = time.monotonic()
        text = "".join(each["content"] for each in body["messages"])
        chance = zlib.crc32(text.encode()) / 2**32
        estimate = len(text) / _PER_TOKEN + _ANSWER
        tokens = round(estimate * self._wrong ** (2 * chance - 1))
        with self.lock:
            self.came.append((at, tokens))
        time.sleep(chance * self._seconds)
        return Reply("Done.", usage=(tokens - 20, 20))

    def most_in(self, seconds: float) -> dict[str, int]:
        """The most requests, and the most tokens, that came in any so many seconds."""
        came = sorted(self.came)
        requests = tokens = first = inside = 0
        for number, (at, cost) in enumerate(came):
            inside += cost
            while came[first][0] <= at - seconds:
                inside -= came[first][1]
                first += 1
            requests, tokens = max(requests, number + 1 - first), max(tokens, inside)
        return {"requests": requests, "tokens": tokens}

"""`Tape`: recorded requests with their responses, and calls with their results."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from agentkit.errors import AgentkitError
from agentkit.messages import FunctionCall, Request, Response, ResultMessage
from agentkit.redact import environment_secrets, hide
from agentkit.replay.canonical import call_key, canonical
from agentkit.replay.file import Writer, dumped, not_recorded, read
from agentkit.replay.lines import difference, request_lines
from agentkit.saving import load_messages, load_response, save_messages, save_response

T = TypeVar("T")


class Tape:
    """Recorded requests and calls.

    Args:
        path: The file; None for a recording in memory alone.
        anew: Whether what the file holds is left aside, and written over by what is kept.
        writer: Where to write what is kept, if not into the file.

    Raises:
        ReplayError: The file is no recording.
    """

    def __init__(
        self, path: Path | None = None, *, anew: bool = False, writer: Writer | None = None
    ) -> None:
        self._requests: list[dict[str, Any]] = []
        self._responses: dict[str, list[Response]] = {}
        self._results: dict[str, list[ResultMessage]] = {}
        self._excess: dict[str, float] = {}
        self._given: Counter[str] = Counter()  # how often, by key
        self._secrets = environment_secrets()
        self._lock = Lock()
        self._writer = Writer.of_file(path, anew=anew) if path else writer
        if path and path.exists() and not anew:
            self._read(path)

    def response(self, request: Request) -> Response | None:
        """The recorded response to an equal request.

        Where there are several, each is given in its turn, and the last one from then on.
        """
        with self._lock:
            return self._next(self._responses, dumped(self._plain(request)))

    def result(self, call: FunctionCall) -> ResultMessage | None:
        """The recorded result of an equal call; of several as `response` does it."""
        with self._lock:
            found = self._next(self._results, call_key(call))
        return found and replace(found, id=call.id)

    def keep(self, request: Request, response: Response) -> None:
        """Record a response.

        Raises:
            ReplayError: The file cannot be written.
        """
        self._keep({"request": self._plain(request), "response": save_response(response)})

    def keep_result(self, call: FunctionCall, result: ResultMessage) -> None:
        """Record the result of a call.

        Raises:
            ReplayError: The file cannot be written.
        """
        plain = {"name": call.name, "arguments": call.written}
        self._keep({"call": plain, "result": save_messages([result])[0]})

    def excess(self, request: Request) -> float:
        """Characters by which an equal request was too long when it was recorded, or 0."""
        with self._lock:
            return self._excess.get(dumped(self._plain(request)["messages"]), 0.0)

    def keep_excess(self, request: Request, characters: float) -> None:
        """Record that a request was too long, and how much of it was to be left out.

        Raises:
            ReplayError: The file cannot be written.
        """
        self._keep({"request": self._plain(request), "excess": characters})

    def miss(self, request: Request) -> str:
        """The recorded request that is nearest to one that is not recorded, and what differs."""
        asked = self._plain(request)
        if not self._requests:
            return "It has no request at all."
        near = max(self._requests, key=lambda each: _likeness(each, asked))
        return (
            f"The nearest is number {self._requests.index(near) + 1} of {len(self._requests)}; "
            "'-' is recorded, '+' is asked:\n"
            f"{difference(request_lines(near), request_lines(asked))}"
        )

    def _read(self, path: Path) -> None:
        for number, entry in read(path):
            try:
                self._take(entry)
            except (AgentkitError, KeyError, TypeError, ValueError) as error:
                raise not_recorded(path, number, error) from error

    def _next(self, kept: Mapping[str, list[T]], key: str) -> T | None:
        if not (found := kept.get(key)):
            return None
        place = min(self._given[key], len(found) - 1)
        self._given[key] += 1
        return found[place]

    def _plain(self, request: Request) -> dict[str, Any]:
        return self._hidden(canonical(request))

    def _hidden(self, value: dict[str, Any]) -> dict[str, Any]:
        text = json.dumps(value, ensure_ascii=False, default=str)
        hidden: dict[str, Any] = json.loads(hide(text, self._secrets))
        return hidden

    def _keep(self, entry: dict[str, Any]) -> None:
        hidden = self._hidden(entry)
        with self._lock:
            if self._writer:
                self._writer.write(hidden)
            self._take(hidden)

    def _take(self, entry: Mapping[str, Any]) -> None:
        if "excess" in entry:
            # Not by definitions: that of `read_result` comes with what is left out.
            self._excess[dumped(entry["request"]["messages"])] = float(entry["excess"])
            return
        if "request" in entry:
            response, key = load_response(entry["response"]), dumped(entry["request"])
            self._requests.append(entry["request"])
            self._responses.setdefault(key, []).append(response)
            return
        (result,) = load_messages([entry["result"]])
        assert isinstance(result, ResultMessage)
        self._results.setdefault(call_key(FunctionCall(**entry["call"])), []).append(result)


def _likeness(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[float, float]:
    """How much two requests have in common: parts that are equal, then characters."""
    parts = [
        [dumped(p) for p in (*each["definitions"], *each["messages"])] for each in (one, other)
    ]
    texts = ["\n".join(request_lines(each)) for each in (one, other)]
    return (
        SequenceMatcher(a=parts[0], b=parts[1], autojunk=False).ratio(),
        SequenceMatcher(a=texts[0], b=texts[1]).quick_ratio(),
    )

"""`Tape`: recorded requests with their responses, and calls with their results."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any, Protocol, TypeVar

from agentkit.errors import AgentkitError, ReplayError
from agentkit.messages import FunctionCall, Request, Response, ResultMessage
from agentkit.redact import environment_secrets, hide_in
from agentkit.replay.canonical import call_key
from agentkit.replay.file import Appender, dumped, not_recorded, read
from agentkit.replay.parts import NEVER_HIDDEN, Marked, Parts
from agentkit.saving import load_messages, load_response, save_messages, save_response

T = TypeVar("T")
_log = logging.getLogger("agentkit")


class Sink(Protocol):
    """Where lines are written, such as a file."""

    def check(self) -> None:
        """See whether there is room."""

    def append(self, lines: str) -> None:
        """Write lines in one piece."""


class Tape:
    """Recorded requests and calls.

    What is kept is in memory, and written to the file. Where that fails, the log says so, and what
    comes later is not written: the run is worth more.

    Args:
        path: The file; None for a recording in memory alone.
        anew: Whether what the file holds is left aside, and written over by what is kept.
        sink: Where to write what is kept, if not into the file.

    Raises:
        ReplayError: The file is no recording.
    """

    def __init__(
        self, path: Path | None = None, *, anew: bool = False, sink: Sink | None = None
    ) -> None:
        self._secrets = environment_secrets()
        self._parts = Parts(self._secrets)
        self._requests: list[Marked] = []
        self._responses: dict[str, list[Response]] = {}
        self._results: dict[str, list[ResultMessage]] = {}
        self._excess: dict[str, float] = {}
        self._given: Counter[str] = Counter()  # how often, by key
        self._written: set[str] = set()  # marks of parts
        self._lock = Lock()
        self._sink = Appender(path, anew=anew) if path else sink
        if path and path.exists() and not anew:
            self._read(path)

    def check(self) -> None:
        """See whether what is kept can be written, before anything is asked that costs something.

        Raises:
            ReplayError: It cannot.
        """
        with self._lock:
            if self._sink:
                self._sink.check()

    def response(self, request: Request) -> Response | None:
        """The recorded response to an equal request.

        Where there are several, each is given in its turn, and the last one from then on.
        """
        with self._lock:
            return self._next(self._responses, dumped(self._parts.marked(request)))

    def result(self, call: FunctionCall, place: str = "") -> ResultMessage | None:
        """The recorded result of an equal call, of several as `response` does it.

        Args:
            call: The call.
            place: Which call of its run it is. One recorded in the same place goes before others.
        """
        key = self._call_key(call)
        with self._lock:
            exact = self._next(self._results, f"{place} {key}") if place else None
            found = exact or self._next(self._results, key)
            return found and replace(found, id=call.id)

    def keep(self, request: Request, response: Response) -> None:
        """Record a response."""
        self._keep_request(request, {"response": save_response(response)})

    def keep_result(self, call: FunctionCall, result: ResultMessage, place: str = "") -> None:
        """Record the result of a call, which has this place in its run."""
        entry: dict[str, Any] = {"call": {"name": call.name, "arguments": call.written}}
        entry |= ({"place": place} if place else {}) | {"result": save_messages([result])[0]}
        with self._lock:
            self._keep(self._hidden(entry))

    def excess(self, request: Request) -> float:
        """Characters by which an equal request was too long when it was recorded, or 0."""
        with self._lock:
            return self._excess.get(_excess_key(self._parts.marked(request)), 0.0)

    def keep_excess(self, request: Request, characters: float) -> None:
        """Record that a request was too long, and how much of it was to be left out."""
        self._keep_request(request, {"excess": characters})

    def miss(self, request: Request) -> str:
        """The recorded request that is nearest to one that is not recorded, and what differs."""
        with self._lock:
            if not self._requests:
                return "It has no request at all."
            place, differs = self._parts.nearest(self._requests, self._parts.marked(request))
            return (
                f"The nearest is number {place + 1} of {len(self._requests)}; "
                f"'-' is recorded, '+' is asked:\n{differs}"
            )

    def _read(self, path: Path) -> None:
        now: dict[str, str] = {}  # the marks in the file, and what they are without secrets
        for number, entry in read(path):
            try:
                if "part" in entry:
                    now[entry["part"]] = self._parts.put(entry["value"])
                    self._written.add(entry["part"])
                elif "request" in entry:
                    self._take({**entry, "request": self._parts.known(entry["request"], now)})
                else:
                    self._take(entry)
            except (AgentkitError, LookupError, TypeError, ValueError, AttributeError) as error:
                raise not_recorded(path, number, error) from error

    def _next(self, kept: Mapping[str, list[T]], key: str) -> T | None:
        if not (found := kept.get(key)):
            return None
        place = min(self._given[key], len(found) - 1)
        self._given[key] += 1
        return found[place]

    def _hidden(self, value: dict[str, Any]) -> dict[str, Any]:
        plain = json.loads(json.dumps(value, default=str))
        hidden: dict[str, Any] = hide_in(plain, self._secrets, NEVER_HIDDEN)
        return hidden

    def _call_key(self, call: FunctionCall) -> str:
        plain = hide_in({"arguments": call.written}, self._secrets)
        return call_key(FunctionCall(call.name, plain["arguments"]))

    def _keep_request(self, request: Request, told: dict[str, Any]) -> None:
        told = self._hidden(told)
        with self._lock:
            self._keep({"request": self._parts.marked(request), **told})

    def _keep(self, entry: dict[str, Any]) -> None:
        self._take(entry)
        if self._sink is None:
            return
        request: Marked = entry.get("request", {})
        marks = dict.fromkeys((*request.get("definitions", ()), *request.get("messages", ())))
        new = [each for each in marks if each not in self._written]
        lines = [dumped({"part": each, "value": self._parts[each]}) for each in new]
        try:
            self._sink.append("".join(f"{line}\n" for line in (*lines, dumped(entry))))
            self._written.update(new)
        except ReplayError as error:
            self._sink = None
            _log.error("%s The run goes on, and what comes is not recorded.", error)

    def _take(self, entry: Mapping[str, Any]) -> None:
        if "excess" in entry:
            self._excess[_excess_key(entry["request"])] = float(entry["excess"])
            return
        if "request" in entry:
            response, key = load_response(entry["response"]), dumped(entry["request"])
            self._requests.append(entry["request"])
            self._responses.setdefault(key, []).append(response)
            return
        (result,) = load_messages([entry["result"]])
        assert isinstance(result, ResultMessage)
        key = self._call_key(FunctionCall(**entry["call"]))
        for each in (key, f"{entry.get('place', '')} {key}"):
            self._results.setdefault(each, []).append(result)


def _excess_key(request: Marked) -> str:
    # Not by definitions: that of `read_result` comes with what is left out.
    return dumped(request["messages"])

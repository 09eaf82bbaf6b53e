"""`Tape`: recorded requests with their responses, and calls with their results."""

from __future__ import annotations

import json
from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

from agentkit.errors import AgentkitError, ReplayError
from agentkit.messages import FunctionCall, Message, Request, Response, ResultMessage
from agentkit.notices import complain
from agentkit.replay.canonical import call_text
from agentkit.replay.file import Appender, dumped, not_recorded, read
from agentkit.replay.parts import LISTS, Marked, Parts
from agentkit.saving import load_messages, load_response, save_messages, save_response
from agentkit.transcript import last_assistant
from agentkit.workers import renew_in_children


class Sink(Protocol):
    """Where lines are written, such as a file."""

    def check(self) -> None:
        """See whether there is room."""

    def append(self, lines: str) -> None:
        """Write lines in one piece."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, or a call of a function in its transcript.

    Args:
        line: What a line of the file says of it.
        key: The same for all that are equal.
    """

    line: Mapping[str, Any]
    key: str


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
        self._parts = Parts()
        self._requests: list[Marked] = []
        self._given: dict[str, list[tuple[int, Any]]] = {}  # answers by key, each with its turn
        self._read_from_file: dict[str, int] = {}  # how many of them, by key
        self._excess: dict[str, float] = {}  # by the key of the transcript
        self._written: set[str] = set()  # marks of parts and keys of lists
        self.renew()
        renew_in_children(self)
        self._sink = Appender(path, anew=anew) if path else sink
        if path and path.exists() and not anew:
            self._read(path)

    def renew(self) -> None:
        """Have a lock of its own, as a forked child must."""
        self._lock = Lock()

    def check(self) -> None:
        """See whether what is kept can be written, before anything is asked that costs something.

        Raises:
            ReplayError: It cannot.
        """
        with self._lock:
            if self._sink:
                self._sink.check()

    def request(self, request: Request) -> Asked:
        """A request as it is found here."""
        with self._lock:
            marked = self._parts.marked(request)
        return Asked({"request": marked}, _key(marked))

    def call(self, call: FunctionCall, index: int, messages: Sequence[Message]) -> Asked:
        """A call as it is found here.

        Args:
            call: The call.
            index: Its place in the model's message.
            messages: The transcript, the model's last message in which has the call.
        """
        found = last_assistant(messages)
        before = messages[: found[0] + 1] if found else messages  # and not other calls' results
        with self._lock:
            key = self._parts.transcript(before)
            told = self._parts.hidden({"name": call.name, "arguments": call.written})
        return _asked_call(told, index, key)

    def answer(self, asked: Asked, turn: int, *, again: bool) -> Any:
        """The recorded response or result, or None.

        Args:
            asked: What is asked.
            turn: How many equal ones were asked before: each has its own answer.
            again: Whether the last answer is given from then on, and what is kept counts too, not
                only what the file held.
        """
        with self._lock:
            found = self._given.get(asked.key, [])
            if again and found:
                return found[min(turn, len(found) - 1)][1]
            return found[turn][1] if turn < self._read_from_file.get(asked.key, 0) else None

    def keep(self, asked: Asked, answer: Response | ResultMessage, turn: int | None = None) -> None:
        """Record a response or result; its turn is the next one if not given."""
        told: dict[str, Any] = (
            {"response": save_response(answer)}
            if isinstance(answer, Response)
            else {"result": save_messages([answer])[0]}
        )
        with self._lock:
            turn = len(self._given.get(asked.key, ())) if turn is None else turn
            plain = json.loads(json.dumps(told, default=str))
            self._keep({**asked.line, "turn": turn, **self._parts.hidden(plain)})

    def excess(self, request: Request) -> float:
        """Characters by which an equal transcript was too long when it was recorded, or 0."""
        with self._lock:
            return self._excess.get(self._parts.transcript(request.messages), 0.0)

    def keep_excess(self, request: Request, characters: float) -> None:
        """Record that a request was too long, and how much of it was to be left out."""
        # Not by definitions: that of `read_result` comes with what is left out.
        with self._lock:
            key = self._parts.transcript(request.messages)
            self._keep({"messages": key, "excess": characters})

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
        now = {"": ""}  # marks and keys in the file, and what they are without secrets
        for number, entry in read(path):
            try:
                if "part" in entry:
                    now[entry["part"]] = self._parts.put(entry["value"])
                elif "list" in entry:
                    marks = [now[each] for each in entry["parts"]]
                    now[entry["list"]] = self._parts.longer(now[entry.get("after", "")], marks)
                else:
                    self._take(self._renamed(entry, now))
            except (AgentkitError, LookupError, TypeError, ValueError, AttributeError) as error:
                raise not_recorded(path, number, error) from error
        self._written |= {name for name, is_now in now.items() if name == is_now}
        self._read_from_file = {key: len(each) for key, each in self._given.items()}

    def _renamed(self, entry: Mapping[str, Any], now: Mapping[str, str]) -> Mapping[str, Any]:
        """A line of a file with the keys that its lists have here, and without secrets."""
        if "call" in entry:
            told = self._parts.hidden(entry["call"])
            return {**entry, "call": told, "messages": now[entry["messages"]]}
        if "request" not in entry:
            return {**entry, "messages": now[entry["messages"]]}
        request = entry["request"]
        lists = {name: now[request[name]] for name in LISTS}
        options = self._parts.options(request["options"])
        return {**entry, "request": {"model": request["model"], "options": options, **lists}}

    def _keep(self, entry: dict[str, Any]) -> None:
        self._take(entry)
        if self._sink is None:
            return
        request: Marked = entry.get("request", entry)
        lines = [line for name in LISTS for line in self._of_list(request.get(name, ""))]
        try:
            self._sink.append("".join(f"{dumped(line)}\n" for line in (*lines, entry)))
        except ReplayError as error:
            self._sink = None
            complain(f"{error} The run goes on, and what comes is not recorded.")

    def _of_list(self, key: str) -> list[dict[str, Any]]:
        """What is to be written of a list: its parts and itself, as far as they are not yet."""
        before, marks = self._parts.behind(key, self._written)
        if not marks:
            return []
        new = [each for each in dict.fromkeys(marks) if each not in self._written]
        after = {"after": before} if before else {}
        self._written |= {key, *marks}
        return [
            *({"part": each, "value": self._parts[each]} for each in new),
            {"list": key, **after, "parts": marks},
        ]

    def _take(self, entry: Mapping[str, Any]) -> None:
        if "excess" in entry:
            self._excess[entry["messages"]] = float(entry["excess"])
            return
        if "request" in entry:
            self._requests.append(entry["request"])
            answer: Response | ResultMessage = load_response(entry["response"])
            key = _key(entry["request"])
        else:
            result = load_messages([entry["result"]])[0]
            assert isinstance(result, ResultMessage)
            answer = result
            key = _asked_call(entry["call"], entry["index"], entry["messages"]).key
        insort(self._given.setdefault(key, []), (int(entry["turn"]), answer), key=itemgetter(0))


def _key(request: Marked) -> str:
    return json.dumps(request, sort_keys=True)


def _asked_call(told: Mapping[str, Any], index: int, messages: str) -> Asked:
    line = {"call": told, "index": index, "messages": messages}
    return Asked(line, f"{messages} {index} {call_text(FunctionCall(**told))}")

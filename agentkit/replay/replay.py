"""`Replay`: an agent's requests answered from a recording."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any, Literal, cast, get_args

from agentkit.context import Context
from agentkit.errors import ConfigError, ReplayError, closest
from agentkit.interface import Interface
from agentkit.messages import FunctionCall, Message, Request, Response, ResultMessage
from agentkit.recorder import place_of
from agentkit.replay.canonical import told
from agentkit.replay.tape import Tape
from agentkit.toolbox import Toolbox
from agentkit.workers import per_process
from agentkit.wrapper import Ask, Plan, Wrapper

Mode = Literal["replay", "record", "missing", "live"]
"""What is done with requests: answer them from the file alone; ask the model and write the file
anew; ask for those that the file has not, and add them; ask, and leave the file alone."""

_HOW = 'record it with Replay(path, "missing"), or AGENTKIT_REPLAY=missing in the environment'


class Replay:
    """A recording, and what is done with it.

    Args:
        path: The file: one JSON object a line, without secrets. None for a recording in memory.
        mode: "replay" answers from the file alone, "record" asks the model and writes the file
            anew, "missing" asks for what the file has not and adds it, "live" leaves the file
            alone. If not given, AGENTKIT_REPLAY, or "replay".
        results: Whether the results of calls are recorded and replayed too. If not, the tools run.
        tape: What is recorded already, in place of a file.

    Raises:
        ConfigError: There is no such mode.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None,
        mode: Mode | None = None,
        *,
        results: bool = False,
        tape: Tape | None = None,
    ) -> None:
        chosen = mode or os.environ.get("AGENTKIT_REPLAY") or "replay"
        if chosen not in get_args(Mode):
            raise ConfigError(
                f"There is no replay mode {chosen!r}, only {', '.join(get_args(Mode))}."
                f"{closest(chosen, get_args(Mode))}"
            )
        self.path = Path(path).expanduser() if path else None
        self.mode = cast(Mode, chosen)
        self.results = results
        self._tape, self._lock = tape, Lock()
        self._runs: Counter[str] = Counter()

    @property
    def tape(self) -> Tape:
        """What is recorded.

        Raises:
            ReplayError: There is no file to replay, or it is no recording.
        """
        with self._lock:
            if self._tape is None:
                if self.mode == "replay" and not (self.path and self.path.exists()):
                    raise ReplayError(f"There is no recording {self._name}: {_HOW}.")
                self._tape = Tape(self.path, anew=self.mode == "record")
            return self._tape

    def around(self, opened: Callable[[], Interface]) -> Interface:
        """The interface to ask; the one inside is opened only where it may be needed."""
        match self.mode:
            case "live":
                return opened()
            case "replay":
                return _Replaying(self, _Nobody())
        return _Replaying(self, opened())

    def toolbox(self, toolbox: Toolbox) -> Toolbox:
        """The toolbox to call."""
        replays = self.results and self.mode != "live"
        return _ReplayedToolbox(self, toolbox) if replays else toolbox

    def run_id(self, prompt: str | None, messages: Sequence[Message]) -> str | None:
        """The id of a run that begins so: the same one each time, as the calls' keys have it in
        them."""
        if self.mode == "live":
            return None
        key = json.dumps([prompt, [told(each) for each in messages]])
        with self._lock:
            self._runs[key] += 1
            return sha256(f"{self._runs[key]}:{key}".encode()).hexdigest()[:32]

    def response(self, request: Request) -> Response | None:
        """The recorded response to a request, or None if the model is to be asked.

        Raises:
            ReplayError: There is none, and nobody is to be asked.
        """
        found = None if self.mode == "record" else self.tape.response(request)
        if found is None and self.mode == "replay":
            raise ReplayError(
                f"This request is not in {self._name}. {self.tape.miss(request)}"
                f"{f'{chr(10)}If the change is meant, {_HOW}.' if self.path else ''}"
            )
        return found

    def result(self, call: FunctionCall, place: str) -> ResultMessage | None:
        """The recorded result of a call in this place of its run, or None if its tool is to run.

        Raises:
            ReplayError: There is none, and nothing is to run.
        """
        found = None if self.mode == "record" else self.tape.result(call, place)
        if found is None and self.mode == "replay":
            raise ReplayError(
                f"{self._name} has no result of {call.name} with {call.written}: {_HOW}."
            )
        return found

    @property
    def _name(self) -> str:
        return repr(os.fspath(self.path)) if self.path else "this recording"

    def __repr__(self) -> str:
        return f"Replay({self._name}, {self.mode!r})"


class _Replaying(Wrapper):
    """Answers from a recording."""

    def __init__(self, replay: Replay, inner: Interface) -> None:
        super().__init__(inner)
        self._replay = replay

    def plan(self, request: Request) -> Plan:
        """The recorded response, or the one of the interface inside."""
        if found := self._replay.response(request):
            return found
        self._replay.tape.check()  # what is paid for is to be kept
        response = yield Ask(self.inner, request)
        assert response is not None
        self._replay.tape.keep(request, response)
        return response

    def excess(self, request: Request) -> float:
        """What it was when the recording was made: it depends on what was learned by then."""
        characters = self.inner.excess(request)
        if characters > 0:
            self._replay.tape.keep_excess(request, characters)
        return characters or (
            0.0 if self._replay.mode == "record" else self._replay.tape.excess(request)
        )

    def check(self, request: Request) -> None:
        """Nothing yet: where the recording answers, no key and no model is needed."""


class _Nobody(Interface):
    """Who is never asked."""

    name = "replay"

    def send(self, request: Request) -> Response:
        """Never called."""
        raise AssertionError(request)


class _ReplayedToolbox(Toolbox):
    """Gives recorded results."""

    def __init__(self, replay: Replay, toolbox: Toolbox) -> None:
        super().__init__(toolbox)
        self._replay = replay

    def call(self, call: FunctionCall, context: Context[Any] | None = None) -> ResultMessage:
        """The recorded result, or the one of the tool."""
        place = _place(context)
        found = self._replay.result(call, place)
        return found or self._kept(call, super().call(call, context), place)

    async def acall(self, call: FunctionCall, context: Context[Any] | None = None) -> ResultMessage:
        """`call`, awaited."""
        place = _place(context)
        found = self._replay.result(call, place)
        return found or self._kept(call, await super().acall(call, context), place)

    def _kept(self, call: FunctionCall, result: ResultMessage, place: str) -> ResultMessage:
        self._replay.tape.keep_result(call, result, place)
        return result


def _place(context: Context[Any] | None) -> str:
    return place_of(context.call_key) if context else ""


@per_process
def writer_at(path: str, mode: Mode) -> Replay:
    """The one recorder of the process for a path, so that agents record into it together."""
    return Replay(path, mode)

"""`Replay`: an agent's requests answered from a recording."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any, Literal, cast, get_args

from agentkit.errors import ConfigError, InterfaceError, ReplayError, closest
from agentkit.interface import Interface
from agentkit.messages import FunctionCall, Message, Request, Response, ResultMessage
from agentkit.plan import Ask, Plan
from agentkit.recorder import DueCall, Keep, Results
from agentkit.replay.canonical import call_text, told
from agentkit.replay.tape import Asked, Tape
from agentkit.workers import per_process, renew_in_children
from agentkit.wrapper import Wrapper

Mode = Literal["replay", "record", "missing", "live"]
"""What is done with requests: answer them from the file alone; ask the model and write the file
anew; ask for those that the file has not, and add them; ask, and leave the file alone."""

_HOW = (
    'record it with Replay(path, "missing"), AGENTKIT_REPLAY=missing in the environment, or '
    "pytest --agentkit-replay=missing"
)


class Replay:
    """A recording, and what is done with it.

    Args:
        path: The file: one JSON object a line, without secrets. None for a recording in memory.
        mode: "replay" answers from the file alone, "record" asks the model and writes the file
            anew, "missing" asks for what the file has not and adds it, "live" leaves the file
            alone. If not given, AGENTKIT_REPLAY, or "replay".
        results: Whether the results of calls are recorded and replayed too. If not, the tools run.
        tape: What is recorded already, in place of a file.
        waited: Calls that wait for a person whatever the agent's policy is, because they did when
            they were recorded, as `canonical.call_text` has them.

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
        waited: Collection[str] = (),
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
        self._tape = tape
        self._waited = frozenset(waited)
        self._runs: Counter[str] = Counter()
        self._turns: Counter[str] = Counter()  # what was asked, by its key
        self.renew()
        renew_in_children(self)

    def renew(self) -> None:
        """Have a lock of its own, as a forked child must."""
        self._lock = Lock()

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

    @property
    def results_of_calls(self) -> Results | None:
        """Itself, where results are recorded and replayed too."""
        return self if self.results and self.mode != "live" else None

    def waited(self, call: FunctionCall) -> bool:
        """Whether a call waited when it was recorded."""
        return bool(self._waited) and call_text(call) in self._waited

    def run_id(self, prompt: str | None, messages: Sequence[Message]) -> str | None:
        """The id of a run that begins so: the same one each time, as the calls' keys have it in
        them."""
        if self.mode == "live":
            return None
        key = json.dumps([prompt, [told(each) for each in messages]])
        with self._lock:
            self._runs[key] += 1
            return sha256(f"{self._runs[key]}:{key}".encode()).hexdigest()[:32]

    def response(self, request: Request) -> Response | Keep[Response]:
        """The recorded response to a request, or what keeps the one of the model.

        Raises:
            ReplayError: There is none, and nobody is to be asked.
        """
        asked = self.tape.request(request)
        turn, found = self._asked(asked)
        if found is None and self.mode == "replay":
            raise ReplayError(
                f"This request is not in {self._name}. {self.tape.miss(request)}"
                f"{self._how(chr(10) + 'If the change is meant,')}"
            )
        return found or (lambda response: self.tape.keep(asked, response, turn))

    def result(
        self, due: DueCall, messages: Sequence[Message]
    ) -> ResultMessage | Keep[ResultMessage]:
        """The recorded result of a call, or what keeps the one of its tool.

        Args:
            due: The call.
            messages: The transcript, the model's last message in which has the call.

        Raises:
            ReplayError: There is none, and nothing is to run.
        """
        asked = self.tape.call(due.call, due.index, messages)
        turn, found = self._asked(asked)
        if found is None and self.mode == "replay":
            raise ReplayError(
                f"{self._name} has no result of {due.call.name} with {due.call.written} in this "
                f"run.{self._how(' If it is to be called,')}"
            )
        if found is None:
            return lambda result: self.tape.keep(asked, result, turn)
        result: ResultMessage = replace(found, id=due.call.id)  # it may be another now
        return result

    def _asked(self, asked: Asked) -> tuple[int, Any]:
        """How often an equal one was asked before, and its recorded answer, if there is one."""
        with self._lock:
            turn = self._turns[asked.key]
            self._turns[asked.key] += 1
        return turn, self.tape.answer(asked, turn, again=self.mode == "replay")

    def _how(self, when: str) -> str:
        """What to do about what is not there."""
        return f"{when} {_HOW}." if self.path else ""

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
        known = self._replay.response(request)
        if isinstance(known, Response):
            return known
        self._replay.tape.check()  # what is paid for is to be kept
        try:
            response = yield Ask(self.inner, request)
        except InterfaceError as error:
            if error.excess > 0:  # it will be shortened, and asked once more
                self._replay.tape.keep_excess(request, error.excess)
            raise
        assert response is not None
        known(response)
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


@per_process
def writer_at(path: str, mode: Mode) -> Replay:
    """The one recorder of the process for a path, so that agents record into it together."""
    return Replay(path, mode)

"""How a run is shown: live on a terminal, the answer alone in a pipe, or as JSON."""

from __future__ import annotations

import sys
import time
from functools import partial
from math import ceil
from typing import TYPE_CHECKING, Any

from agentkit import (
    CallEnded,
    CallStarted,
    Delta,
    Event,
    LimitError,
    Progress,
    RequestSent,
    ResponseReceived,
    Run,
    RunEnded,
    Wait,
)
from agentkit.cli.errors import named
from agentkit.cli.output import note, say, write, write_json
from agentkit.cli.text import one_line
from agentkit.run import shown

if TYPE_CHECKING:
    from rich.status import Status
    from rich.text import Text

_ASKED = "waiting for the model"
_LEAST = 0.0001  # dollars, the least that is shown
_NEWS = 1.0  # seconds; shorter waits are not worth a line


def screen_for(*, json: bool, stream: bool) -> Screen:
    """The screen for where stdout leads to."""
    if json:
        return JsonScreen()
    if sys.stdout.isatty():
        return LiveScreen()
    return StreamScreen() if stream else Screen()


class Screen:
    """Shows the answer alone, when it is there."""

    def __init__(self) -> None:
        self._stdout = sys.stdout

    def show(self, event: Event) -> None:
        """Show an event of a run."""
        if isinstance(event, RunEnded):
            write(f"{event.run.output}\n", self._stdout)
        elif isinstance(event, Wait):
            self.wait(event)

    def wait(self, wait: Wait) -> None:
        """Say beside the answer that it takes longer."""
        if wait.seconds >= _NEWS:
            note(_waiting(wait.seconds, wait.reason))

    def failed(self, run: Run[Any], error: BaseException) -> None:
        """Show the last text of a run that reached a limit."""
        if not isinstance(error, LimitError):
            return
        texts = [step.response.message.content for step in run.steps]
        if last := next(filter(None, reversed(texts)), None):
            say(last)

    def close(self) -> None:
        """Leave the terminal as it was."""


class JsonScreen(Screen):
    """Shows the whole run as one line of JSON; a failed one has the key `error` too."""

    def show(self, event: Event) -> None:
        """Show the run when it is over."""
        if isinstance(event, RunEnded):
            write_json(event.run.to_dict(), stdout=self._stdout)
        elif isinstance(event, Wait):
            self.wait(event)

    def failed(self, run: Run[Any], error: BaseException) -> None:
        """Show the run so far."""
        write_json({**run.to_dict(), "error": named(error)}, stdout=self._stdout)


class StreamScreen(Screen):
    """Shows all text of the model as it comes."""

    def __init__(self) -> None:
        super().__init__()
        self._said = ""

    def show(self, event: Event) -> None:
        """Show text, and end the line after the last piece."""
        if isinstance(event, Delta):
            self._say(event.text)
        elif isinstance(event, ResponseReceived):
            if not self._said:  # nothing was streamed
                self._say(event.response.message.content or "")
            self.close()
        elif isinstance(event, Wait):
            self.wait(event)

    def failed(self, run: Run[Any], error: BaseException) -> None:
        """Its text is there already."""

    def close(self) -> None:
        """End the line."""
        said, self._said = self._said, ""
        if said and not said.endswith("\n"):
            write("\n", self._stdout)

    def _say(self, text: str) -> None:
        self._said = text or self._said
        write(text, self._stdout)


class LiveScreen(StreamScreen):
    """Shows everything as it happens, on a terminal."""

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console
        from rich.status import Status  # now, as a wait is counted while it would be imported

        self._console = Console(highlight=False)
        self._new_status = partial(Status, console=self._console)
        self._status: Status | None = None

    def show(self, event: Event) -> None:
        """Show any event."""
        match event:
            case RequestSent():
                self._spin(_dim(_ASKED))
            case Wait():
                self._spin(_Countdown(event))
            case Progress(tool=tool, message=message, fraction=fraction):
                done = "" if fraction is None else f" ({fraction:.0%})"
                self._spin(_dim(f"{tool}: {message}{done}"))
            case CallStarted(call=call):
                self._line(f"→ {shown(call)}", "cyan")
            case CallEnded(call=call, result=result):
                style = "red" if result.is_error else "dim"
                self._line(f"← {call.name}: {result.content}", style)
            case RunEnded(run=run):
                self._line(_usage(run), "dim")
            case Delta(text=""):
                pass  # the model is still thinking
            case _:
                self._stop_waiting()
                super().show(event)

    def close(self) -> None:
        """Take the spinner away and end the line."""
        self._stop_waiting()
        super().close()

    def _spin(self, words: Text | _Countdown) -> None:
        if self._status is None:
            self._status = self._new_status(words)
            self._status.start()
        else:
            self._status.update(words)

    def _stop_waiting(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _line(self, text: str, style: str) -> None:
        from rich.text import Text

        self._stop_waiting()
        line = Text(one_line(text), style)  # as Text it is not read as markup
        self._console.print(line, no_wrap=True, overflow="ellipsis")


class _Countdown:
    """The seconds that are left of a wait, and what follows it."""

    def __init__(self, wait: Wait) -> None:
        self._end, self._reason = time.monotonic() + wait.seconds, wait.reason

    def __rich__(self) -> Text:
        """How it is at this moment."""
        left = self._end - time.monotonic()
        return _dim(_waiting(left, self._reason) if left > 0 else _ASKED)


def _waiting(seconds: float, reason: str) -> str:
    return f"waiting {ceil(seconds)} s: {reason}"


def _dim(text: str) -> Text:
    from rich.text import Text

    return Text(one_line(text), "dim", no_wrap=True, overflow="ellipsis")


def _usage(run: Run[Any]) -> str:
    parts = [f"{len(run.steps)} step{'' if len(run.steps) == 1 else 's'}"]
    if tokens := run.usage.total_tokens:
        parts.append(f"{tokens:,} tokens")
    if cost := run.cost:
        parts.append(f"${cost:.4f}" if cost >= _LEAST else f"under ${_LEAST}")
    return f"({', '.join(parts)})"

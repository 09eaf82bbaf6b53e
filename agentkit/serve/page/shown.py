"""What a run said and called, as its pages show it."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from agentkit.journal.chart import Chart, Row
from agentkit.journal.figures import dollars, duration, several, written
from agentkit.journal.stored import StoredRun
from agentkit.messages import FunctionCall, ResultMessage
from agentkit.run import Run, shown
from agentkit.serve.telling import waiting_in

IMAGES = ("image/png", "image/jpeg", "image/gif", "image/webp")
"""What is shown as an image."""

_LINE = 300  # characters of what a folded card shows
_HIDING = re.compile("[\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Said:
    """What the model said, and thought before."""

    text: str
    reasoning: str = ""
    is_call: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Called:
    """A call as a card shows it.

    Args:
        name: The tool.
        state: running, done, failed, waiting, denied or "cut off".
        key: Its `call_key`.
        call: The call, if it is known.
        result: What came back.
        took: How long it took.
    """

    name: str
    state: str
    key: str = ""
    call: FunctionCall | None = None
    result_message: ResultMessage | None = None
    took: str = ""

    is_call: ClassVar[bool] = True

    @property
    def arguments(self) -> list[tuple[str, str]]:
        """The arguments by name."""
        values = _json(self.call.written) if self.call else {}
        if not isinstance(values, dict):
            return [("", str(values))]
        return [(k, v if isinstance(v, str) else exact(v)) for k, v in values.items()]

    @property
    def json(self) -> str:
        """The arguments as they may be changed."""
        return exact(_json(self.call.written)) if self.call else ""

    @property
    def line(self) -> str:
        """The arguments in a line."""
        if self.call is None:
            return ""
        inside = shown(self.call).removeprefix(f"{self.call.name}(").removesuffix(")")
        return inside[:_LINE]

    @property
    def why(self) -> str:
        """Why it waits."""
        return self.call.waits if self.call else ""

    @property
    def has_result(self) -> bool:
        """Whether anything came back."""
        return self.result_message is not None

    @property
    def result(self) -> str:
        """What came back."""
        return self.result_message.content if self.result_message else ""

    @property
    def preview(self) -> str:
        """What came back, in a line."""
        return " ".join(self.result[:_LINE].split())

    @property
    def is_error(self) -> bool:
        """Whether that is an error."""
        return self.result_message is not None and self.result_message.is_error

    @property
    def untrusted(self) -> bool:
        """Whether it may hold anybody's text."""
        return self.result_message is not None and self.result_message.untrusted

    @property
    def media(self) -> list[str]:
        """The images of the result, as addresses that hold them."""
        return images(getattr(self.result_message, "media", ()))


def steps_of(drawn: Chart) -> Iterator[Said | Called]:
    """What was said and called, in order."""
    for row in drawn.rows:
        response = row.response
        if row.kind == "request" and response:
            yield Said(response.message.content or "", response.message.reasoning or "")
        if row.kind in ("call", "decision"):
            took = "" if row.is_open or row.kind == "decision" else duration(row.lasted)
            yield Called(row.name, _state(row), row.key or "", row.call, row.result, took)
    yield from _pending_of(drawn)


def _pending_of(drawn: Chart) -> list[Called]:
    return [
        Called(each.name, "waiting", f"waits:{n}", each) for n, each in enumerate(drawn.waiting)
    ]


def to_decide_on(run: Run[Any]) -> list[Called]:
    """The calls that wait for a decision, by the keys that decisions name."""
    return [Called(each.call.name, "waiting", each.key, each.call) for each in waiting_in(run)]


def sums_of(run: StoredRun) -> str:
    """What a run came to, in a line."""
    took = "" if run.ended is None else duration(max(0.0, run.ended - run.begun))
    cost = "" if run.cost is None else dollars(run.cost)
    told = (several(run.steps or 0, "step"), several(tokens_of(run), "token"), cost, took)
    return " · ".join(filter(None, told))


def tokens_of(run: StoredRun) -> int:
    """The tokens of a run, as far as they are known."""
    return (run.prompt_tokens or 0) + (run.completion_tokens or 0)


def images(media: Any) -> list[str]:
    """Those of a result's media that are images, as addresses that hold them."""
    return [
        f"data:{each.mime_type};base64,{b64encode(each.data).decode()}"
        for each in media
        if each.mime_type in IMAGES
    ]


def exact(value: Any) -> str:
    """A value as JSON that means the same, and in which nothing is hidden."""
    return _HIDING.sub(lambda found: f"\\u{ord(found[0]):04x}", written(value))


def _state(row: Row) -> str:
    wrong = row.result is not None and row.result.is_error
    if row.kind == "decision":
        return "denied" if wrong else "answered"
    return "cut off" if row.is_open else "failed" if wrong else "done"


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text

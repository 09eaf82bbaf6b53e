"""Events of a journal in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from agentkit.cli.text import one_line
from agentkit.journal.decisions import Decision, Decisions
from agentkit.journal.stored import StoredEvent, StoredRun
from agentkit.journal.texts import messages_of
from agentkit.run import shown

_LONG = 500  # characters of a text in a shown run


def told(events: Sequence[StoredEvent]) -> Iterator[str]:
    """Events in words, a line each, with the seconds since the first."""
    decisions = Decisions()
    for each in events:
        decided = decisions.see(each)
        for line in (*_event(each), *map(_decision, decided)):
            yield f"{each.at - events[0].at:9.3f}  {line}"


def _decision(decision: Decision) -> str:
    what = f"  → {_short(shown(decision.call))}"
    if decision.result is None:
        return f"{what} may run{', edited' if decision.call.edited else ''}"
    return f"{what} was given the result: {_short(decision.result.content)}"


def _event(event: StoredEvent) -> Iterator[str]:
    data = event.data
    match event.kind:
        case "begin":
            yield f"user: {_short(data['prompt'])}" if data.get("prompt") else "goes on"
        case "request":
            yield f"asked {data['model']}"
        case "response":
            (message,) = messages_of([data["message"]])
            usage = data.get("usage") or {}
            model = data.get("model") or "the model"
            yield f"answer of {model}{_usage(usage)}"
            for call in getattr(message, "calls", ()):
                yield f"  → {_short(shown(call))}"
            if message.content:
                yield f"  {_short(message.content)}"
        case "call":
            yield f"{data['name']} begins ({event.key})"
        case "result":
            (message,) = messages_of([data["message"]])
            yield f"  {_short(message.content or '')}"
        case "end":
            yield f"{data['state']}{': ' + one_line(data['error']) if data.get('error') else ''}"


def headed(stored: StoredRun) -> str:
    """What a run is, on one line."""
    turn = f"{stored.conversation}, turn {stored.turn}" if stored.conversation else ""
    asked = f"{stored.model} at {stored.interface}" if stored.model else ""
    facts = (when(stored.begun), stored.state, asked, turn)
    return one_line(", ".join(filter(None, (stored.id, *facts))))


def _usage(usage: dict[str, Any]) -> str:
    total = tokens(usage.get("prompt_tokens"), usage.get("completion_tokens"))
    return f", {total} tokens" if total else ""


def tokens(prompt: int | None, completion: int | None) -> str:
    """Tokens together, if any are known."""
    return f"{(prompt or 0) + (completion or 0):,}" if prompt or completion else ""


def _short(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= _LONG else f"{line[:_LONG]}…"


def when(at: float) -> str:
    """A time of day here."""
    return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M:%S")

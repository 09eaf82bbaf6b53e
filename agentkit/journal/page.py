"""A run as one HTML page: its steps on a time axis. It needs no network and no scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from agentkit.journal.chart import Chart, Row, chart
from agentkit.journal.figures import dollars, duration, moment, rewritten
from agentkit.journal.sheet import block, document, facts, folded, text
from agentkit.journal.stored import StoredEvent, StoredRun
from agentkit.journal.timeline import timeline
from agentkit.messages import FunctionCall
from agentkit.run import shown

_TITLE = 120  # characters of the prompt in the head
STATES = {
    "done": "done",
    "failed": "failed",
    "waiting": "waits for a decision on its calls",
    "cancelled": "cancelled",
    "interrupted": "interrupted, and can be gone on with",
    "running": "not ended: it still runs, or its process was killed",
}
"""The states of a run, each in words."""


def page(stored: StoredRun, events: Sequence[StoredEvent]) -> str:
    """The page of a run, whole.

    Args:
        stored: The run as it is listed.
        events: What happened in it.
    """
    drawn = chart(events)
    prompt = str(stored.prompt or "A run without a prompt")
    title = prompt if len(prompt) <= _TITLE else f"{prompt[:_TITLE]}…"
    parts = [
        f'<h1>{text(title)}</h1><p class="state {text(stored.state)}">',
        f"{text(STATES.get(stored.state, stored.state))}</p>",
        block(stored.error, "bad") if stored.error else "",
        *_waiting(drawn.waiting),
        folded("The whole prompt", prompt) if title != prompt else "",
        facts(told(stored, drawn)),
        "<h2>Answer</h2>" + block(stored.output, "answer") if stored.state == "done" else "",
        f"<h2>Timeline</h2>{timeline(drawn)}",
        *_definitions(drawn.rows),
    ]
    return document(f"{title} · run {stored.id}", parts)


def told(stored: StoredRun, drawn: Chart) -> Iterator[tuple[str, str]]:
    """What is known of a run as a whole, each behind its name."""
    yield "Begun", moment(stored.begun)
    if drawn.rows:
        pauses = [row for row in drawn.rows if row.kind == "pause"]
        took = duration(drawn.seconds - sum(row.ended - row.begun for row in pauses))
        paused = duration(sum(row.lasted for row in pauses))
        yield "Took", f"{took}, and {paused} of pauses" if pauses else took
    if stored.model:
        yield "Model", f"{stored.model} at {stored.interface}"
    if stored.steps is not None:
        yield "Steps", str(stored.steps)
    if stored.prompt_tokens or stored.completion_tokens:
        prompt, answer = stored.prompt_tokens or 0, stored.completion_tokens or 0
        yield "Tokens", f"{prompt + answer:,} ({prompt:,} in, {answer:,} out)"
    if stored.cost is not None:
        yield "Cost", dollars(stored.cost)
    if stored.conversation:
        yield "Conversation", stored.conversation
        yield "Turn", str(stored.turn)
    yield "Run", stored.id


def _waiting(calls: Sequence[FunctionCall]) -> Iterator[str]:
    for each in calls:
        yield block(f"{shown(each)}\n{each.waits}", "answer")


def _definitions(rows: Sequence[Row]) -> Iterator[str]:
    """The functions that were offered, each once."""
    offered = list(dict.fromkeys(each for row in rows for each in row.definitions))
    if offered:
        yield "<h2>Functions offered</h2>"
    for each in offered:
        try:
            name = str(json.loads(each)["name"])
        except (ValueError, KeyError, TypeError):
            name = "function"
        yield folded(name, rewritten(each))

"""A run as one HTML page: its steps on a time axis. It needs no network and no scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape
from importlib.resources import files
from typing import Any

from agentkit.journal.chart import Chart, Row, chart
from agentkit.journal.stored import StoredEvent, StoredRun
from agentkit.messages import FunctionCall
from agentkit.redact import plain
from agentkit.run import shown

_LONGEST = 20_000  # characters of a text
_TITLE = 120  # characters of the prompt in the head
_TICKS = 6  # the most on the axis
_LATE = 0.8  # of the axis: behind it a text stands before its tick
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400  # seconds
_HEAD = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="color-scheme" content="light dark">'
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
)
_STATES = {
    "done": "done",
    "failed": "failed",
    "waiting": "waits for a decision on its calls",
    "running": "not ended: it still runs, or its process was killed",
}


def page(stored: StoredRun, events: Sequence[StoredEvent]) -> str:
    """The page of a run, whole.

    Args:
        stored: The run as it is listed.
        events: What happened in it.
    """
    drawn = chart(events)
    prompt = str(stored.prompt or "A run without a prompt")
    title = prompt if len(prompt) <= _TITLE else f"{prompt[:_TITLE]}…"
    css = files("agentkit.journal").joinpath("page.css").read_text(encoding="utf-8")
    parts = [
        f"{_HEAD}<title>{_text(' '.join(title.split()))} · run {_text(stored.id)}</title>",
        f"<style>{css}</style></head><body><main>",
        f'<h1>{_text(title)}</h1><p class="state {_text(stored.state)}">',
        f"{_text(_STATES.get(stored.state, stored.state))}</p>",
        _block(stored.error, "bad") if stored.error else "",
        *_waiting(drawn.waiting),
        _folded("The whole prompt", prompt) if title != prompt else "",
        _facts(_told(stored, drawn)),
        "<h2>Answer</h2>" + _block(stored.output, "answer") if stored.state == "done" else "",
        f"<h2>Timeline</h2>{_ticks(drawn)}<ol>",
        *(_item(row, drawn.seconds or 1.0) for row in drawn.rows),
        "</ol>",
        *_definitions(drawn.rows),
        "</main></body></html>\n",
    ]
    return "".join(parts)


def _told(stored: StoredRun, drawn: Chart) -> Iterator[tuple[str, str]]:
    yield "Begun", _moment(stored.begun)
    if drawn.rows:
        pauses = [row for row in drawn.rows if row.kind == "pause"]
        took = _duration(drawn.seconds - sum(row.ended - row.begun for row in pauses))
        paused = _duration(sum(row.lasted for row in pauses))
        yield "Took", f"{took}, and {paused} of pauses" if pauses else took
    if stored.model:
        yield "Model", f"{stored.model} at {stored.interface}"
    if stored.steps is not None:
        yield "Steps", str(stored.steps)
    if stored.prompt_tokens or stored.completion_tokens:
        prompt, answer = stored.prompt_tokens or 0, stored.completion_tokens or 0
        yield "Tokens", f"{prompt + answer:,} ({prompt:,} in, {answer:,} out)"
    if stored.cost is not None:
        yield "Cost", _dollars(stored.cost)
    if stored.conversation:
        yield "Conversation", stored.conversation
        yield "Turn", str(stored.turn)
    yield "Run", stored.id


def _waiting(calls: Sequence[FunctionCall]) -> Iterator[str]:
    for each in calls:
        yield _block(f"{shown(each)}\n{each.waits}", "answer")


def _item(row: Row, seconds: float) -> str:
    """A row: its bar, and folded behind it what is known of it."""
    begun, width = 100 * row.begun / seconds, 100 * (row.ended - row.begun) / seconds
    bar = (
        f'<span class="track" aria-hidden="true"><span class="bar" '
        f'style="--from:{begun:.3f}%;--width:{width:.3f}%"></span></span>'
    )
    took = "" if row.kind == "decision" else "unknown" if row.is_open else _duration(row.lasted)
    lasted = f'<span class="lasted">{took}</span>'
    if row.kind == "pause":
        name = '<span class="name">paused, then gone on with</span>'
        return f'<li class="pause"><div class="row">{name}{bar}{lasted}</div></li>'
    wrong = row.result is not None and row.result.is_error
    state = " open" if row.is_open else " wrong" if wrong else ""
    word = " cut off" if row.is_open else " failed" if wrong else ""
    label = shown(row.call) if row.call else row.name
    if row.response and row.response.model:
        label = row.response.model
    kind = f'<span class="kind">{row.kind}{word}</span>'
    name = f'<span class="name">{kind}{_text(label[:_TITLE])}</span>'
    inside = "".join(_of_request(row) if row.kind == "request" else _of_call(row))
    return (
        f'<li class="{row.kind}{state}"><details><summary class="row">{name}{bar}{lasted}</summary>'
        f'<div class="inside">{inside}</div></details></li>'
    )


def _of_request(row: Row) -> Iterator[str]:
    response = row.response
    if response is None:
        yield '<p class="bad">No response came.</p>' if row.is_open else ""
        yield _facts([("Asked", row.name), ("Options", _json(row.options))])
        return
    usage = response.usage
    facts = [
        ("Asked", row.name),
        ("In", _tokens(usage.prompt_tokens if usage else None)),
        ("Out", _tokens(usage.completion_tokens if usage else None)),
        ("Cached", _tokens((usage.cached_tokens if usage else None) or None)),
        ("Cost", "" if response.cost is None else _dollars(response.cost)),
        ("Waited", _duration(response.waited) if response.waited else ""),
        ("Finished", response.finish_reason or ""),
        ("Options", _json(row.options) if row.options else ""),
        ("Mended", "; ".join(response.repairs)),
    ]
    yield _facts(facts)
    if response.message.reasoning:
        yield _pre("Reasoning", response.message.reasoning)
    if response.message.content:
        yield _pre("Said", response.message.content)
    for call in response.message.calls:
        yield _pre("Called", shown(call))


def _of_call(row: Row) -> Iterator[str]:
    result = row.result
    who = "a person gave the result" if row.kind == "decision" else ""
    yield _facts([("Tool", row.name), ("Key", row.key or ""), ("Decided", who), *_of_result(row)])
    if row.call:
        yield _pre("Arguments", _json_text(row.call.written))
    if result is None:
        yield '<p class="bad">No result came: it may or may not have run.</p>'
    else:
        yield _pre("Error" if result.is_error else "Result", result.content)


def _of_result(row: Row) -> Iterator[tuple[str, str]]:
    if row.result and row.result.untrusted:
        yield "Source", "text from outside"
    if row.result and row.result.repairs:
        yield "Mended", "; ".join(row.result.repairs)


def _definitions(rows: Sequence[Row]) -> Iterator[str]:
    """The functions that were offered, each once."""
    offered = list(dict.fromkeys(text for row in rows for text in row.definitions))
    if offered:
        yield "<h2>Functions offered</h2>"
    for text in offered:
        try:
            name = str(json.loads(text)["name"])
        except (ValueError, KeyError, TypeError):
            name = "function"
        yield _folded(name, _json_text(text))


def _ticks(drawn: Chart) -> str:
    """Round times along the axis."""
    ticks = "".join(
        f"<span{' class=end' if place > drawn.seconds * _LATE else ''} "
        f'style="--from:{100 * place / drawn.seconds:.2f}%">{at:g} s</span>'
        for place, at in drawn.ticks(_TICKS)
        if place <= drawn.seconds
    )
    return f'<div class="axis" aria-hidden="true"><div class="ticks">{ticks}</div></div>'


def _facts(facts: Any) -> str:
    cells = (f"<div><dt>{_text(k)}</dt><dd>{_text(v)}</dd></div>" for k, v in facts if v)
    return f'<dl class="facts">{"".join(cells)}</dl>'


def _folded(name: str, text: str) -> str:
    return f"<details><summary>{_text(name)}</summary><pre>{_text(text)}</pre></details>"


def _pre(head: str, text: str) -> str:
    return f"<h3>{_text(head)}</h3><pre>{_text(text)}</pre>"


def _block(value: Any, kind: str) -> str:
    text = value if isinstance(value, str) else _json(value)
    return f'<div class="text {kind}">{_text(text)}</div>'


def _text(text: str) -> str:
    """Anybody's text, cut and made harmless."""
    rest = len(text) - _LONGEST
    more = f"\n[... {rest:,} more of {len(text):,} characters]" if rest > 0 else ""
    return escape(plain(text[:_LONGEST].encode("utf-8", "replace").decode()) + more)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def _json_text(text: str) -> str:
    try:
        return _json(json.loads(text))
    except (ValueError, RecursionError):
        return text


def _dollars(cost: float) -> str:
    return f"${cost:.6f}".rstrip("0").rstrip(".") if cost else "$0"


def _tokens(count: int | None) -> str:
    return "" if count is None else f"{count:,} tokens"


def _duration(seconds: float) -> str:
    if round(seconds * 1000) < 1000:
        return f"{seconds * 1000:.0f} ms"
    if round(seconds, 2) < _MINUTE:
        return f"{seconds:.2f} s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    if whole < _DAY:
        return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
    return f"{whole // _DAY} d {whole % _DAY // _HOUR} h"


def _moment(at: Any) -> str:
    try:
        return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
    except (TypeError, ValueError, OverflowError, OSError):
        return str(at)

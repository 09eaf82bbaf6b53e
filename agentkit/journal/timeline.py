"""The rows of a run on their time axis, as HTML that needs no style of its own in an attribute."""

from __future__ import annotations

from collections.abc import Iterator

from agentkit.journal.chart import Chart, Row
from agentkit.journal.figures import dollars, duration, rewritten, written
from agentkit.journal.sheet import facts, text
from agentkit.run import shown

_TITLE = 120  # characters of a row's name
_TICKS = 6  # the most on the axis
_LATE = 0.8  # of the axis: behind it a text stands before its tick
_LEAST = 0.5  # percent of the axis, that the shortest bar takes


def timeline(drawn: Chart) -> str:
    """The axis, and a list of the rows; what is known of each is folded behind it.

    Places and widths are attributes of SVG, which a strict content security policy allows.
    """
    items = "".join(_item(row, drawn.seconds or 1.0) for row in drawn.rows)
    return f'{_ticks(drawn)}<ol class="timeline">{items}</ol>'


def _item(row: Row, seconds: float) -> str:
    """A row: its bar, and folded behind it what is known of it."""
    begun, width = 100 * row.begun / seconds, 100 * (row.ended - row.begun) / seconds
    bar = (
        '<svg class="track" aria-hidden="true"><rect class="bar" rx="3" height="100%" '
        f'x="{min(begun, 100 - _LEAST):.3f}%" width="{max(width, _LEAST):.3f}%"/></svg>'
    )
    took = "" if row.kind == "decision" else "unknown" if row.is_open else duration(row.lasted)
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
    name = f'<span class="name">{kind}{text(label[:_TITLE])}</span>'
    inside = "".join(_of_request(row) if row.kind == "request" else _of_call(row))
    return (
        f'<li class="{row.kind}{state}"><details><summary class="row">{name}{bar}{lasted}</summary>'
        f'<div class="inside">{inside}</div></details></li>'
    )


def _of_request(row: Row) -> Iterator[str]:
    response = row.response
    if response is None:
        yield '<p class="bad">No response came.</p>' if row.is_open else ""
        yield facts([("Asked", row.name), ("Options", written(row.options))])
        return
    usage = response.usage
    known = [
        ("Asked", row.name),
        ("In", _tokens(usage.prompt_tokens if usage else None)),
        ("Out", _tokens(usage.completion_tokens if usage else None)),
        ("Cached", _tokens((usage.cached_tokens if usage else None) or None)),
        ("Cost", "" if response.cost is None else dollars(response.cost)),
        ("Waited", duration(response.waited) if response.waited else ""),
        ("Finished", response.finish_reason or ""),
        ("Options", written(row.options) if row.options else ""),
        ("Mended", "; ".join(response.repairs)),
    ]
    yield facts(known)
    if response.message.reasoning:
        yield _pre("Reasoning", response.message.reasoning)
    if response.message.content:
        yield _pre("Said", response.message.content)
    for call in response.message.calls:
        yield _pre("Called", shown(call))


def _of_call(row: Row) -> Iterator[str]:
    result = row.result
    who = "a person gave the result" if row.kind == "decision" else ""
    yield facts([("Tool", row.name), ("Key", row.key or ""), ("Decided", who), *_of_result(row)])
    if row.call:
        yield _pre("Arguments", rewritten(row.call.written))
    if result is None:
        yield '<p class="bad">No result came: it may or may not have run.</p>'
    else:
        yield _pre("Error" if result.is_error else "Result", result.content)


def _of_result(row: Row) -> Iterator[tuple[str, str]]:
    if row.result and row.result.untrusted:
        yield "Source", "text from outside"
    if row.result and row.result.repairs:
        yield "Mended", "; ".join(row.result.repairs)


def _ticks(drawn: Chart) -> str:
    """Round times along the axis."""
    ticks = ""
    for place, at in drawn.ticks(_TICKS):
        if place <= drawn.seconds:
            x = f"{100 * place / drawn.seconds:.2f}%"
            side = 'dx="-5" text-anchor="end"' if place > drawn.seconds * _LATE else 'dx="5"'
            line = f'<line x1="{x}" x2="{x}" y1="0" y2="100%"/>'
            ticks += f'<g>{line}<text x="{x}" y="1rem" {side}>{at:g} s</text></g>'
    return f'<div class="axis" aria-hidden="true"><svg class="ticks">{ticks}</svg></div>'


def _pre(head: str, inside: str) -> str:
    return f"<h3>{text(head)}</h3><pre>{text(inside)}</pre>"


def _tokens(count: int | None) -> str:
    return "" if count is None else f"{count:,} tokens"

"""Function calls that a model wrote as text -> calls.

Groq puts such text into `failed_generation`, other servers into the answer. The shapes were seen in
public threads; `docs/wire.md` lists them. Each character is looked at a fixed number of times.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from agentkit.arguments import read_json
from agentkit.errors import ArgumentsError
from agentkit.messages import FunctionCall

_MARK = re.compile(
    r"""<function(?:=|\s)\s*+(?:name\s*=\s*)?["']?(?P<tag>[\w.-]++)["']?[\s>=,:]*+
      | <\|tool_call_begin\|>\s*+(?P<kimi>[\w.-]++)(?::\d++)?\s*+<\|tool_call_argument_begin\|>\s*+
      | to=(?P<harmony>[\w.-]++)[^{}]{0,100}?<\|message\|>\s*+
      | (?:<tool[-_](?:calls?|use)>|\[TOOL_CALLS\]|<\|tool_call\|>|<\|python_tag\|>)\s*+""",
    re.VERBOSE,
)
_EMPTY = re.compile(r"</|\s*\Z")  # behind a mark: a call without arguments
_BARE = re.compile(r"\s*+([\w.-]++)\s*+(?=\{)")
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\Z)|[{}\[\]]', re.DOTALL)
_BETWEEN = re.compile(r"(?:\s|```[a-z]*|</[a-z_-]{1,20}>|,|;)*+")
_SIGN = re.compile(r"<function\b|</?tool[-_]|<\|[a-z_]+\|>|\[TOOL_CALLS\]")
_SIGNS = ("<function", "<tool", "</tool", "<|", "[TOOL_CALLS]", "```", "{", "[")
_NAME = re.compile(r'"name"\s*+:\s*+"([^"\\]{1,200}+)"')
_ARGUMENTS = re.compile(r'"(?:arguments|parameters)"\s*+:\s*+')
_WRAPPED = ("tool_calls", "tool_call", "function_call")
_SPELLED = ("arguments", "parameters", "args", "input")
_BESIDE = {"name", "function", "id", "type", "index"}  # beside them a call has arguments
_DEEPEST = 5  # levels of wrapping


def written_calls(
    text: str, names: Collection[str], *, anything: bool = True
) -> tuple[tuple[FunctionCall, ...], str]:
    """The calls in a text, and the prose before them; no calls where none can be read.

    Args:
        text: What the model wrote.
        names: The functions that it was offered. Where the text has calls of some of these, calls
            of others are left out: the model corrected itself.
        anything: Take calls of unknown functions too, and JSON amid other text. Right for what was
            meant as a call and failed; not for an answer, which may well speak of JSON.
    """
    before, found = _by_marks(text)
    if not found and not before:
        found, rest = _by_values(text, names)
        if rest and not anything:
            found = []
    calls = [FunctionCall(clean_name(name, names), arguments) for name, arguments in found]
    offered = tuple(call for call in calls if call.name in names)
    if offered:
        return offered, before
    return (tuple(calls), before) if anything else ((), "")


def clean_name(written: str, names: Collection[str]) -> str:
    """The offered name inside what a model wrote for one, or what it wrote."""
    bare = written.partition("<|")[0].strip(" \t\r\n\"'`/>")
    for candidate in (written, bare, bare.removeprefix("functions.")):
        if candidate in names:
            return candidate
    return written


def may_be_call(text: str) -> bool:
    """Whether a text, or what came of it so far, looks like a call and not like prose."""
    head = text.lstrip()[:20]
    begins = any(head.startswith(sign) or sign.startswith(head) for sign in _SIGNS)
    return begins or bool(_SIGN.search(text))


def _by_marks(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The prose before the first mark of a call, and the calls behind marks."""
    found: list[tuple[str, str]] = []
    first, position = None, 0
    while mark := _MARK.search(text, position):
        first = mark.start() if first is None else first
        position = mark.end()
        name = mark["tag"] or mark["kimi"] or mark["harmony"]
        end = _closed(text, position)
        if end:
            piece = text[position:end]
            found += [(name, piece)] if name else _calls_in(piece)
            position = end
        elif name and _EMPTY.match(text, position):
            found.append((name, "{}"))
        elif text[position : position + 1] in ("{", "["):
            break  # cut: whatever follows is inside it
    before = text[: first or 0].strip()
    return ("" if _SIGN.search(before) else before), found


def _by_values(text: str, names: Collection[str]) -> tuple[list[tuple[str, str]], str]:
    """The calls in a text that is JSON values, one after the other, and what stands behind them."""
    if (bare := _BARE.match(text)) and clean_name(bare[1], names) in names:
        end = _closed(text, bare.end())
        return ([(bare[1], text[bare.end() : end])] if end else []), ""
    found: list[tuple[str, str]] = []
    position = _between(text, 0)
    while end := _closed(text, position):
        found += _calls_in(text[position:end])
        position = _between(text, end)
    return found, _SIGN.split(text[position:])[0].strip("}] \n")


def _between(text: str, start: int) -> int:
    """Where the next value may begin."""
    between = _BETWEEN.match(text, start)
    return between.end() if between else start


def _closed(text: str, start: int) -> int:
    """Where the object or list that begins here ends, or 0."""
    if text[start : start + 1] not in ("{", "["):
        return 0
    depth = 0
    for token in _TOKEN.finditer(text, start):
        mark = token[0]
        if mark in "{[":
            depth += 1
        elif mark in "}]":
            depth -= 1
            if depth == 0:
                return token.end()
    return 0


def _calls_in(piece: str) -> list[tuple[str, str]]:
    try:
        return list(_spelled(read_json(piece, []), _DEEPEST))
    except (ArgumentsError, RecursionError):
        return _by_names(piece)


def _by_names(piece: str) -> list[tuple[str, str]]:
    """A call in JSON that cannot be read: its arguments as they stand, to be told what is wrong."""
    name, key = _NAME.search(piece), _ARGUMENTS.search(piece)
    end = _closed(piece, key.end()) if key else 0
    return [(name[1], piece[key.end() : end])] if name and key and end else []


def _spelled(value: Any, levels: int) -> Iterator[tuple[str, str]]:
    """The calls in a value, in the spellings of several models."""
    if levels and isinstance(value, list):
        for each in value:
            yield from _spelled(each, levels - 1)
    if not levels or not isinstance(value, dict):
        return
    wrapped = next(
        (value[key] for key in _WRAPPED if isinstance(value.get(key), list | dict)), None
    )
    if wrapped is not None:
        yield from _spelled(wrapped, levels - 1)
        return
    function = value.get("function")
    inner = function if isinstance(function, dict) else {"name": function or value.get("name")}
    places = {**value, **inner}
    arguments = next((places[key] for key in _SPELLED if key in places), None)
    name = inner.get("name")
    if isinstance(name, str) and name and (arguments is not None or places.keys() <= _BESIDE):
        yield name, arguments if isinstance(arguments, str) else json.dumps(arguments or {})

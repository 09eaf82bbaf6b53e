"""Function calls that a model wrote as text -> calls.

Groq puts such text into `failed_generation`, other servers into the answer. The shapes were seen in
public threads; `docs/wire.md` lists them. Each character is looked at a fixed number of times.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from re import Match
from typing import Any

from agentkit.arguments import read_json
from agentkit.errors import ArgumentsError
from agentkit.messages import FunctionCall

_MARK = r"""(?P<mark>
    <function(?:=|\s)\s*+(?:name\s*=\s*)?["']?(?P<tag>[\w.-]++)["']?[\s>=,:]*+
  | <\|tool_call_begin\|>\s*+(?P<kimi>[\w.-]++)(?::\d++)?\s*+<\|tool_call_argument_begin\|>\s*+
  | to=(?P<harmony>[\w.-]++)[^{}]{0,100}?<\|message\|>\s*+
  | (?:<tool[-_](?:calls?|use)>|\[TOOL_CALLS\]|<\|tool_call\|>|<\|python_tag\|>)\s*+
)"""
_OUTSIDE = re.compile(rf"{_MARK}|[{{\[]", re.VERBOSE)
_INSIDE = re.compile(
    rf'"(?:[^"\\]++|\\.|\\\Z)*+(?:"|\Z)|{_MARK}|[{{}}\[\]]', re.VERBOSE | re.DOTALL
)
_EMPTY = re.compile(r"/>|</|\s*\Z")  # behind a name: a call without arguments
_BARE = re.compile(r"\s*+([\w.-]{1,100}+)\s*+")
_CRUMBS = re.compile(r"```[a-z]*|</?[a-z_-]{1,20}>|<\|[a-z_/]{1,40}\|>|[\s,;}>\]]")
_FENCE = re.compile(r"```[a-z]*\s*\Z")
_SIGN = re.compile(r"</?function\b|</?tool[-_]|<\|[a-z_]+\|>|\[TOOL_CALLS\]")
_SIGNS = ("<function", "<tool", "</tool", "<|", "[TOOL_CALLS]", "```", "{", "[")
_NAME = re.compile(r'"name"\s*+:\s*+"([^"\\]{1,200}+)"')
_ARGUMENTS = re.compile(r'"(?:arguments|parameters)"\s*+:\s*+')
_WRAPPED = ("tool_calls", "tool_call", "function_call")
_SPELLED = ("arguments", "parameters", "args", "input")
_BESIDE = {"name", "function", "id", "type", "index"}  # beside others a call has arguments
_DEEPEST = 5  # levels of wrapping

Spelled = tuple[str, str | None]
"""A name, and the text of its arguments, None where there are none."""


def written_calls(
    text: str, names: Collection[str], *, anything: bool = True
) -> tuple[tuple[FunctionCall, ...], str]:
    """The calls in a text, and the prose before them; no calls where none can be read.

    Args:
        text: What the model wrote.
        names: The functions that it was offered. Where the text has calls of some of these, calls
            of others are left out: the model corrected itself.
        anything: Take calls of unknown functions too, and calls with prose behind them. Right for
            what was meant as a call and failed; not for an answer, which may well speak of calls.
    """
    _, thought, rest = text.rpartition("</think>")
    if thought and (told := written_calls(rest, names, anything=anything))[0]:
        return told  # what came before were drafts
    found: list[Spelled] = []
    first, last, marked = len(text), 0, True
    for index, (mark, start, end) in enumerate(_scan(text)):
        bare = None if mark or index else _BARE.fullmatch(text, 0, start)
        named = bare[1] if bare and clean_name(bare[1], names) in names else ""
        if calls := _read(text, mark, named, start, end):
            found += calls
            first, last = min(first, mark.start() if mark else start), end
            marked = marked and mark is not None
    calls = [(clean_name(name, names), arguments) for name, arguments in found]
    offered = [call for call in calls if call[0] in names]
    before, rest = _before(text[:first], names), _CRUMBS.sub("", text[last:])
    begins, amid = not text[:first].strip(), bool(before or rest)
    if anything:
        kept = offered or (calls if marked or not amid else [])
    else:  # with words around it, it is talk of a call
        meant = (begins or not rest) if marked else not amid
        spelled_out = all(arguments is not None for _, arguments in offered)
        kept = offered if meant and spelled_out else []
    made = tuple(FunctionCall(name, arguments or "{}") for name, arguments in kept)
    return made, before if made else ""


def clean_name(written: str, names: Collection[str]) -> str:
    """The offered name inside what a model wrote for one, or what it wrote."""
    if written in names:
        return written
    bare = written.partition("<|")[0].strip(" \t\r\n\"'`/>")
    for candidate in (bare, bare.removeprefix("functions.")):
        if candidate in names:
            return candidate
    return written


def may_be_call(text: str) -> bool:
    """Whether a text, or what came of it so far, looks like a call and not like prose."""
    head = text.lstrip()[:20]
    begins = any(head.startswith(sign) or sign.startswith(head) for sign in _SIGNS)
    return begins or bool(_SIGN.search(text))


def _scan(text: str) -> Iterator[tuple[Match[str] | None, int, int]]:
    """The marks of calls and the objects and lists in a text, with where they begin and end.

    What stands inside a string of an object is not looked at: it is somebody's text.
    """
    position, depth, start = 0, 0, 0
    mark: Match[str] | None = None
    while token := (_INSIDE if depth else _OUTSIDE).search(text, position):
        position, sign = token.end(), token[0]
        if token["mark"]:
            if mark:
                yield mark, mark.end(), mark.end()
            mark, depth = token, 0
        elif sign in "{[":
            if not depth:
                start = token.start()
                if mark and mark.end() != start:
                    yield mark, mark.end(), mark.end()
                    mark = None
            depth += 1
        elif sign in "}]":
            depth -= 1
            if not depth:
                yield mark, start, position
                mark = None
    if mark and not depth:
        yield mark, mark.end(), mark.end()


def _read(text: str, mark: Match[str] | None, named: str, start: int, end: int) -> list[Spelled]:
    """The calls in a piece of the text: behind a mark, behind a bare name, or in JSON."""
    piece = text[start:end]
    if mark:
        named = mark["tag"] or mark["kimi"] or mark["harmony"] or ""
    if named:
        return [(named, piece or "{}")] if piece or _EMPTY.match(text, end) else []
    if not piece:
        return []
    try:
        return list(_spelled(read_json(piece, []), _DEEPEST))
    except ArgumentsError:
        return _by_names(piece)


def _before(text: str, names: Collection[str]) -> str:
    """The prose before a call, without what belongs to the call."""
    text = _FENCE.sub("", text).strip()
    return "" if _SIGN.search(text) or clean_name(text, names) in names else text


def _by_names(piece: str) -> list[Spelled]:
    """A call in JSON that cannot be read: its arguments as they stand, to be told what is wrong."""
    name, key = _NAME.search(piece), _ARGUMENTS.search(piece)
    if not name or not key:
        return []
    inside = next(((start, end) for _, start, end in _scan(piece[key.end() :])), None)
    return [(name[1], piece[key.end() :][slice(*inside)])] if inside and inside[0] == 0 else []


def _spelled(value: Any, levels: int) -> Iterator[Spelled]:
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
    spelled = [places[key] for key in _SPELLED if key in places]
    name = inner.get("name")
    if not isinstance(name, str) or not name or not (spelled or places.keys() <= _BESIDE):
        return
    arguments = spelled[0] if spelled else None
    if spelled and not isinstance(arguments, str):
        arguments = json.dumps(arguments or {})
    yield name, arguments

"""The text of a call's arguments -> a JSON object, with the repairs that are unambiguous.

A repair may only undo damage whose original is certain. A text cut inside a value is not mended:
half a city's name is another city.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NoReturn

from agentkit.errors import ArgumentsError
from agentkit.messages import FunctionCall

_FENCE = re.compile(r"```[a-zA-Z]*+\s*+(.*)```\Z", re.DOTALL)
_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<string>"(?:[^"\\]|\\.)*")
      | (?P<single>'(?:[^'\\]|\\.)*')
      | (?P<word>[A-Za-z_]+)
      | (?P<number>-?\d[\w.+-]*)
      | (?P<mark>[{}\[\],:])""",
    re.VERBOSE | re.DOTALL,
)
_WORDS = {"True": "true", "False": "false", "None": "null"}
_ESCAPES = re.compile(r"\\(.)|(\")|([\x00-\x1f])", re.DOTALL)
_OPENS = {"{": "}", "[": "]"}
_SHOWN = 200  # characters of unreadable text that are worth showing to a model
_TAIL = "truncated tail"
_DOUBLED = 3  # nobody encodes an object more often than this
_DEEPEST = 64  # objects and lists inside each other; how many Python can read is its version's


def readable(call: FunctionCall, *, cut: bool = False) -> tuple[FunctionCall, tuple[str, ...]]:
    """The call with arguments that can be sent again, and the names of the repairs made.

    Arguments that cannot be read move to `malformed`, and `{}` takes their place.

    Args:
        call: The call as the model wrote it.
        cut: Whether the reply is known to have been cut off.
    """
    if call.malformed is not None:
        return call, ()
    try:
        values, repairs = read_arguments(call.arguments, cut=cut)
    except ArgumentsError:
        return replace(call, arguments="{}", malformed=str(call.arguments)), ()
    return (replace(call, arguments=json.dumps(values)) if repairs else call), repairs


def read_arguments(given: Any, *, cut: bool = False) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The object that a call's arguments spell, and the names of the repairs made.

    Args:
        given: JSON text; also a mapping, None or an empty text, as some servers send.
        cut: Whether it is known to have been cut off: then a missing end is not added.

    Raises:
        ArgumentsError: The text is no JSON object and cannot be mended without guessing.
    """
    repairs: list[str] = []
    value = read_json(given, repairs)
    if not repairs and type(value) is dict:  # as nearly always
        return value, ()
    for _ in range(_DOUBLED):
        if not isinstance(value, str):
            break
        repairs.append("double encoding")
        value = read_json(value, repairs)
    if cut and (value is None or _TAIL in repairs):
        raise ArgumentsError(["the arguments were cut off before their end"])
    if value is None:
        return {}, ("no arguments", *repairs)
    if not isinstance(value, dict):
        raise ArgumentsError([f"the arguments must be a JSON object, not {_kind(value)}"])
    return value, tuple(dict.fromkeys(repairs))


def read_json(given: Any, repairs: list[str]) -> Any:
    """The value that a text spells, None for no text; the repairs made are added to the list.

    Raises:
        ArgumentsError: The text is no JSON and cannot be mended without guessing.
    """
    if not isinstance(given, str) and isinstance(given, Mapping):
        repairs.append("object instead of text")
        return dict(given)
    text = "" if given is None else str(given).strip()
    if not text:
        return None
    if fenced := _FENCE.match(text):
        repairs.append("fence")
        text = fenced[1]
    try:
        return _loads(text)
    except ValueError as error:
        return _mended(text, repairs, error)


def _mended(text: str, repairs: list[str], original: Exception) -> Any:
    try:
        value = _loads(_json_text(text, repairs))
    except ValueError:
        shown = json.dumps(text[:_SHOWN])
        problem = f"the arguments are not valid JSON ({original}), got {shown}"
        raise ArgumentsError([problem]) from original
    return value


def _json_text(text: str, repairs: list[str]) -> str:
    """The text token by token, with what is not JSON in it put right."""
    out: list[str] = []
    closers: list[str] = []
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise ValueError("no token")
        position = token.end()
        kind, piece = str(token.lastgroup), token[0]
        if kind == "mark":
            if piece in "}]" and not closers and not text[position:].strip("}] \n\t"):
                repairs.append("extra closing bracket")
                return "".join(out)
            _mark(piece, out, closers, repairs)
        elif kind != "space":
            out.append(_scalar(kind, piece, repairs))
    if closers:
        _complete(out[-1], closers)
        repairs.append(_TAIL)
    return "".join(out) + "".join(reversed(closers))


def _mark(piece: str, out: list[str], closers: list[str], repairs: list[str]) -> None:
    if piece in _OPENS:
        closers.append(_OPENS[piece])
    elif piece in "}]":
        if not closers or closers.pop() != piece:
            raise ValueError("brackets do not match")
        if out and out[-1] == ",":
            repairs.append("trailing comma")
            out.pop()
    out.append(piece)


def _scalar(kind: str, piece: str, repairs: list[str]) -> str:
    if kind == "word" and piece in _WORDS:
        repairs.append("Python literals")
        return _WORDS[piece]
    if kind in {"string", "single"}:
        if kind == "single":
            repairs.append("single quotes")
        mended = '"' + _ESCAPES.sub(_escape, piece[1:-1]) + '"'
        if kind == "string" and mended != piece:
            repairs.append("string escapes")
        return mended
    return piece


def _escape(match: re.Match[str]) -> str:
    escaped, quote, control = match.groups()
    if quote:
        return '\\"'
    if control:
        return json.dumps(control)[1:-1]
    return "'" if escaped == "'" else match[0]


def _complete(last: str, closers: list[str]) -> None:
    """Refuse a cut that may have lost something: `12` may have been `123`, a list longer."""
    if "]" in closers or not (last[-1] in '"}]' or last in {"true", "false", "null"}):
        raise ValueError("cut inside a value")


def _loads(text: str) -> Any:
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise _too_deep() from None
    brackets = text.count("{") + text.count("[")
    if brackets > _DEEPEST and _is_deeper(value, _DEEPEST):
        raise _too_deep()
    return value


def _is_deeper(value: Any, levels: int) -> bool:
    """Whether more than so many objects and lists stand inside each other."""
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(each, levels - 1) for each in inner)


def _too_deep() -> ValueError:
    return ValueError(f"nested more than {_DEEPEST} levels deep")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return values


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError(f"{digits} is too large")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _kind(value: Any) -> str:
    kinds = {list: "an array", bool: "a boolean", int: "a number", float: "a number"}
    return kinds.get(type(value), "text")


_DECODER = json.JSONDecoder(
    parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_object
)

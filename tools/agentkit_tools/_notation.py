"""What a person or a model writes as an expression -> text in Python's grammar, and a neat echo."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, NamedTuple, cast

from agentkit import ToolError

__all__ = ["Notation", "read"]

_LONGEST = 1_000  # characters of an expression
_DEEPEST = 50  # parentheses in parentheses

Kind = Literal["number", "constant", "function", "operator", "sign", "percent", "of", "(", ")", ","]

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<number>(?:[0-9]+(?:_[0-9]+)*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
      | (?P<name>[A-Za-z][A-Za-z0-9_]*)
      | (?P<operator>\*\*|//|[-+*/%^\u00b7\u00d7\u00f7\u2212])
      | (?P<mark>[(),])""",
    re.VERBOSE,
)
_SPELLINGS = {
    "^": "**",
    "\N{MULTIPLICATION SIGN}": "*",
    "\N{MIDDLE DOT}": "*",
    "\N{DIVISION SIGN}": "/",
    "\N{MINUS SIGN}": "-",
}
_BEGINS: frozenset[Kind] = frozenset({"number", "constant", "function", "("})
_ENDS: frozenset[Kind] = frozenset({"number", "constant", ")", "percent"})
_HINTS = {"!": " Write factorial(5).", "=": " Give only the expression, without '='."}
_GRAMMAR = "Use numbers, + - * / // % **, parentheses and functions such as sqrt(2)."


class _Token(NamedTuple):
    kind: Kind
    text: str
    spaced: bool = False  # whether there is space before it


@dataclass(frozen=True, slots=True)
class Notation:
    """An expression in two spellings: `python` for the parser, `shown` for people."""

    python: str
    shown: str


def read(text: str, functions: Collection[str], constants: Collection[str]) -> Notation:
    """The expression in Python's grammar: only known names, plain operators and percentages undone.

    A `%` before an operand or a sign is modulo, unless it is written as in `20% + 5`; any other
    is a percent sign: `15%` is (15/100).

    Raises:
        ToolError: It holds something that is not part of an expression, or is ambiguous.
    """
    if len(text) > _LONGEST:
        raise ToolError(f"The expression is longer than {_LONGEST:,} characters. Split it up.")
    tokens = _classified(list(_tokens(text, functions, constants)))
    if not tokens:
        raise ToolError("The expression is empty. Give one such as (17 + 3) * 2.")
    _check(tokens)
    return Notation(" ".join(_python(tokens)), _shown(tokens))


def _tokens(text: str, functions: Collection[str], constants: Collection[str]) -> Iterator[_Token]:
    position, spaced = 0, False
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _unreadable(text[position], position)
        position = match.end()
        piece = match[0]
        if match.lastgroup == "name":
            yield _named(piece.lower(), functions, constants)._replace(spaced=spaced)
        elif match.lastgroup == "mark":
            yield _Token(cast(Kind, piece), piece, spaced)
        elif match.lastgroup != "space":
            yield _Token(cast(Kind, match.lastgroup), _SPELLINGS.get(piece, piece), spaced)
        spaced = match.lastgroup == "space"


def _unreadable(character: str, position: int) -> ToolError:
    hint = " Write digits as 0-9." if character.isdigit() else _HINTS.get(character, "")
    where = f"{character!r} at position {position + 1} is not part of an expression."
    return ToolError(f"{where}{hint} {_GRAMMAR}")


def _named(name: str, functions: Collection[str], constants: Collection[str]) -> _Token:
    if name in functions:
        return _Token("function", name)
    if name in constants:
        return _Token("constant", name)
    if name == "of":
        return _Token("of", name)
    near = get_close_matches(name, [*functions, *constants], n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise ToolError(
        f"There is no function or constant {name!r}.{hint} "
        f"Functions: {', '.join(functions)}. Constants: {', '.join(constants)}."
    )


def _classified(tokens: list[_Token]) -> list[_Token]:
    """The same tokens, with signs and percent signs told from operators."""
    out: list[_Token] = []
    for index, token in enumerate(tokens):
        after_operand = bool(out) and out[-1].kind in _ENDS
        if token.text == "%" and after_operand and _is_percent(tokens[index : index + 3]):
            out.append(_Token("percent", "%"))
        elif token.text in {"+", "-"} and not after_operand:
            out.append(_Token("sign", token.text))
        else:
            out.append(token)
    return out


def _is_percent(tokens: list[_Token]) -> bool:
    """Whether the first of these is a percent sign, by what follows it."""
    if len(tokens) == 1:
        return True
    sign, follower = tokens[0], tokens[1]
    if follower.text not in {"+", "-"}:
        return follower.kind not in _BEGINS
    # 20% + 5 is a sum by its spaces; 17 % -5, 17%-5 and 17 % - 5 stay modulo
    return not sign.spaced and follower.spaced and len(tokens) == 3 and tokens[2].spaced


def _check(tokens: list[_Token]) -> None:
    """Refuse what Python's parser would misread, or explain badly."""
    calls: list[bool] = []  # of each open parenthesis, whether a function stands before it
    for before, token in zip([None, *tokens], tokens, strict=False):
        _check_pair(before, token)
        if token.kind == "(":
            calls.append(before is not None and before.kind == "function")
        elif token.kind == ")" and calls:
            calls.pop()
        elif token.kind == "," and not (calls and calls[-1]):
            raise ToolError("Leave the comma out of numbers: write 1000, not 1,000.")
        if len(calls) > _DEEPEST:
            raise ToolError(f"More than {_DEEPEST} parentheses are open at once. Split it up.")
    if tokens[-1].kind == "function":
        raise _needs_parentheses(tokens[-1])


def _check_pair(before: _Token | None, token: _Token) -> None:
    if token.kind == "number" and re.match(r"0[0_]*[1-9]", token.text):
        raise ToolError(f"{token.text} begins with 0. Leave out leading zeros and commas.")
    if token.kind == "of" and (before is None or before.kind != "percent"):
        raise ToolError("'of' stands only after a percentage: 15% of 240.")
    if before is None:
        return
    if before.kind == "function" and token.kind != "(":
        raise _needs_parentheses(before)
    if before.kind in _ENDS and token.kind in _BEGINS:
        raise ToolError(
            f"There is no operator between {before.text!r} and {token.text!r}. "
            "To multiply, write *."
        )


def _needs_parentheses(token: _Token) -> ToolError:
    return ToolError(f"{token.text} is a function: write {token.text}(...).")


def _python(tokens: list[_Token]) -> list[str]:
    out: list[str] = []
    opened: list[int] = []  # where each open parenthesis, or the function before it, stands
    start = 0  # where the operand that ended last begins
    for token in tokens:
        if token.kind == "percent":
            out.insert(start, "(")
            out += ["/", "100", ")"]
        elif token.kind == "of":
            _check_left_of_share(out[:start])
            out.append("*")
        else:
            if token.kind == "(":
                called = bool(out) and out[-1][0].isalpha()
                opened.append(len(out) - called)
            elif token.kind == ")":
                start = opened.pop() if opened else 0
            elif token.kind in _BEGINS:
                start = len(out)
            out.append(token.text)
    return out


def _check_left_of_share(left: list[str]) -> None:
    if left and left[-1] in {"/", "//", "%", "**"}:
        raise ToolError(
            f"{left[-1]!r} before a percentage 'of' something can be read in two ways. "
            "Put the percentage and what it is of in parentheses."
        )


def _shown(tokens: list[_Token]) -> str:
    spaced = {"operator": " {} ", "of": " {} ", ",": "{} "}
    return "".join(spaced.get(token.kind, "{}").format(token.text) for token in tokens).strip()

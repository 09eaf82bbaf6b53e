"""A calculator: exact in whole numbers and decimals, and bounded in everything."""

from __future__ import annotations

import ast
from typing import Annotated

from pydantic import Field

from agentkit import ToolError, tool
from agentkit_tools._functions import CONSTANTS, FUNCTIONS
from agentkit_tools._notation import read
from agentkit_tools._numbers import Number, apply, literal, written

__all__ = ["calculator"]

Unit = Annotated[str, Field(max_length=20)]
_DEEPEST = 100  # nested operations; sums and products of any length count as one

_SYMBOLS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
}


@tool(read_only=True)
def calculator(expression: str, unit: Unit = "") -> str:
    """Calculate an arithmetic expression, exactly in whole numbers and decimals.

    Examples: (17 + 3) * 2, 15% of 240, 1.05 ^ 10, round(2/3, 2), sin(radians(30)).
    Operators: + - * / // (whole division) % (modulo) ** or ^ (power). A percentage is a plain
    number: 15% is 0.15, so 200 plus 15% is 200 * 1.15. Functions: sqrt cbrt exp ln log(x, base)
    log2 log10 sin cos tan asin acos atan atan2 sinh cosh tanh (radians) degrees radians abs
    round(x, digits) floor ceil trunc min max sum mean median hypot factorial comb perm gcd lcm.
    Constants: pi e tau.

    Args:
        expression: The expression; numbers without units or thousands separators.
        unit: The unit of the answer, such as km or EUR, to be written behind it as it is.
    """
    notation = read(expression, FUNCTIONS, CONSTANTS)
    value = _Evaluator(notation.python).value(_parsed(notation.python, notation.shown))
    return " ".join([notation.shown, "=", written(value), *unit.split()])


def _parsed(python: str, shown: str) -> ast.expr:
    try:
        return ast.parse(python, mode="eval").body
    except SyntaxError as error:
        raise ToolError(f"{shown} is not a complete expression: {error.msg}.") from None
    except (MemoryError, RecursionError):  # the parser's own words for too deep
        raise _too_deep() from None


def _too_deep() -> ToolError:
    return ToolError("The expression is nested too deeply. Split it up.")


class _Evaluator:
    """The value of a syntax tree, of which only an allow list of nodes has one.

    Args:
        source: The text of the tree: the digits of a decimal are only there.
    """

    def __init__(self, source: str) -> None:
        self._source = source

    def value(self, node: ast.expr, depth: int = 0) -> Number:
        """The value of a node.

        Raises:
            ToolError: It has none, or one that is too large.
        """
        if depth > _DEEPEST:
            raise _too_deep()
        match node:
            case ast.Constant():
                return literal(self._source[node.col_offset : node.end_col_offset])
            case ast.Name(id=name) if name in CONSTANTS:
                return CONSTANTS[name]
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.value(operand, depth + 1)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.value(operand, depth + 1)
            case ast.BinOp():
                return self._chain(node, depth + 1)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
                return FUNCTIONS[name]([self.value(each, depth + 1) for each in args])
        raise ToolError("Only numbers, operators and the known functions can be calculated.")

    def _chain(self, node: ast.BinOp, depth: int) -> Number:
        """A chain such as 1 + 2 + 3 without recursion: a long sum is not deep."""
        steps: list[ast.BinOp] = []
        first: ast.expr = node
        while isinstance(first, ast.BinOp):
            steps.append(first)
            first = first.left
        value = self.value(first, depth)
        for step in reversed(steps):
            symbol = _SYMBOLS.get(type(step.op))
            if symbol is None:
                raise ToolError("Only the operators + - * / // % ** can be calculated.")
            value = apply(symbol, value, self.value(step.right, depth))
        return value

"""Exact arithmetic on rationals, with every result bounded before it is computed.

A value is a `Fraction` as long as it is exact, and a float from the first root, logarithm or
angle on. Nothing here returns infinity, NaN, a complex number, or a zero that is none.
"""

from __future__ import annotations

import decimal
import math
import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from agentkit import ToolError

__all__ = [
    "MOST_BITS",
    "MOST_DIGITS",
    "Number",
    "apply",
    "approximate",
    "kept",
    "literal",
    "logarithmic",
    "show",
    "to_decimal",
    "to_float",
    "too_large",
    "written",
]

Number = Fraction | float

MOST_DIGITS = 4_000
_LIMIT = 10**MOST_DIGITS
MOST_BITS = _LIMIT.bit_length()
_SHOWN_DIGITS = 15  # what a float holds for certain
_SMALLEST_PLAIN = -6  # 0.000001; smaller ones read better with an exponent
_QUOTED = 30  # characters of a number that an error message quotes
_CLOSEST_TO_ONE = Fraction(1, 10**60)  # so that 40 digits of the difference are left
_PRECISION = 100  # digits of approximations, so that the 15 shown are right

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}


def too_large(what: str) -> ToolError:
    """The error for a result with more digits than are computed."""
    return ToolError(
        f"{what} is too large: exact results end at {MOST_DIGITS:,} digits, others at 1.8e308."
    )


def _too_small(what: str) -> ToolError:
    return ToolError(f"{what} is not zero, but too close to zero to be computed.")


def literal(text: str) -> Number:
    """The exact value of a number as it is written, such as 0.1 or 1e-9.

    Raises:
        ToolError: It is too large or too small.
    """
    mantissa, _, exponent = text.lower().partition("e")
    if not mantissa.strip("0._"):
        return Fraction(0)
    if abs(int(exponent or 0)) > MOST_DIGITS:
        raise _too_small(text) if exponent[0] == "-" else too_large(text)
    return kept(Fraction(Decimal(text)), text)


def kept(value: Number, what: str = "The result") -> Number:
    """The value as it is, or as a float where its fraction has grown too long.

    Raises:
        ToolError: It is too large.
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            raise too_large(what)
        return value
    if abs(value.numerator) < _LIMIT and value.denominator < _LIMIT:
        return value
    if value.denominator == 1:
        raise too_large(what)
    return to_float(value, what)


def to_float(value: Number, what: str | None = None) -> float:
    """The nearest float.

    Raises:
        ToolError: There is none near.
    """
    try:
        near = float(value)
    except OverflowError:
        raise too_large(what or show(value)) from None
    if near == 0 != value:
        raise _too_small(what or show(value))
    return near


def apply(symbol: str, left: Number, right: Number) -> Number:
    """The value of `left symbol right`.

    Raises:
        ToolError: It has none, or it is too large or too small.
    """
    what = f"{show(left)} {symbol} {show(right)}"
    if symbol == "**":
        return _power(left, right, what)
    if right == 0 and symbol in {"/", "//", "%"}:
        raise ToolError(f"Division by zero: {what}.")
    if isinstance(left, float) or isinstance(right, float):
        left, right = to_float(left), to_float(right)
    value = _OPERATORS[symbol](left, right)
    if symbol in {"*", "/"} and value == 0 and left != 0 != right:
        raise _too_small(what)
    return kept(Fraction(value) if isinstance(value, int) else value, what)


def _power(base: Number, exponent: Number, what: str) -> Number:
    if base == 0 and exponent < 0:
        raise ToolError(f"Division by zero: {what}.")
    if exponent == math.floor(exponent):
        return _whole_power(base, math.floor(exponent), what)
    if base < 0:
        raise ToolError(
            f"{what} is not a real number: a negative base needs a whole exponent. "
            "For a cube root write cbrt(x)."
        )
    if base == 0:
        return Fraction(0)
    bases, exponents = logarithmic(base), to_decimal(exponent)
    return approximate(lambda context: context.power(bases, exponents), what)


def _whole_power(base: Number, exponent: int, what: str) -> Number:
    if exponent == 0 or base == 1:
        return Fraction(1)
    if base in {0, -1}:
        return Fraction(base) ** (exponent % 2 or 2)
    if isinstance(base, Fraction):
        bits = max(abs(base.numerator), base.denominator).bit_length() - 1
        if bits * abs(exponent) <= MOST_BITS:
            return kept(base**exponent, what)
    bases = logarithmic(base)
    return approximate(lambda context: context.power(bases, Decimal(exponent)), what)


def _context(digits: int = _PRECISION) -> decimal.Context:
    """A context of its own: the thread's may have any precision and any traps."""
    traps: list[Any] = [decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow]
    return decimal.Context(
        prec=digits,
        rounding=decimal.ROUND_HALF_EVEN,
        Emin=-999_999,
        Emax=999_999,
        capitals=0,
        clamp=0,
        traps=traps,
    )


def to_decimal(value: Number, digits: int = _PRECISION) -> Decimal:
    """The value to so many digits."""
    exact = Fraction(value)
    return _context(digits).divide(Decimal(exact.numerator), Decimal(exact.denominator))


def logarithmic(value: Number) -> Decimal:
    """The value to many digits, for a logarithm: it must not round to 1.

    Raises:
        ToolError: It is too close to 1.
    """
    if 0 < abs(Fraction(value) - 1) < _CLOSEST_TO_ONE:
        raise ToolError("A base or logarithm of a number this close to 1 cannot be computed.")
    return to_decimal(value)


def approximate(compute: Callable[[decimal.Context], Decimal], what: str) -> float:
    """What is computed in a context of many digits, as a float.

    Raises:
        ToolError: It is too large or too small.
    """
    context = _context()
    try:
        value = compute(context)
    except decimal.Overflow:
        raise too_large(what) from None
    near = float(value)
    if math.isinf(near):
        raise too_large(what)
    if near == 0 and (value != 0 or context.flags[decimal.Underflow]):
        raise _too_small(what)
    return near


def show(value: Number, longest: int = _QUOTED) -> str:
    """The value for an error message: a long one by its size alone."""
    text = written(value)
    return text if len(text) <= longest else f"(a number of {len(text):,} digits)"


def written(value: Number) -> str:
    """All digits of a whole number, and up to 15 significant digits of another."""
    if isinstance(value, Fraction) and value.denominator == 1:
        return f"{Decimal(value.numerator):f}"  # str() of a long int may be switched off
    context = _context(_SHOWN_DIGITS)
    rounded = context.normalize(to_decimal(value, _SHOWN_DIGITS))
    if rounded == 0:
        return "0"
    plain = _SMALLEST_PLAIN <= rounded.adjusted() < _SHOWN_DIGITS
    return f"{rounded:f}" if plain else f"{rounded:e}"

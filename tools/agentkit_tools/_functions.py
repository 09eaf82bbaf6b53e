"""The functions and constants of the calculator."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce

from agentkit import ToolError
from agentkit_tools._numbers import (
    MOST_BITS,
    MOST_DIGITS,
    Number,
    apply,
    approximate,
    kept,
    logarithmic,
    show,
    to_decimal,
    to_float,
    too_large,
)

__all__ = ["CONSTANTS", "FUNCTIONS", "Function"]

CONSTANTS: dict[str, Number] = {"pi": math.pi, "e": math.e, "tau": math.tau}

_TAU = Fraction("6.28318530717958647692528676655900576839433879875021164194988918461563281257")
_LARGEST_ANGLE = 10**50  # beyond, the digits of _TAU no longer tell where on the circle it is


@dataclass(frozen=True, slots=True)
class Function:
    """A function by name; `most` is None where it takes any number of values."""

    name: str
    compute: Callable[..., Number]
    least: int = 1
    most: int | None = 1

    def __call__(self, values: list[Number]) -> Number:
        """Its value, bounded like every other.

        Raises:
            ToolError: There are too few or too many values, or it is not defined for them.
        """
        if len(values) < self.least or (self.most is not None and len(values) > self.most):
            raise ToolError(f"{self.name} takes {self._arity()}, not {len(values)}.")
        what = f"{self.name}({', '.join(map(show, values))})"
        try:
            return kept(self.compute(*values), what)
        except ValueError:
            raise ToolError(f"{what} is not defined in real numbers.") from None
        except OverflowError:
            raise too_large(what) from None

    def _arity(self) -> str:
        if self.most is None:
            return f"{self.least} or more values"
        count = str(self.least) if self.least == self.most else f"{self.least} or {self.most}"
        return f"{count} value{'s' if self.most > 1 else ''}"


def _floats(function: Callable[..., float]) -> Callable[..., Number]:
    def compute(*values: Number) -> Number:
        return function(*map(to_float, values))

    return compute


def _whole(value: Number) -> int:
    if value != math.floor(value):
        raise ToolError(f"{show(value)} is not a whole number, and the function takes only those.")
    return math.floor(value)


def _count(value: Number) -> int:
    whole = _whole(value)
    if whole < 0:
        raise ToolError(f"{show(value)} is negative, and the function does not take that.")
    return whole


def _sqrt(x: Number) -> Number:
    if x < 0:
        raise ValueError("no real root")
    if isinstance(x, Fraction):
        above, below = math.isqrt(x.numerator), math.isqrt(x.denominator)
        if above**2 == x.numerator and below**2 == x.denominator:
            return Fraction(above, below)
    digits = to_decimal(x)
    return approximate(lambda context: context.sqrt(digits), f"sqrt({show(x)})")


def _cbrt(x: Number) -> Number:
    near = math.cbrt(to_float(x))
    whole = Fraction(round(near))
    return whole if whole**3 == x else near


def _log(x: Number, base: Number = math.e) -> Number:
    if x <= 0 or base <= 0 or base == 1:
        raise ValueError("no real logarithm")
    digits, bases, what = logarithmic(x), logarithmic(base), f"log({show(x)})"
    if base == math.e:
        return approximate(lambda context: context.ln(digits), what)
    return approximate(lambda context: context.divide(context.ln(digits), context.ln(bases)), what)


def _exp(x: Number) -> Number:
    digits = to_decimal(x)
    return approximate(lambda context: context.exp(digits), f"exp({show(x)})")


def _angle(x: Number) -> float:
    if not -_LARGEST_ANGLE < x < _LARGEST_ANGLE:
        raise ToolError(f"The angle {show(x)} is too large: give one below 1e50.")
    exact = Fraction(x)
    return float(exact - round(exact / _TAU) * _TAU)


def _settled(y: float, x: Number) -> Number:
    """Zero where `y` is only the rounding error of `x`, as in sin(pi)."""
    noise = isinstance(x, float) and abs(y) < math.ulp(x)
    return Fraction(0) if noise else y


def _sin(x: Number) -> Number:
    return _settled(math.sin(_angle(x)), x)


def _cos(x: Number) -> Number:
    return _settled(math.cos(_angle(x)), x)


def _tan(x: Number) -> Number:
    if _cos(x) == 0:
        raise ValueError("a pole")
    return _settled(math.tan(_angle(x)), x)


def _round(x: Number, digits: Number = Fraction(0)) -> Number:
    """Halves go away from zero, as people round."""
    places = _whole(digits)
    if abs(places) > MOST_DIGITS:
        raise ToolError(f"round takes at most {MOST_DIGITS:,} digits.")
    scale = Fraction(10) ** places
    size = Fraction(math.floor(abs(Fraction(x)) * scale + Fraction(1, 2))) / scale
    return size if x >= 0 else -size


def _check_product(n: int, k: int, what: str) -> None:
    """Refuse n * (n-1) * ... * (n-k+1) beyond the limit: it is at least (n/e)**k."""
    if k and k * (math.log2(n) - math.log2(math.e)) > MOST_BITS:
        raise too_large(what)


def _perm(n: Number, k: Number) -> Number:
    total, chosen = _count(n), _count(k)
    if chosen > total:
        return Fraction(0)
    _check_product(total, chosen, f"perm({show(n)}, {show(k)})")
    return Fraction(math.perm(total, chosen))


def _factorial(n: Number) -> Number:
    total = _count(n)
    _check_product(total, total, f"factorial({show(n)})")
    return Fraction(math.factorial(total))


def _comb(n: Number, k: Number) -> Number:
    total, chosen = _count(n), _count(k)
    if chosen > total:
        return Fraction(0)
    fewer = min(chosen, total - chosen)
    # comb(n, k) is at least (n/k)**k
    if fewer and fewer * (math.log2(total) - math.log2(fewer)) > MOST_BITS:
        raise too_large(f"comb({show(n)}, {show(k)})")
    return Fraction(math.comb(total, fewer))


def _gcd(*values: Number) -> Number:
    return Fraction(math.gcd(*map(_whole, values)))


def _lcm(*values: Number) -> Number:
    least: Number = Fraction(1)
    for each in values:
        least = kept(Fraction(math.lcm(_whole(least), _whole(each))), "lcm")
    return least


def _sum(*values: Number) -> Number:
    return reduce(lambda a, b: apply("+", a, b), values)


def _mean(*values: Number) -> Number:
    return apply("/", _sum(*values), Fraction(len(values)))


def _median(*values: Number) -> Number:
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(values) % 2 else _mean(*ordered[middle - 1 : middle + 1])


def _hypot(*values: Number) -> Number:
    return _sqrt(_sum(*(apply("*", each, each) for each in values)))


def _to_whole(function: Callable[[Number], int]) -> Callable[[Number], Number]:
    return lambda x: Fraction(function(x))


_ALL = [
    Function("sqrt", _sqrt),
    Function("cbrt", _cbrt),
    Function("exp", _exp),
    Function("ln", _log),
    Function("log", _log, most=2),
    Function("log2", lambda x: _log(x, Fraction(2))),
    Function("log10", lambda x: _log(x, Fraction(10))),
    Function("sin", _sin),
    Function("cos", _cos),
    Function("tan", _tan),
    Function("asin", _floats(math.asin)),
    Function("acos", _floats(math.acos)),
    Function("atan", _floats(math.atan)),
    Function("atan2", _floats(math.atan2), least=2, most=2),
    Function("sinh", _floats(math.sinh)),
    Function("cosh", _floats(math.cosh)),
    Function("tanh", _floats(math.tanh)),
    Function("degrees", _floats(math.degrees)),
    Function("radians", _floats(math.radians)),
    Function("abs", abs),
    Function("round", _round, most=2),
    Function("floor", _to_whole(math.floor)),
    Function("ceil", _to_whole(math.ceil)),
    Function("trunc", _to_whole(math.trunc)),
    Function("min", lambda *values: min(values), most=None),
    Function("max", lambda *values: max(values), most=None),
    Function("sum", _sum, most=None),
    Function("mean", _mean, most=None),
    Function("median", _median, most=None),
    Function("hypot", _hypot, most=None),
    Function("factorial", _factorial),
    Function("comb", _comb, least=2, most=2),
    Function("perm", _perm, least=2, most=2),
    Function("gcd", _gcd, most=None),
    Function("lcm", _lcm, most=None),
]

FUNCTIONS: dict[str, Function] = {each.name: each for each in _ALL}

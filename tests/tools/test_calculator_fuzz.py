"""The calculator with anything at all: an answer or a refusal, and the answer right."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from choosing import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit import ToolError
from agentkit_tools._functions import FUNCTIONS
from agentkit_tools.calculator import calculator

FUZZ = settings(examples(300), database=None)


def value(answer: str) -> Fraction:
    """The number behind the equals sign, however long."""
    return Fraction(Decimal(answer.rpartition(" = ")[2]))


def outcome(expression: str) -> tuple[str, str]:
    """The answer and the refusal, of which one is empty."""
    try:
        return calculator(expression), ""
    except ToolError as error:
        return "", str(error)


@given(st.integers(), st.sampled_from(["+", "-", "*", "//", "%"]), st.integers())
@FUZZ
def test_whole_numbers_agree_with_python(left: int, symbol: str, right: int) -> None:
    expected = {
        "+": left + right,
        "-": left - right,
        "*": left * right,
        "//": left // (right or 1),
        "%": left % (right or 1),
    }
    divisor = right or 1 if symbol in {"//", "%"} else right
    assert value(calculator(f"({left}) {symbol} ({divisor})")) == expected[symbol]


@given(st.decimals(-(10**6), 10**6, places=4), st.decimals(-(10**6), 10**6, places=4))
@FUZZ
def test_decimals_add_up_exactly(left: Decimal, right: Decimal) -> None:
    assert value(calculator(f"({left}) + ({right})")) == Fraction(left) + Fraction(right)


PIECES = [
    *"0123456789.+-*/%^(),_ ", "**", "//", "% of ", "1e9", "1e-400", "0.1", "9**9", "sqrt(", "log(",
    "ln(", "exp(", "sin(", "tan(", "atan2(", "round(", "floor(", "factorial(", "comb(", "perm(",
    "lcm(", "gcd(", "mean(", "median(", "hypot(", "cbrt(", "cosh(", "pi", "e", "tau", ")", "10**999",
]  # fmt: skip


@given(st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=40).map("".join)))
@settings(examples(1_500), database=None)
def test_any_text_gives_an_answer_or_a_refusal(expression: str) -> None:
    answer, refusal = outcome(expression)
    assert answer.count(" = ") == 1 if answer else refusal


FORMULAS = st.recursive(
    st.sampled_from(["0", "1", "2", "0.5", "1e-9", "1e300", "pi", "e", "7", "10**999", "3%"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%", "**"]), inner).map(
            lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"
        ),
        st.tuples(st.sampled_from(sorted(FUNCTIONS)), st.lists(inner, max_size=3)).map(
            lambda parts: f"{parts[0]}({', '.join(parts[1])})"
        ),
        inner.map(lambda part: f"-({part})"),
    ),
    max_leaves=8,
)


@given(FORMULAS)
@settings(examples(1_500), database=None)
def test_any_formula_gives_a_number_or_a_refusal(expression: str) -> None:
    answer, refusal = outcome(expression)
    assert value(answer) is not None if answer else refusal

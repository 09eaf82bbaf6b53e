"""The calculator: right answers in one neat spelling."""

from __future__ import annotations

import math

import pytest

from agentkit import Toolbox
from agentkit_tools import calculator as module
from agentkit_tools.calculator import calculator


def answer(expression: str) -> str:
    """What stands behind the last equals sign."""
    return calculator(expression).rpartition(" = ")[2]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("17 * 23", "17 * 23 = 391"),
        ("17*23", "17 * 23 = 391"),
        (" ( 1+2 )*3 ", "(1 + 2) * 3 = 9"),
        ("2^10", "2 ** 10 = 1024"),
        ("-5 - -3", "-5 - -3 = -2"),
        ("MAX(1,2.5)", "max(1, 2.5) = 2.5"),
        ("15% of 240", "15% of 240 = 36"),
        ("1_000+1", "1_000 + 1 = 1001"),
    ],
)
def test_the_answer_quotes_the_expression_in_one_neat_spelling(
    expression: str, expected: str
) -> None:
    assert calculator(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0.1 + 0.2", "0.3"),
        ("1.1 * 3", "3.3"),
        ("0.1 * 3 - 0.3", "0"),
        ("1 / 3 * 3", "1"),
        ("1 / 3", "0.333333333333333"),
        ("2 / 3", "0.666666666666667"),
        ("9999999999999999 + 1", "10000000000000000"),
        ("2 ** 100", str(2**100)),
        ("factorial(30)", str(math.factorial(30))),
        ("1e400", "1" + "0" * 400),
        ("1e400 / 1e399", "10"),
        ("2 ** -1", "0.5"),
        ("1.05 ^ 10", "1.62889462677744"),
        ("-0", "0"),
        ("0.000001", "0.000001"),
        ("0.0000001", "1e-7"),
        ("1e-4 / 1e10", "1e-14"),
        ("0e99999", "0"),
        (".5 + 5.", "5.5"),
    ],
)
def test_whole_numbers_and_decimals_are_exact(expression: str, expected: str) -> None:
    assert answer(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("2 + 3 * 4", "14"),
        ("2 ** 3 ** 2", "512"),
        ("-2 ** 2", "-4"),
        ("10 - 4 - 3", "3"),
        ("100 / 10 / 2", "5"),
        ("7 // 2", "3"),
        ("-7 // 2", "-4"),
        ("-7 % 3", "2"),
        ("7.5 // 2", "3"),
        ("--5", "5"),
        ("+5", "5"),
        ("0 ** 0", "1"),
        ("0 ** 0.5", "0"),
        ("(-1) ** (10 ** 30)", "1"),
        ("(-1) ** (10 ** 30 + 1)", "-1"),
        ("(-2) ** 3", "-8"),
        ("4 ** 0.5", "2"),
        ("8 ** (1/3)", "2"),
    ],
)
def test_operators_bind_as_in_python(expression: str, expected: str) -> None:
    assert answer(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("7 \N{MULTIPLICATION SIGN} 6", "42"),
        ("42 \N{DIVISION SIGN} 6", "7"),
        ("5 \N{MINUS SIGN} 7", "-2"),
        ("3 \N{MIDDLE DOT} 4", "12"),
        ("3 ^ 4", "81"),
    ],
)
def test_operators_may_be_written_as_people_write_them(expression: str, expected: str) -> None:
    assert answer(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("15%", "0.15"),
        ("-15%", "-0.15"),
        ("15% of 240", "36"),
        ("15 % of 240", "36"),
        ("15% of 240 + 10", "46"),
        ("100 + 15%", "100.15"),
        ("240 * 15%", "36"),
        ("15% * 240", "36"),
        ("100 / 5%", "2000"),
        ("100 / (50% of 4)", "50"),
        ("50% of 20% of 80", "8"),
        ("(10 + 5)% of 200", "30"),
        ("sqrt(16)% of 50", "2"),
        ("max(10%, 20%)", "0.2"),
        ("2 ** 200%", "4"),
        ("tau%", "0.0628318530717959"),
        ("20% + 30%", "0.5"),
        ("50% - 20", "-19.5"),
        ("50%%", "0.005"),
    ],
)
def test_a_percent_sign_makes_a_percentage(expression: str, expected: str) -> None:
    assert answer(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("17 % 5", "2"),
        ("17%5", "2"),
        ("17% 5", "2"),
        ("17 % (2 + 3)", "2"),
        ("17 % -5", "-3"),
        ("17%-5", "-3"),
        ("17 % - 5", "-3"),
        ("17 % sqrt(25)", "2"),
        ("7 % pi", "0.716814692820414"),
        ("17 % 5%", "0"),
    ],
)
def test_a_percent_sign_before_an_operand_stays_modulo(expression: str, expected: str) -> None:
    assert answer(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("sqrt(16)", "4"),
        ("sqrt(2)", "1.4142135623731"),
        ("sqrt(0.25)", "0.5"),
        ("sqrt(10 ** 400) / 10 ** 200", "1"),
        ("cbrt(-8)", "-2"),
        ("exp(0)", "1"),
        ("exp(1)", "2.71828182845905"),
        ("ln(e)", "1"),
        ("log(1)", "0"),
        ("log(8, 2)", "3"),
        ("log2(1)", "0"),
        ("log2(8)", "3"),
        ("log10(1000)", "3"),
        ("log10(10 ** 1000)", "1000"),
        ("sin(0)", "0"),
        ("sin(pi)", "0"),
        ("sin(1)", "0.841470984807897"),
        ("sin(-1e-20)", "-1e-20"),
        ("sin(1e22)", "-0.852200849767189"),
        ("cos(pi / 2)", "0"),
        ("tan(pi / 4)", "1"),
        ("asin(1) * 2", "3.14159265358979"),
        ("acos(1)", "0"),
        ("atan(1) * 4", "3.14159265358979"),
        ("atan2(1, -1)", "2.35619449019234"),
        ("sinh(0)", "0"),
        ("cosh(0)", "1"),
        ("tanh(0)", "0"),
        ("degrees(pi)", "180"),
        ("radians(180)", "3.14159265358979"),
        ("abs(-3.5)", "3.5"),
        ("floor(-2.5)", "-3"),
        ("ceil(-2.5)", "-2"),
        ("trunc(-2.5)", "-2"),
        ("min(3, 1, 2)", "1"),
        ("max(3, pi, 22/7)", "3.14285714285714"),
        ("sum(1, 2, 3.5)", "6.5"),
        ("mean(1, 2)", "1.5"),
        ("median(3, 1, 2)", "2"),
        ("median(4, 1, 3, 2)", "2.5"),
        ("hypot(3, 4)", "5"),
        ("factorial(5)", "120"),
        ("comb(5, 2)", "10"),
        ("comb(5, 7)", "0"),
        ("comb(10 ** 30, 1)", "1" + "0" * 30),
        ("perm(5, 2)", "20"),
        ("perm(2, 5)", "0"),
        ("gcd(12, 18)", "6"),
        ("lcm(4, 6, 10)", "60"),
    ],
)
def test_functions_give_their_values(expression: str, expected: str) -> None:
    assert answer(expression) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("round(2.5)", "3"),
        ("round(-2.5)", "-3"),
        ("round(2.675, 2)", "2.68"),
        ("round(1234, -2)", "1200"),
        ("round(pi, 3)", "3.142"),
    ],
)
def test_round_takes_halves_away_from_zero(expression: str, expected: str) -> None:
    assert answer(expression) == expected


def test_a_comma_in_a_call_parts_two_arguments() -> None:
    assert calculator("max(1,000)") == "max(1, 000) = 1"


def test_a_long_sum_is_not_deep() -> None:
    assert answer("+".join(["1"] * 500)) == "500"


def test_a_power_too_long_as_a_fraction_is_still_right_to_the_last_digit_shown() -> None:
    assert answer("(1 + 0.05/365) ** (365 * 30)") == "4.48122868852452"


def test_a_huge_literal_is_a_number_like_any_other() -> None:
    assert answer("9" * 998 + "+1") == "1" + "0" * 998


def test_the_module_offers_one_tool_that_changes_nothing() -> None:
    box = Toolbox(module)
    assert list(box) == ["calculator"]
    assert box["calculator"].read_only
    schema = box.definitions[0].parameters
    assert schema["required"] == ["expression"]
    assert schema["properties"]["expression"]["type"] == "string"

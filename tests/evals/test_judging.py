"""What is right and wrong of the calls and answers of a model."""

from __future__ import annotations

import json

import pytest

from agentkit import Toolbox, tool
from agentkit.evals import Answer, Anything, Call, Case, Made, OneOf, Optional, Outcome, Turn
from agentkit.evals.judging import judged


@tool(read_only=True)
def weather(city: str, days: int = 1, unit: str | None = None) -> str:
    """Tell the weather.

    Args:
        city: The city.
        days: How many days.
        unit: The unit.
    """
    return f"{city} is dry."


@tool
def mail(to: str, text: str = "") -> str:
    """Send a mail.

    Args:
        to: To whom.
        text: What to say.
    """
    return "sent"


SCHEMAS = {each.name: each.parameters for each in Toolbox([weather, mail]).definitions}
OSLO = Call("weather", {"city": "Oslo"})
ROME = Call("weather", {"city": "Rome"})


def made(name, turn=0, **arguments):
    return Made(name, json.dumps(arguments), turn)


def judge(case, *calls, answers=("It is dry.",), error=""):
    known = Outcome(case="c", variant="v", passed=False, calls=calls, answers=answers, error=error)
    return judged(case, known, SCHEMAS)


def asked(*calls, **settings):
    return Case("What is the weather?", calls, **settings)


def kinds(outcome):
    return [each.kind for each in outcome.failures]


RIGHT = {
    "the same call": (asked(OSLO), [made("weather", city="Oslo")]),
    "a default that is written out": (asked(OSLO), [made("weather", city="Oslo", days=1)]),
    "null for what may be left out": (asked(OSLO), [made("weather", city="Oslo", days=None, unit=None)]),
    "a default that is left out": (asked(Call("weather", {"city": "Oslo", "days": 1.0})), [made("weather", city="Oslo")]),
    "no arguments are judged": (asked(Call("weather")), [made("weather", city="Bergen", days=9)]),
    "what may be left out": (asked(Call("weather", {"city": "Oslo", "days": Optional(3)})), [made("weather", city="Oslo", days=3)]),
    "what is given in place of a default": (asked(Call("weather", {"city": "Oslo", "days": Anything()})), [made("weather", city="Oslo", days=7)]),
    "a function": (asked(Call("weather", {"city": lambda city: city.startswith("Os")})), [made("weather", city="Oslo")]),
    "any order": (asked(OSLO, ROME), [made("weather", city="Rome"), made("weather", city="Oslo")]),
    "the order that is given": (asked(OSLO, ROME, order="given"), [made("weather", city="Oslo"), made("weather", city="Rome")]),
    "two equal calls": (asked(OSLO, OSLO), [made("weather", city="Oslo"), made("weather", city="Oslo")]),
    "one of several calls": (asked(OneOf((ROME, Call("mail", {"to": "a"})))), [made("mail", to="a")]),
    "no call": (asked(), []),
    "further calls that may be": (asked(OSLO, extra="allow"), [made("weather", city="Oslo"), made("mail", to="a")]),
    "further calls of a tool that may be": (asked(OSLO, extra=("mail",)), [made("mail", to="a"), made("weather", city="Oslo")]),
    "calls that are not judged": (Case("Hi.", None, forbidden=("mail",)), [made("weather", city="Oslo")]),
}  # fmt: skip
WRONG = {
    "another value": (asked(OSLO), [made("weather", city="Bergen")], ["arguments"], 'city: "Bergen", not "Oslo"'),
    "another type": (asked(Call("weather", {"city": "Oslo", "days": 3})), [made("weather", city="Oslo", days="3")], ["arguments"], 'days: "3" (a text), not 3'),
    "no default": (asked(OSLO), [made("weather", city="Oslo", days=2)], ["arguments"], "days: 2 was given, where nothing is expected"),
    "null for what is needed": (asked(OSLO), [made("weather", city=None)], ["arguments"], 'city: null, not "Oslo"'),
    "an argument left out": (asked(OSLO), [made("weather")], ["arguments"], 'city: left out, not "Oslo"'),
    "an argument that there is not": (asked(OSLO), [made("weather", city="Oslo", town="Oslo")], ["arguments"], 'town: "Oslo" was given, where nothing is expected'),
    "several arguments": (asked(Call("weather", {"city": "Oslo", "days": 3})), [made("weather", city="Rome", days=4)], ["arguments"], 'city: "Rome", not "Oslo"; days: 4, not 3'),
    "arguments that are no JSON": (asked(OSLO), [Made("weather", "{city: ")], ["arguments"], "the arguments cannot be read: "),
    "another tool": (asked(OSLO), [made("mail", to="Oslo")], ["tool"], "mail was called, not weather"),
    "a tool that there is not": (asked(OSLO), [made("wetter", city="Oslo")], ["tool"], "wetter was called, not weather"),
    "nothing": (asked(OSLO), [], ["missing"], "weather was not called"),
    "one of two": (asked(OSLO, ROME), [made("weather", city="Rome")], ["missing"], "weather was not called"),
    "once more": (asked(OSLO), [made("weather", city="Oslo"), made("weather", city="Oslo")], ["extra"], "weather was called once more"),
    "once of two equal ones": (asked(OSLO, OSLO), [made("weather", city="Oslo")], ["missing"], "weather was not called"),
    "besides": (asked(OSLO), [made("mail", to="a"), made("weather", city="Oslo")], ["extra"], "mail was called besides"),
    "a call where none is right": (asked(), [made("mail", to="a")], ["extra"], "mail was called besides"),
    "none of several": (asked(OneOf((OSLO, ROME))), [made("weather", city="Bergen")], ["arguments"], 'city: "Bergen", not "Oslo"'),
    "a forbidden tool": (asked(OSLO, extra="allow", forbidden=("mail",)), [made("weather", city="Oslo"), made("mail", to="a")], ["forbidden"], "mail must not be called here"),
    "the other order": (asked(OSLO, ROME, order="given"), [made("weather", city="Rome"), made("weather", city="Oslo")], ["order"], "the calls are right, but not in this order"),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_passes(name):
    case, calls = RIGHT[name]
    outcome = judge(case, *calls)

    assert outcome.failures == ()
    assert outcome.passed


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told_once_and_why(name):
    case, calls, expected, why = WRONG[name]
    outcome = judge(case, *calls)

    assert kinds(outcome) == expected
    assert outcome.failures[0].why.startswith(why)
    assert not outcome.passed


def test_each_call_is_paired_with_the_one_that_it_fits_best():
    case = asked(Call("weather", {"city": Anything()}), OSLO, Call("mail", {"to": "a"}))
    outcome = judge(case, made("weather", city="Oslo"), made("weather", city="Bern"))

    assert [each.made for each in outcome.wanted] == [1, 0, None]
    assert [each.is_right for each in outcome.wanted] == [True, True, False]
    assert outcome.confused == (("weather", "weather"), ("weather", "weather"), ("mail", ""))


def test_a_check_shows_both_calls_as_python_spells_them():
    (check,) = judge(asked(OSLO), made("weather", city="Bergen", days=2)).failures

    assert check.expected == 'weather(city="Oslo")'
    assert check.actual == 'weather(city="Bergen", days=2)'


def test_turns_are_judged_each_for_itself():
    case = Case(
        turns=[
            Turn("Oslo?", (OSLO,), Answer(("dry",))),
            Turn("Thanks.", (), Answer(("welcome",))),
            Turn("Rome?", (ROME,)),
        ]
    )
    outcome = judge(
        case,
        made("weather", city="Oslo"),
        made("weather", 2, city="Oslo"),
        answers=("It is dry.", "You are welcome.", "Dry."),
    )

    assert [(each.turn, each.kind) for each in outcome.failures] == [(2, "arguments")]
    assert [each.made for each in outcome.wanted] == [0, 1]


ANSWERS = [
    ("dry", "It is DRY.", ""),
    ("-5 °C", "It is \u22125\u00a0°C.", ""),
    (Answer(pattern=r"\d+ mm"), "12 mm of rain", ""),
    (Answer(predicate=str.istitle), "Dry", ""),
    (Answer(("dry", "cold")), "It is dry.", "'cold' is not in the answer"),
    (Answer(not_contains=("rain",)), "No Rain.", "'rain' is in the answer"),
    (Answer(pattern=r"^\d+$"), "12 mm", "the answer does not fit the pattern"),
    (Answer(predicate=str.isupper), "dry", '"dry", not what isupper is true of'),
]


@pytest.mark.parametrize("number", range(len(ANSWERS)))
def test_answers_are_judged_by_what_is_in_them(number):
    expected, answer, why = ANSWERS[number]
    outcome = judge(Case("Weather?", answer=expected), answers=(answer,))

    assert [each.why for each in outcome.failures] == [why] * bool(why)
    assert outcome.wanted is None


def test_a_run_that_failed_is_wrong_whatever_it_did():
    outcome = judge(
        asked(OSLO, answer="dry"), made("weather", city="Oslo"), answers=(), error="E: x"
    )

    assert kinds(outcome) == ["answer", "error"]
    assert outcome.failures[0].why == "there is no answer"
    assert not outcome.tools_are_right


def test_what_was_said_of_an_outcome_before_is_forgotten():
    wrong = judge(asked(OSLO), made("weather", city="Rome"))

    assert judged(asked(ROME), wrong, SCHEMAS).passed
    assert judged(Case("Hi.", forbidden=("mail",)), wrong, SCHEMAS).wanted is None


def test_without_schemas_nothing_is_known_of_defaults():
    outcome = Outcome(
        case="c", variant="v", passed=False, calls=(made("weather", city="Oslo", days=1),)
    )

    assert kinds(judged(asked(OSLO), outcome, {})) == ["arguments"]

from __future__ import annotations

from offline.talks import CALCULATOR, FORECAST, answered, called, done, function, text, user

INTEGER = {"type": "integer"}
REPORT = function(
    "final_answer",
    "Give the final answer by calling this function.",
    ["city", "high"],
    city=text("The city."),
    high={"type": "number", "description": "The highest temperature."},
)
WRAPPED = function("final_answer", "Give the final answer.", ["answer"], answer=INTEGER)
SUNNY = done("forecast", {"city": "Oslo"}, '{"place": "Oslo", "days": [{"high": 21.5}]}')
PRODUCT = done("calculator", {"expression": "17 * 23"}, "17 * 23 = 391")


def test_the_other_functions_are_called_first() -> None:
    given = called(user("Weather in Oslo?"), functions=[REPORT, FORECAST])
    assert given == ("forecast", {"city": "Oslo"})


def test_it_is_filled_from_results_and_then_from_the_users_words() -> None:
    given = called(user("Weather in Oslo?"), *SUNNY, functions=[REPORT, FORECAST])
    assert given == ("final_answer", {"city": "Oslo", "high": 21.5})


def test_a_single_value_is_read_out_of_a_sentence() -> None:
    given = called(user("17 * 23"), *PRODUCT, functions=[CALCULATOR, WRAPPED])
    assert given == ("final_answer", {"answer": 391})


def test_a_text_answer_is_the_result() -> None:
    wanted = function("final_answer", "", ["answer"], answer=text())
    given = called(user("17 * 23"), *PRODUCT, functions=[CALCULATOR, wanted])
    assert given == ("final_answer", {"answer": "17 * 23 = 391"})


def test_it_is_filled_from_the_text_where_nothing_else_is_offered() -> None:
    given = called(user("The city of Oslo had a high of 21 today"), functions=[REPORT])
    assert given == ("final_answer", {"city": "Oslo", "high": 21})


def test_what_it_lacks_is_asked_for() -> None:
    asked = answered(user("The city of Oslo"), functions=[REPORT])
    assert asked == "To call `final_answer` I need: high (The highest temperature)."


def test_an_answer_that_was_refused_is_not_given_again() -> None:
    refused = done("final_answer", {"answer": 391}, "Error: too large")
    said = answered(user("17 * 23"), *PRODUCT, *refused, functions=[CALCULATOR, WRAPPED])
    assert said == "17 * 23 = 391"


def test_nested_values_are_found_by_name() -> None:
    nested = {"type": "object", "properties": {"high": {"type": "number"}}, "required": ["high"]}
    wanted = function("final_answer", "", ["peak"], peak={"$ref": "#/$defs/Peak"})
    wanted["parameters"]["$defs"] = {"Peak": nested}
    given = called(user("Weather in Oslo?"), *SUNNY, functions=[wanted, FORECAST])
    assert given == ("final_answer", {"peak": {"high": 21.5}})

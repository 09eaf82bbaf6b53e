"""Several calls from one text."""

from __future__ import annotations

from typing import Any

import pytest
from offline.talks import CALCULATOR, FORECAST, function, planned, text

from agentkit import Agent, tool
from agentkit.offline import OfflineInterface

NUMBER = {"type": "number"}
CIRCLE = function("circle_area", "The area of a circle.", ["radius"], radius=NUMBER)
TRIANGLE = function(
    "triangle_area", "The area of a triangle.", ["base", "height"], base=NUMBER, height=NUMBER
)
FACTORIAL = function("factorial", "The factorial of a number.", ["number"], number=NUMBER)
SORT = function(
    "sort_numbers", "Sort numbers.", ["numbers"], numbers={"type": "array", "items": NUMBER}
)
STOCK = function(
    "stock_price", "The price of a company's stock.", ["company"], company=text("The company.")
)
SCORE = function(
    "team_score",
    "The score of a team in a season.",
    ["team", "season"],
    team=text("The team."),
    season={"type": "integer", "description": "The year of the season."},
)
FLIGHT = function(
    "book_flight",
    "Book a flight.",
    ["origin", "destination"],
    origin=text("The city to fly from."),
    destination=text("The city to fly to."),
)
HOTEL = function(
    "book_hotel",
    "Book a hotel in a city.",
    ["city", "nights"],
    city=text("The city."),
    nights={"type": "integer", "description": "How many nights."},
)


def forecast(city: str, days: int) -> tuple[str, Any]:
    return "forecast", {"city": city, "days": days}


def triangle(base: int, height: int) -> tuple[str, Any]:
    return "triangle_area", {"base": base, "height": height}


@pytest.mark.parametrize(
    "prompt",
    [
        "The forecast for Oslo for 3 days and for Rome for 5 days",
        "What's the forecast for Oslo for 3 days? And for Rome for 5 days?",
        "Show the forecast for Oslo for 3 days, then the forecast for Rome for 5 days.",
    ],
)
def test_a_request_that_is_made_anew_is_another_call(prompt: str) -> None:
    assert planned(prompt, FORECAST) == [forecast("Oslo", 3), forecast("Rome", 5)]


def test_two_sums_are_two_calls() -> None:
    assert planned("What is 2 + 3, and what is 10 * 10?", CALCULATOR) == [
        ("calculator", {"expression": "2 + 3"}),
        ("calculator", {"expression": "10 * 10"}),
    ]


@pytest.mark.parametrize(
    "prompt",
    [
        "The 3 days forecast in Oslo and in Rome",
        "What is the forecast for Oslo for 3 days? And the same for Rome?",
    ],
)
def test_what_a_clause_leaves_out_is_taken_from_its_neighbour(prompt: str) -> None:
    assert planned(prompt, FORECAST) == [forecast("Oslo", 3), forecast("Rome", 3)]


@pytest.mark.parametrize(
    "prompt",
    [
        "Find the area of a triangle with base 3 and height 4 and of one with base 5 and height 6.",
        "Calculate the triangle area twice: once with base 3 and height 4, and once with base 5 and"
        " height 6.",
        "Calculate the area of two triangles. The first has a base of 3 and a height of 4. The"
        " second has a base of 5 and a height of 6.",
    ],
)
def test_the_first_and_the_second_are_told_apart(prompt: str) -> None:
    assert planned(prompt, TRIANGLE) == [triangle(3, 4), triangle(5, 6)]


@pytest.mark.parametrize(
    "prompt",
    [
        "Calculate the area of a circle with radius 5, then the area of a triangle with base 3 and"
        " height 4.",
        "What is the area of a circle of radius 5? Also, what is the area of a triangle with base 3"
        " and height 4?",
    ],
)
def test_clauses_that_ask_for_other_functions_are_calls_of_these(prompt: str) -> None:
    assert planned(prompt, CIRCLE, TRIANGLE) == [("circle_area", {"radius": 5}), triangle(3, 4)]


def test_a_clause_that_lacks_the_verb_inherits_it() -> None:
    calls = planned(
        "Book a flight from Oslo to Rome and a hotel in Rome for 3 nights", FLIGHT, HOTEL
    )
    assert calls == [
        ("book_flight", {"origin": "Oslo", "destination": "Rome"}),
        ("book_hotel", {"city": "Rome", "nights": 3}),
    ]


def test_a_list_makes_a_call_for_each_item() -> None:
    calls = planned("What is the factorial of 5,10 and 15?", FACTORIAL)
    assert calls == [("factorial", {"number": each}) for each in (5, 10, 15)]
    calls = planned("The stock price of both Apple and Google", STOCK)
    assert calls == [("stock_price", {"company": each}) for each in ("Apple", "Google")]


def test_a_list_goes_into_one_call_where_an_array_is_wanted() -> None:
    assert planned("Sort the numbers 5, 3 and 9", SORT) == [
        ("sort_numbers", {"numbers": [5, 3, 9]})
    ]


def test_a_list_goes_into_one_call_that_takes_each_of_its_items() -> None:
    assert planned("The area of a triangle with sides 3 and 4", TRIANGLE) == [triangle(3, 4)]


def test_two_lists_make_a_call_for_each_pair_unless_respectively() -> None:
    prompt = "Find the score of the team Lakers and Bulls in the seasons 2018 and 2020"
    pairs = [(team, season) for team in ("Lakers", "Bulls") for season in (2018, 2020)]
    every = [("team_score", {"team": team, "season": season}) for team, season in pairs]
    assert planned(prompt, SCORE) == every
    assert planned(f"{prompt} respectively", SCORE) == [every[0], every[3]]


def test_one_request_is_one_call_however_many_sentences_it_has() -> None:
    prompt = "I want to know the area of a triangle. Its base is 3 meters. Its height is 4 meters."
    assert planned(prompt, TRIANGLE, CIRCLE) == [triangle(3, 4)]


def test_a_request_said_twice_is_made_once() -> None:
    prompt = "What is the factorial of 5? Please tell me the factorial of 5."
    assert planned(prompt, FACTORIAL) == [("factorial", {"number": 5})]


def test_no_more_than_a_fixed_number_of_clauses_is_told_apart() -> None:
    prompt = " ".join(f"What is the factorial of {each}?" for each in range(2, 36))
    assert 2 < len(planned(prompt, FACTORIAL, CALCULATOR)) < 20


@tool(read_only=True)
def stock_price(company: str) -> str:
    """The price of a company's stock."""
    return f"{company} is at {len(company)} dollars."


def test_an_agent_makes_every_call_and_tells_all_results() -> None:
    agent = Agent([stock_price], OfflineInterface())
    run = agent.run("What is the stock price of Apple, Google and Microsoft?")
    assert run.output == "\n".join(
        ["Apple is at 5 dollars.", "Google is at 6 dollars.", "Microsoft is at 9 dollars."]
    )

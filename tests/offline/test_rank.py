from __future__ import annotations

from typing import Any

import pytest
from offline.talks import function, text

from agentkit.offline.heard import hear
from agentkit.offline.rank import Choice, choose
from agentkit.offline.schemas import read_functions

LIGHTS = [
    function("turn_on_light", "Turn on the light of a room.", ["room"], room=text("The room.")),
    function("turn_off_light", "Turn off the light of a room.", ["room"], room=text("The room.")),
]
HOTELS = [
    function("hotel_search", "Find hotels in a city.", ["city"], city=text("The city.")),
    function(
        "hotel_book",
        "Book a room of a hotel for some nights.",
        ["hotel", "nights"],
        hotel=text("The hotel's name."),
        nights={"type": "integer", "description": "How many nights."},
    ),
    function("car_hire_find_cars", "Find cars for hire in a city.", ["city"], city=text("City.")),
]
SCORES = function(
    "high_score", "The highest score of a game.", ["game"], game=text("The game's name.")
)


def chosen(prompt: str, functions: list[dict[str, Any]]) -> Choice:
    choice = choose(prompt, read_functions({"functions": functions}))
    assert choice is not None
    return choice


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("Turn off the light in the kitchen", "turn_off_light"),
        ("Please turn the light in the kitchen on", "turn_on_light"),
    ],
)
def test_a_word_such_as_off_tells_functions_apart_that_share_all_others(
    prompt: str, name: str
) -> None:
    choice = chosen(prompt, LIGHTS)
    assert (choice.function.name, choice.fits) == (name, True)


def test_the_opposite_of_what_is_asked_is_never_called() -> None:
    assert not chosen("Turn off the light in the kitchen", LIGHTS[:1]).fits
    assert not chosen("What is the lowest score in Pong?", [SCORES]).fits
    assert chosen("What is the highest score in Pong?", [SCORES]).fits


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("Find me a hotel in Rome", "hotel_search"),
        ("Which hotels are there in Rome?", "hotel_search"),
        ("I'd like to book the hotel Astoria for 3 nights", "hotel_book"),
        ("Could you look for cars in Rome that I can hire?", "car_hire_find_cars"),
        ("please find vehicles for hire in Rome", "car_hire_find_cars"),
        ("looking for a hotell in Rome", "hotel_search"),
        ("find a hotle in Rome", "hotel_search"),
    ],
)
def test_the_function_whose_words_are_said_is_called(prompt: str, name: str) -> None:
    choice = chosen(prompt, HOTELS)
    assert (choice.function.name, choice.fits) == (name, True)


@pytest.mark.parametrize(
    "prompt",
    [
        "Who won the World Cup in 2010?",
        "hello",
        "How do I bake bread?",
        "Delete the file notes.txt",
        "Was ist die Hauptstadt von Italien?",
        "",
    ],
)
def test_what_no_function_is_for_fits_none(prompt: str) -> None:
    assert not chosen(prompt, HOTELS).fits


def test_a_function_that_leaves_numbers_over_gives_way_to_one_that_takes_them() -> None:
    date = text("The date.", format="date")
    days = {"type": "integer", "description": "Days to add."}
    functions = [
        function("weekday", "The day of the week of a date.", ["date"], date=date),
        function("shift_date", "The date some days after another.", ["date"], date=date, days=days),
    ]
    choice = chosen("Which date is 45 days after 2026-03-01?", functions)
    assert choice.function.name == "shift_date"
    assert choice.filled.arguments == {"date": "2026-03-01", "days": 45}


def test_a_function_is_known_by_the_end_of_a_long_name() -> None:
    functions = [
        function("usage_api_UsageApi_get_hosts", "Hosts.", []),
        function("usage_api_UsageApi_get_licences", "Licences.", []),
    ]
    assert chosen("How many licences do we have?", functions).function.name.endswith("licences")


def test_a_function_that_lacks_an_argument_fits_so_that_it_is_asked_for() -> None:
    choice = chosen("I want to book a room in a hotel for some nights", HOTELS)
    assert (choice.function.name, choice.fits) == ("hotel_book", True)
    assert [each.name for each in choice.filled.missing] == ["hotel", "nights"]


def test_no_functions_leave_no_choice() -> None:
    assert choose("Find a hotel", ()) is None


@pytest.mark.parametrize(
    ("prompt", "verb", "head"),
    [
        ("Could you please find a cheap hotel in Rome?", "find", ("cheap", "hotel")),
        ("I was in Rome. I'd like to book a room now.", "book", ("room",)),
        ("What is the weather forecast for Oslo?", "", ("weather", "forecast")),
        ("Hi, delete old files please", "delet", ("old", "fil")),
    ],
)
def test_a_request_is_read_for_its_verb_and_the_thing_it_names(
    prompt: str, verb: str, head: tuple[str, ...]
) -> None:
    heard = hear(prompt, frozenset())
    assert (heard.verb, heard.head[: len(head)]) == (verb, head)


@pytest.mark.parametrize("verb", ["delete", "donate", "move", "send", "wipe", "write"])
def test_what_changes_something_is_called_where_its_own_verb_is_said(verb: str) -> None:
    changing = function(verb, f"{verb.title()} a thing.", ["thing"], thing=text("The thing."))
    assert chosen(f"{verb.title()} the thing Alpha", [changing]).allowed
    assert not chosen("Which thing is Alpha?", [changing]).allowed


def test_a_verb_with_a_capital_is_no_part_of_the_name_after_it() -> None:
    greet = function("greet", "Greet a person.", ["person"], person=text())
    assert chosen("Greet Ada", [greet]).filled.arguments == {"person": "Ada"}

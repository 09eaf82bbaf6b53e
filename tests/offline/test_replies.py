"""Answers to what the model asked, and talk that asks for nothing."""

from __future__ import annotations

import pytest
from offline.talks import CALCULATOR, COUNT, EMAIL, READ, answered, called, said, text, user
from offline.talks import function as defined

from agentkit import Agent, tool
from agentkit.offline import OfflineInterface

UNITS = {"type": "string", "enum": ["celsius", "fahrenheit"]}
WEATHER = defined(
    "weather", "The weather in a city.", ["city", "units"], city=text("The city."), units=UNITS
)
GUESTS = defined(
    "seat_guests",
    "Seat guests at a table.",
    ["guests"],
    guests={"type": "integer", "description": "How many guests."},
)
ALL = [WEATHER, GUESTS, READ, COUNT, EMAIL, CALCULATOR]


def asked(prompt: str, *answers: str) -> list[dict[str, str]]:
    """The talk in which a prompt's questions are answered in turn."""
    talk = [user(prompt)]
    for answer in answers:
        talk += [said(answered(*talk, functions=ALL)), user(answer)]
    return talk


@pytest.mark.parametrize(
    ("answer", "city"),
    [
        ("Oslo", "Oslo"),
        ("oslo", "oslo"),
        ("In Oslo, please.", "Oslo"),
        ("new york city", "new york city"),
        ("'Ny-Ålesund'", "Ny-Ålesund"),
    ],
)
def test_a_bare_value_is_what_was_asked_for(answer: str, city: str) -> None:
    talk = asked("What is the weather in celsius?", answer)
    assert called(*talk, functions=ALL) == ("weather", {"city": city, "units": "celsius"})


def test_several_things_can_be_answered_at_once_or_one_by_one() -> None:
    oslo = ("weather", {"city": "Oslo", "units": "fahrenheit"})
    assert called(*asked("What is the weather?", "Oslo, in Fahrenheit"), functions=ALL) == oslo
    talk = asked("What is the weather?", "Oslo")
    assert answered(*talk, functions=ALL) == "To call `weather` I need: units."
    assert called(*asked("What is the weather?", "Oslo", "Fahrenheit"), functions=ALL) == oslo


@pytest.mark.parametrize("answer", ["5", "five", "We are five", "5 guests"])
def test_a_number_is_read_as_people_say_it(answer: str) -> None:
    call = called(*asked("Seat the guests at a table", answer), functions=ALL)
    assert call == ("seat_guests", {"guests": 5})


def test_what_is_no_value_is_asked_for_again() -> None:
    question = "To call `seat_guests` I need: guests (How many guests)."
    assert answered(*asked("Seat the guests at a table", "a few"), functions=ALL) == question


def test_a_text_is_taken_whole_although_it_sounds_like_a_request() -> None:
    words = "The weather in Oslo, in celsius"
    call = called(*asked("Count the words of a text", words), functions=ALL)
    assert call == ("count_words", {"text": words})


def test_another_request_is_no_answer() -> None:
    talk = asked("What is the weather?", "What is 2 + 2?")
    assert called(*talk, functions=ALL) == ("calculator", {"expression": "2 + 2"})


@pytest.mark.parametrize(
    "answer", ["Never mind", "never mind.", "Cancel that, please", "No thanks!", "Forget it."]
)
def test_a_question_can_be_taken_back(answer: str) -> None:
    assert (
        answered(*asked("What is the weather?", answer), functions=ALL) == "All right, I leave it."
    )


def test_no_is_an_answer_where_yes_or_no_is_asked_for() -> None:
    cheese = {"type": "boolean", "description": "Whether to add cheese."}
    pizza = defined("order_pizza", "Order a pizza.", ["cheese"], cheese=cheese)
    talk = [user("Order a pizza"), said("To call `order_pizza` I need: cheese."), user("no")]
    assert called(*talk, functions=[pizza]) == ("order_pizza", {"cheese": False})


def test_another_request_can_follow_what_takes_a_question_back() -> None:
    talk = asked("What is the weather?", "Never mind, read notes.txt")
    assert called(*talk, functions=ALL) == ("read_text", {"path": "notes.txt"})


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ("Hello there!", "Hello! I am agentkit's offline model"),
        ("Good morning", "Hello! I am agentkit's offline model"),
        ("Thanks a lot!", "You are welcome."),
        ("thank you", "You are welcome."),
        ("Bye!", "Goodbye!"),
        ("Who are you?", "I am agentkit's offline model: rules, no weights."),
        ("What can you do?", "I am agentkit's offline model: rules, no weights."),
        ("How are you?", "All my rules are in order."),
    ],
)
def test_small_talk_gets_a_fixed_line(prompt: str, answer: str) -> None:
    assert answered(user(prompt), functions=ALL).startswith(answer)


@pytest.mark.parametrize(
    "prompt",
    [
        "¿Qué tiempo hace en Madrid para el lunes?",
        "Wie ist das Wetter in der Stadt?",
        "オスロの天気は?",
        "Какая погода в Осло?",
    ],
)
def test_other_languages_are_named_as_what_it_cannot_read(prompt: str) -> None:
    assert answered(user(prompt), functions=[CALCULATOR]).endswith("; I read English only.")


def test_what_it_cannot_do_in_english_is_no_matter_of_language() -> None:
    said = answered(user("Who painted Las Meninas?"), functions=[CALCULATOR])
    assert said.endswith("; I cannot answer this from knowledge.")


@pytest.mark.parametrize(
    ("name", "about"),
    [
        ("delete_notes", "Delete the notes of a project."),
        ("send_notes", "Send the notes of a project."),
        ("write_notes", "Write the notes of a project."),
    ],
)
def test_what_changes_something_is_called_only_where_its_verb_is_said(
    name: str, about: str
) -> None:
    project = text("The project, such as 'Apollo'.")
    offered = [defined(name, about, ["project"], project=project)]
    verb = name.split("_", maxsplit=1)[0]
    assert called(user("The notes of the project Apollo"), functions=offered) is None
    call = called(user(f"Please {verb} the notes of the project Apollo"), functions=offered)
    assert call == (name, {"project": "Apollo"})


def test_a_synonym_of_the_verb_will_do() -> None:
    offered = [defined("delete_file", "Delete a file.", ["path"], path=text("The file's path."))]
    call = called(user("Remove the file a.txt"), functions=offered)
    assert call == ("delete_file", {"path": "a.txt"})


@tool(read_only=True)
def forecast(city: str) -> str:
    """The weather forecast for a city.

    Args:
        city: The city's name.
    """
    return f"It will rain in {city}."


def test_an_agent_goes_on_with_the_answer_to_a_question() -> None:
    agent = Agent([forecast], OfflineInterface())
    run = agent.run("What is the weather forecast?")
    assert run.output == "To call `forecast` I need: city (The city's name)."
    assert agent.run("Oslo", messages=run.messages).output == "It will rain in Oslo."

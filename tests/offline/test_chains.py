"""Calls that use the result of another."""

from __future__ import annotations

from pathlib import Path

import pytest
from offline.talks import (
    CALCULATOR,
    CAPITAL,
    COUNT,
    DELETE,
    EMAIL,
    FORECAST,
    READ,
    answered,
    called,
    done,
    followed,
    message,
    said,
    user,
)

from agentkit import Agent, tool
from agentkit.offline import OfflineInterface

PACK = [CAPITAL, FORECAST, READ, COUNT, EMAIL, DELETE, CALCULATOR]
JAPAN = ("get_capital", {"country": "Japan"})
NOTES = ("read_text", {"path": "notes.txt"})


@pytest.mark.parametrize(
    "prompt",
    [
        "What is the weather in the capital of Japan?",
        "What is the capital of Japan and what is the weather in it?",
    ],
)
def test_a_phrase_that_a_function_answers_is_answered_first(prompt: str) -> None:
    assert followed(prompt, PACK, "Tokyo", "sunny") == [JAPAN, ("forecast", {"city": "Tokyo"})]


def test_a_value_is_found_in_a_result_of_json() -> None:
    prompt = "What is the weather in the capital of Japan?"
    calls = followed(prompt, PACK, '{"country": "Japan", "city": "Tokyo"}', "sunny")
    assert calls == [JAPAN, ("forecast", {"city": "Tokyo"})]


def test_the_text_of_a_result_is_passed_on_as_it_is() -> None:
    odd = "one \"two\"\nthree, 'four' and 5"
    calls = followed("Read notes.txt and then count the words in it", PACK, odd, "5")
    assert calls == [NOTES, ("count_words", {"text": odd})]
    calls = followed("Read notes.txt and email it to bob@example.com", PACK, odd, "sent")
    assert calls == [NOTES, ("send_email", {"to": "bob@example.com", "body": odd})]


def test_it_is_what_the_call_before_was_about_where_a_name_is_wanted() -> None:
    calls = followed("Read notes.txt and then delete it", PACK, "b.txt", "deleted")
    assert calls == [NOTES, ("delete_file", {"file": "notes.txt"})]


def test_numbers_are_counted_on_with() -> None:
    prompt = "Calculate 17 * 23 and then double the result"
    calls = followed(prompt, [CALCULATOR], "17 * 23 = 391", "782")
    assert [call[1]["expression"] for call in calls] == ["17 * 23", "391 * 2"]


def test_a_chain_can_have_three_links() -> None:
    prompt = "Calculate 5 + 7, multiply the result by 3, and subtract 4 from the result"
    calls = followed(prompt, [CALCULATOR], "12", "36", "32")
    assert [call[1]["expression"] for call in calls] == ["5 + 7", "12 * 3", "36 - 4"]


def test_the_second_call_is_never_made_without_the_first_result() -> None:
    prompt = user("Read notes.txt and then count the words in it")
    tools = [{"type": "function", "function": each} for each in PACK]
    (only,) = message({"messages": [prompt], "tools": tools})["tool_calls"]
    assert only["function"]["name"] == "read_text"
    failed = done(*NOTES, "Error: There is no such file.")
    assert answered(prompt, *failed, functions=PACK) == "`read_text` failed: There is no such file."


def test_a_result_of_an_earlier_turn_can_be_used() -> None:
    product = done("calculator", {"expression": "17 * 23"}, "17 * 23 = 391")
    talk = (user("What is 17 * 23?"), *product, said("17 * 23 = 391"))
    call = called(*talk, user("Now double the result"), functions=PACK)
    assert call == ("calculator", {"expression": "391 * 2"})
    assert called(user("Now double the result"), functions=PACK) is None


@tool(read_only=True)
def read_text(path: Path) -> str:
    """Read a text file."""
    return path.read_text("utf-8")


@tool(read_only=True)
def count_words(text: str) -> int:
    """Count the words of a text."""
    return len(text.split())


def test_an_agent_goes_through_a_chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").write_text("one 'two' \"three\"\n", "utf-8")
    agent = Agent([read_text, count_words], OfflineInterface())
    run = agent.run("Read the file notes.txt and then count the words in it")
    assert [m.name for m in run.messages if m.role == "function"] == ["read_text", "count_words"]
    assert run.output.endswith("is 3.")

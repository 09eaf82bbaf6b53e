from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from offline.talks import (
    CALCULATOR,
    FORECAST,
    PACK,
    answered,
    called,
    done,
    function,
    message,
    said,
    text,
    user,
)

from agentkit.offline.model import reply

BOTH = "What time is it in Tokyo, and what is 17 * 23?"
TOKYO = done("current_time", {"zone": "Tokyo"}, "It is noon in Tokyo.")
PRODUCT = done("calculator", {"expression": "17 * 23"}, "391")


@pytest.mark.parametrize(
    ("prompt", "name", "arguments"),
    [
        ("How much is 15% of 240?", "calculator", {"expression": "15 / 100 * 240"}),
        ("What is the square root of 2?", "calculator", {"expression": "sqrt(2)"}),
        ("What time is it?", "current_time", {}),
        ("What's the time in New York?", "current_time", {"zone": "New York"}),
        ("What weekday is 2026-12-24?", "weekday", {"date": "2026-12-24"}),
        ("Will it rain in Oslo tomorrow?", "forecast", {"city": "Oslo"}),
        ("The weather in Rome for 3 days", "forecast", {"city": "Rome", "days": 3}),
        (
            "How many days are there between 2026-01-01 and 2026-12-24?",
            "days_between",
            {"start": "2026-01-01", "end": "2026-12-24"},
        ),
        ("Add 3 weeks to 2026-01-01", "add_to_date", {"date": "2026-01-01", "weeks": 3}),
        (
            "What date is 45 days after 2026-03-01?",
            "add_to_date",
            {"date": "2026-03-01", "days": 45},
        ),
        (
            "Convert 2026-03-01T14:30 from Europe/Oslo to Asia/Tokyo",
            "convert_time",
            {"time": "2026-03-01T14:30", "from_zone": "Europe/Oslo", "to_zone": "Asia/Tokyo"},
        ),
    ],
)
def test_a_prompt_leads_to_the_call_that_it_asks_for(
    prompt: str, name: str, arguments: dict[str, Any]
) -> None:
    assert called(user(prompt)) == (name, arguments)


def test_two_questions_are_called_one_after_the_other_in_the_functions_dialect() -> None:
    assert called(user(BOTH)) == ("current_time", {"zone": "Tokyo"})
    assert called(user(BOTH), *TOKYO) == ("calculator", {"expression": "17 * 23"})
    assert answered(user(BOTH), *TOKYO, *PRODUCT) == "It is noon in Tokyo.\n17 * 23 = 391"


def test_two_questions_are_called_at_once_in_the_tools_dialect() -> None:
    tools = [{"type": "function", "function": each} for each in PACK]
    given = reply({"messages": [user(BOTH)], "tools": tools})["choices"][0]
    calls = given["message"]["tool_calls"]
    assert [call["id"] for call in calls] == ["call_1", "call_2"]
    assert [call["function"]["name"] for call in calls] == ["current_time", "calculator"]
    assert given["finish_reason"] == "tool_calls"


def test_results_of_the_tools_dialect_are_told_by_their_ids() -> None:
    tools = [{"type": "function", "function": each} for each in PACK]
    calls = message({"messages": [user(BOTH)], "tools": tools})
    results = [
        {"role": "tool", "tool_call_id": "call_2", "content": "391"},
        {"role": "tool", "tool_call_id": "call_1", "content": "It is noon in Tokyo."},
    ]
    given = message({"messages": [user(BOTH), calls, *results], "tools": tools})
    assert given["content"] == "It is noon in Tokyo.\n17 * 23 = 391"


def test_a_list_leads_to_a_call_for_each_of_its_items() -> None:
    prompt = user("What time is it in Tokyo and Oslo?")
    assert called(prompt, *TOKYO) == ("current_time", {"zone": "Oslo"})


@pytest.mark.parametrize("prompt", ["What is the capital of France?", "Tell me a joke", "help"])
def test_a_prompt_that_no_function_fits_is_declined_honestly(prompt: str) -> None:
    assert "rules, no weights" in answered(user(prompt))


def test_a_greeting_is_returned() -> None:
    assert answered(user("hello")).startswith("Hello!")
    assert answered(user("hello"), functions=[]).startswith("Hello!")


def test_a_missing_argument_is_asked_for_and_read_from_the_next_message() -> None:
    question = answered(user("What is the weather?"))
    assert question == "To call `forecast` I need: city (The city's name)."
    talk = (user("What is the weather?"), said(question), user("Oslo"))
    assert called(*talk) == ("forecast", {"city": "Oslo"})


def test_another_question_is_not_taken_for_the_missing_argument() -> None:
    question = said("To call `forecast` I need: city (The city's name).")
    talk = (user("What is the weather?"), question, user("Never mind. What is 2 + 2?"))
    assert called(*talk) == ("calculator", {"expression": "2 + 2"})


def test_a_failed_call_is_told_and_never_repeated() -> None:
    failed = done("calculator", {"expression": "12 / 0"}, "Error: Division by zero.")
    assert answered(user("12 / 0"), *failed) == "`calculator` failed: Division by zero."


def test_earlier_turns_do_not_count_as_done() -> None:
    talk = (user("17 * 23"), *PRODUCT, said("17 * 23 = 391"), user("17 * 23"))
    assert called(*talk) == ("calculator", {"expression": "17 * 23"})


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        ('{"high": 5, "rain": true}', "The `forecast` of Oslo: high: 5, rain: true."),
        ("5", "The `forecast` of Oslo is 5."),
        ('"mild"', "The `forecast` of Oslo is mild."),
        ("It will rain in Oslo.", "It will rain in Oslo."),
        ("[]", "The `forecast` of Oslo is empty."),
    ],
)
def test_a_result_becomes_a_sentence(result: str, answer: str) -> None:
    talk = (user("Weather in Oslo?"), *done("forecast", {"city": "Oslo"}, result))
    assert answered(*talk) == answer


def test_without_functions_the_results_are_still_told() -> None:
    assert answered(user("17 * 23"), *PRODUCT, functions=[]) == "17 * 23 = 391"
    assert answered(user("17 * 23"), *PRODUCT, function_call="none") == "17 * 23 = 391"


def test_a_function_that_is_named_is_called_with_what_can_be_filled() -> None:
    forced = {"function_call": {"name": "forecast"}}
    assert called(user("17 * 23 in Oslo"), **forced) == ("forecast", {"city": "Oslo"})
    assert called(user("please"), **forced) == ("forecast", {})


def test_required_calls_the_nearest_function() -> None:
    given = called(user("Tell me a joke"), functions=[CALCULATOR], function_call="required")
    assert given == ("calculator", {})


def test_a_word_of_the_name_is_heard_although_it_is_a_stop_word() -> None:
    lights = [
        function("turn_on_light", "Turn a light on.", ["room"], room=text("The room.")),
        function("turn_off_light", "Turn a light off.", ["room"], room=text("The room.")),
    ]
    prompt = user("Turn off the light in the kitchen")
    assert called(prompt, functions=lights) == ("turn_off_light", {"room": "kitchen"})
    assert called(prompt, functions=lights[:1]) is None


def test_a_reply_counts_its_words_and_says_what_it_is() -> None:
    given = reply({"messages": [user("hello")]})
    usage = given["usage"]
    assert given["model"] == "offline-rules"
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0


def test_the_same_request_gets_the_same_reply_whatever_the_hash_seed() -> None:
    body = json.dumps({"messages": [user(BOTH + " Weather in Rome, Italy?")], "functions": PACK})
    code = "import json, sys; from agentkit.offline.model import reply;"
    code += "print(json.dumps(reply(json.loads(sys.argv[1]))))"
    replies = {
        subprocess.run(
            [sys.executable, "-c", code, body],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(replies) == 1


def test_only_the_beginning_of_a_long_text_is_read() -> None:
    assert called(user(" " * 5_000 + "17 * 23")) is None


def test_functions_past_the_first_128_are_not_read() -> None:
    others = [function(f"f{i}", "", []) for i in range(128)]
    assert called(user("weather in Oslo"), functions=[*others[1:], FORECAST]) is not None
    assert called(user("weather in Oslo"), functions=[*others, FORECAST]) is None

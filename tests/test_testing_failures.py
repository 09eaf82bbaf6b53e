"""What a script says when it fails, word for word."""

import asyncio

import pytest
from test_testing import TOOLS

from agentkit import Agent, AssistantMessage, Request
from agentkit.testing import ScriptedInterface, call

LAMBDA = "lambda request: False"


def scripted(*rules, prompt="What is the weather in Oslo?", replies=()):
    """A script as test_trip.py has it, one rule a line, once it was asked."""
    script = ScriptedInterface(*replies)
    names = {"script": script, "call": call, "re": __import__("re")}
    exec(compile("\n".join(f"script.{rule}" for rule in rules), "test_trip.py", "exec"), names)
    if prompt:
        Agent(TOOLS, script).run(prompt)
    return script


def failure(*rules, **given):
    with pytest.raises(AssertionError) as failed:
        scripted(*rules, **given).assert_done()
    return str(failed.value)


def test_a_request_without_a_rule_says_what_it_is_and_why_no_rule_is_for_it():
    text = failure(
        f"when({LAMBDA}).then('No.')",
        "when(re.compile('Rome$')).then('Hot.')",
        "when('hotel').call('book', hotel='Ritz')",
        "when('wether in Oslo').then('Cold.')",
        "when('Oslo')",
        "when('weather').call('get_weather', city='Oslo')",
    )

    assert (
        text
        == """\
The script has no reply to request 2:
  user: What is the weather in Oslo?
  model: get_weather(city="Oslo")
  result of get_weather: sunny in Oslo
Its rules, the nearest first:
- when("Oslo"), test_trip.py:5: it says nothing: add .call(...) or .then(...)
- when("weather"), test_trip.py:6: it has no reply 2: add .then(...)
- when("wether in Oslo"), test_trip.py:4: not in what the user said. Did you mean 'weather in Oslo'?
- when(<lambda>), test_trip.py:1: not so of this request
- when(re.compile('Rome$')), test_trip.py:2: not found in what the user said
- when("hotel"), test_trip.py:3: not in what the user said."""
    )


def test_a_rule_that_is_used_up_says_how_to_use_it_again():
    script = scripted("when('weather').call('get_weather', city='Oslo').then('Sunny.')")
    with pytest.raises(AssertionError) as failed:
        Agent(TOOLS, script).run("What is the weather in Rome?")

    assert (
        str(failed.value)
        == """\
The script has no reply to request 3:
  user: What is the weather in Rome?
Its rules, the nearest first:
- when("weather"), test_trip.py:1: its reply 1 was given; for one run more: times=2"""
    )


def test_a_reply_to_another_transcript_is_told():
    script = scripted("when('weather').call('get_weather', city='Oslo').then('Sunny.')", prompt="")
    asked = Agent(TOOLS, ScriptedInterface("Rainy.")).run("The weather?").messages
    with pytest.raises(AssertionError) as failed:
        script.send(Request(messages=asked))

    assert (
        str(failed.value)
        == """\
The script has no reply to request 1:
  user: The weather?
  model: "Rainy."
Its rules, the nearest first:
- when("weather"), test_trip.py:1: its reply 2 follows another one than the model's last"""
    )


def test_nothing_scripted_is_told_shortly():
    text = failure(prompt="word " * 100)

    assert text == "The script has no reply to request 1:\n  user: " + "word " * 19 + "word…"


def test_of_many_rules_ten_are_told():
    text = failure(*[f"when('hotel {number}').then('Yes.')" for number in range(14)])

    assert text.splitlines()[-2:] == [
        '- when("hotel 9"), test_trip.py:10: not in what the user said.',
        "- and 4 more",
    ]


def test_a_call_of_what_is_not_offered_is_told():
    assert failure("when('weather')\\\n.call('get_wether', city='Oslo')") == (
        'The script calls get_wether(city="Oslo"), test_trip.py:2, which the request does not '
        "offer. Did you mean 'get_weather'? The functions are: get_weather, book."
    )


def test_arguments_that_the_schema_refuses_are_told():
    assert (
        failure("when('weather').then([call('book', hotel='A'), call('get_weather', town='B')])")
        == """\
The script calls get_weather(town="B"), test_trip.py:1, which its schema refuses:
- town: no such parameter. The parameters are: city, days
- arguments: 'city' is a required property (required: ["city"])"""
    )


def test_what_is_left_over_is_told():
    text = failure(
        "when('weather', times=3).call('get_weather', city='Oslo').then('Sunny.')",
        "when('hotel').then(ValueError('full')).then(len).then([call('book'), call('book')])",
        "when('flight')",
        replies=["Bye.", AssistantMessage("Look:", (call("book", hotel="Ritz"),))],
    )

    assert (
        text
        == """\
The script was not asked for all that it has. Left over:
- when("weather"), test_trip.py:1: reply 1, get_weather(city="Oslo"), 2 of 3 times
- when("weather"), test_trip.py:1: reply 2, "Sunny.", 2 of 3 times
- when("hotel"), test_trip.py:2: reply 1, ValueError('full')
- when("hotel"), test_trip.py:2: reply 2, len
- when("hotel"), test_trip.py:2: reply 3, book(), book()
- when("flight"), test_trip.py:3: it says nothing: add .call(...) or .then(...)
- listed: "Bye."
- listed: "Look:", book(hotel="Ritz")
It was asked:
  1. user: What is the weather in Oslo?
  2. result of get_weather: sunny in Oslo"""
    )


def test_a_script_that_was_asked_nothing_says_so():
    assert (
        failure(prompt="", replies=["unused"])
        == """\
The script was not asked for all that it has. Left over:
- listed: "unused"
It was asked nothing."""
    )


def test_a_failure_that_was_lost_in_an_outcome_is_told_in_the_end():
    script = scripted("when('weather').then('Sunny.')", prompt="")

    async def outcomes():
        return [each async for each in Agent(TOOLS, script).amap(["The weather?", "A hotel?"])]

    first, second = asyncio.run(outcomes())
    with pytest.raises(AssertionError, match="no reply to request 2:\n  user: A hotel"):
        script.assert_done()
    assert first.run.output == "Sunny."
    assert str(second.error) == script.failures[0]

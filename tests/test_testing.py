import asyncio
import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from agentkit import (
    Agent,
    AssistantMessage,
    Delta,
    FunctionCall,
    InterfaceError,
    Request,
    Response,
    Tool,
    UserMessage,
    tool,
)
from agentkit.offline import OfflineInterface
from agentkit.retrying import Retrying
from agentkit.testing import ScriptedInterface, call

ASKED = Request(messages=(UserMessage("Hi"),))


@tool(read_only=True)
def get_weather(city: str, days: int = 1) -> str:
    """Tell the weather of a city.

    Args:
        city: The city.
        days: How many days.
    """
    return f"sunny in {city}"


@tool
def book(hotel: str) -> str:
    """Book a hotel.

    Args:
        hotel: Its name.
    """
    return f"{hotel} is booked"


TOOLS = [get_weather, book]


def results(run):
    return [[result.content for result in step.results] for step in run.steps]


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ("text", AssistantMessage("text")),
        (call("f", x=1), AssistantMessage(calls=(FunctionCall("f", '{"x": 1}'),))),
        ([call("f"), call("g")], AssistantMessage(calls=(FunctionCall("f"), FunctionCall("g")))),
        (AssistantMessage("a", reasoning="b"), AssistantMessage("a", reasoning="b")),
        (Response(message=AssistantMessage("whole")), AssistantMessage("whole")),
    ],
)
def test_a_reply_can_be_written_in_many_ways(reply, message):
    script = ScriptedInterface(reply, lenient=True)
    script.when("rule").then(reply)
    ruled = Request(messages=(UserMessage("A rule"),))

    assert [script.send(each).message for each in (ASKED, ruled)] == [message, message]


def test_arguments_can_be_a_mapping_keywords_or_a_broken_text():
    assert call("f", {"a": 1}, b=2).arguments == '{"a": 1, "b": 2}'
    assert call("f", "{'a'").arguments == "{'a'"


def test_it_keeps_the_requests():
    script = ScriptedInterface("a", "b")
    script.send(ASKED)
    asyncio.run(script.asend(ASKED))

    assert script.requests == [ASKED, ASKED]
    script.assert_done()


def test_an_exception_in_the_script_is_raised():
    with pytest.raises(InterfaceError, match="down"):
        Agent(interface=ScriptedInterface(InterfaceError("down"))).run("Hi")


def test_one_request_too_many_fails():
    with pytest.raises(AssertionError, match="no reply to request 1"):
        ScriptedInterface().send(ASKED)


def test_a_rule_calls_and_then_answers():
    script = ScriptedInterface()
    script.when("weather").call("get_weather", city="Oslo").then("It is sunny.")
    run = Agent(TOOLS, script).run("What is the Weather in Oslo?")

    assert (results(run), run.output) == ([["sunny in Oslo"], []], "It is sunny.")
    script.assert_done()


def test_calls_are_side_by_side_or_one_after_the_other():
    script = ScriptedInterface()
    rule = script.when("trip").then("Let me see.")
    rule.call("get_weather", city="Oslo").call("get_weather", {"city": "Rome"}, days=2)
    rule.then.call("book", hotel="Astoria").then("Booked.")
    run = Agent(TOOLS, script).run("Plan a trip")

    assert results(run) == [["sunny in Oslo", "sunny in Rome"], ["Astoria is booked"], []]
    assert run.messages[1].content == "Let me see."
    assert run.messages[1].calls[1].arguments == '{"city": "Rome", "days": 2}'


def test_a_reply_can_be_made_of_the_results():
    script = ScriptedInterface()
    script.when("weather").call("get_weather", city="Oslo").then(
        lambda request: f"It is {request.messages[-1].content}."
    )

    assert Agent(TOOLS, script).run("The weather?").output == "It is sunny in Oslo."


def test_a_call_can_be_made_of_the_results_and_gone_on_from():
    script = ScriptedInterface()
    rule = script.when("trip").call("get_weather", city="Oslo")
    rule.then(lambda request: call("book", hotel=request.messages[-1].content)).then("Booked.")
    run = Agent(TOOLS, script).run("A trip")

    assert results(run) == [["sunny in Oslo"], ["sunny in Oslo is booked"], []]
    script.assert_done()


def test_a_schema_that_takes_more_than_it_names_is_not_refused_more():
    number = {"type": "integer"}
    schema = {"type": "object", "properties": {"a": number}, "additionalProperties": number}
    definition = {"name": "total", "description": "Sum up.", "parameters": schema}
    total = Tool.declared(definition, lambda **numbers: sum(numbers.values()))
    script = ScriptedInterface()
    script.when("sum").call("total", a=1, b=2).then(lambda request: request.messages[-1].content)

    assert Agent([total], script).run("The sum?").output == "3"


@pytest.mark.parametrize(
    "match",
    [
        "",
        "OSLO",
        re.compile(r"in \w+\?$"),
        lambda request: request.model == "agent" and request.messages[-1].content.endswith("?"),
    ],
)
def test_what_the_user_said_is_matched_in_many_ways(match):
    script = ScriptedInterface()
    script.when(match).call("get_weather", city="Oslo").then("Sunny.")

    assert Agent(TOOLS, script).run("How is it in Oslo?").output == "Sunny."


def test_the_first_rule_that_is_not_used_up_counts_and_then_what_is_listed():
    script = ScriptedInterface("Enough.")
    script.when("weather", times=2).then("Sunny.")
    script.when("weather").then("Rainy.")
    agent = Agent((), script)

    assert [agent.run("The weather?").output for _ in range(4)] == [
        "Sunny.",
        "Sunny.",
        "Rainy.",
        "Enough.",
    ]
    script.assert_done()


def test_a_rule_goes_on_in_the_next_turn_unless_another_is_for_it():
    script = ScriptedInterface()
    script.when("I am Ada").then("Hello, Ada.").then("You are Ada.").then("Still Ada.")
    script.when("bye").then("Bye, Ada.")
    agent = Agent((), script)
    first = agent.run("I am Ada")
    second = agent.run("Who am I?", after=first)
    agent.run("Goodbye", after=second)
    third = agent.run("And now?", after=second)

    assert [each.output for each in (second, third)] == ["You are Ada.", "Still Ada."]
    script.assert_done()


def test_an_answer_of_the_wrong_type_is_followed_by_the_next_reply():
    script = ScriptedInterface()
    script.when("How many").then("Many.").then.call("final_answer", answer=3)

    assert Agent((), script, output=int).run("How many?").output == 3
    script.assert_done()


def test_an_exception_takes_no_place_in_the_transcript():
    error = InterfaceError("busy")
    error.retryable = True
    script = ScriptedInterface()
    script.when("weather").then(error).call("get_weather", city="Oslo").then(error).then("Sunny.")
    interface = Retrying(script, attempts=2, jitter=lambda: 0.0)

    assert Agent(TOOLS, interface).run("The weather?").output == "Sunny."
    script.assert_done()


def test_a_call_that_a_person_edited_is_gone_on_from():
    script = ScriptedInterface()
    script.when("hotel").call("book", hotel="Astoria").then(lambda r: r.messages[-1].content)
    agent = Agent(TOOLS, script, approval="always")
    run = agent.run("A hotel, please")
    edited = run.approve(run.pending[0], arguments={"hotel": "Ritz"})

    assert agent.run(after=edited).output == "Ritz is booked"


def test_runs_side_by_side_share_a_script():
    cities = [f"City{number:02}" for number in range(20)]
    script = ScriptedInterface()
    for city in cities:
        script.when(city).call("get_weather", city=city).then(lambda r: r.messages[-1].content)
        script.when("same").call("get_weather", city=city).then(f"same {city}")
    agent = Agent(TOOLS, script)
    prompts = [*(f"In {city}?" for city in cities), *["The same"] * len(cities)]

    async def outputs():
        return [each.run.output async for each in agent.amap(prompts, concurrency=8)]

    said = asyncio.run(outputs())
    assert said[:20] == [f"sunny in {city}" for city in cities]
    assert sorted(said[20:]) == [f"same {city}" for city in cities]
    script.assert_done()


def test_threads_share_a_script():
    script = ScriptedInterface()
    script.when("weather", times=40).call("get_weather", city="Oslo").then("Sunny.")
    agent = Agent(TOOLS, script)
    with ThreadPoolExecutor(8) as threads:
        runs = list(threads.map(agent.run, ["The weather?"] * 40))

    assert {run.output for run in runs} == {"Sunny."}
    script.assert_done()


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("stream", [True, False, None])
def test_a_text_is_streamed_where_that_is_asked_for(listed, stream):
    reply = AssistantMessage(" It is\n sunny. ", reasoning="I know it.")
    script = ScriptedInterface(*[reply] * listed)
    if not listed:
        script.when().then(reply)
    options = {} if stream is None else {"stream": stream}
    events = list(Agent((), script).iter("Hi", options=options))
    deltas = [each for each in events if isinstance(each, Delta)]

    assert len(deltas) == (6 if stream else 0)
    assert "".join(each.text for each in deltas) == (reply.content if stream else "")
    assert "".join(each.reasoning for each in deltas) == (reply.reasoning if stream else "")


def test_a_lenient_script_answers_everything_and_is_always_done():
    script = ScriptedInterface(lenient=True)
    script.when("weather").call("get_wether", city="Oslo").then("Sunny.")
    script.when("nothing")
    agent = Agent(TOOLS, script)
    said = [agent.run(each).output for each in ("The weather?", "Else?", "The weather?")]

    assert said == ["Sunny.", "The script has no reply to this.", "Sunny."]
    script.assert_done()


@pytest.mark.parametrize("stream", [True, False])
def test_a_lenient_script_can_have_another_interface_asked(stream):
    script = ScriptedInterface(lenient=OfflineInterface())
    script.when("hotel").then("None is free.")
    agent = Agent(TOOLS, script, options={"stream": stream})

    async def awaited():
        return [event async for event in agent.aiter("What is the weather in Oslo?")]

    events = list(agent.iter("What is the weather in Oslo?"))
    assert agent.run("A hotel?").output == "None is free."
    assert results(events[-1].run) == results(asyncio.run(awaited())[-1].run)
    assert results(events[-1].run) == [["sunny in Oslo"], []]
    assert any(isinstance(each, Delta) for each in events) == stream
    assert script.send(ASKED) == asyncio.run(script.asend(ASKED))


@pytest.mark.parametrize(
    "reply",
    [
        AssistantMessage(calls=(call("get_wether", city="Oslo"),)),
        call("get_weather", "{'city': 'Oslo'}"),
        call("get_weather", '{"city": "Os'),
    ],
)
def test_mistakes_of_a_model_can_be_scripted(reply):
    script = ScriptedInterface()
    script.when("weather").then(reply).then("Oh.")

    assert Agent(TOOLS, script).run("The weather?").output == "Oh."

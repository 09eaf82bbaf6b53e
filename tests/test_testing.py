import asyncio

import pytest

from agentkit import (
    Agent,
    AssistantMessage,
    FunctionCall,
    InterfaceError,
    Request,
    Response,
    UserMessage,
)
from agentkit.testing import ScriptedInterface, call

ASKED = Request(messages=(UserMessage("Hi"),))


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
    assert ScriptedInterface(reply).send(ASKED).message == message


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


def test_replies_left_over_fail():
    with pytest.raises(AssertionError, match="1 scripted replies"):
        ScriptedInterface("unused").assert_done()

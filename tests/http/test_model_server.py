"""The tests' own server is only worth something if it notices what is wrong."""

from __future__ import annotations

import json

import httpx
import pytest
from model_server import ModelServer, Reply
from official_types import reply_problems, request_problems

from agentkit.testing import call

USER = {"role": "user", "content": "Hi."}
CALL = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
FUNCTION = {"name": "f", "description": "F.", "parameters": {"type": "object", "properties": {}}}


def problems(*messages: object, **more: object) -> list[str]:
    return request_problems(json.dumps({"model": "m", "messages": messages, **more}).encode())


@pytest.mark.parametrize(
    "messages",
    [
        [USER],
        [{"role": "system", "content": "Be."}, USER, {"role": "assistant", "content": "Hi."}],
        [USER, {"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}}],
        [{"role": "function", "name": "f", "content": "1"}],
        [{"role": "assistant", "tool_calls": [CALL]}],
        [{"role": "tool", "tool_call_id": "a", "content": "1"}],
    ],
)
def test_messages_of_both_dialects_are_no_problem(messages):
    assert problems(*messages, functions=[FUNCTION], stream=True, temperature=0) == []


@pytest.mark.parametrize(
    "message",
    [
        {"role": "robot", "content": "Hi."},
        {"role": "user"},
        {"role": "user", "content": None},
        {"role": "user", "content": 1},
        {"role": "user", "content": "Hi.", "timestamp": 1},
        {"role": "assistant", "content": "Hi.", "function_call": None},
        {"role": "assistant", "content": None},
        {"role": "assistant", "tool_calls": [{**CALL, "index": 0}]},
        {"role": "assistant", "tool_calls": [{"id": "a", "function": CALL["function"]}]},
        {"role": "assistant", "function_call": {"name": "f", "arguments": {}}},
        {"role": "tool", "content": "1"},
        {"role": "tool", "tool_call_id": "a", "content": "1", "name": "f"},
        {"role": "function", "content": "1"},
    ],
)
def test_a_wrong_message_is_a_problem_wherever_it_stands(message):
    assert problems(USER, USER, message)


@pytest.mark.parametrize(
    "more",
    [
        {"temperatur": 1},
        {"temperature": "1"},
        {"user": None},
        {"n": 1.5},
        {"logit_bias": {"50": 0.5}},
        {"functions": [{"description": "no name"}]},
        {"functions": [{**FUNCTION, "strict": True}]},
        {"tools": [FUNCTION]},
        {"tool_choice": "f"},
        {"stream": "yes"},
        {"functions": None},
    ],
)
def test_a_wrong_field_is_a_problem(more):
    assert problems(USER, **more)


@pytest.mark.parametrize("package", ["groq", "openai"])
def test_both_packages_are_asked(package):
    assert any(each.startswith(package) for each in problems({"role": "robot"}))


@pytest.mark.parametrize("chunk", [False, True])
def test_a_reply_of_the_wrong_shape_is_a_problem(chunk):
    part = {"role": "assistant", "tool_calls": [{**CALL, "function": {"name": 1}, "index": 0}]}
    choice = {"index": 0, "finish_reason": "stop", "delta" if chunk else "message": part}
    kind = "chat.completion.chunk" if chunk else "chat.completion"
    reply = {"id": "1", "object": kind, "created": 1, "model": "m", "choices": [choice]}
    assert len(reply_problems(reply, chunk=chunk)) == 2
    part["tool_calls"] = [{**CALL, "index": 0}]
    assert reply_problems(reply, chunk=chunk) == []


def test_the_server_fails_its_test_for_a_wrong_request():
    with ModelServer() as server:
        server.script("Hi.")
        httpx.post(f"{server.url}/chat/completions", json={"model": "m", "messages": [{}]})
    with pytest.raises(AssertionError, match="role"):
        server.check()


def test_the_server_fails_its_test_for_a_request_too_many_and_one_too_few():
    with ModelServer() as server:
        httpx.post(f"{server.url}/chat/completions", json={"model": "m", "messages": [USER]})
    with pytest.raises(AssertionError, match="no reply is scripted for request 1"):
        server.check()
    idle = ModelServer()
    with idle:
        idle.script("Hi.", "Ho.")
    with pytest.raises(AssertionError, match="2 scripted replies"):
        idle.check()


def test_the_functions_dialect_has_no_parallel_calls():
    body = {"model": "m", "messages": [USER], "functions": [FUNCTION]}
    with ModelServer() as server:
        server.script(Reply(calls=[call("f"), call("f")]))
        httpx.post(f"{server.url}/chat/completions", json=body)
    with pytest.raises(AssertionError, match="one call in a reply"):
        server.check()

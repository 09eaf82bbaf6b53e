"""Servers that label their replies wrongly, do not hang up, stream unasked or cut calls off."""

from __future__ import annotations

import json

import pytest
from model_server import Raw, results_in

from agentkit import Agent, Delta, HTTPInterface, Request, StatusError, UserMessage, tool
from agentkit.errors import ConnectError, ReplyError
from agentkit.recovering import Recovering
from agentkit.retrying import Retrying

SSE = "text/event-stream"
LABELS = [SSE, "application/json", "application/x-ndjson", "text/html", "text/plain", ""]
BODY = (
    b'{"choices":[{"index":0,"finish_reason":"stop","%b":{"role":"assistant","content":"Done."}}]}'
)
WHOLE = BODY % b"message"
EVENT = b"data: " + BODY % b"delta" + b"\n\n"
END = b"data: [DONE]\n\n"
TOOLS = pytest.mark.parametrize("dialect", ["tools"])
STREAMED = pytest.mark.parametrize("stream", [True])
GONE = b'{"error":{"message":"gone","code":503}}'


@TOOLS
@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize(
    "pieces",
    [
        *([WHOLE], [b" \n", WHOLE], [b"\xef\xbb\xbf" + WHOLE], [WHOLE, END]),
        *([EVENT, END], [b"\n", EVENT], [b": hello\n\n", EVENT], [b"event: message\n" + EVENT]),
    ],
)
def test_a_reply_is_read_for_what_it_is_whatever_it_is_called(way, server, kind, pieces):
    server.script(Raw(pieces, kind=kind))
    assert way.run(way.agent()).output == "Done."


@TOOLS
@pytest.mark.parametrize("kind", LABELS)
@pytest.mark.parametrize("body", [GONE, b"data: " + GONE + b"\n\n"])
def test_an_error_is_read_for_what_it_is_whatever_it_is_called(way, server, kind, body):
    server.script(Raw([body], kind=kind))
    with pytest.raises(StatusError, match="answered 503: gone"):
        way.run(way.agent())


@TOOLS
@pytest.mark.parametrize("kind", [SSE, "text/plain", ""])
def test_mere_words_are_shown(way, server, kind):
    server.script(Raw([b"upstream unavailable"], kind=kind))
    with pytest.raises(ReplyError, match="neither JSON nor a stream: upstream unavailable"):
        way.run(way.agent())


@TOOLS
@STREAMED
@pytest.mark.parametrize("ending", [{"stall": True}, {"cut": True}])
def test_an_answer_is_complete_when_the_server_says_so_whatever_follows(way, server, ending):
    server.script(Raw([EVENT, END], kind=SSE, **ending), "Again.")
    agent = way.agent()
    assert [way.run(agent).output, way.run(agent).output] == ["Done.", "Again."]


@TOOLS
@STREAMED
def test_an_answer_that_does_not_say_that_it_is_complete_is_waited_for(way, server):
    server.script(Raw([EVENT], kind=SSE, cut=True))
    with pytest.raises(ConnectError):
        way.run(way.agent())


@pytest.mark.parametrize("kind", ["application/json", SSE])
def test_a_stream_that_nobody_asked_for_gives_no_pieces(server, interface, kind):
    request = Request(messages=(UserMessage("Go."),), options={"stream": False})
    server.script(Raw([EVENT, END], kind=kind))
    pieces = list(interface().stream(request))
    assert [type(each).__name__ for each in pieces] == ["Response"]


def test_a_stream_that_nobody_asked_for_is_asked_for_again_when_it_is_cut(server, interface):
    server.script(Raw([EVENT[:60], b"\n"], kind=SSE, cut=True), "Whole.")
    agent = Agent(interface=Retrying(interface()))
    assert agent.run("Go.").output == "Whole."


@tool
def delete(path: str, dry_run: bool = False) -> str:
    """Delete a file."""
    return f"{path} is gone ({dry_run})"


@TOOLS
@pytest.mark.parametrize("reason", ["length", "content_filter", "stop"])
def test_a_call_that_was_cut_off_is_not_completed_by_guessing(way, server, reason):
    call = {"id": "a", "type": "function", "index": 0}
    call["function"] = {"name": "delete", "arguments": '{"path": "/data"'}
    said = {"role": "assistant", "tool_calls": [call]}
    choice = {"index": 0, "finish_reason": reason, "delta" if way.stream else "message": said}
    body = json.dumps({"choices": [choice]}).encode()
    server.script(Raw([b"data: " + body + b"\n\n" if way.stream else body]), "Done.")
    run = way.run(way.agent(delete))
    cut = "Error: Wrong arguments for delete:\n- the arguments were cut off before their end"
    assert results_in(server.bodies[1]) == ["/data is gone (False)" if reason == "stop" else cut]
    assert run.output == "Done."


@TOOLS
@STREAMED
def test_a_call_that_an_error_cut_off_is_not_completed_by_guessing(way, server):
    call = {"id": "a", "type": "function", "index": 0}
    call["function"] = {"name": "delete", "arguments": '{"path": "/data"'}
    begun = json.dumps({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}).encode()
    refused = b'{"error":{"message":"No.","code":"tool_use_failed","failed_generation":""}}'
    stream = [b"data: " + begun + b"\n\n", b"event: error\ndata: " + refused + b"\n\n"]
    server.script(Raw(stream, kind=SSE), "Done.")
    way.run(Agent([delete], Recovering(way.interface), options={"stream": True}))
    assert "were cut off before their end" in results_in(server.bodies[1])[0]


@TOOLS
@pytest.mark.parametrize("raw", [True, False])
def test_what_stands_behind_a_router_is_told_and_recovered(way, server, raw):
    inner = {"message": "Failed.", "code": "tool_use_failed"}
    inner["failed_generation"] = '<function=delete>{"path": "/a"}</function>'
    behind = json.dumps({"error": inner}) if raw else {"error": inner}
    error = {"message": "Provider returned error", "code": 400, "metadata": {"raw": behind}}
    server.script(Raw([json.dumps({"error": error}).encode()], status=400), "Done.")
    way.run(Agent([delete], Recovering(way.interface)))
    assert results_in(server.bodies[1]) == ["/a is gone (False)"]


@pytest.mark.parametrize("key", ["lm-studio", "not-needed", "sk-no-key-required"])
def test_a_word_given_for_a_key_stays_in_answers(server, key):
    server.script(f"Start {key} first.")
    with_word = HTTPInterface("groq", api_key=key, base_url=server.url)
    assert Agent(interface=with_word).run("Go.").output == f"Start {key} first."
    with_word.close()


def test_a_word_given_for_a_key_is_hidden_where_a_server_refuses_it(server):
    server.script(Raw([b'{"error":{"message":"No key supersecret"}}'], status=401))
    with_word = HTTPInterface("groq", api_key="supersecret", base_url=server.url)
    with pytest.raises(StatusError) as caught:
        Agent(interface=with_word).run("Go.")
    assert "supersecret" not in f"{caught.value} {caught.value.body}"
    with_word.close()


def test_drafts_of_calls_in_thoughts_are_not_run(server, interface):
    draft = '<function=delete>{"path":"/b"}</function>'
    thought = f"<think>I could call {draft} - no wait</think>"
    server.script(thought + draft.replace("/b", "/a"), "Done.")
    Agent([delete], Recovering(interface(dialect="tools"))).run("Go.")
    assert results_in(server.bodies[1]) == ["/a is gone (False)"]


@TOOLS
@STREAMED
def test_the_last_words_come_as_a_piece_too(way, server):
    server.script(Raw([EVENT.rstrip()], kind=SSE))
    pieces = way.pieces(Request(messages=(UserMessage("Go."),), options={"stream": True}))
    assert [each.text for each in pieces if isinstance(each, Delta)] == ["Done."]

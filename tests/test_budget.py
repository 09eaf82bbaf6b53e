"""The tokens that a server takes in a minute, kept by leaving out old results before sending."""

import json
from contextlib import closing
from functools import partial

import pytest
from conftest import KEY
from model_server import Raw, results_in
from staged import Clock, Staged, said

from agentkit import (
    Agent,
    AssistantMessage,
    ConfigError,
    FunctionCall,
    InterfaceError,
    Request,
    ResultMessage,
    StatusError,
    UserMessage,
    open_interface,
    tool,
)
from agentkit.errors import ConnectError
from agentkit.fallback import Fallback
from agentkit.pace import Pace
from agentkit.paced import Paced

LONG = 3_000  # characters of a result: about 860 tokens
TOO_LARGE = (
    "Request too large for model `openai/gpt-oss-20b` in organization `org_1` service tier "
    "`on_demand` on tokens per minute (TPM): Limit 2000, Requested 2731, please reduce your message "
    "size and try again."
)


@tool(read_only=True)
def fetch(n: int) -> str:
    """Fetch."""
    return f"page {n}: ".ljust(LONG, "x")


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    clock = Clock(monkeypatch)
    monkeypatch.setattr("agentkit.paced.Pace", partial(Pace, clock=clock))
    return clock


def fetching(n):
    return FunctionCall("fetch", f'{{"n": {n}}}', f"call_{n}")


def refusal():
    body = {"message": TOO_LARGE, "type": "tokens", "code": "rate_limit_exceeded"}
    return Raw([json.dumps({"error": body}).encode()], status=413)


def whole_results(body):
    return [each[:6] for each in results_in(body) if len(each) >= LONG]


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_refusal_as_too_large_is_answered_by_a_shorter_request(server, way, mode):
    """The first request of a process does not know the limit yet."""
    del mode  # `way` has both
    server.script(fetching(0), fetching(1), refusal(), "Read.")
    paced = Paced(way.interface)
    agent = Agent([fetch], paced, options={"stream": way.stream})
    run = way.run(agent)
    sent = [whole_results(each) for each in server.bodies]

    assert run.output == "Read."
    assert sent == [[], ["page 0"], ["page 0", "page 1"], ["page 1"]]
    assert "1 old results were left out, to fit the server's limit" in run.repairs


def test_a_limit_that_is_known_is_kept_before_anything_is_sent(server):
    server.script(fetching(0), fetching(1), fetching(2), "Read.")
    interface = open_interface("groq", base_url=server.url, api_key=KEY, tokens_per_minute=2_000)
    with closing(interface):
        run = Agent([fetch], interface).run("Read three pages.")

    assert run.output == "Read."
    assert all(len(whole_results(each)) <= 1 for each in server.bodies[:3])
    assert len(server.bodies) == 4


def test_a_request_that_can_never_fit_is_not_sent(server):
    interface = open_interface("groq", base_url=server.url, api_key=KEY, tokens_per_minute=500)
    with closing(interface), pytest.raises(InterfaceError) as refused:
        Agent([], interface).run("x" * 10_000)

    assert not isinstance(refused.value, StatusError)
    assert "not sent, because the request has about 2,857 tokens, and a minute takes 500" in str(
        refused.value
    )
    assert refused.value.run.messages == (UserMessage("x" * 10_000),)
    assert server.requests == []


def test_the_estimate_follows_what_replies_tell(server):
    server.always = "Yes."
    interface = open_interface("groq", base_url=server.url, api_key=KEY, tokens_per_minute=10_000)
    request = Request(messages=(UserMessage("x" * 40_000),), model="agent")
    with closing(interface):
        before = interface.excess(request)
        for _ in range(20):  # each is told to have 7 tokens of prompt
            interface.send(Request(messages=(UserMessage("y" * 20_000),), model="agent"))
        assert 0 == interface.excess(request) < before


def test_a_fallback_keeps_the_limit_of_the_one_that_is_asked_first():
    small, large = Paced(Staged(said()), tokens=100), Paced(Staged(said()), tokens=10**6)
    request = Request(messages=(UserMessage("x" * 1_000),))

    assert Fallback([(small, None), (large, None)]).excess(request) > 0
    assert Fallback([(large, None), (small, None)]).excess(request) == 0


def test_a_fallback_shortens_for_the_one_that_is_left():
    """The first takes more, but fails; the second would take a shorter one."""
    small = Paced(Staged(said("Read."), said("Again.")), tokens=1_500)
    fallback = Fallback([(Staged(*[ConnectError("no")] * 9), None), (small, None)])
    pages = [
        AssistantMessage(calls=(fetching(1),)),
        ResultMessage("fetch", "x" * 20_000),
        AssistantMessage("Read."),
    ]
    agent = Agent([fetch], fallback)
    run = agent.run("And?", messages=[UserMessage("Read."), *pages])

    assert run.output == "Read."
    assert any("left out" in each for each in run.repairs)
    assert agent.run("And now?", messages=run.messages).output == "Again."


def test_a_request_that_was_too_long_says_nothing_of_the_interface():
    small, other = Staged(said("Short.")), Staged(said("Long."))
    fallback = Fallback([(Paced(small, tokens=100), None), (other, None)])
    long, short = (Request(messages=(UserMessage("x" * n),)) for n in (10_000, 10))

    assert fallback.send(long).message.content == "Long."
    assert fallback.send(short).message.content == "Short."


def test_before_a_reply_tells_a_text_may_have_long_words():
    """Nothing but the server knows then; after it, an estimate counts."""
    paced = Paced(Staged(said("Yes.")), tokens=1_000)
    assert paced.send(Request(messages=(UserMessage("word " * 1_500),))).message.content == "Yes."
    with pytest.raises(InterfaceError, match="not sent"):
        paced.send(Request(messages=(UserMessage("word " * 2_000),)))


def test_an_option_that_is_no_number_is_told_by_who_knows_the_options(server):
    interface = open_interface("groq", base_url=server.url, api_key=KEY, tokens_per_minute=500)
    with closing(interface), pytest.raises(ConfigError, match="max_tokens"):
        Agent([], interface, options={"max_tokens": "100"}).run("Hi")


def test_where_no_limit_is_known_nothing_is_left_out():
    assert Paced(Staged(said())).excess(Request(messages=(UserMessage("x" * 10**6),))) == 0

"""An agent over all that keeps it working: several models and interfaces, waits, cost."""

import asyncio
import json
from functools import partial

import pytest
from conftest import KEY
from model_server import Raw, Reply
from staged import Clock, Staged, said

from agentkit import (
    Agent,
    ConfigError,
    Delta,
    FunctionCall,
    InterfaceError,
    LimitError,
    Limits,
    RequestSent,
    ResponseReceived,
    RunEnded,
    StatusError,
    Usage,
    Wait,
    open_interface,
    tool,
)
from agentkit.catalog import page
from agentkit.errors import ConnectError, ReplyError
from agentkit.memory import memory_of
from agentkit.notices import say_once
from agentkit.pace import Pace
from agentkit.paced import Paced, shared_pace
from agentkit.retrying import Retrying
from agentkit.testing import ScriptedInterface, call

OSS = "openai/gpt-oss-20b"


@tool
def look(at: int) -> str:
    """Looks.

    Args:
        at: Where.
    """
    return f"nothing at {at}"


def refusal(status, text="busy", code=None, **headers):
    body = json.dumps({"error": {"message": text, "code": code}}).encode()
    return Raw([body], status=status, headers=headers)


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    clock = Clock(monkeypatch)
    monkeypatch.setattr("agentkit.paced.Pace", partial(Pace, clock=clock))
    for learned in (memory_of, say_once, shared_pace):
        learned.cache_clear()
    return clock


@pytest.fixture
def groq(server):
    """Groq with all around it, at the loopback server; the connections are closed."""
    made = []

    def make(**given):
        settings = {"api_key": KEY, "base_url": server.url, "aliases": {"agent": OSS}, **given}
        made.append(open_interface("groq", **settings))
        return made[-1]

    yield make
    for each in made:
        each.close()


def run(agent, mode, prompt="Hi", **given):
    return events(agent, mode, prompt, **given)[-1].run


def events(agent, mode, prompt="Hi", **given):
    if mode == "sync":
        return list(agent.iter(prompt, **given))

    async def collect():
        try:
            return [event async for event in agent.aiter(prompt, **given)]
        finally:
            await agent.interface.aclose()

    return asyncio.run(collect())


def models(server):
    return [body["model"] for body in server.bodies]


def test_several_models_are_tried_in_order(groq, server, mode, stream):
    server.script(refusal(404, "no such model", "model_not_found"), "Hello.")
    agent = Agent(interface=groq(), model=["own/one", "own/two"], options={"stream": stream})
    done = run(agent, mode)

    assert models(server) == ["own/one", "own/two"]
    assert done.output == "Hello."
    assert done.repairs[-1].startswith("groq answered, because groq: The server answered 404")


def test_several_models_may_be_aliases_and_the_first_of_them_is_no_slip(groq, server):
    server.script("Hello.")
    run(Agent(interface=groq(), model=("agent", "large")), "sync")

    assert models(server) == [OSS]
    with pytest.raises(ConfigError, match="Did you mean 'large'"):
        run(Agent(interface=groq(), model=["larg", "agent"]), "sync")


def test_the_next_request_of_a_run_begins_with_the_model_that_works(groq, server, mode):
    server.script(refusal(404, "no", "model_not_found"), call("look", at=1), "Hello.")
    done = run(Agent([look], groq(), model=["own/one", "own/two"]), mode)

    assert (models(server), done.output) == (["own/one", "own/two", "own/two"], "Hello.")


def test_several_interfaces_are_tried_in_order(groq, server, mode):
    server.script(refusal(401))
    agent = Agent(interface=[groq(), ScriptedInterface("Hello.")])
    done = run(agent, mode)

    assert agent.interface.name == "groq, scripted"
    assert done.output == "Hello."
    assert done.repairs[0].startswith("scripted answered, because groq: The server answered 401")


def test_several_models_at_several_interfaces_are_all_tried(groq, server):
    server.script(refusal(401), refusal(401))
    last = ScriptedInterface(InterfaceError("no"), "Hello.")
    agent = Agent(interface=[groq(), last], model=["own/one", "own/two"])
    done = run(agent, "sync")

    assert done.output == "Hello."
    assert [each.model for each in last.requests] == ["own/one", "own/two"]
    assert models(server) == ["own/one", "own/two"]


def test_no_model_at_all_is_a_config_error():
    with pytest.raises(ConfigError):
        Agent(interface=ScriptedInterface("Hello."), model=[])


def test_a_run_that_failed_says_how_long_it_waited(groq, server, clock, mode):
    server.script(*[refusal(429, **{"Retry-After": "7"})] * 2)
    with pytest.raises(StatusError) as raised:
        run(Agent(interface=groq(attempts=2)), mode)

    assert raised.value.run.waited == pytest.approx(sum(clock.pauses))
    assert 7 <= sum(clock.pauses) <= 8


def test_a_run_says_how_long_it_waited(groq, server, clock, mode):
    server.script(refusal(429, **{"Retry-After": "7"}), call("look", at=1))
    server.script(refusal(503, **{"Retry-After": "3"}), "Hello.")
    done = run(Agent([look], groq()), mode)

    assert done.waited == pytest.approx(sum(clock.pauses))
    assert 10 <= done.waited <= 11
    assert done.to_dict()["waited"] == round(done.waited, 3)


def test_waits_are_events_between_the_request_and_its_response(groq, server, mode, stream):
    server.script(refusal(503, "busy", **{"Retry-After": "7"}), "Hello.")
    agent = Agent(interface=groq(), options={"stream": stream})
    seen = events(agent, mode)
    kinds = [type(each) for each in seen if not isinstance(each, Delta)]

    assert kinds == [RequestSent, Wait, ResponseReceived, RunEnded]
    assert 7 <= seen[1].seconds <= 8
    assert seen[1].reason == "The server answered 503: busy"


def test_requests_over_a_limit_of_your_own_wait(groq, server, clock, mode):
    server.script(call("look", at=1), "Hello.")
    agent = Agent([look], groq(requests_per_minute=1))
    seen = events(agent, mode)
    waits = [each for each in seen if isinstance(each, Wait)]

    assert {each.reason for each in waits} == {"groq: 1 requests a minute"}
    assert sum(each.seconds for each in waits) == pytest.approx(60, abs=1)
    assert seen[-1].run.waited == pytest.approx(60, abs=1)


def test_a_run_knows_its_cost_and_tells_it(groq, server, mode):
    server.script(
        Reply(calls=[call("look", at=1)], usage=(1_000, 100)), Reply("a", usage=(2_000, 0))
    )
    done = run(Agent([look], groq()), mode)

    assert done.cost == pytest.approx(page("groq").cost(OSS, Usage(3_000, 100)))
    assert done.to_dict()["cost"] == done.cost
    assert json.loads(json.dumps(done.to_dict()))["cost"] == done.cost


def test_a_retired_model_costs_what_its_successor_does(groq, server):
    server.script(refusal(400, "gone", "model_decommissioned"), Reply("a", usage=(1_000, 100)))
    agent = Agent(interface=groq(aliases={"agent": "llama-3.1-8b-instant"}))

    assert run(agent, "sync").cost == page("groq").cost(OSS, Usage(1_000, 100))


def test_a_limit_of_cost_ends_the_run(groq, server, mode):
    server.always = Reply(calls=[call("look", at=1)], usage=(1_000, 100))
    agent = Agent([look], groq(), limits=Limits(cost=0.0002, repeats=None))
    with pytest.raises(LimitError, match="US dollars") as reached:
        run(agent, mode)

    assert len(server.requests) == len(reached.value.run.steps) == 2


def test_an_unknown_price_ends_the_run_with_the_run_attached(groq, server, mode):
    server.script(call("look", at=1))
    agent = Agent([look], groq(), model="nobody/knows-this-model", limits=Limits(cost=1.0))
    with pytest.raises(LimitError, match="No price is known for nobody/knows-this") as reached:
        run(agent, mode)

    assert len(reached.value.run.steps) == 1


def test_a_call_read_from_an_error_needs_no_price(groq, server, mode):
    error = {"message": "Failed to call a function.", "code": "tool_use_failed"}
    error["failed_generation"] = '<function=look>{"at": 1}</function>'
    server.script(Raw([json.dumps({"error": error}).encode()], status=400), "Hello.")
    done = run(Agent([look], groq(), limits=Limits(cost=1.0)), mode)

    assert done.output == "Hello."
    assert done.steps[0].response.message.calls == (FunctionCall("look", '{"at": 1}'),)


def test_an_error_after_all_attempts_carries_the_run(groq, server, mode):
    busy = refusal(503, **{"Retry-After": "1"})
    server.script(call("look", at=1), busy, busy)
    with pytest.raises(StatusError, match="Gave up after 2 attempts") as raised:
        run(Agent([look], groq(attempts=2)), mode)

    assert [each.role for each in raised.value.run.messages] == ["user", "assistant", "function"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_wait_carries_the_run(groq, server, clock, stop):
    server.script(call("look", at=1), refusal(503))
    clock.stop = stop()
    with pytest.raises(stop) as raised:
        run(Agent([look], groq()), "sync")

    assert len(raised.value.run.steps) == 1


def test_left_in_a_wait_an_agent_gives_its_place_back(mode):
    agent = Agent(interface=Paced(Staged(said()), requests=1))
    run(agent, mode)

    async def leave():
        stream = agent.aiter("Hi")
        while not isinstance(await anext(stream), Wait):
            pass
        await stream.aclose()

    def leave_now():
        stream = agent.iter("Hi")
        while not isinstance(next(stream), Wait):
            pass
        stream.close()

    leave_now() if mode == "sync" else asyncio.run(leave())
    assert run(agent, mode).waited == pytest.approx(60, abs=1)


def test_text_that_was_seen_is_not_said_again(mode):
    cut = Staged([Delta("Hel"), ConnectError("cut")])
    with pytest.raises(ConnectError):
        events(Agent(interface=Retrying(cut), options={"stream": True}), mode)
    assert len(cut.requests) == 1


class Silent(Staged):
    """Gives no response, and fails when it is asked again and again."""

    def stream(self, request):
        assert len(self.requests) < 5, "asked for ever"
        return super().stream(request)


def test_an_interface_without_a_response_is_an_error(mode):
    with pytest.raises(ReplyError):
        events(Agent(interface=Silent([])), mode)

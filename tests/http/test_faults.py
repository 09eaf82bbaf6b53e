"""A campaign of random faults: each run ends well or with one clear error, and does nothing twice."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from conftest import KEY
from faults import ENDS_IN_EVENT, REFUSED_IN_STREAM, Fault, FaultyModel, planned
from model_server import ModelServer, Raw

from agentkit import Agent, AssistantMessage, Limits, Message, ResultMessage, tool
from agentkit.direct.outgoing import Timeouts
from agentkit.errors import InterfaceError, StatusError
from agentkit.interfaces import open_interface

STEPS = 20
SEEDS = range(104)
LEAST = 200  # faults in the whole campaign
injected: Counter[int] = Counter()
"""Faults by seed."""


@pytest.fixture(scope="module", autouse=True)
def _enough_faults() -> Iterator[None]:
    yield
    if len(injected) == len(SEEDS):  # else only some of the tests were asked for
        assert injected.total() >= LEAST


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between attempts are cut short; the pace, which looks at its clock, asks again."""
    sleep, asleep = time.sleep, asyncio.sleep

    async def asleep_shortly(seconds: float) -> None:
        await asleep(min(seconds, 0.005))

    monkeypatch.setattr("agentkit.wrapper.time.sleep", lambda seconds: sleep(min(seconds, 0.005)))
    monkeypatch.setattr(asyncio, "sleep", asleep_shortly)


class Campaign:
    """One seed: a way to talk, a plan of faults, and what was done."""

    def __init__(self, seed: int, server: ModelServer) -> None:
        rng = random.Random(seed)
        self.sync, self.stream = bool(seed & 1), bool(seed & 2)
        self.done: list[int] = []
        self.model = FaultyModel(server, STEPS, planned(rng, STEPS, self.stream))
        self.model.talkative = rng.random() < 0.3
        server.always = self.model
        self.interface = open_interface(
            "groq",
            api_key=f"{KEY}{seed}",
            base_url=server.url,
            dialect="tools" if seed & 4 else "functions",
            timeout=20.0,
            pacing=rng.random() < 0.5,
        )
        self._give_up_stalls(self.interface)
        read_only = rng.random() < 0.5

        @tool(read_only=read_only)
        def note(step: int) -> str:
            """Note a step."""
            self.done.append(step)
            return f"noted {step}"

        options = {"stream": True} if self.stream else None
        limits = Limits(steps=2 * STEPS)
        self.agent = Agent([note], self.interface, options=options, limits=limits)

    def _give_up_stalls(self, interface: Any) -> None:
        """Soon, while all that the server does answer is waited for."""
        while hasattr(interface, "inner"):
            interface = interface.inner
        clients, stalled = interface._clients, set()

        def timed(sender: Any) -> Any:
            step = len(self.done)
            fault = self.model.plan.get(step)
            is_stall = fault is not None and "stall" in fault.name and step not in stalled
            stalled.add(step)
            timeout = httpx.Timeout(20.0, read=0.2 if is_stall else 20.0)
            if hasattr(sender, "client"):
                sender.client.timeout = timeout
            else:
                sender.timeouts = Timeouts(**timeout.as_dict())
            return sender

        clients.sync = lambda give=clients.sync: timed(give())
        clients.here = lambda give=clients.here: timed(give())

    def run(self, prompt: str, **given: Any) -> Any:
        """The run, or the error that stopped it."""
        try:
            if self.sync:
                return self.agent.run(prompt, **given)
            return asyncio.run(self._arun(prompt, given))
        except InterfaceError as error:
            return error

    async def _arun(self, prompt: str, given: dict[str, Any]) -> Any:
        try:
            return await self.agent.arun(prompt, **given)
        finally:
            await self.interface.aclose()

    def expected(self) -> type[InterfaceError] | None:
        """The error by which the plan stops the run, if it does."""
        stops = (
            self.model.stops(fault, step, self.stream) for step, fault in self.model.plan.items()
        )
        return next((each for each in stops if each), None)


@pytest.fixture
def campaign(request: pytest.FixtureRequest, server: ModelServer) -> Iterator[Campaign]:
    made = Campaign(request.param, server)
    yield made
    made.interface.close()


def _answered(messages: tuple[Message, ...]) -> bool:
    """Whether every call has exactly one result, right behind it and in order."""
    rest = list(messages)
    while rest:
        message = rest.pop(0)
        if isinstance(message, ResultMessage):
            return False
        for call in message.calls if isinstance(message, AssistantMessage) else ():
            result = rest.pop(0) if rest else None
            if not isinstance(result, ResultMessage):
                return False
            if (result.name, result.id) != (call.name, call.id):
                return False
    return True


@pytest.mark.parametrize("campaign", SEEDS, indirect=True, ids=[f"seed{n}" for n in SEEDS])
def test_a_run_with_faults_ends_with_an_answer_or_one_error(request, campaign):
    ended = campaign.run("Go.")
    injected[request.node.callspec.params["campaign"]] = campaign.model.done.total()
    run = ended.run if isinstance(ended, InterfaceError) else ended
    assert type(ended) is (campaign.expected() or type(run)), campaign.model.plan
    assert campaign.done == list(range(len(campaign.done)))
    assert _answered(run.messages)

    campaign.model.plan.clear()  # the server is well again
    again = campaign.run("Go on.", messages=run.messages)
    assert again.output == "All the steps are done."
    assert _answered(again.messages)
    assert campaign.done == list(range(STEPS))


def _with(server: ModelServer, step: int, fault: Fault) -> FaultyModel:
    server.always = FaultyModel(server, 2, {step: fault}, talkative=True)
    return server.always


@tool
def note(step: int) -> str:
    """Note a step."""
    return f"noted {step}"


@pytest.fixture
def opened(server: ModelServer) -> Iterator[Agent[str]]:
    interface = open_interface("groq", api_key=KEY, base_url=server.url, dialect="tools")
    yield Agent([note], interface, options={"stream": True})
    interface.close()


def test_a_call_refused_behind_words_does_not_make_the_words_an_answer(server, opened):
    _with(server, 1, REFUSED_IN_STREAM)
    try:
        output = opened.run("Go.").output
    except StatusError:
        output = None  # not asked again, because words were handed out

    assert output in (None, "All the steps are done.")


def test_a_stream_that_ends_in_an_event_is_one_that_was_cut(server, opened):
    _with(server, 1, ENDS_IN_EVENT).talkative = False
    run = opened.run("Go.")

    assert run.output == "All the steps are done."


def test_a_first_request_that_failed_is_not_waited_for(server, opened, monkeypatch):
    monkeypatch.setattr("agentkit.pace._PATIENCE", 2.0)
    _with(server, 0, Fault("cut", lambda _: Raw(cut=True)))
    run = opened.run("Go.")

    assert run.waited < 1.0

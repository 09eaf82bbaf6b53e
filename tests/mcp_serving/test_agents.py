"""An agent as one tool of an MCP client."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from mcp_serving.clients import MODES, connected, heard_all, text_of

from agentkit import Agent, Context, FunctionCall, Limits, Tool, Toolbox, tool
from agentkit.mcp import agent_tool
from agentkit.testing import ScriptedInterface


@tool(read_only=True)
def look(place: str) -> str:
    """Look."""
    return f"{place} is empty"


@tool(destructive=True)
def clear(place: str) -> str:
    """Clear."""
    CLEARED.append(place)
    return "cleared"


CLEARED: list[str] = []


@dataclass
class Answer:
    place: str
    empty: bool


def call(name: str, **arguments: Any) -> FunctionCall:
    import json

    return FunctionCall(name, json.dumps(arguments))


def agent(*script: Any, **given: Any) -> Agent[Any]:
    given = {"name": "helper", **given}
    return Agent([look, clear], ScriptedInterface(*script), **given)


async def _asked(given: Agent[Any], told: int = 0, **more: Any) -> tuple[Any, list[str]]:
    heard: list[str] = []

    async def hear(_: float, __: float | None, message: str | None) -> None:
        heard.append(message or "")

    async with connected(given, **more) as client:
        result = await client.call_tool("helper", {"prompt": "Well?"}, progress_callback=hear)
        await heard_all(heard, told)
    return result, heard


@pytest.mark.parametrize("mode", MODES)
def test_a_prompt_goes_in_and_an_answer_comes_out(mode: str) -> None:
    result, heard = asyncio.run(_asked(agent(call("look", place="A"), "All empty."), 2, mode=mode))

    assert text_of(result) == "All empty."
    assert result.structured_content is None
    assert sorted(heard) == ["look is done", "look runs"]


@pytest.mark.parametrize("mode", MODES)
def test_a_typed_answer_is_a_value(mode: str) -> None:
    typed = agent(call("final_answer", place="A", empty=True), output=Answer)

    result, _ = asyncio.run(_asked(typed, mode=mode))

    assert result.structured_content == {"place": "A", "empty": True}


def test_its_effects_are_those_of_its_tools() -> None:
    def effects(tools: Any) -> tuple[bool, bool, bool]:
        made = agent_tool(Agent(tools, ScriptedInterface()))
        return made.read_only, made.destructive, made.open_world

    assert effects([look]) == (True, False, False)
    assert effects([look, clear]) == (False, True, False)
    assert effects([tool(lambda: "", name="web", open_world=True)]) == (False, False, True)
    assert effects(()) == (True, False, False)


def test_a_client_is_told_what_to_give_it() -> None:
    made = agent_tool(agent())

    assert made.name == "helper"
    assert made.parameters.schema["required"] == ["prompt"]
    assert list(made.parameters.schema["properties"]) == ["prompt"]
    assert made.definition.description == (
        "Give an agent a task, with all that it needs to know, and get its answer. "
        "Its tools: look, clear."
    )
    assert agent_tool(agent(name="")).name == "ask_agent"
    assert agent_tool(agent(), "clerk", "Ask the clerk.").definition.description == "Ask the clerk."


def _of(answers: Sequence[str], questions: list[str]) -> Any:
    left = iter(answers)

    def answer(question: str) -> str:
        questions.append(question.partition("\n\n")[2])
        return next(left)

    return answer


@pytest.mark.parametrize("mode", MODES)
def test_its_calls_are_asked_about_one_by_one(mode: str) -> None:
    CLEARED.clear()
    script = [
        [call("clear", place="A"), call("clear", place="B")],
        call("clear", place="C"),
        "Did what I may.",
    ]
    questions: list[str] = []
    answer = _of(["accept", "decline", "accept"], questions)

    result, _ = asyncio.run(_asked(agent(*script), mode=mode, answer=answer))

    assert text_of(result) == "Did what I may."
    assert questions == ['clear(place="A")', 'clear(place="B")', 'clear(place="C")']
    assert CLEARED == ["A", "C"]


@pytest.mark.parametrize("mode", MODES)
def test_a_call_that_nobody_can_allow_ends_it(mode: str) -> None:
    CLEARED.clear()

    result, _ = asyncio.run(_asked(agent(call("clear", place="A"), "Done."), mode=mode))

    assert result.is_error
    assert "The agent wants to call clear: clear may destroy something" in text_of(result)
    assert "cannot ask its user" in text_of(result)
    assert CLEARED == []


def test_its_limits_hold() -> None:
    limited = agent(call("look", place="A"), call("look", place="B"), limits=Limits(steps=1))

    result, _ = asyncio.run(_asked(limited))

    assert result.is_error
    assert "1 step" in text_of(result)


def test_a_cancel_stops_the_run() -> None:
    async def main() -> list[str]:
        seen: list[str] = []
        begun, ended = asyncio.Event(), asyncio.Event()

        @tool
        async def wait(context: Context[Any]) -> str:
            begun.set()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                seen.append("cancelled")
                raise
            finally:
                ended.set()
            return ""

        slow = Agent(wait, ScriptedInterface(call("wait"), "never"), name="helper")
        async with connected(slow) as client:
            task = asyncio.ensure_future(client.call_tool("helper", {"prompt": "Go"}))
            await begun.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await ended.wait()
        return seen

    assert asyncio.run(main()) == ["cancelled"]


def test_it_is_a_tool_of_other_agents_too() -> None:
    inner: Tool[..., Any] = agent_tool(agent("Empty."))
    outer = Agent(inner, ScriptedInterface(call("helper", prompt="A?"), "It is empty."))

    run = outer.run("Look.")

    assert run.output == "It is empty."
    assert run.steps[0].results[0].content == "Empty."
    refused = Toolbox(agent_tool(agent(call("clear", place="A"), ""))).call(
        FunctionCall("helper", '{"prompt": "x"}')
    )
    assert refused.is_error

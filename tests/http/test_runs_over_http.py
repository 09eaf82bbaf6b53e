"""Runs that end early, go on, and run beside each other, through real sockets."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Any

import pytest
from model_server import results_in

from agentkit import (
    AssistantMessage,
    ConfigError,
    Context,
    FunctionCall,
    LimitError,
    Limits,
    Message,
    ResultMessage,
    UserMessage,
    load_messages,
    save_messages,
    tool,
)
from agentkit.loop import Loop
from agentkit.testing import call

TOOLS = pytest.mark.parametrize("dialect", ["tools"])
SYNC = pytest.mark.parametrize("mode", ["sync"])
ASYNC = pytest.mark.parametrize("mode", ["async"])
WHOLE = pytest.mark.parametrize("stream", [False])
CUT_SHORT = "Error: the run ended before this call had a result; it may or may not have run."


@tool(read_only=True)
def echo(text: str) -> str:
    """Says it again."""
    return text


def _refused(way: Any, agent: Any, **given: Any) -> Any:
    with pytest.raises(LimitError) as caught:
        way.run(agent, **given)
    return caught.value


def test_the_limit_of_steps_ends_a_run_that_can_be_continued(way, server):
    server.script(call("echo", text="a"), call("echo", text="b"), "Done.")
    error = _refused(way, way.agent(echo, limits=Limits(steps=2)))
    assert "limit of 2 steps" in str(error)
    assert "can go on from where it stopped" in str(error)
    assert (len(error.run.steps), error.run.output) == (2, None)
    run = way.run(way.agent(echo), None, messages=error.run.messages)
    assert run.output == "Done."
    assert results_in(server.bodies[2]) == ["a", "b"]
    assert run.messages[: len(error.run.messages)] == error.run.messages


def test_the_limit_of_repeats_ends_a_run_in_circles(way, server):
    server.script(*[call("echo", text="a")] * 3, "Done.")
    error = _refused(way, way.agent(echo))
    assert "called echo 3 times with the same arguments" in str(error)
    assert way.run(way.agent(echo), "Stop it.", messages=error.run.messages).output == "Done."


def test_the_same_call_with_other_results_is_no_circle(way, server):
    results = iter("abcd")

    @tool(read_only=True)
    def look() -> str:
        return next(results)

    server.script(*[call("look")] * 4, "Done.")
    assert way.run(way.agent(look)).output == "Done."


def test_a_call_over_the_limit_of_calls_is_not_run(way, server):
    server.script(call("echo", text="a"), call("echo", text="b"), "Done.")
    error = _refused(way, way.agent(echo, limits=Limits(calls=1)))
    assert "limit of 1 calls" in str(error)
    last = error.run.messages[-1].content
    assert last == "Error: not run, because the limit of calls is reached."
    way.run(way.agent(echo), None, messages=error.run.messages)
    assert results_in(server.bodies[2]) == ["a", last]


def test_the_limit_of_tokens_ends_a_run(way, server):
    server.script(call("echo", text="a"), call("echo", text="b"))
    error = _refused(way, way.agent(echo, limits=Limits(tokens=20)))
    assert "limit of 20 tokens" in str(error)
    assert error.run.usage.total_tokens == 20


@WHOLE
def test_the_limit_of_seconds_ends_a_run(way, server, monkeypatch):
    now = [0.0]
    monkeypatch.setitem(Loop.__init__.__kwdefaults__, "clock", lambda: now[0])

    @tool
    def sleep() -> str:
        now[0] += 0.2
        return "awake"

    server.script(call("sleep"))
    error = _refused(way, way.agent(sleep, limits=Limits(seconds=0.15)))
    assert "limit of 0.15 seconds" in str(error)
    assert error.run.messages[-1].content == "awake"


def _asked(*texts: str) -> AssistantMessage:
    calls = [call("echo", text=text) for text in texts]
    return AssistantMessage(calls=tuple(calls))


def test_open_calls_of_a_transcript_are_run_first_with_their_old_keys(way, server):
    keys: list[str] = []

    @tool(name="echo")
    def keep(context: Context, text: str) -> str:
        keys.append(context.call_key)
        return text

    server.script("Done.")
    messages = [UserMessage("Go."), _asked("a")]
    run = way.run(way.agent(keep), None, messages=messages, run_id="r7")
    assert keys == ["r7:1:0"]
    assert results_in(server.bodies[0]) == ["a"]
    assert run.output == "Done."


@TOOLS
def test_results_that_are_there_are_kept_and_only_the_others_made(way, server):
    server.script("Done.")
    messages = [UserMessage("Go."), _asked("a", "b", "c"), ResultMessage("echo", "kept")]
    way.run(way.agent(echo), None, messages=messages)
    assert results_in(server.bodies[0]) == ["kept", "b", "c"]


def test_a_prompt_comes_after_the_results_of_open_calls(way, server):
    server.script("Done.")
    way.run(way.agent(echo), "And?", messages=[UserMessage("Go."), _asked("a")])
    assert server.bodies[0]["messages"][-1] == {"role": "user", "content": "And?"}
    assert results_in(server.bodies[0]) == ["a"]


def test_a_broken_call_in_a_transcript_never_reaches_the_server(way, server):
    broken = AssistantMessage(calls=(FunctionCall("echo", '{"text": "a'),))
    server.script("Done.")
    way.run(way.agent(echo), None, messages=[UserMessage("Go."), broken])
    assert "not valid JSON" in results_in(server.bodies[0])[0]


def test_a_saved_transcript_is_sent_as_the_first_one_was(way, server):
    server.script(call("echo", text="ö"), "Done.", "Again.")
    first = way.run(way.agent(echo))
    loaded = load_messages(save_messages(first.messages))
    way.run(way.agent(echo), "More.", messages=loaded)
    before, after = server.bodies[1]["messages"], server.bodies[2]["messages"]
    assert after[: len(before)] == before


@WHOLE
def test_a_run_with_nothing_to_answer_is_refused(way, server):
    with pytest.raises(ConfigError, match="nothing to answer"):
        way.run(way.agent(), None)
    assert server.requests == []


def _sent_again(way: Any, messages: tuple[Message, ...]) -> list[str]:
    """Go on with a transcript; the server checks that it is a valid one."""
    way.server.script("On we go.")
    run = way.run(way.agent(echo), "Go on.", messages=messages)
    assert run.output == "On we go."
    return results_in(way.server.bodies[-1])


@ASYNC
def test_a_cancelled_run_leaves_a_transcript_that_can_be_sent(way, server):
    started = asyncio.Event()

    @tool(name="echo")
    async def wait(text: str) -> str:
        started.set()
        await asyncio.Event().wait()
        return text

    async def cancelled() -> Any:
        task = asyncio.ensure_future(way.agent(wait).arun("Go."))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        return caught.value

    server.script(call("echo", text="a"))
    error = way.awaited(cancelled)
    assert _sent_again(way, error.run.messages) == [CUT_SHORT]


@ASYNC
@TOOLS
def test_what_was_done_before_a_cancellation_stays_done(way, server):
    waiting = asyncio.Event()

    @tool(name="echo", read_only=True)
    async def wait(text: str) -> str:
        if text == "slow":
            waiting.set()
            await asyncio.Event().wait()
        return text

    async def cancelled() -> Any:
        task = asyncio.ensure_future(way.agent(wait).arun("Go."))
        await waiting.wait()
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
        return caught.value

    server.script([call("echo", text=text) for text in ("a", "slow", "b")])
    error = way.awaited(cancelled)
    assert _sent_again(way, error.run.messages) == ["a", CUT_SHORT, "b"]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_a_tool_that_ends_the_program_leaves_a_transcript_that_can_be_sent(way, server, kind):
    @tool(name="echo")
    def stop(text: str) -> str:
        raise kind

    server.script(call("echo", text="a"))
    agent = way.agent(stop)
    with pytest.raises(kind) as caught:
        way.run(agent)
    assert caught.value.run is not None
    assert _sent_again(way, caught.value.run.messages) == [CUT_SHORT]


@TOOLS
@SYNC
def test_an_interrupt_beside_other_calls_keeps_their_results(way, server):
    @tool(name="echo", read_only=True)
    def stop(text: str) -> str:
        if text == "stop":
            raise KeyboardInterrupt
        return text

    server.script([call("echo", text=text) for text in ("a", "stop", "b")])
    agent = way.agent(stop)
    with pytest.raises(KeyboardInterrupt) as caught:
        way.run(agent)
    assert _sent_again(way, caught.value.run.messages) == ["a", CUT_SHORT, "b"]


def test_an_async_tool_that_ends_the_program_does_not_hang_a_sync_run():
    program = (
        "from agentkit import Agent\n"
        "from agentkit.testing import ScriptedInterface, call\n"
        "async def stop(): raise SystemExit(3)\n"
        "Agent(stop, ScriptedInterface(call('stop'))).run('Go.')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], timeout=60, check=False)
    assert done.returncode == 3


@WHOLE
@SYNC
def test_a_sync_run_works_inside_a_running_event_loop(way, server):
    @tool(name="echo")
    async def greet(text: str) -> str:
        await asyncio.sleep(0)
        return text

    async def main() -> Any:
        return way.agent(greet).run("Go.")

    server.script(call("echo", text="a"), "Done.")
    assert asyncio.run(main()).output == "Done."


def _mirror(body: dict[str, Any]) -> Any:
    said = body["messages"][-1]
    if said["role"] == "user":
        return call("echo", text=said["content"])
    return f"{said['content']} after {len(body['messages'])}"


@ASYNC
def test_fifty_runs_of_one_agent_keep_their_transcripts_apart(way, server):
    server.always = _mirror
    agent = way.agent(echo, instructions="Mirror.")

    async def all_at_once() -> list[Any]:
        return await asyncio.gather(*(agent.arun(f"run {n}") for n in range(50)))

    runs = way.awaited(all_at_once)
    assert [run.output for run in runs] == [f"run {n} after 4" for n in range(50)]
    assert all(len(run.messages) == 5 for run in runs)
    assert len({run.id for run in runs}) == 50
    assert len(server.requests) == 100

"""Calls of tools of MCP servers, and what servers do in the middle of them."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import threading

import pytest
from mcp_client.servers import Raw, bomb, is_alive, listed
from waiting import until

from agentkit import Agent, CallEnded, Progress
from agentkit.mcp.client import program
from agentkit.testing import ScriptedInterface, call

READ_ONLY = {"annotations": {"readOnlyHint": True}}


def test_a_call_gives_the_servers_text_as_text_from_outside(raw: Raw):
    result = raw.box("greet").call(call("greet", a=1))

    assert (result.content, result.is_error, result.untrusted) == ('greet {"a": 1}', False, True)


def test_arguments_that_do_not_fit_never_leave(raw: Raw):
    result = raw.box("greet").call(call("greet", a="one"))

    assert result.is_error
    assert "a: 'one' is not of type 'integer'" in result.content
    assert not raw.heard("tools/call")


def test_an_error_of_the_tool_is_an_error_in_its_words(raw: Raw):
    result = raw.box("fail").call(call("fail"))

    assert (result.is_error, result.untrusted) == (True, True)
    assert "did" in result.content


def test_a_result_that_makes_no_sense_is_an_error_of_that_call(raw: Raw):
    box = raw.box("wrong", "greet")

    assert box.call(call("wrong")).content.startswith("Error: wrong failed: ")
    assert not box.call(call("greet")).is_error
    assert len(raw.heard("initialize")) == 1


def test_a_death_in_the_middle_of_a_call_is_told_and_the_next_call_starts_it_again(raw: Raw):
    box = raw.box("die", "greet", env={"MY_TOKEN": "hush-hush-hush"})

    died, greeted = box.call(call("die")), box.call(call("greet"))

    assert died.content == (
        "Error: The MCP server raw ended in the middle of the call (exit code 3). Whether die did "
        "something is not known. The next call starts it again. It said: KEY= [secret] was all I had"
    )
    assert not greeted.is_error
    assert [each["params"]["name"] for each in raw.heard("tools/call")] == ["die", "greet"]


@pytest.mark.parametrize("hint", ["readOnlyHint", "idempotentHint"])
def test_a_call_that_may_be_made_again_is_made_again_after_a_death(raw: Raw, hint: str):
    box = raw.box(listed("die_once", annotations={hint: True}))

    assert not box.call(call("die_once")).is_error
    assert len(raw.heard("tools/call")) == 2


def test_hints_that_are_not_believed_have_no_call_made_again(raw: Raw):
    box = raw.box(listed("die_once", **READ_ONLY), trust_hints=False)

    assert box.call(call("die_once")).is_error
    assert len(raw.heard("tools/call")) == 1


def test_a_server_that_dies_each_time_is_given_longer_and_longer_pauses(raw: Raw):
    box = raw.box("die")

    said = [box.call(call("die")).content for _ in range(3)]

    assert ["in the middle" in each for each in said] == [True, True, False]
    assert "It is started again in 1 seconds. The MCP server raw ended (exit code 3)." in said[2]
    assert len(raw.heard("initialize")) == 2


def test_a_server_that_died_unasked_is_started_again_unnoticed(raw: Raw):
    box = raw.box("greet")
    box.call(call("greet"))
    connection = box.servers[0].remote._connection

    connection._way._process.kill()
    assert until(lambda: connection.has_ended)

    assert not box.call(call("greet")).is_error


def test_an_error_with_the_code_of_a_lost_connection_is_the_servers_own(raw: Raw):
    box = raw.box("refuse", "pid")
    pid = box.call(call("pid")).content

    assert box.call(call("refuse")).content == "Error: refuse failed: no such account"
    assert box.call(call("pid")).content == pid


def test_half_a_surrogate_pair_disturbs_nothing(raw: Raw):
    assert raw.box("half").call(call("half")).content == "cut in the middle: ?"


def test_a_call_without_an_answer_is_given_up_and_cancelled_at_the_server(raw: Raw):
    result = raw.box("sleep", timeout=0.2).call(call("sleep"))

    assert result.content == "Error: sleep did not finish within 0.2 seconds, and was cancelled."
    assert until(lambda: raw.heard("notifications/cancelled"))


def test_a_cancelled_run_cancels_its_call_at_the_server(raw: Raw):
    async def main() -> None:
        async with raw.box("sleep") as box:
            agent = Agent([box], ScriptedInterface(call("sleep")), approval="never")
            run = asyncio.create_task(agent.arun("Go."))
            while not raw.heard("tools/call"):
                await asyncio.sleep(0.01)
            run.cancel()
            with pytest.raises(asyncio.CancelledError):
                await run
            while not raw.heard("notifications/cancelled"):
                await asyncio.sleep(0.01)

    asyncio.run(main())
    (asked,), (cancelled,) = raw.heard("tools/call"), raw.heard("notifications/cancelled")
    assert cancelled["params"]["requestId"] == asked["id"]


def test_what_is_no_message_on_stdout_disturbs_nothing_and_shows_in_errors(raw: Raw, capfd):
    box = raw.box("chat", "die")

    assert box.call(call("chat")).content == "chat {}"
    assert "Hello, I print on stdout!" in box.call(call("die")).content
    assert capfd.readouterr().err == ""


def test_a_message_that_is_too_long_ends_the_server_and_not_us(raw: Raw, monkeypatch):
    monkeypatch.setattr(program, "LONGEST", 100_000)

    result = raw.box("huge").call(call("huge"))

    assert "it sent a message of more than 100,000 bytes" in result.content


def test_a_long_result_is_cut_for_the_model(raw: Raw):
    result = raw.box("long").call(call("long"))

    assert len(result.content) < 11_000
    assert "characters left out" in result.content


def test_progress_and_log_lines_are_events_of_the_call(raw: Raw, mode: str):
    agent = Agent([raw.box("count")], ScriptedInterface(call("count"), "Done."))

    async def events() -> list[object]:
        return [each async for each in agent.aiter("Go.")]

    found = list(agent.iter("Go.")) if mode == "sync" else asyncio.run(events())

    told = [(each.message, each.fraction) for each in found if isinstance(each, Progress)]
    assert set(told) == {("", 1 / 3), ("", 2 / 3), ("", 1.0), ("nearly there", None)}
    assert [each.result.is_error for each in found if isinstance(each, CallEnded)] == [False]


def test_log_lines_of_no_call_are_logged(raw: Raw, caplog):
    raw.lists("count")
    with caplog.at_level(logging.INFO, "agentkit"), raw.box() as box:
        connection = box.servers[0].remote._connection
        loop = asyncio.new_event_loop()
        from mcp_types import LoggingMessageNotificationParams as Params

        for level in ("info", "critical"):
            loop.run_until_complete(connection._logged(Params(level=level, data="a\x1b[31mb")))
        loop.close()

    assert [(each.levelname, each.message) for each in caplog.records] == [
        ("INFO", "raw: ab"),
        ("ERROR", "raw: ab"),
    ]


def test_structured_content_is_told_once(raw: Raw):
    raw.lists(listed("structured", inputSchema={"type": "object"}))
    box = raw.box()

    assert box.call(call("structured", value={"b": 2})).content == '{"b":2}\n{}'
    assert box.call(call("structured", value={})).content == "{}"
    assert box.call(call("structured", value={"result": {}})).content == "{}"


def test_structured_content_that_breaks_its_own_schema_is_an_error(raw: Raw):
    schema = {"type": "object", "properties": {"b": {"type": "integer"}}, "required": ["b"]}
    raw.lists(listed("structured", inputSchema={"type": "object"}, outputSchema=schema))
    box = raw.box()

    assert not box.call(call("structured", value={"b": 2})).is_error
    wrong = box.call(call("structured", value={"b": "two"}))
    assert wrong.content == (
        "Error: structured failed: Invalid structured content returned by tool structured: 'two' "
        "is not of type 'integer'"
    )


@pytest.mark.parametrize("recurs", [False, True])
def test_an_output_schema_that_takes_years_to_check_is_checked_by_nobody(raw: Raw, recurs: bool):
    schema = bomb(last="inner0" if recurs else "end")
    raw.lists(listed("structured", inputSchema={"type": "object"}, outputSchema=schema))
    value: object = "the end"
    for _ in range(50):
        value = {"a": value}

    assert not raw.box().call(call("structured", value=value)).is_error


def test_the_server_gets_a_few_variables_and_no_key(raw: Raw, monkeypatch):
    monkeypatch.setenv("GROQ_API_KEY", "gsk_0123456789abcdef")
    monkeypatch.setenv("ANYTHING", "else")

    content = raw.box("environment", env={"GIVEN": "yes"}).call(call("environment")).content

    given = json.loads(content)
    assert given["GIVEN"] == "yes"
    assert "PATH" in given
    assert not {"GROQ_API_KEY", "ANYTHING"} & given.keys()


@pytest.mark.parametrize("answer", [{"name": "Ann"}, None])
def test_a_servers_question_is_answered_by_who_was_given_for_it(raw: Raw, answer):
    asked = []

    def elicit(words, schema):
        asked.append((words, sorted(schema["properties"])))
        return answer

    async def awaited(words, schema):
        return elicit(words, schema)

    for function in (elicit, awaited):
        content = raw.box("question", elicit=function).call(call("question")).content
        told = {"action": "accept", "content": answer} if answer else {"action": "decline"}
        assert json.loads(content) == told
    assert asked == [("Who?", ["name"])] * 2


def test_a_flood_of_questions_has_no_flood_of_threads(raw: Raw):
    asked, go_on = [], threading.Event()

    def elicit(words: str, schema: object) -> None:
        asked.append(words)
        go_on.wait(60)

    box = raw.box("questions", "pid", elicit=elicit)
    box.call(call("questions"))
    box.call(call("pid"))  # behind all of the questions
    assert until(lambda: len(asked) == 8)

    go_on.set()
    assert until(lambda: len(asked) == 100)


def test_without_one_questions_are_refused(raw: Raw):
    box = raw.box("question", "roots")

    assert box.call(call("question")).content == '"Elicitation not supported"'
    assert box.call(call("roots")).content == '"List roots not supported"'
    (initialize,) = raw.heard("initialize")
    assert initialize["params"]["capabilities"] == {}


def test_roots_that_were_given_are_told(raw: Raw, tmp_path):
    content = raw.box("roots", roots=[tmp_path]).call(call("roots")).content

    assert json.loads(content) == {"roots": [{"uri": tmp_path.as_uri()}]}


def test_many_calls_at_once_share_one_server(raw: Raw):
    raw.lists(listed("greet", **READ_ONLY))
    box = raw.box()
    calls = [call("greet", a=n) for n in range(20)]
    agent = Agent([box], ScriptedInterface(calls, "Done."))

    run = agent.run("Go.")

    assert [each.content for each in run.steps[0].results] == [
        f'greet {{"a": {n}}}' for n in range(20)
    ]
    assert len(raw.heard("initialize")) == 1


def test_calls_work_from_tools_that_run_agents_of_their_own(raw: Raw):
    box = raw.box("greet")

    async def inner() -> str:
        """Ask another agent, and block the loop meanwhile."""
        return str(Agent([box], ScriptedInterface(call("greet"), "Inner.")).run("Go.").output)

    agent = Agent([inner, box], ScriptedInterface(call("inner"), call("greet"), "Outer."))

    run = agent.run("Go.")

    assert [step.results[0].content for step in run.steps[:2]] == ["Inner.", "greet {}"]


def test_calls_work_in_threads_and_in_one_loop_after_the_other(raw: Raw):
    box = raw.box("greet")
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(box.call(call("greet")).is_error))
        for _ in range(4)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    async def once() -> bool:
        return (await box.acall(call("greet"))).is_error

    assert [*found, asyncio.run(once()), asyncio.run(once())] == [False] * 6
    assert len(raw.heard("initialize")) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_has_a_server_of_its_own_and_all_end_with_their_processes(raw: Raw):
    raw.lists("greet", "pid")
    code = f"""
import os
from agentkit.mcp import mcp
from agentkit.testing import call
box = mcp({list(raw.command)!r}, pins=False)
print(box.call(call("pid")).content, flush=True)
child = os.fork()
print(box.call(call("pid")).content, flush=True)
if child:
    os.waitpid(child, 0)
    print(box.call(call("pid")).content, flush=True)
"""

    first, *others = run_python(code).split()

    assert others.count(first) == 2
    assert len(others) == 3
    assert len(raw.heard("initialize")) == 2
    assert until(lambda: not any(is_alive(int(each)) for each in others))


def run_python(code: str) -> str:
    import subprocess

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr.replace("fork() may lead to deadlocks", "") == "", done.stderr
    return done.stdout

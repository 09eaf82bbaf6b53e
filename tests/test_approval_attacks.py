"""What might slip past an approval, run twice, or be lost on the way."""

import asyncio
import json
from dataclasses import replace
from typing import Annotated

import pytest
from pydantic import AfterValidator

from agentkit import (
    Agent,
    ApprovalNeeded,
    CallStarted,
    ConfigError,
    FunctionCall,
    LimitError,
    Limits,
    Run,
    RunEnded,
    ToolError,
    load_messages,
    save_messages,
    tool,
)
from agentkit.safe import Secret
from agentkit.testing import ScriptedInterface, call


@pytest.fixture
def done():
    return []


@pytest.fixture
def delete(done):
    @tool(destructive=True)
    def delete(name: str) -> str:
        done.append(name)
        return f"{name} is gone"

    return delete


def agent(tools, *replies, **settings):
    return Agent(tools, ScriptedInterface(*replies), **settings)


def two(*more):
    return [call("delete", name="a"), call("delete", name="b"), *more]


def names_of(calls):
    return [json.loads(each.arguments)["name"] for each in calls]


def test_a_call_that_could_not_be_judged_does_not_run_later(done):
    checks = iter([ValueError("the database is down"), None, None])

    def check(text):
        if problem := next(checks):
            raise problem
        return text

    @tool(destructive=True)
    def remove(name: Annotated[str, AfterValidator(check)]) -> str:
        done.append(name)
        return "gone"

    run = agent([remove], call("remove", name="a"), "Pity.").run("Go")

    assert done == []
    assert run.messages[2].is_error


def test_a_pending_call_is_named_by_its_id_so_that_a_second_click_decides_nothing(delete, done):
    stored = agent([delete], two()).run("Go").to_dict()
    first, second = (each["id"] for each in stored["pending"])
    run = Run.from_dict(json.loads(json.dumps(stored))).approve(first)
    with pytest.raises(ConfigError, match="does not wait"):
        run.approve(first)
    agent([delete], "Done.").run(after=run.deny(second, "no"))

    assert done == ["a"]


def test_an_unknown_id_is_refused(delete):
    with pytest.raises(ConfigError, match="does not wait"):
        agent([delete], call("delete", name="a")).run("Go").approve("call_9")


def test_a_prompt_on_a_partly_decided_run_runs_nothing(delete, done):
    run = agent([delete], two()).run("Go")
    run = run.approve(run.pending[0])
    with pytest.raises(ConfigError, match="wait for approval"):
        agent([delete]).run("And now?", after=run)

    assert done == []


def test_a_reply_cannot_bring_its_own_approval(delete, done):
    run = agent([delete], call("delete", name="a")).run("Go")
    approved = run.approve(*run.pending).messages[1]
    other = agent([delete], approved, "Done.").run("Another conversation")

    assert names_of(other.pending) == ["a"]
    assert done == []


def test_two_edits_of_a_call_have_two_keys(delete):
    run = agent([delete], call("delete", name="a")).run("Go")
    keys = {
        event.call_key
        for name in ("b", "c", "b")
        for event in agent([delete], "Done.").iter(
            after=run.approve(run.pending[0], {"name": name})
        )
        if isinstance(event, CallStarted)
    }

    assert len(keys) == 2


def test_what_stops_a_resumed_run_loses_no_decision(delete, done):
    @tool(destructive=True, on_error="raise")
    def fail() -> str:
        raise RuntimeError("broken")

    run = agent([fail, delete], [call("fail"), *two()]).run("Go")
    run = run.approve(run.pending[0]).approve(run.pending[1])
    with pytest.raises(RuntimeError) as stopped:
        agent([fail, delete]).run(after=run)
    left = stopped.value.run

    assert "may or may not have run" in left.messages[-1].content
    assert names_of(left.pending) == ["b"]
    agent([fail, delete], "Done.").run(after=left.deny(left.pending[0]))
    assert done == ["a"]


def test_a_cancelled_run_that_waits_keeps_its_calls(delete, done):
    @tool(read_only=True)
    async def wait() -> str:
        await asyncio.sleep(30)
        return "late"

    async def cancelled():
        begun = asyncio.Event()

        async def follow():
            async for event in agent(
                [wait, delete], [call("wait"), *two()], approval="never"
            ).aiter("Go"):
                if isinstance(event, CallStarted):
                    begun.set()

        task = asyncio.ensure_future(follow())
        await begun.wait()
        task.cancel()
        try:
            await task
        except asyncio.CancelledError as error:
            return error.run
        raise AssertionError("it was not cancelled")

    contents = [each.content for each in asyncio.run(cancelled()).messages[2:]]

    assert "may or may not have run" in contents[0]
    assert all("not run, because the run ended before its turn" in each for each in contents[1:])
    assert done == []


def test_limits_count_on_through_approvals(delete):
    limited = agent(
        [delete], *[call("delete", name=str(n)) for n in range(9)], limits=Limits(steps=3)
    )
    run = limited.run("Go")
    for _ in range(2):
        run = limited.run(after=run.approve(*run.pending))
    run = run.approve(*run.pending)

    with pytest.raises(LimitError, match="limit of 3 steps"):
        limited.run(after=run)


def test_steps_and_usage_count_on_through_approvals(delete):
    run = agent([delete], call("delete", name="a")).run("Go")
    run = agent([delete], "Done.").run(after=run.approve(*run.pending))

    assert [len(step.results) for step in run.steps] == [1, 0]
    assert "a is gone" in str(run)
    assert len(run.steps) == 2


def test_a_stored_run_keeps_what_it_cost():
    usage = {"prompt_tokens": 7, "completion_tokens": 3}
    run = Run.from_dict(
        {"id": "r", "messages": [], "usage": usage, "cost": 0.5, "waited": 1, "repairs": ["x"]}
    )

    assert (run.usage.total_tokens, run.cost, run.waited, run.repairs) == (10, 0.5, 1.0, ("x",))


def test_a_transcript_cannot_show_one_thing_and_run_another(delete, done):
    saved = agent([delete], call("delete", name="a")).run("Go").to_dict()
    saved["messages"][1]["calls"][0] |= {"arguments": "{}", "malformed": '{"name": "everything"}'}
    run = Run.from_dict(saved)
    agent([delete], "Done.").run(after=run.approve(run.pending[0]))
    agent([delete], "Done.").run(after=run.approve(run.pending[0], {"name": "draft"}))

    assert done == ["draft"]


def test_untrusted_text_counts_in_transcripts_that_were_stored_without_the_mark(done):
    @tool(read_only=True, open_world=True)
    def browse() -> str:
        return "text"

    @tool
    def note(text: str) -> str:
        return "noted"

    both = [browse, note]
    saved = save_messages(agent(both, call("browse"), "Read.").run("Go").messages)
    old = load_messages([{k: v for k, v in each.items() if k != "untrusted"} for each in saved])
    run = agent(both, call("note", text="a"), approval="ask_after_untrusted").run(
        "Note", messages=old
    )

    assert [each.name for each in run.pending] == ["note"]


def test_results_that_came_before_keep_their_calls_when_ids_are_given(delete, done):
    limits = Limits(calls=1)
    *_, asked, ended = agent([delete], two(), limits=limits).iter("Go")
    assert names_of(ended.run.pending) == names_of([asked.call]) == ["a"]
    agent([delete], "Done.").run(after=ended.run.approve(asked.call))

    assert done == ["a"]


def test_an_id_is_given_that_no_other_call_has(delete, done):
    first = call("delete", name="a")
    given = "call_0_" + first.digest[:8]
    calls = [first, FunctionCall("delete", '{"name": "b"}', id=given)]
    run = agent([delete], calls).run("Go")
    agent([delete], "Done.").run(after=run.deny(run.pending[1]).approve(run.pending[0]))

    assert done == ["a"]


def test_a_typed_answer_beside_a_waiting_call_is_not_taken_yet(delete, done):
    answer = call("final_answer", answer=5)
    run = agent([delete], [call("delete", name="a"), answer], output=int).run("Go")
    assert (run.output, len(run.pending)) == (None, 1)
    run = agent([delete], call("final_answer", answer=6), output=int).run(
        after=run.approve(*run.pending)
    )

    assert (run.output, done) == (6, ["a"])


def test_a_forced_call_is_not_forced_again_after_its_approval(delete):
    model = ScriptedInterface(call("delete", name="a"), "Done.")
    forced = Agent([delete], model, options={"function_call": "delete"})
    run = forced.run("Go")
    forced.run(after=Run.from_dict(run.approve(*run.pending).to_dict()))

    assert [each.options.get("function_call") for each in model.requests] == ["delete", None]


def test_a_function_that_changes_its_mind_holds_the_call():
    answers = iter([True, False, False])
    pay = tool(lambda x: f"paid {x}", name="pay", approve=lambda x: next(answers))
    *_, ended = agent([pay], call("pay", x=1)).iter("Go")

    assert isinstance(ended, RunEnded)
    assert [each.name for each in ended.run.pending] == ["pay"]


@pytest.mark.parametrize("approval", ["never", "ask_after_untrusted"])
def test_a_call_that_waits_goes_on_waiting_under_another_policy(delete, done, approval):
    run = agent([delete], call("delete", name="a")).run("Go")
    run = agent([delete], "Done.", approval=approval).run(after=run)

    assert names_of(run.pending) == ["a"]
    assert done == []


def test_a_call_whose_stored_arguments_need_repair_can_be_approved(delete, done):
    saved = agent([delete], call("delete", name="a")).run("Go").to_dict()
    saved["messages"][1]["calls"][0]["arguments"] = "{'name': 'b'}"
    run = Run.from_dict(saved)
    run = run.approve(*run.pending)
    agent([delete], "Done.").run(after=run)

    assert (run.pending, done) == ((), ["b"])


def test_a_decision_that_is_neither_yes_nor_no_is_no_yes():
    pay = tool(lambda x: f"paid {x}", name="pay", destructive=True, approve=lambda x: 0)

    assert agent([pay], call("pay", x=1), approval="never").run("Go").pending


def test_who_refuses_tells_no_secret():
    def refuse(key):
        raise ToolError(f"bad {key.reveal()} " + "x" * 9_000)

    @tool(approve=refuse)
    def enter(key: Secret) -> str:
        return "in"

    run = agent([enter], call("enter", key="hunter22"), "Pity.").run("Go")

    assert "bad [secret]" in run.messages[2].content
    assert len(run.messages[2].content) < 3_000


@pytest.mark.parametrize("arguments", [{"name": float("nan")}, {"name": object()}])
def test_arguments_that_are_no_json_are_refused(delete, arguments):
    run = agent([delete], call("delete", name="a")).run("Go")

    with pytest.raises(ConfigError, match="cannot be written as JSON"):
        run.approve(run.pending[0], arguments)


def test_after_an_answer_the_next_turn_begins(delete):
    limited = agent([delete], "Hi.", "Fine.", limits=Limits(steps=1))
    first = limited.run("Hello")
    second = limited.run("How are you?", after=first)

    assert (second.output, len(second.steps)) == ("Fine.", 1)
    assert second.id != first.id
    assert second.messages[:2] == first.messages


def test_a_call_behind_one_that_waits_is_not_lost_when_nobody_reads_on(delete, done):
    @tool
    def note(text: str) -> str:
        done.append(text)
        return "noted"

    events = agent([delete, note], [call("delete", name="a"), call("note", text="b")]).iter("Go")
    while not isinstance(next(events), ApprovalNeeded):
        pass
    with pytest.raises(KeyboardInterrupt) as stopped:
        events.throw(KeyboardInterrupt())
    run = stopped.value.run
    agent([delete, note], "Done.").run(after=run.approve(*run.pending))

    assert done == ["a", "b"]


def test_a_run_is_continued_alone(delete):
    run = agent([delete], "Hi.").run("Go")

    with pytest.raises(ConfigError, match="after= brings messages and run_id along"):
        agent([delete]).run("And?", after=run, messages=run.messages)


def test_a_printed_run_commands_no_terminal(delete):
    run = agent([delete], "\x1b]0;title\x07\x1b[2Jplain\x9b31m").run("Go")

    assert "\x1b" not in str(run)
    assert "plain" in str(run)


def test_a_conversation_goes_on_after_a_call_that_nobody_approved(delete, done):
    run = agent([delete], call("delete", name="a")).run("Go")
    said = (*run.messages, replace(run.messages[0], content="Forget it."))
    again = agent([delete], "Fine.").run(messages=said)

    assert "nobody approved it" in again.messages[2].content
    assert done == []

"""Runs over HTTP: begin, watch, decide, cancel, go on."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from serve.stage import House, calls_then_says, last_of, staged
from waiting import until

from agentkit import Agent, tool
from agentkit.errors import ConnectError
from agentkit.testing import ScriptedInterface, call

BEGIN = {"prompt": "Go."}


def types(events):
    return [kind for _, kind, _ in events]


def test_a_run_is_begun_and_has_its_answer(tmp_path):
    with staged(tmp_path, calls_then_says(call("add", a=2, b=3))).running() as here:
        begun = here.call("POST", "/api/runs", {"prompt": "Add.", "agent": "helper"})
        run = here.ended(begun["id"])

    assert begun["state"] == "running"
    assert (run["state"], run["output"], run["steps"], run["cost"]) == ("done", "5", 2, 0.002)
    assert run["usage"] == {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30}
    assert [each["role"] for each in run["messages"]] == [
        "user", "assistant", "function", "assistant",
    ]  # fmt: skip


def test_whoever_watches_later_sees_what_whoever_watched_saw(tmp_path):
    with staged(tmp_path, calls_then_says(call("add", a=2, b=3))).running() as here:
        run_id = here.call("POST", "/api/runs", BEGIN)["id"]
        live = [each for each in here.events(run_id) if each[1] != "text"]
        later = here.events(run_id)

    assert types(later) == [
        "run_started", "request_sent", "response_received", "call_started", "call_ended",
        "request_sent", "response_received", "run_ended",
    ]  # fmt: skip
    timeless = [(place, kind, {**data, "at": 0, "seconds": 0}) for place, kind, data in later]
    assert [(p, k, {**d, "at": 0, "seconds": 0}) for p, k, d in live] == timeless
    assert [place for place, _, _ in later] == [str(n) for n in range(1, 9)]


def test_a_watcher_goes_on_where_it_was(tmp_path):
    with staged(tmp_path, calls_then_says(call("add", a=2, b=3))).running() as here:
        run_id = here.call("POST", "/api/runs", BEGIN)["id"]
        here.ended(run_id)
        rest = here.events(run_id, after="6")
        over = here.http.get(f"/api/runs/{run_id}/events", headers={"Last-Event-ID": "8"})

    assert types(rest) == ["response_received", "run_ended"]
    assert over.status_code == 204


def test_whoever_watches_a_run_of_another_process_is_to_come_again(tmp_path):
    house = House()
    talker = ScriptedInterface(call("wait"), "Done.")
    other = Agent(house, talker, journal=tmp_path / "runs.db", approval="never")
    with staged(tmp_path, lambda request: "Yes.").running() as here, ThreadPoolExecutor() as pool:
        path = "/api/runs/r/events"
        run = pool.submit(other.run, "Go.", run_id="r")
        assert until(lambda: "waits" in house.done)
        seen = here.events("r")
        again = here.http.get(path, headers={"Last-Event-ID": seen[-1][0]})
        house.may_end.set()
        run.result()
        rest = here.events("r", after=seen[-1][0])
        over = here.http.get(path, headers={"Last-Event-ID": rest[-1][0]})

    assert (types(seen)[-1], types(rest)[-1]) == ("call_started", "run_ended")
    assert ((again.status_code, again.content), over.status_code) == ((200, b""), 204)


def test_pieces_of_text_come_while_the_model_speaks(tmp_path):
    house = House()

    def reply(request):
        return "Some words." if last_of(request) == "waited" else call("wait")

    with staged(tmp_path, reply, house).running() as here:
        begun = here.call("POST", "/api/runs", {**BEGIN, "options": {"stream": True}})
        assert until(lambda: house.done)
        house.may_end.set()
        run = here.ended(begun["id"])

    assert run["output"] == "Some words."


def test_progress_is_seen_while_a_call_runs(tmp_path):
    house = House()
    with staged(tmp_path, calls_then_says(call("wait")), house).running() as here:
        run_id = here.call("POST", "/api/runs", BEGIN)["id"]
        with here.http.stream("GET", f"/api/runs/{run_id}/events") as reply:
            lines = reply.iter_lines()
            seen = [line for line in iter(lambda: next(lines), "event: progress")]
            house.may_end.set()
        run = here.ended(run_id)

    assert "event: call_started" in seen
    assert run["output"] == "waited"


def test_the_same_id_is_the_same_run(tmp_path):
    with staged(tmp_path, lambda request: "Yes.").running() as here:
        first = here.http.post("/api/runs", json={**BEGIN, "id": "ticket-1"})
        here.ended("ticket-1")
        second = here.http.post("/api/runs", json={**BEGIN, "id": "ticket-1"})
        refused = here.refused("POST", "/api/runs", {"prompt": "Else.", "id": "ticket-1"})

    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["output"] == "Yes."
    assert refused == (409, "id_taken")


def test_a_run_goes_on_from_another_and_in_a_conversation(tmp_path):
    def reply(request):
        return f"{len(request.messages)} messages"

    with staged(tmp_path, reply).running() as here:
        for n, more in enumerate(
            [{}, {"after": "r0"}, {"conversation": "c"}, {"conversation": "c"}]
        ):
            here.call("POST", "/api/runs", {"prompt": "Count.", "id": f"r{n}", **more})
            here.ended(f"r{n}")
        runs = here.call("GET", "/api/runs")["runs"]

    assert [each["output"] for each in reversed(runs)] == [
        "1 messages", "3 messages", "1 messages", "3 messages",
    ]  # fmt: skip
    assert [each["turn"] for each in reversed(runs)] == [None, None, 1, 2]


def test_a_call_waits_until_it_is_approved(tmp_path):
    house = House()
    with staged(tmp_path, calls_then_says(call("wipe", name="disk")), house).running() as here:
        run_id = here.call("POST", "/api/runs", BEGIN)["id"]
        waiting = here.ended(run_id)
        told = here.events(run_id)[-2:]
        done_before = list(house.done)
        pending = waiting["pending"][0]["id"]
        here.call("POST", f"/api/runs/{run_id}/approve", {"call": pending})
        run = here.ended(run_id)
        events = here.events(run_id)

    assert (waiting["state"], done_before, types(told)) == (
        "waiting", [], ["approval_needed", "run_ended"],
    )  # fmt: skip
    assert (run["state"], run["output"], house.done) == ("done", "wiped disk", ["disk"])
    decided = next(data for _, kind, data in events if kind == "decided")
    started = next(data for _, kind, data in events if kind == "call_started")
    assert (decided["decision"], decided["key"]) == ("approved", started["key"])
    assert told[0][2]["key"] == started["key"]


@pytest.mark.parametrize(
    ("way", "body", "said"),
    [
        ("approve", {"call": 0, "arguments": {"name": "cup"}}, "wiped cup"),
        ("deny", {"call": 0, "why": "It is mine."}, "It is mine."),
        ("answer", {"call": 0, "result": "It is wiped."}, "It is wiped."),
    ],
)
def test_a_call_is_decided_on_in_each_way(tmp_path, way, body, said):
    with staged(tmp_path, calls_then_says(call("wipe", name="disk"))).running() as here:
        run_id = here.call("POST", "/api/runs", BEGIN)["id"]
        here.ended(run_id)
        here.call("POST", f"/api/runs/{run_id}/{way}", body)
        run = here.ended(run_id)

    assert run["state"] == "done"
    assert said in run["output"]


def test_the_run_goes_on_with_the_last_of_its_decisions(tmp_path):
    house = House()
    calls = calls_then_says(call("wipe", name="a"), call("wipe", name="b"))
    with staged(tmp_path, calls, house).running() as here:
        run_id = here.call("POST", "/api/runs", BEGIN)["id"]
        first, second = here.ended(run_id)["pending"]
        half = here.call("POST", f"/api/runs/{run_id}/approve", {"call": second["id"]})
        again = here.refused("POST", f"/api/runs/{run_id}/deny", {"call": second["id"]})
        done_before = list(house.done)
        here.call("POST", f"/api/runs/{run_id}/deny", {"call": first["id"]})
        run = here.ended(run_id)
        decided = [d["decision"] for _, kind, d in here.events(run_id) if kind == "decided"]

    assert (half["state"], half["pending"][0]["id"]) == ("waiting", first["id"])
    assert again == (409, "conflict")
    assert (done_before, house.done, run["state"]) == ([], ["b"], "done")
    assert decided == ["approved", "denied"]


def test_a_run_is_cancelled_and_gone_on_with(tmp_path):
    house = House()
    calls = [call("note", text="first"), call("wait")]

    def reply(request):
        said = [each for each in request.messages if each.role == "function"]
        return calls[len(said)] if len(said) < 2 else "Done."

    with staged(tmp_path, reply, house).running() as here:
        run_id = here.call("POST", "/api/runs", BEGIN)["id"]
        assert until(lambda: "waits" in house.done)
        cancelled = here.call("POST", f"/api/runs/{run_id}/cancel")
        twice = here.call("POST", f"/api/runs/{run_id}/cancel")
        here.call("POST", f"/api/runs/{run_id}/resume")
        waiting = here.ended(run_id)  # as nobody knows what the call did that was cut short
        here.call("POST", f"/api/runs/{run_id}/answer", {"call": 0, "result": "It rang."})
        run = here.ended(run_id)

    assert (cancelled["state"], cancelled["error"]) == (
        "cancelled", "StoppedError: cancelled over the API",
    )  # fmt: skip
    assert (twice["state"], waiting["state"], run["state"]) == ("cancelled", "waiting", "done")
    assert house.done == ["first", "waits"]


def test_a_waiting_run_can_be_cancelled(tmp_path):
    with staged(tmp_path, calls_then_says(call("wipe", name="disk"))).running() as here:
        run_id = here.call("POST", "/api/runs", BEGIN)["id"]
        here.ended(run_id)
        run = here.call("POST", f"/api/runs/{run_id}/cancel")
        refused = here.refused("POST", f"/api/runs/{run_id}/approve", {"call": 0})

    assert run["state"] == "cancelled"
    assert refused == (409, "conflict")


def test_a_run_that_failed_says_why_and_is_gone_on_with(tmp_path):
    replies = [ConnectError("Nobody is there."), "Now."]
    with staged(tmp_path, lambda request: replies.pop(0)).running() as here:
        run_id = here.call("POST", "/api/runs", BEGIN)["id"]
        failed = here.ended(run_id)
        here.call("POST", f"/api/runs/{run_id}/resume")
        run = here.ended(run_id)
        done = here.call("POST", f"/api/runs/{run_id}/resume")

    assert (failed["state"], failed["error"]) == ("failed", "ConnectError: Nobody is there.")
    assert (run["output"], done["output"]) == ("Now.", "Now.")


def test_runs_are_listed_by_page_and_by_what_they_are(tmp_path):
    def reply(request):
        return call("wipe", name="x") if last_of(request) == "Wipe." else "Yes."

    with staged(tmp_path, reply).running() as here:
        for n in range(5):
            here.call("POST", "/api/runs", {"prompt": "Wipe." if n == 2 else "Ask.", "id": f"r{n}"})
            here.ended(f"r{n}")
        first = here.call("GET", "/api/runs?limit=3")
        second = here.call("GET", f"/api/runs?limit=3&before={first['next']}")
        waiting = here.call("GET", "/api/runs?state=waiting&agent=helper&text=wipe")
        refused = here.refused("GET", "/api/runs?state=odd")

    assert [each["id"] for each in first["runs"]] == ["r4", "r3", "r2"]
    assert ([each["id"] for each in second["runs"]], second["next"]) == (["r1", "r0"], None)
    assert [each["id"] for each in waiting["runs"]] == ["r2"]
    assert refused == (400, "invalid_value")


@pytest.mark.parametrize(
    ("method", "path", "body", "refusal"),
    [
        ("GET", "/api/runs/none", None, (404, "run_not_found")),
        ("GET", "/api/runs/none/events", None, (404, "run_not_found")),
        ("POST", "/api/runs/none/cancel", None, (404, "run_not_found")),
        ("POST", "/api/runs/none/resume", None, (404, "run_not_found")),
        ("POST", "/api/runs/none/approve", {"call": 0}, (404, "run_not_found")),
        ("POST", "/api/runs", {"prompt": "Go.", "agent": "none"}, (404, "agent_not_found")),
        ("POST", "/api/runs", {"prompt": "Go.", "after": "none"}, (404, "run_not_found")),
        ("POST", "/api/runs", {"prompt": ""}, (400, "string_too_short")),
        ("POST", "/api/runs", {"prompt": "Go.", "id": "a/b"}, (400, "string_pattern_mismatch")),
        ("POST", "/api/runs", {"prompt": "Go.", "options": {"n": 2}}, (400, "invalid_value")),
        ("POST", "/api/runs", {"prompt": "Go.", "id": ".."}, (400, "string_pattern_mismatch")),
        ("POST", "/api/tools/none/call", {}, (404, "tool_not_found")),
        ("GET", "/api/runs?limit=0", None, (400, "invalid_value")),
        ("DELETE", "/api/runs", None, (405, "method_not_allowed")),
        ("GET", "/nowhere", None, (404, "not_found")),
    ],
)
def test_what_cannot_be_done_is_refused(tmp_path, method, path, body, refusal):
    with staged(tmp_path, lambda request: "Yes.").running() as here:
        assert here.refused(method, path, body) == refusal


def test_agents_and_tools_are_listed(tmp_path):
    with staged(
        tmp_path, lambda request: "Yes.", agent={"instructions": "Help."}
    ).running() as here:
        (agent,) = here.call("GET", "/api/agents")["agents"]
        tools = here.call("GET", "/api/tools?agent=helper")["tools"]

    assert agent == {
        "name": "helper", "model": "agent", "interface": "staged", "instructions": "Help.",
        "tools": ["add", "wipe", "note", "wait"],
    }  # fmt: skip
    assert [(each["name"], each["destructive"]) for each in tools][:2] == [
        ("add", False), ("wipe", True),
    ]  # fmt: skip
    assert tools[0]["parameters"]["required"] == ["a", "b"]


def test_a_tool_is_called_by_hand(tmp_path):
    house = House()
    with staged(tmp_path, lambda request: "Yes.", house).running() as here:
        three = here.call("POST", "/api/tools/add/call", {"arguments": {"a": 1, "b": 2}})
        wrong = here.call("POST", "/api/tools/add/call", {"arguments": {"a": "x"}})
        asked = here.refused("POST", "/api/tools/wipe/call", {"arguments": {"name": "x"}})
        done_before = list(house.done)
        body = {"arguments": {"name": "x"}, "approved": True}
        wiped = here.call("POST", "/api/tools/wipe/call", body)

    assert (three["content"], three["is_error"], wrong["is_error"]) == ("3", False, True)
    assert (asked, done_before) == ((409, "approval_needed"), [])
    assert (wiped["content"], house.done) == ("wiped x", ["x"])


def test_a_call_by_hand_ends_when_nobody_waits_for_it(tmp_path):
    left = threading.Event()

    @tool
    async def wait() -> None:
        """Wait."""
        try:
            await asyncio.sleep(1000)
        finally:
            left.set()

    with staged(tmp_path, lambda request: "Yes.", wait).running() as here:
        with pytest.raises(httpx.ReadTimeout):
            here.http.post("/api/tools/wait/call", json={}, timeout=0.5)

        assert left.wait(20)


def test_no_more_runs_are_begun_than_there_is_room_for(tmp_path):
    house = House()
    with staged(tmp_path, calls_then_says(call("wait")), house, concurrency=1).running() as here:
        first = here.call("POST", "/api/runs", BEGIN)["id"]
        reply = here.http.post("/api/runs", json=BEGIN)
        house.may_end.set()
        run = here.ended(first)

    assert (reply.status_code, reply.json()["error"]["code"]) == (503, "overloaded")
    assert reply.headers["retry-after"] == "1"
    assert run["state"] == "done"


def test_what_a_tool_raises_ends_its_run_and_nothing_else(tmp_path):
    @tool(on_error="raise")
    def leave() -> str:
        """Leave."""
        raise SystemExit(3)

    with staged(tmp_path, lambda request: call("leave"), leave).running() as here:
        run = here.ended(here.call("POST", "/api/runs", BEGIN)["id"])
        by_hand = here.refused("POST", "/api/tools/leave/call", {})
        alive = here.call("GET", "/healthz")

    assert (run["state"], run["error"]) == ("failed", "SystemExit: 3")
    assert (by_hand, alive) == ((500, "run_failed"), {"status": "alive"})


def test_the_journal_says_which_agent_a_run_is_of(tmp_path: Path):
    from agentkit.journal import Journal

    with staged(tmp_path, lambda request: "Yes.").running() as here:
        here.ended(here.call("POST", "/api/runs", BEGIN)["id"])

    (stored,) = Journal(tmp_path / "runs.db").runs(agent="helper")
    assert (stored.state, stored.agent) == ("done", "helper")


def test_a_journal_that_cannot_be_used_is_no_fault_of_the_caller(tmp_path):
    with staged(tmp_path, lambda request: "Yes.").running() as here:
        here.ended(here.call("POST", "/api/runs", {**BEGIN, "id": "r"})["id"])
        here.service.journal.close()
        for each in tmp_path.glob("runs.db*"):
            if not each.name.endswith(".service"):
                each.write_bytes(b"no database" * 1_000)
        chat = {"model": "helper", "messages": [{"role": "user", "content": "Go."}]}
        refusals = [
            here.refused("POST", "/api/runs", BEGIN),
            here.refused("POST", "/v1/chat/completions", chat),
            *(here.refused("GET", each) for each in ("/api/runs", "/api/runs/r", "/readyz")),
        ]
        page = here.http.get("/runs/r")

    assert refusals == [(503, "journal_unusable")] * 5
    assert (page.status_code, "no SQLite file" in page.text) == (503, True)

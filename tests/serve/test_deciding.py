"""Decisions of several people, and of those who look at what is no more."""

from __future__ import annotations

import asyncio
import re

import pytest
from serve.stage import House, calls_then_says, staged

from agentkit.messages import FunctionCall
from agentkit.serve.problems import problem_of
from agentkit.testing import call

THREE = calls_then_says(*(call("wipe", name=each) for each in "abc"))


def test_a_decision_on_an_old_page_is_on_the_call_that_it_shows(tmp_path):
    house = House()
    with staged(tmp_path, THREE, house).running() as here:
        here.ended(here.call("POST", "/api/runs", {"prompt": "Go.", "id": "r"})["id"])
        page = here.http.get("/runs/r").text
        first, second, third = re.findall(r'name="call" value="([^"]+)"', page)

        def post(key, decision):
            form = {"call": key, "decision": decision}
            reply = here.http.post("/runs/r", data=form, headers={"Origin": here.url})
            return reply.status_code

        codes = [post(first, "deny"), post(second, "approve"), post(second, "approve")]
        left = here.call("GET", "/api/runs/r")["pending"]
        codes.append(post(third, "deny"))
        here.ended("r")

    assert (codes, [each["key"] for each in left]) == ([303, 303, 409, 303], [third])
    assert house.done == ["b"]


def test_a_call_is_decided_on_by_its_key_which_no_later_call_has(tmp_path):
    house, names = House(), iter("ab")

    def reply(request):
        name = next(names, None)
        return FunctionCall("wipe", f'{{"name": "{name}"}}', "call_0") if name else "Done."

    with staged(tmp_path, reply, house).running() as here:
        run_id = here.call("POST", "/api/runs", {"prompt": "Go."})["id"]
        (old,) = here.ended(run_id)["pending"]
        here.call("POST", f"/api/runs/{run_id}/approve", {"call": old["key"]})
        (new,) = here.ended(run_id)["pending"]
        late = here.refused("POST", f"/api/runs/{run_id}/approve", {"call": old["key"]})
        events = here.events(run_id)

    assert (old["id"], new["id"], late) == ("call_0", "call_0", (409, "conflict"))
    assert [data["key"] for _, kind, data in events if kind == "approval_needed"] == [
        old["key"], new["key"],
    ]  # fmt: skip
    assert house.done == ["a"]


@pytest.mark.parametrize("rounds", [1, 2])
def test_a_run_that_is_cancelled_before_it_goes_on_does_not_go_on(tmp_path, rounds):
    house = House()
    desk = staged(tmp_path, calls_then_says(call("wipe", name="disk")), house).service.desk

    async def work():
        await (await desk.begin("helper", "Go.", {"run_id": "r"})).over()
        approval = asyncio.ensure_future(
            desk.decide("r", 0, lambda run, chosen: run.approve(chosen))
        )
        for _ in range(rounds):  # it is approved, and about to go on
            await asyncio.sleep(0)
        await desk.cancel("r", "somebody thought better of it")
        (refused,) = await asyncio.gather(approval, return_exceptions=True)
        return problem_of(refused) if isinstance(refused, Exception) else None

    told = asyncio.run(work())

    assert desk.listed("r").state == "cancelled"
    assert house.done == []
    assert told is None or told.status == 409


def test_of_two_decisions_at_once_one_counts(tmp_path):
    house = House()
    desk = staged(tmp_path, calls_then_says(call("wipe", name="disk")), house).service.desk

    async def work():
        await (await desk.begin("helper", "Go.", {"run_id": "r"})).over()
        ways = [lambda run, chosen: run.deny(chosen), lambda run, chosen: run.approve(chosen)]
        decisions = [desk.decide("r", 0, way) for way in ways]
        told = await asyncio.gather(*decisions, return_exceptions=True)
        if live := desk.live("r"):
            await live.over()
        return told

    first, second = asyncio.run(work())

    assert first is None
    assert (second.status, second.code) == (409, "running")
    assert (desk.listed("r").state, house.done) == ("done", [])

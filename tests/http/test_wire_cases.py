"""Broken calls, names and headers of `tests/wire/cases.jsonl`, through sockets; see `wire_stage`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import pytest
from model_server import ModelServer, Raw, Reply, results_in
from wire_stage import (
    CASES,
    DEVIATIONS,
    DONE,
    SSE,
    Stage,
    Told,
    check_asked_again,
    check_error_was_fed_back,
    events,
    of,
    told,
    wanted,
)

from agentkit import StatusError
from agentkit.wire.headers import seconds_of

PAGE = Path(__file__).parents[2] / "docs" / "wire.md"
FAILED = "Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details."
OPEN = b'data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n'


@pytest.fixture
def stage(server: ModelServer, mode: str) -> Iterator[Stage]:
    made = Stage(server, mode)
    yield made
    made.close()


def ways() -> Any:
    found = []
    for case in CASES:
        if case["kind"] == "failed_generation":
            recovered = case["expect"]["verdict"].startswith("recover")
            for way in ["refused", "event", *(["answered", "streamed"] if recovered else [])]:
                found.append(pytest.param(case, way, id=f"{case['id']}-{way}"))
    return pytest.mark.parametrize(("case", "way"), found)


def written(case: Told, way: str) -> Raw | Reply:
    """The reply that holds what the model wrote, in one of the ways that servers have."""
    text = case["payload"]
    if way in ("answered", "streamed"):
        return Reply(text, usage=DONE.usage)
    error = {"message": case["expect"].get("server_message", FAILED), "code": "tool_use_failed"}
    error |= {"type": "invalid_request_error", "failed_generation": text}
    if way == "refused":
        return Raw([json.dumps({"error": error}).encode()], status=400)
    event = json.dumps({"error": error | {"status_code": 400}}).encode()
    return Raw([OPEN, b"event: error\ndata: " + event + b"\n\n"], kind=SSE)


@ways()
def test_what_a_model_wrote_for_a_call_is_made_something_of(stage, server, case, way):
    expect, broken = told(case), written(case, way)
    verdict = expect["verdict"]
    server.script(broken, *({"text": [], "resample": [broken]}.get(verdict, [DONE])))
    stage.offer(expect, "spare")
    if verdict == "resample":
        with pytest.raises(StatusError) as caught:
            stage.run(stream=way != "refused")
        raw = case["payload"]
        shown = raw if isinstance(raw, str) else json.dumps(raw)
        assert shown in str(caught.value)
        assert caught.value.code == "tool_use_failed"
        check_asked_again(server)
        assert stage.ran == []
        return
    run = stage.run(stream=way in ("event", "streamed"))
    answer = expect.get("text", case["payload"]) if verdict == "text" else "Done."
    assert run.output == answer
    if verdict == "feed_back":
        check_error_was_fed_back(server, expect)
    assert stage.ran == ([] if verdict == "feed_back" else wanted(expect))
    what = "answer" if verdict == "text" else "call"
    where = "the text" if way in ("answered", "streamed") else "failed_generation"
    assert f"{what} read from {where}" in run.repairs


@pytest.mark.parametrize("case", [c for c in CASES if c["id"].startswith("fg-none")])
def test_what_is_asked_for_again_may_turn_out_well(stage, server, case):
    server.script(written(case, "refused"), "Fine.")
    stage.offer(told(case), "spare")

    run = stage.run()

    assert run.output == "Fine."
    assert [text for text in run.repairs if text.startswith("asked again, because: ")]


def test_a_refused_call_in_the_middle_of_a_stream_is_fed_back(stage, server):
    case = next(case for case in CASES if case["id"] == "st-groq-error-event")
    server.script(events(case["payload"]), DONE)
    stage.offer(case["expect"])

    run = stage.run(stream=True)

    check_error_was_fed_back(server, case["expect"])
    assert run.messages[1].reasoning == "We"


def test_a_refused_call_whose_name_has_the_prefix_functions_is_run(stage, server):
    case = {
        "payload": '{"name": "functions.spare", "arguments": {}}',
        "expect": {
            "server_message": "attempted to call tool 'functions.spare' which was not in request.tools"
        },
    }
    server.script(written(case, "refused"), DONE)
    server.always = "Not asked again."
    stage.offer({}, "spare")

    run = stage.run()

    assert stage.ran == [("spare", {})]
    assert run.repairs == ("call read from failed_generation",)


def test_text_that_was_handed_out_stays_the_answer(stage, server):
    said = "A text that is long enough to be handed out at once, before the error comes."
    chunk = {"choices": [{"index": 0, "delta": {"content": said}}]}
    refusal = written({"payload": "import csv", "expect": {}}, "event")
    server.script(
        replace(refusal, pieces=[f"data: {json.dumps(chunk)}\n\n".encode(), *refusal.pieces])
    )
    stage.offer({}, "spare")

    assert stage.run(stream=True, dialect="tools").output.startswith(said)


@of("header")
def test_a_time_to_wait_is_read_or_does_not_count(stage, server, case, monkeypatch):
    value, seconds = case["payload"]["value"], case["expect"]["seconds"]
    if seconds == "http-date":
        date = parsedate_to_datetime(value).timestamp()
        monkeypatch.setattr("agentkit.wire.headers.time.time", lambda: date - 30)
        seconds = 30.0
    error = {"message": "Slow down.", "code": "rate_limit_exceeded"}
    body = json.dumps({"error": error}).encode()
    server.script(Raw([body], status=429, headers={"retry-after": value}))

    failure = stage.failure(StatusError, "Slow down.")

    assert failure.retry_after == seconds_of(value) == (seconds and pytest.approx(seconds))


@of("tool_name")
def test_a_name_is_cleaned_where_that_is_certain_and_else_fed_back(stage, server, case):
    expect, name = told(case), case["payload"]["name"]
    call = {"id": "call_a", "type": "function", "function": {"name": name, "arguments": "{}"}}
    message = {"role": "assistant", "tool_calls": [call]}
    server.script(Raw([json.dumps({"choices": [{"message": message}]}).encode()]), DONE)
    stage.offer({"registered_tools": case["payload"]["registered"]})

    run = stage.run()

    (registered,) = case["payload"]["registered"]
    (result,) = results_in(server.bodies[1])
    if expect["action"] == "feed_back":
        assert result.startswith(
            f"Error: There is no tool named {(name or '').partition('<|')[0]!r}"[:-1]
        )
        assert f"The tools are: {registered}." in result
        assert stage.ran == []
    else:
        assert stage.ran == [(registered, {})]
        assert run.repairs == (f"{registered}: name was written {name!r}",)


@pytest.mark.parametrize("name", DEVIATIONS)
def test_each_deviation_stands_in_the_docs(name):
    page = " ".join(PAGE.read_text(encoding="utf-8").split())

    assert name in {case["id"] for case in CASES}
    assert DEVIATIONS[name][1] in page

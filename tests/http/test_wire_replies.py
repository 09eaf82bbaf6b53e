"""Errors, streams and replies of `tests/wire/cases.jsonl`, through sockets; see `wire_stage`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from model_server import ModelServer, Raw
from wire_stage import (
    DONE,
    Stage,
    Told,
    check_asked_again,
    check_error_was_fed_back,
    events,
    of,
    told,
    wanted,
    whole,
)

from agentkit import StatusError
from agentkit.errors import ConnectError, InterfaceError, ReplyError

BOTH = pytest.mark.parametrize("dialect", ["auto", "tools"])
CODES = {
    "AuthError": (401, "invalid_api_key"),
    "BadResponseSchema": (400, "invalid_request_error"),
    "BadToolSchema": (400, "invalid_request_error"),
    "JsonValidateFailed": (400, "json_validate_failed"),
    "RateLimited": (429, "rate_limit_exceeded"),
    "RequestTooLarge": (413, "rate_limit_exceeded"),
    "ModelNotFound": (404, "model_not_found"),
}
FAILURES: dict[str, tuple[type[InterfaceError], str]] = {
    "StreamTruncated": (ConnectError, "cut before the answer was complete"),
    "StreamError": (StatusError, "The server answered 500"),
    "ServerError": (StatusError, "The server answered 502: upstream failed"),
    "ToolUseFailed": (StatusError, "The server answered 400"),
    "EmptyResponse": (ReplyError, "neither text nor a call"),
    "ContentFiltered": (ReplyError, "content filter"),
}
RETRYABLE = ("StreamTruncated", "StreamError", "ServerError")


@pytest.fixture
def stage(server: ModelServer, mode: str) -> Iterator[Stage]:
    made = Stage(server, mode)
    yield made
    made.close()


@of("error_body")
def test_an_error_is_told_with_what_is_known_of_it(stage, server, case):
    expect, payload = told(case), case["payload"]
    reply, right = whole(payload), expect.get("suggest")
    server.always = lambda body: DONE if body["model"] == right else reply
    stage.offer(expect)
    if "output" in expect:
        run = stage.run(model=expect["model"])
        assert run.output == expect["output"]
        assert f"model: {right}, because " in run.repairs[-1]
        return
    with pytest.raises(StatusError) as caught:
        stage.run(model=expect.get("model", "agent"))
    check_error(caught.value, expect, payload)
    if expect["retryable"] == "resample":
        check_asked_again(server)
    else:
        assert len(server.requests) == expect.get("requests", 1)


def check_error(error: StatusError, expect: Told, payload: Told) -> None:
    status, code = CODES.get(expect["error_class"], (payload["status"], error.code))
    assert (error.status, error.code) == (status, code)
    assert error.retryable is (expect["retryable"] is True)
    assert error.retry_after == expect.get("wait_s")
    body = payload["body"]
    body = body[0] if isinstance(body, list) else body
    detail = body.get("error", body) if isinstance(body, dict) else body
    assert (detail["message"] if isinstance(detail, dict) else detail) in str(error)
    for name in ("property", "message_index", "tool", "index", "schema", "limit", "requested"):
        assert str(expect.get(name, "")) in str(error)
    if "limit" in expect:
        numbers = f"counts {expect['requested']} tokens, {expect['limit']} are allowed"
        assert numbers in str(error)
    limits = [float(v) for k, v in payload.get("headers", {}).items() if "-limit-" in k]
    assert [quota.limit for quota in error.quotas] == limits


@BOTH
@of("stream")
def test_a_stream_gives_calls_text_and_usage_or_an_error(stage, server, case, dialect):
    expect = told(case)
    server.script(events(case["payload"]))
    stage.offer(expect)
    if "raises" in expect:
        check_failure(stage, expect, dialect=dialect, stream=True, recovery=False)
    else:
        check_reply(stage, expect, dialect=dialect, stream=True)


@BOTH
@of("response")
def test_a_reply_gives_calls_text_or_an_error(stage, server, case, dialect):
    expect, reply = told(case), Raw([json.dumps(case["payload"]).encode()])
    server.script(reply)
    stage.offer(expect)
    if "raises" in expect:
        server.script(*[reply] * (expect["raises"] not in RETRYABLE))  # else it is asked again
        check_failure(stage, expect, dialect=dialect)
    else:
        check_reply(stage, expect, dialect=dialect)


def check_failure(stage: Stage, expect: Told, **given: Any) -> None:
    error = stage.failure(*FAILURES[expect["raises"]], **given)
    assert expect.get("message", "") in str(error)
    assert error.retryable is expect.get("retryable", expect["raises"] in RETRYABLE)
    if "status_code" in expect:
        assert (error.status, error.code) == (expect["status_code"], "tool_use_failed")
        assert error.partial.reasoning == expect["reasoning_so_far"]


def check_reply(stage: Stage, expect: Told, **given: Any) -> None:
    calls = expect.get("calls") or ("feed_back" in expect)
    stage.server.script(*[DONE] * bool(calls))
    run = stage.run(**given)
    assert stage.ran == wanted(expect)
    first = run.messages[1]
    text = expect.get("text", expect.get("content", first.content))
    assert first.content == ("I can't help with that." if "raises_or_text" in expect else text)
    assert run.output == ("Done." if calls else first.content)
    assert first.reasoning == expect.get("reasoning")
    response = run.steps[0].response
    assert [each.content for each in response.alternatives] == expect.get("alternatives", [])
    if "usage" in expect:
        assert response.usage.total_tokens == expect["usage"]["total_tokens"]
    if calls:
        check_what_went_back(stage.server, expect, given["dialect"], first.content)


def check_what_went_back(server: ModelServer, expect: Told, dialect: str, said: str | None) -> None:
    """Each call with a result; what was said in the words that servers take back."""
    sent = server.bodies[1]["messages"][1:]
    if "feed_back" in expect:
        check_error_was_fed_back(server, expect)
        assert spelled(sent) == ["{}"]
        return
    assert [json.loads(text) for text in spelled(sent)] == [c for _, c in wanted(expect)]
    if "echo_arguments" in expect:
        assert spelled(sent) == [expect["echo_arguments"]]
    assert ("content" in sent[0]) is (said is not None)
    ids = [call["id"] for call in sent[0].get("tool_calls", ())]
    assert all(ids)
    assert ids == [each["tool_call_id"] for each in sent if each["role"] == "tool"]
    if dialect == "tools":
        given = [call.get("id") for call in expect["calls"]]
        assert [
            its if its not in (None, "<minted>") else ours
            for its, ours in zip(given, ids, strict=True)
        ] == ids
    else:
        assert sent[-1]["role"] == expect.get("reply_role", "function")


def spelled(sent: list[Told]) -> list[str]:
    """The arguments of the calls in messages, as they were sent."""
    calls = [each["function"] for m in sent for each in m.get("tool_calls", ())]
    calls += [m["function_call"] for m in sent if "function_call" in m]
    return [call["arguments"] for call in calls]


def test_a_count_of_tokens_beyond_reason_fails_no_run(stage, server):
    body = {"choices": [{"message": {"content": "Hi."}}], "usage": {"prompt_tokens": 10**400}}
    server.script(Raw([json.dumps(body).encode()]))

    assert stage.run(model="openai/gpt-oss-20b").output == "Hi."

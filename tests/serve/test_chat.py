"""OpenAI's own client talks to agents."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import openai
import pytest
from serve.stage import KEY, House, calls_then_says, last_of, read_events, staged
from waiting import until

from agentkit.errors import (
    ConnectError,
    MissingKeyError,
    ReplyError,
    RequestTimeoutError,
    StatusError,
)
from agentkit.telemetry import read_spans
from agentkit.testing import call

ASK = {"model": "helper", "messages": [{"role": "user", "content": "Go."}]}
ADD = calls_then_says(call("add", a=2, b=3))


def client(here, **given):
    return openai.OpenAI(base_url=f"{here.url}/v1", api_key=KEY, **given)


def test_an_answer_is_a_chat_completion(tmp_path):
    with staged(tmp_path, ADD).running() as here, client(here) as asking:
        answer = asking.chat.completions.create(**ASK)
        run = here.call("GET", f"/api/runs/{answer.id}")

    (choice,) = answer.choices
    assert (choice.message.content, choice.finish_reason, answer.model) == ("5", "stop", "helper")
    assert (answer.usage.prompt_tokens, answer.usage.total_tokens) == (20, 30)
    assert [(each["name"], each["content"]) for each in answer.agentkit["calls"]] == [("add", "5")]
    assert (answer.agentkit["run"], answer.agentkit["cost"], run["state"]) == (
        answer.id, 0.002, "done",
    )  # fmt: skip


def test_an_answer_is_streamed(tmp_path):
    def reply(request):
        return "It is five." if request.messages[-1].role == "function" else call("add", a=2, b=3)

    with staged(tmp_path, reply).running() as here, client(here) as asking:
        more = {"stream": True, "stream_options": {"include_usage": True}}
        chunks = list(asking.chat.completions.create(**ASK, **more))

    pieces = [each.choices[0].delta.content for each in chunks if each.choices]
    events = [(each.model_extra.get("agentkit") or {}).get("event") for each in chunks]
    assert [piece for piece in pieces if piece] == ["It", " is", " five."]
    assert [each["type"] for each in events if each] == ["call_started", "call_ended"]
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert (chunks[-1].choices, chunks[-1].usage.total_tokens) == ([], 30)


def test_what_is_said_before_a_call_stands_apart(tmp_path):
    from agentkit.messages import AssistantMessage, Response

    def reply(request):
        if request.messages[-1].role == "function":
            return "Five."
        return [call("add", a=2, b=3)]

    with staged(tmp_path, reply).running() as here, client(here) as asking:
        model = here.service.agents["helper"].interface
        plain = model.asend

        async def asend(request):
            response = await plain(request)
            if response.message.calls:
                message = AssistantMessage("Let me see.", response.message.calls)
                return Response(message=message, model="staged-1", usage=response.usage)
            return response

        model.asend = asend
        streamed = list(asking.chat.completions.create(**ASK, stream=True))
        whole = asking.chat.completions.create(**ASK)

    said = "".join(each.choices[0].delta.content or "" for each in streamed)
    assert (said, whole.choices[0].message.content) == ("Let me see.\n\nFive.", "Five.")


def test_the_async_client_does_the_same(tmp_path):
    async def ask(here):
        async with openai.AsyncOpenAI(base_url=f"{here.url}/v1", api_key=KEY) as asking:
            whole = await asking.chat.completions.create(**ASK)
            stream = await asking.chat.completions.create(**ASK, stream=True)
            pieces = [each.choices[0].delta.content or "" async for each in stream]
            models = [each.id async for each in asking.models.list()]
        return whole.choices[0].message.content, "".join(pieces), models

    with staged(tmp_path, ADD).running() as here:
        assert asyncio.run(ask(here)) == ("5", "5", ["helper"])


def test_agents_are_models(tmp_path):
    with staged(tmp_path, ADD).running() as here, client(here) as asking:
        assert asking.models.retrieve("helper").owned_by == "agentkit"
        with pytest.raises(openai.NotFoundError, match="no model 'gpt-4o', only helper"):
            asking.models.retrieve("gpt-4o")
        with pytest.raises(openai.NotFoundError) as refused:
            asking.chat.completions.create(**{**ASK, "model": "gpt-4o"})

    assert (refused.value.code, refused.value.param) == ("model_not_found", "model")


def test_a_conversation_is_read_with_all_its_roles(tmp_path):
    messages = [
        {"role": "developer", "content": "Be brief."},
        {
            "role": "user",
            "content": [{"type": "text", "text": "Add"}, {"type": "text", "text": "2."}],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": "x",
                    "type": "function",
                    "function": {"name": "add", "arguments": '{"a": 2}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "x", "content": "2"},
        {"role": "assistant", "content": "Two.", "name": "helper"},
        {"role": "user", "content": "And?"},
    ]
    with staged(tmp_path, lambda r: "So.", agent={"instructions": "Help."}).running() as here:
        with client(here) as asking:
            asking.chat.completions.create(model="helper", messages=messages)
        (request,) = here.service.agents["helper"].interface.requests

    told = [(each.role, each.content) for each in request.messages]
    assert told == [
        ("system", "Help.\n\nBe brief."), ("user", "Add\n2."), ("assistant", None),
        ("function", "2"), ("assistant", "Two."), ("user", "And?"),
    ]  # fmt: skip
    assert request.messages[3].untrusted


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """A service to be asked wrongly."""
    with staged(tmp_path_factory.mktemp("asked"), lambda request: "Yes.").running() as here:
        yield here


IMAGE = [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]
CALLS = [{"id": "x", "type": "function", "function": {"name": "wipe", "arguments": "{}"}}]


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"n": 2}, "n"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"functions": [{"name": "f"}]}, "functions"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"logprobs": True}, "logprobs"),
        ({"modalities": ["audio"]}, "modalities"),
        ({"audio": {"voice": "x", "format": "mp3"}}, "audio"),
        ({"temperature": 3}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"messages": []}, "messages"),
        ({"messages": "Go."}, "messages"),
        ({"messages": [{"role": "user", "content": IMAGE}]}, "messages[0].content"),
        ({"messages": [{"role": "user"}]}, "messages[0].content"),
        ({"messages": [{"role": "ghost", "content": "x"}]}, "messages[0]"),
        ({"messages": [{"role": "assistant", "tool_calls": CALLS}]}, "messages[0]"),
        ({"stream": "yes"}, "stream"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_had_is_refused_by_its_name(asked, more, param):
    reply = asked.http.post("/v1/chat/completions", json={**ASK, **more})

    error = reply.json()["error"]
    assert (reply.status_code, error["param"]) == (400, param)
    assert error["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff", b'{"model": "helper"}', b"1" * 9]
)
def test_what_is_no_request_is_refused(asked, body):
    kind = {"Content-Type": "application/json"}
    reply = asked.http.post("/v1/chat/completions", content=body, headers=kind)

    assert (reply.status_code, set(reply.json())) == (400, {"error"})


def test_what_the_model_does_not_take_is_left_out(tmp_path):
    from serve.stage import Staged

    from agentkit import Agent
    from agentkit.serve import Service

    service = Service({"helper": Agent([], "offline")}, journal=tmp_path / "j.db", keys=[KEY])
    with Staged(service).running() as here, client(here) as asking:
        answer = asking.chat.completions.create(
            **ASK, temperature=0.5, reasoning_effort="low", extra_body={"chat_id": "c", "odd": [1]}
        )

    assert answer.agentkit["left_out"] == ["reasoning_effort"]


def test_a_call_that_waits_is_told_in_words(tmp_path):
    house = House()
    with staged(tmp_path, calls_then_says(call("wipe", name="disk")), house).running() as here:
        with client(here) as asking:
            answer = asking.chat.completions.create(**ASK)
            stream = asking.chat.completions.create(**ASK, stream=True)
            streamed = "".join(each.choices[0].delta.content or "" for each in stream)
        run_id = answer.agentkit["run"]
        here.call("POST", f"/api/runs/{run_id}/approve", {"call": 0})
        run = here.ended(run_id)

    said = answer.choices[0].message.content
    assert 'wipe(name="disk"): wipe may destroy something' in said
    assert f"{here.url}/runs/{run_id}" in said
    assert 'wipe(name="disk")' in streamed
    assert (answer.agentkit["state"], answer.agentkit["pending"][0]["name"]) == ("waiting", "wipe")
    assert (run["output"], house.done) == ("wiped disk", ["disk"])


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (StatusError("Slow down.", status=429, retry_after=7), 429, "rate_limit_exceeded"),
        (StatusError("Wrong key.", status=401), 502, "upstream_error"),
        (StatusError("Broken.", status=500), 502, "upstream_error"),
        (
            StatusError("Too long.", status=400, code="context_length_exceeded"),
            400,
            "context_length_exceeded",
        ),
        (ConnectError("Nobody."), 502, "upstream_unreachable"),
        (RequestTimeoutError("Late."), 504, "upstream_timeout"),
        (ReplyError("Odd."), 502, "upstream_reply"),
        (MissingKeyError("No key."), 500, "agent_misconfigured"),
        (ValueError("odd"), 500, "run_failed"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else str(value),
)
def test_errors_have_their_status_and_are_not_asked_for_again(
    failing, error, status, code, streamed
):
    here, model = failing
    model.error, before = error, len(model.requests)
    with client(here) as asking, pytest.raises(openai.APIStatusError) as raised:
        asking.chat.completions.create(**ASK, stream=streamed)

    assert (raised.value.status_code, raised.value.code) == (status, code)
    assert len(model.requests) == before + 1  # the client would repeat the tools' deeds
    assert raised.value.response.headers.get("retry-after") == ("7" if status == 429 else None)


@pytest.fixture(scope="module")
def failing(tmp_path_factory):
    """A service whose model fails as the test says."""
    stage = staged(tmp_path_factory.mktemp("failing"), lambda request: model.error)
    model = stage.service.agents["helper"].interface
    with stage.running() as here:
        yield here, model


def test_an_error_in_the_middle_of_a_stream_is_raised(tmp_path):
    def reply(request):
        if request.messages[-1].role == "function":
            return ConnectError("It broke.")
        return call("add", a=2, b=3)

    with staged(tmp_path, reply).running() as here, client(here) as asking:
        stream = asking.chat.completions.create(**ASK, stream=True)
        seen = [next(stream) for _ in range(3)]
        with pytest.raises(openai.APIError, match=r"It broke\.") as raised:
            next(stream)

    assert seen[2].agentkit["event"]["content"] == "5"
    assert raised.value.code == "upstream_unreachable"


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_the_run_of_a_client_that_leaves_is_cancelled(tmp_path, streamed):
    house = House()
    calls = [call("note", text="first"), call("wait")]

    def reply(request):
        return calls[sum(each.role == "function" for each in request.messages)]

    with staged(tmp_path, reply, house).running() as here:
        with suppress(httpx.ReadTimeout):
            body = {**ASK, "stream": streamed}
            with here.http.stream("POST", "/v1/chat/completions", json=body, timeout=2) as answer:
                events = read_events(answer.iter_lines())
                assert until(lambda: "waits" in house.done)
                next(events)
        assert until(lambda: not len(here.service.desk))
        (run,) = here.call("GET", "/api/runs")["runs"]
        whole = here.call("GET", f"/api/runs/{run['id']}")

    assert (run["state"], run["error"]) == ("cancelled", "StoppedError: the client went away")
    assert house.done == ["first", "waits"]
    assert whole["messages"][2]["content"] == "noted first"


def test_the_same_idempotency_key_is_the_same_run(tmp_path):
    house = House()
    key = {"Idempotency-Key": "order-17"}
    stage = staged(tmp_path, calls_then_says(call("note", text="x")), house)
    with stage.running() as here, client(here, default_headers=key) as asking:
        first = asking.chat.completions.create(**ASK)
        second = asking.chat.completions.create(**ASK)
        stream = asking.chat.completions.create(**ASK, stream=True)
        streamed = "".join(each.choices[0].delta.content or "" for each in stream)
        other = {**ASK, "messages": [{"role": "user", "content": "Else."}]}
        with pytest.raises(openai.ConflictError, match="another request"):
            asking.chat.completions.create(**other)

    assert (first.id, house.done) == (second.id, ["x"])
    assert first.choices[0].message.content == streamed == "noted x"


def test_an_idempotency_key_gives_no_answer_to_another_request(tmp_path):
    house, key = House(), {"Idempotency-Key": "order-19"}
    other = {**ASK, "messages": [{"role": "user", "content": "Else."}]}
    with (
        staged(tmp_path, calls_then_says(call("wait")), house).running() as here,
        client(here, default_headers=key) as asking,
        ThreadPoolExecutor() as pool,
    ):
        first = pool.submit(asking.chat.completions.create, **ASK)
        assert until(lambda: "waits" in house.done)
        same = pool.submit(asking.chat.completions.create, **ASK)
        with pytest.raises(openai.ConflictError, match="another request"):
            asking.chat.completions.create(**other)
        house.may_end.set()

    assert first.result().id == same.result().id
    assert house.done == ["waits", "waited"]


def test_who_asks_again_after_a_cut_goes_on_with_the_run(tmp_path):
    house = House()
    calls = [call("note", text="first"), call("add", a=1, b=1)]
    broken = [ConnectError("It broke.")]

    def reply(request):
        done = sum(each.role == "function" for each in request.messages)
        if done == 1 and broken:
            return broken.pop()
        return calls[done] if done < 2 else "Done."

    stage, key = staged(tmp_path, reply, house), {"Idempotency-Key": "order-18"}
    with stage.running() as here, client(here, default_headers=key) as asking:
        with pytest.raises(openai.InternalServerError):
            asking.chat.completions.create(**ASK)
        answer = asking.chat.completions.create(**ASK)

    assert (answer.choices[0].message.content, house.done) == ("Done.", ["first"])


def test_two_hundred_clients_at_once_all_have_their_answer(tmp_path):
    def reply(request):
        if request.messages[-1].role == "function":
            return f"It is {last_of(request)}."
        return call("add", a=int(last_of(request)), b=1000)

    async def one(here, n, asking):
        body = {"model": "helper", "messages": [{"role": "user", "content": str(n)}]}
        answer = await asking.post("/v1/chat/completions", json=body)
        return answer.json()["choices"][0]["message"]["content"]

    async def all_of(here):
        limits = httpx.Limits(max_connections=200)
        headers = {"Authorization": f"Bearer {KEY}"}
        given = {"base_url": here.url, "headers": headers, "limits": limits, "timeout": 60}
        async with httpx.AsyncClient(**given) as asking:
            return await asyncio.gather(*(one(here, n, asking) for n in range(200)))

    with staged(tmp_path, reply).running() as here:
        said = asyncio.run(all_of(here))
        states = here.call("GET", "/api/runs?limit=300&state=done")["runs"]

    assert said == [f"It is {n + 1000}." for n in range(200)]
    assert len(states) == 200


def test_a_typed_answer_is_json(tmp_path):
    reply = call("final_answer", {"answer": [1, 2]})
    stage = staged(tmp_path, lambda r: reply, agent={"output": list[int]})
    with stage.running() as here, client(here) as asking:
        whole = asking.chat.completions.create(**ASK)
        stream = asking.chat.completions.create(**ASK, stream=True)
        streamed = "".join(each.choices[0].delta.content or "" for each in stream)

    assert whole.choices[0].message.content == streamed == "[1,2]"


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/api/runs"])
def test_a_run_goes_on_with_the_trace_of_its_request(tmp_path, path):
    trace, parent = tmp_path / "trace.jsonl", "00f067aa0ba902b7"
    header = {"traceparent": f"00-4bf92f3577b34da6a3ce929d0e0e4736-{parent}-01"}
    asked = ASK if path.startswith("/v1") else {"prompt": "Go."}
    with staged(tmp_path, ADD, agent={"trace": trace}).running() as here:
        here.ended(here.call("POST", path, asked, headers=header)["id"])

    spans = list(read_spans(trace))
    (run,) = [each for each in spans if each.name.startswith("invoke_agent")]
    assert {each.trace_id for each in spans} == {"4bf92f3577b34da6a3ce929d0e0e4736"}
    assert run.parent_id == parent

"""Who may come in, and with how much."""

from __future__ import annotations

import json
import re
import socket
from contextlib import suppress
from dataclasses import replace

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from serve.stage import KEY, House, calls_then_says, staged
from starlette.responses import StreamingResponse
from starlette.routing import Route
from waiting import until

from agentkit.errors import ConfigError
from agentkit.testing import call

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def locked(tmp_path_factory):
    """A service with a key."""
    with staged(
        tmp_path_factory.mktemp("locked"), lambda r: "Yes.", most_bytes=1000
    ).running() as on:
        yield on


@pytest.fixture(scope="module")
def unlocked(tmp_path_factory):
    """A service without one, for this machine alone."""
    place = tmp_path_factory.mktemp("unlocked")
    origins = ["https://chat.example"]
    with staged(place, lambda r: "Yes.", keys=[], origins=origins).running() as on:
        yield on


def raw(here, **headers):
    """A client without the key."""
    return httpx.Client(base_url=here.url, headers=headers, timeout=20)


def test_no_request_without_the_key_gets_in(locked):
    paths = [each for each in locked.service.operations if not each.is_open]
    with raw(locked) as asking:
        for each in paths:
            path = re.sub(r"\{\w+\}", "x", each.path)
            for headers in (
                {},
                {"Authorization": "Bearer nearly"},
                {"Authorization": f"Basic {KEY}"},
            ):
                reply = asking.request(each.method, path, headers=headers)
                assert (reply.status_code, reply.json()["error"]["code"]) == (
                    401,
                    "invalid_api_key",
                )
                assert reply.headers["www-authenticate"] == "Bearer"
        unknown = asking.get("/nowhere")
        odd = asking.request("DELETE", "/api/runs")

    assert len(paths) > 10
    assert (unknown.status_code, odd.status_code) == (401, 401)


def test_health_needs_no_key(locked):
    with raw(locked) as asking:
        assert asking.get("/healthz").json() == {"status": "alive"}
        assert asking.get("/readyz").json()["status"] == "ready"


def test_a_person_without_a_session_is_sent_to_sign_in(locked):
    with raw(locked, Accept="text/html") as asking:
        reply = asking.get("/")

    assert (reply.status_code, reply.headers["location"]) == (303, "/sign-in?next=/")


def test_a_session_stands_for_the_key_where_the_page_itself_asks(locked):
    token = locked.service.sessions.open()
    own, cookie = {"Origin": locked.url}, {"Cookie": f"{locked.service.cookie}={token}"}
    with raw(locked, **cookie) as asking:
        seen = asking.get("/api/runs").status_code
        begun = asking.post("/api/runs", json={"prompt": "Go."}, headers=own).status_code
        nobody = asking.post("/api/runs", json={"prompt": "Go."}).status_code
        foreign = asking.post(
            "/api/runs", json={"prompt": "Go."}, headers={"Origin": "https://a.b"}
        )
        locked.service.sessions.close(token)
        after = asking.get("/api/runs").status_code

    assert (seen, begun, nobody, foreign.status_code, after) == (200, 201, 403, 403, 401)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": ""},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    ],
    ids=str,
)
def test_other_web_pages_are_refused(unlocked, headers):
    with raw(unlocked) as asking:
        for path in ("/api/runs", "/healthz", "/v1/models"):
            assert asking.get(path, headers=headers).status_code == 403


def test_names_of_this_machine_are_taken(unlocked):
    port = unlocked.url.rpartition(":")[2]
    with raw(unlocked) as asking:
        for host in (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"):
            given = {"Host": host, "Origin": f"http://{host}"}
            assert asking.get("/api/runs", headers=given).status_code == 200


def test_a_page_that_is_allowed_is_told_so(unlocked):
    page = {"Origin": "https://chat.example", "Access-Control-Request-Method": "POST"}
    with raw(unlocked) as asking:
        asked = asking.options("/v1/chat/completions", headers=page)
        reply = asking.get("/v1/models", headers={**page, "Sec-Fetch-Site": "cross-site"})
        other = asking.options("/v1/models", headers={"Origin": "https://other.example"})

    assert asked.status_code == 204
    assert "Authorization" in asked.headers["access-control-allow-headers"]
    assert reply.headers["access-control-allow-origin"] == "https://chat.example"
    assert reply.headers["vary"] == "Origin"
    assert other.status_code == 403


def test_a_form_of_another_page_cannot_send_anything(unlocked):
    body = json.dumps({"prompt": "Go."})
    with raw(unlocked) as asking:
        for kind in (FORM, {"Content-Type": "text/plain"}, {"Content-Type": "multipart/form-data"}):
            assert asking.post("/api/runs", content=body, headers=kind).status_code == 415
        assert asking.post("/api/runs", content=body).status_code == 415
        assert asking.post("/api/runs/none/cancel").status_code == 404


def test_every_reply_has_the_headers_that_keep_browsers_careful(locked):
    replies = [locked.http.get(path) for path in ("/healthz", "/nowhere", "/api/runs", "/metrics")]

    for reply in replies:
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["referrer-policy"] == "same-origin"
        assert reply.headers["cache-control"] == "no-store"
        assert reply.headers["cross-origin-resource-policy"] == "same-origin"
        assert "server" not in reply.headers


def test_a_body_has_its_limit_with_and_without_a_length(locked):
    large = json.dumps({"prompt": "x" * 1000}).encode()
    whole = locked.http.post("/api/runs", content=large, headers=JSON)
    pieces = locked.http.post("/api/runs", content=iter([large[:600], large[600:]]), headers=JSON)
    alive = locked.call("GET", "/healthz")

    assert [each.json()["error"]["code"] for each in (whole, pieces)] == ["too_large", "too_large"]
    assert (whole.status_code, pieces.status_code) == (413, 413)
    assert alive == {"status": "alive"}


def test_a_body_that_never_ends_is_not_waited_for(locked, monkeypatch):
    monkeypatch.setattr("agentkit.serve.guarding._BODY", 0.2)
    port = int(locked.url.rpartition(":")[2])
    head = f"POST /api/runs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
    with socket.create_connection(("127.0.0.1", port), 20) as line:
        line.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 9\r\n\r\n".encode())
        answer = line.recv(65_536)

    assert answer.startswith(b"HTTP/1.1 408")


def test_requests_have_a_rate(tmp_path):
    with staged(tmp_path, lambda request: "Yes.", rate=2).running() as here:
        replies = [here.http.post("/api/runs", json={"prompt": "Go."}) for _ in range(3)]
        read = here.http.get("/api/runs")

    assert [each.status_code for each in replies] == [201, 201, 429]
    assert replies[2].json()["error"]["code"] == "rate_limit_exceeded"
    assert 1 <= int(replies[2].headers["retry-after"]) <= 30
    assert read.status_code == 200


def test_other_machines_need_a_key(tmp_path):
    service = staged(tmp_path, lambda request: "Yes.", keys=[]).service

    with pytest.raises(ConfigError, match="no key"):
        service.run("0.0.0.0", 0)


def test_other_machines_without_a_key_use_the_names_that_are_given(tmp_path):
    rules = staged(tmp_path, lambda request: "Yes.", keys=[], hosts=["box.lan"]).service.rules
    rules.reach("0.0.0.0")

    assert not rules.guard.refusal("box.lan:8000", "http://box.lan:8000")
    assert rules.guard.refusal("evil.example:8000", "http://evil.example:8000")


def test_two_services_do_not_share_a_journal(tmp_path):
    stage, other = (staged(tmp_path, lambda request: "Yes.") for _ in range(2))

    with stage.running(), pytest.raises(ConfigError, match="Another service keeps its runs"):
        other.service.run("127.0.0.1", 0)


def test_nor_by_two_names_of_it(tmp_path):
    (tmp_path / "other.db").symlink_to(tmp_path / "runs.db")
    stage = staged(tmp_path, lambda request: "Yes.")
    other = staged(tmp_path, lambda request: "Yes.", journal=tmp_path / "other.db")

    with stage.service.owned(), pytest.raises(ConfigError, match="Another service"):
        other.service.run("127.0.0.1", 0)


@settings(max_examples=60)
@given(
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*"abc", "prompt", "call", "messages", "role"]), inner, max_size=4),
        max_leaves=12,
    ),
    path=st.sampled_from(
        ["/v1/chat/completions", "/api/runs", "/api/runs/x/approve", "/api/runs/x/answer",
         "/api/runs/x/deny", "/api/tools/add/call"]
    ),
)  # fmt: skip
def test_no_body_is_a_bug(locked, path, body):
    reply = locked.http.post(path, content=json.dumps(body).encode(), headers=JSON)

    assert reply.status_code < 500, reply.text
    if reply.status_code >= 400:
        assert set(reply.json()["error"]) == {"message", "type", "param", "code"}


@settings(max_examples=60)
@given(message=st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "developer", "user", "assistant", "tool", "function"])},
    optional={
        "content": st.none() | st.text(max_size=5) | st.lists(st.fixed_dictionaries(
            {"type": st.sampled_from(["text", "refusal", "image_url"])},
            optional={"text": st.text(max_size=3), "refusal": st.text(max_size=3)}), max_size=2),
        "tool_calls": st.none() | st.lists(st.fixed_dictionaries(
            {"id": st.text(max_size=3), "function": st.fixed_dictionaries(
                {"name": st.text(max_size=3), "arguments": st.text(max_size=5)})}), max_size=2),
        "tool_call_id": st.text(max_size=3), "name": st.text(max_size=3),
        "function_call": st.none() | st.fixed_dictionaries({"name": st.text(max_size=3)}),
    },
))  # fmt: skip
def test_no_message_is_a_bug(locked, message):
    body = {"model": "helper", "messages": [message, {"role": "user", "content": "Go."}]}
    reply = locked.http.post("/v1/chat/completions", content=json.dumps(body), headers=JSON)

    assert reply.status_code in (200, 400, 413), reply.text


def test_a_watcher_that_reads_nothing_holds_nothing_up(tmp_path):
    house = House()
    calls = [call("note", text="x" * 900_000), call("wait")]

    def reply(request):
        done = sum(each.role == "function" for each in request.messages)
        return calls[done] if done < 2 else "Done."

    with staged(tmp_path, reply, house).running() as here:
        run_id = here.call("POST", "/api/runs", {"prompt": "Go."})["id"]
        port = int(here.url.rpartition(":")[2])
        head = f"GET /api/runs/{run_id}/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", port), 20) as line:
            line.sendall(head.encode())
            assert until(lambda: "waits" in house.done)
            house.may_end.set()
            run = here.ended(run_id)
            line.settimeout(20)
            first = line.recv(20)

    assert (run["state"], first) == ("done", b"HTTP/1.1 200 OK\r\ndat")


def test_keys_show_nowhere(locked):
    from agentkit.serve.guarding import Rules

    shown = f"{locked.service.rules!r} {vars(locked.service)!r}"

    assert isinstance(locked.service.rules, Rules)
    assert KEY not in shown


def test_metrics_count_by_names_of_which_there_are_few(tmp_path):
    def reply(request):
        return "Five." if request.messages[-1].role == "function" else [
            call("add", a=2, b=3), call("invented")
        ]  # fmt: skip

    with staged(tmp_path, reply).running() as here:
        here.ended(here.call("POST", "/api/runs", {"prompt": "Go."})["id"])
        here.http.get("/nowhere/at/all")
        text = here.http.get("/metrics").text

    for line in (
        'agentkit_runs_total{agent="helper",state="done"} 1.0',
        'agentkit_tokens_total{kind="prompt",model="staged-1"} 20.0',
        'agentkit_cost_dollars_total{model="staged-1"} 0.002',
        'agentkit_tool_calls_total{outcome="ok",tool="add"} 1.0',
        'agentkit_tool_calls_total{outcome="error",tool="unknown"} 1.0',
        'agentkit_http_requests_total{method="POST",route="/api/runs",status="201"} 1.0',
        'agentkit_http_requests_total{method="GET",route="none",status="404"} 1.0',
        "agentkit_runs_live 0.0",
        'agentkit_run_seconds_count{agent="helper"} 1.0',
    ):
        assert line in text


def test_metrics_are_given_without_a_key_where_that_is_meant(tmp_path):
    with (
        staged(tmp_path, calls_then_says(), open_metrics=True).running() as here,
        raw(here) as asking,
    ):
        assert asking.get("/metrics").status_code == 200
        assert asking.get("/openapi.json").status_code == 401


def test_a_head_that_never_ends_is_not_waited_for(locked, monkeypatch):
    monkeypatch.setattr("agentkit.guard._PATIENCE", 0.2)
    port = int(locked.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), 20) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
        slow = line.recv(10)
    with socket.create_connection(("127.0.0.1", port), 20) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        good = line.recv(15)
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
        while again := line.recv(65_536):
            rest = again

    assert (slow, good) == (b"", b"HTTP/1.1 200 OK")
    assert rest.endswith(b'{"status":"alive"}')


def test_a_head_has_its_limit(locked):
    port = int(locked.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), 20) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        with suppress(ConnectionError):
            while True:
                line.sendall(b"X: " + b"x" * 9_000 + b"\r\n")

    assert locked.call("GET", "/healthz") == {"status": "alive"}


@pytest.mark.parametrize(
    "others", ['_ga={"x": 1}; {}', "a=b c; {}", 'x[y]="; {}', "{0}old; {}", "{}; {0}old"]
)
def test_a_session_is_found_among_all_cookies_of_this_machine(locked, others):
    cookie = f"{locked.service.cookie}="
    own = cookie + locked.service.sessions.open()
    given = others.replace("{}", own).replace("{0}", cookie)
    with raw(locked, Cookie=given) as asking:
        assert asking.get("/api/runs").status_code == 200


def test_signing_out_ends_each_session_that_the_browser_has(locked):
    sessions, cookie = locked.service.sessions, locked.service.cookie
    given = "; ".join(f"{cookie}={sessions.open()}" for _ in range(2))
    with raw(locked, Cookie=given, Origin=locked.url) as asking:
        out = asking.post("/sign-out").status_code
        after = asking.get("/api/runs").status_code

    assert (out, after) == (303, 401)


def test_a_bug_is_logged_without_secrets(tmp_path, caplog, monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "secret-of-the-tests")

    async def odd(request):
        if request.method == "GET":
            raise ValueError("secret-of-the-tests")

        async def broken():
            yield b"Well"
            raise ValueError("secret-of-the-tests")

        return StreamingResponse(broken())

    stage = staged(tmp_path, lambda request: "Yes.")
    stage.service.app.router.routes.append(Route("/odd", odd, methods=["GET", "POST"]))
    with stage.running() as here:
        replies = [here.refused("GET", "/odd") for _ in range(2)]
        with pytest.raises(httpx.RemoteProtocolError):
            here.http.post("/odd")

    assert replies == [(500, "bug")] * 2
    assert [each.name for each in caplog.records] == ["agentkit"] * 3 + ["uvicorn.error"]
    assert "ValueError" in caplog.text
    assert "secret-of-the-tests" not in caplog.text


def test_a_model_of_any_name_is_counted(tmp_path):
    stage = staged(tmp_path, lambda request: "Yes.")
    model = stage.service.agents["helper"].interface
    plain = model.asend

    async def asend(request):
        return replace(await plain(request), model='m\ud800"\n' + "x" * 1_000)

    model.asend = asend
    with stage.running() as here:
        here.ended(here.call("POST", "/api/runs", {"prompt": "Go."})["id"])
        reply = here.http.get("/metrics")

    assert reply.status_code == 200
    assert f'model="m?\\"\\n{"x" * 96}"' in reply.text


@pytest.mark.parametrize(("key", "status"), [("wrong", b"401"), (KEY, b"413")])
def test_who_sends_much_in_vain_is_told_so_when_all_is_sent(locked, key, status):
    port = int(locked.url.rpartition(":")[2])
    head = f"POST /api/runs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
    with socket.create_connection(("127.0.0.1", port), 20) as line:
        kind = "Content-Type: application/json\r\n"
        line.sendall(f"{head}{kind}Content-Length: 3000000\r\n\r\n".encode())
        for _ in range(30):
            line.sendall(b"x" * 100_000)
        refused = line.recv(65_536)

    assert refused.startswith(b"HTTP/1.1 " + status)

"""The page of the service: what it sends, to whom, and what it takes."""

import re
from html.parser import HTMLParser

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient
from waiting import until

from agentkit import Agent, tool
from agentkit.serve import Service
from agentkit.testing import ScriptedInterface, call

KEY = "page-key-0123456789"
HERE = "http://localhost"
ATTACK = "\"><script>alert(1)</script><img src=x onerror='alert(1)'>\u202e\x1b[1m"


@tool(destructive=True, description=f"Drop. {ATTACK}")
def drop(what: str) -> str:
    return f"{what}: {ATTACK}"


@pytest.fixture
def journal(tmp_path):
    """Runs of each state, with hostile texts in all that they have."""
    path = tmp_path / "runs.db"

    def agent(*replies):
        return Agent([drop], ScriptedInterface(*replies), journal=path, approval="never")

    agent(call("drop", what=ATTACK), ATTACK).run(ATTACK, run_id="done", conversation=ATTACK)
    with pytest.raises(RuntimeError):
        agent(RuntimeError(ATTACK)).run(ATTACK, run_id="failed")
    asking = Agent([drop], ScriptedInterface(call("drop", what=ATTACK)))
    with TestClient(Service({"a": asking}, journal=path).app, base_url=HERE) as client:
        body = {"prompt": ATTACK, "id": "waiting", "conversation": "c"}
        client.post("/api/runs", json=body)
        assert until(lambda: client.get("/api/runs/waiting").json()["state"] == "waiting")
    return path


def service(journal, **settings):
    odd = '"><script>alert(1)</script>'
    agents = {
        "a": Agent([drop], ScriptedInterface("Done.")),
        odd: Agent([drop], ScriptedInterface()),
    }
    return Service(agents, journal=journal, **settings)


@pytest.fixture
def client(journal):
    return TestClient(service(journal).app, base_url=HERE)


PAGES = [
    "/", "/?conversation=c", "/?conversation=none", "/runs", "/runs?text=a&state=done", "/runs/done",
    "/runs/failed", "/runs/waiting", "/tools", "/tools/drop?agent=a", "/sign-in", "/runs/none",
]  # fmt: skip


class Reader(HTMLParser):
    """Keeps what a content security policy would refuse, and where a page leads."""

    def __init__(self):
        super().__init__()
        self.wrong, self.links, self.inside = [], [], ""

    def handle_starttag(self, tag, attrs):
        names = dict(attrs)
        self.inside = tag
        self.links += [names[each] for each in ("href", "src", "action") if names.get(each)]
        if tag in ("style", "img", "iframe", "base") or (tag == "script" and "src" not in names):
            self.wrong.append(tag)
        self.wrong += [each for each in names if each == "style" or each.startswith("on")]


def read(text):
    reader = Reader()
    reader.feed(text)
    return reader


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_anything_that_a_strict_policy_refuses(client, path):
    """Whatever the texts of prompts, tools, agents, results and errors are."""
    reply = client.get(path)
    page = read(reply.text)

    assert reply.status_code == (404 if path == "/runs/none" else 200)
    assert page.wrong == []
    assert all(each.startswith(("/", "#", "?")) for each in page.links if each)
    assert not re.search("[\x1b\u202e]", reply.text)
    assert "script-src 'self'; style-src 'self'" in reply.headers["content-security-policy"]
    assert reply.headers["cache-control"] == "no-store"
    assert "<!doctype html>" in reply.text


def test_style_and_scripts_are_kept_by_the_browser_until_they_change(client):
    links = [each for each in read(client.get("/").text).links if "/static/" in each]
    assert {each.rpartition(".")[2] for each in links} == {"css", "js", "svg"}
    for each in links:
        reply = client.get(each)
        assert (reply.status_code, reply.headers["cache-control"]) == (
            200, "public, max-age=31536000, immutable",
        )  # fmt: skip
        again = client.get(each, headers={"If-None-Match": reply.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    old = re.sub("static/[0-9a-f]+", "static/0123", links[0])
    assert client.get(old).headers["cache-control"] == "no-cache"
    assert client.get("/static/0123/secret.py").status_code == 404


OWN = {"Origin": HERE}
ELSEWHERE = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {},
]


@pytest.mark.parametrize("path", ["/tools/drop", "/runs/waiting", "/sign-out"])
def test_forms_are_taken_from_our_own_page_alone(client, path):
    form = {"decision": "deny", "call": "waiting:1:0", "/what": "x", "change": "sure"}
    for headers in ELSEWHERE:
        assert client.post(path, data=form, headers=headers).status_code in (403, 415)
    assert client.get("/api/runs/waiting").json()["state"] == "waiting"
    with client:
        same = client.post(path, data=form, headers=OWN, follow_redirects=False)

    assert same.status_code == (200 if path == "/tools/drop" else 303)


@pytest.mark.parametrize("path", ["/api/runs", "/api/runs/waiting/deny", "/api/tools/drop/call"])
def test_the_api_takes_no_forms(client, path):
    assert client.post(path, data={"call": "waiting:1:0"}, headers=OWN).status_code == 415


def test_without_the_key_nothing_but_the_door_is_seen(journal):
    client = TestClient(service(journal, keys=[KEY]).app, base_url=HERE)
    for path in PAGES:
        html = {"Accept": "text/html"}
        reply = client.get(path, headers=html, follow_redirects=False)
        is_door = path == "/sign-in"
        assert reply.status_code == (200 if is_door else 303)
        assert is_door or reply.headers["location"].startswith("/sign-in?next=")
        assert is_door or client.get(path).status_code == 401
    assert client.post("/tools/drop", data={"/what": "x"}, headers=OWN).status_code == 401


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("/runs?text=a", "/runs?text=a"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\r\nSet-Cookie: b", "/"),
        ("/\t/evil.example", "/"),
        ("", "/"),
    ],
)
def test_signing_in_leads_to_a_page_of_the_service(journal, wanted, given):
    client = TestClient(service(journal, keys=[KEY]).app, base_url="https://localhost")
    form, own = {"key": KEY, "next": wanted}, {"Origin": "https://localhost"}
    reply = client.post("/sign-in", data=form, headers=own, follow_redirects=False)

    assert (reply.status_code, reply.headers["location"]) == (303, given)
    cookie = reply.headers["set-cookie"]
    assert all(each in cookie for each in ("HttpOnly", "SameSite=strict", "Secure", "Path=/"))
    assert client.get("/runs").status_code == 200


def test_it_can_be_mounted_below_a_path(journal):
    inner = service(journal)
    client = TestClient(Starlette(routes=[Mount("/agents", inner.app)]), base_url=HERE)
    for path in ("/", "/runs/done", "/tools"):
        reply = client.get(f"/agents{path}")
        assert reply.status_code == 200
        links = [each for each in read(reply.text).links if each.startswith("/")]
        assert links
        assert all(each.startswith("/agents/") for each in links)
    assert client.get(read(client.get("/agents/").text).links[2]).status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/runs/none", 404, "There is no run"),
        ("/tools/none", 404, "There is no tool"),
        ("/tools/drop?agent=none", 404, "There is no agent"),
        ("/runs?state=odd", 400, "The state of a run is one of"),
    ],
)
def test_what_is_not_there_is_told_on_a_page(client, path, status, words):
    reply = client.get(path)

    assert reply.status_code == status
    assert words in reply.text
    assert reply.headers["content-type"].startswith("text/html")


def test_of_a_long_conversation_the_end_is_shown_and_all_of_it_counted(tmp_path):
    count = 53
    agent = Agent([], ScriptedInterface(*map(str, range(count))), journal=tmp_path / "runs.db")
    for number in range(count):
        agent.run(f"Say {number}.", conversation="long")
    served = Service({"a": agent}, journal=tmp_path / "runs.db")
    text = TestClient(served.app, base_url=HERE).get("/?conversation=long").text

    assert f"{count} runs" in text
    assert '<a href="/runs?conversation=long">' in text
    assert 'data-part="prompt">Say 2.<' not in text
    assert 'data-part="prompt">Say 3.<' in text
    assert '<h1 class="unseen">Say 0.</h1>' in text


def test_a_decision_that_does_not_fit_is_told_with_the_run(client):
    with client:
        for form in (
            {"decision": "edit", "call": "waiting:1:0", "arguments": "{"},
            {"decision": "approve", "call": "waiting:1:7"},
            {"decision": "approve", "call": "x"},
            {"decision": "odd", "call": "waiting:1:0"},
        ):
            reply = client.post("/runs/waiting", data=form, headers=OWN)
            assert reply.status_code == 409
            assert 'role="alert"' in reply.text
    assert client.get("/api/runs/waiting").json()["state"] == "waiting"


def test_a_call_that_must_be_approved_is_asked_about(tmp_path):
    ran = []

    @tool(approve=lambda what: what == "b")
    def keep(what: str) -> str:
        """Keep."""
        ran.append(what)
        return what

    agent = Agent([keep], ScriptedInterface())
    client = TestClient(Service(agent, journal=tmp_path / "runs.db").app, base_url=HERE)
    client.post("/tools/keep", data={"/what": "a", "change": "call"}, headers=OWN)
    asks = client.post("/tools/keep", data={"/what": "b", "change": "call"}, headers=OWN)
    assert "must be approved" in asks.text
    assert ran == ["a"]
    done = client.post("/tools/keep", data={"/what": "b", "change": "sure"}, headers=OWN)
    assert "What came back" in done.text
    assert ran == ["a", "b"]


def test_a_run_is_stopped_resumed_and_answered_by_forms(client):
    def state_after(**form):
        assert client.post("/runs/waiting", data=form, headers=OWN).status_code == 200
        return client.get("/api/runs/waiting").json()["state"]

    with client:
        assert state_after(decision="cancel") == "cancelled"
        assert state_after(decision="resume") in ("running", "waiting")
        assert until(lambda: client.get("/api/runs/waiting").json()["state"] == "waiting")
        state_after(decision="answer", call="waiting:1:0", result="By hand.")
        assert until(lambda: client.get("/api/runs/waiting").json()["state"] == "done")
        text = client.get("/runs/waiting").text

    assert "By hand." in text
    assert "Done." in text


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        ({"change": "json", "json": "{"}, 200, "This is no JSON"),
        ({"change": "json", "json": "[]"}, 200, "This is no JSON object."),
        ({"change": "json", "json": '{"what": 7}'}, 200, "may destroy something"),
        ({"change": "json-sure", "json": '{"what": 7}'}, 200, "Wrong arguments for drop"),
        ({"agent": "none"}, 404, "There is no agent"),
        ({f"/{n}": "" for n in range(2_001)}, 400, "This is no form"),
    ],
)
def test_what_a_form_for_a_tool_has_wrong_is_told(client, form, status, words):
    reply = client.post("/tools/drop", data={"agent": "a", **form}, headers=OWN)

    assert (reply.status_code, words in reply.text) == (status, True)


def test_a_page_takes_no_json(client):
    assert client.post("/tools/drop", json={"/what": "x"}, headers=OWN).status_code == 415

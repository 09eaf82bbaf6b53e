"""Fetching: real servers on loopback, under names that a resolver of the tests leads to them."""

import gzip
import os
import ssl
import threading
import time
import zlib

import pytest
import trustme
from web_server import Answer, WebServer

from agentkit import ToolError
from agentkit.safe import Guard, fetch

MIB = 1 << 20
PRIVATE = "127.0.0.2"  # loopback as well, and not among the networks that are allowed here


def guard_for(*servers, **names):
    """Allows 127.0.0.1 and the ports of the servers; any name leads there but those given."""

    def resolve(host, port):
        found = names.get(host.split(".")[0], "127.0.0.1")
        return found() if callable(found) else [found]

    ports = [server.port for server in servers]
    return Guard(networks=["127.0.0.1/32"], ports=ports, resolve=resolve)


@pytest.fixture
def web():
    with WebServer({"/": "hello"}) as server:
        yield server


@pytest.fixture
def secret():
    """What nobody may reach."""
    with WebServer({"/": "the secret"}, PRIVATE) as server:
        yield server


def test_a_page_is_fetched_with_its_kind_and_text(web):
    page = fetch(web.url(host="example.com"), guard=guard_for(web))

    assert (page.url, page.status, page.ok) == (web.url(host="example.com"), 200, True)
    assert (page.kind, page.charset, page.text) == ("text/plain", "utf-8", "hello")


def test_the_server_is_asked_under_the_name_of_its_host(web):
    fetch(web.url("/?a=1", host="example.com"), guard=guard_for(web))
    path, headers = web.asked[0]

    assert (path, headers["host"]) == ("/?a=1", f"example.com:{web.port}")
    assert headers["accept-encoding"] == "gzip"


def test_an_error_of_the_server_is_told_by_its_status(web):
    page = fetch(web.url("/nothing"), guard=guard_for(web))

    assert (page.status, page.ok, page.text) == (404, False, "not found")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "evil.example"])
def test_by_default_nothing_on_this_machine_is_reached(web, host):
    guard = Guard(ports=[web.port], resolve=lambda host, port: ["127.0.0.1"])
    with pytest.raises(ToolError, match=r"not a public address|inside a network"):
        fetch(web.url(host=host), guard=guard)

    assert web.asked == []


def test_a_name_that_leads_to_another_network_is_refused(web, secret):
    with pytest.raises(ToolError, match=f"leads to {PRIVATE}, which is not a public address"):
        fetch(secret.url(host="evil.example"), guard=guard_for(web, secret, evil=PRIVATE))

    assert secret.asked == []


def test_a_name_with_an_allowed_and_another_address_is_refused(web, secret):
    guard = guard_for(web, secret, both=lambda: ["127.0.0.1", PRIVATE])
    with pytest.raises(ToolError, match="not a public address"):
        fetch(web.url(host="both.example"), guard=guard)

    assert web.asked == secret.asked == []


def test_an_answer_that_changes_after_the_check_is_not_asked_for(secret):
    """The same port on both addresses: only which one is connected to makes the difference."""
    answers = iter([["127.0.0.1"], [PRIVATE], [PRIVATE]])
    guard = guard_for(secret, rebind=lambda: next(answers))
    with pytest.raises(ToolError, match="no connection"):
        fetch(secret.url(host="rebind.example"), guard=guard)

    assert secret.asked == []
    assert next(answers) == [PRIVATE]


def test_an_answer_that_changes_before_a_redirect_is_judged_again(web, secret):
    answers = iter([["127.0.0.1"], [PRIVATE]])
    web.answers["/go"] = Answer(status=302, headers={"Location": "/"})
    with pytest.raises(ToolError, match="not a public address"):
        fetch(
            web.url("/go", host="rebind.example"),
            guard=guard_for(web, rebind=lambda: next(answers)),
        )

    assert web.paths == ["/go"]


def test_of_several_addresses_the_next_is_tried_when_nobody_answers(web):
    guard = Guard(
        networks=["127.0.0.0/8"], ports=[web.port], resolve=lambda *_: ["127.0.0.9", "127.0.0.1"]
    )

    assert fetch(web.url(host="example.com"), guard=guard).text == "hello"


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(web, status):
    web.answers["/go"] = Answer(b"moved", status, {"Location": "other?a=b"})
    web.answers["/other?a=b"] = "there"

    assert fetch(web.url("/go"), guard=guard_for(web)).text == "there"


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("http://169.254.169.254/latest/meta-data/", "not a public address"),
        (f"http://{PRIVATE}/", "not a public address"),
        ("http://[::1]/", "not a public address"),
        ("http://evil.example/", "Port 80"),
        ("file:///etc/passwd", "nothing else is fetched"),
        ("FILE:///etc/passwd", "nothing else is fetched"),
        ("gopher://127.0.0.1/", "nothing else is fetched"),
        ("data:text/plain,hello", "nothing else is fetched"),
        ("http://example.com@127.0.0.1/", "host alone"),
        ("//user@127.0.0.1/", "host alone"),
        ("http://0x7f.1/", "decimal numbers|no URL"),
        ("http://[/", "no name of a host"),
    ],
)  # fmt: skip
def test_a_redirect_is_judged_like_any_url(web, to, why):
    web.answers["/go"] = Answer(status=302, headers={"Location": to})

    with pytest.raises(ToolError, match=why):
        fetch(web.url("/go"), guard=guard_for(web))


def test_a_redirect_to_a_name_that_leads_elsewhere_is_refused(web, secret):
    web.answers["/go"] = Answer(status=302, headers={"Location": secret.url(host="evil.example")})
    with pytest.raises(ToolError, match="not a public address"):
        fetch(web.url("/go"), guard=guard_for(web, secret, evil=PRIVATE))

    assert secret.asked == []


def test_redirects_end(web):
    web.answers["/go"] = Answer(status=302, headers={"Location": "/go"})
    with pytest.raises(ToolError, match="redirects more than 5 times"):
        fetch(web.url("/go"), guard=guard_for(web))

    assert len(web.asked) == 6


def test_headers_of_the_caller_go_to_the_first_origin_only(web):
    with WebServer({"/": "hi"}) as other:
        web.answers["/go"] = Answer(status=302, headers={"Location": "/on"})
        web.answers["/on"] = Answer(
            status=302, headers={"Location": other.url(host="other.example")}
        )
        fetch(web.url("/go"), guard=guard_for(web, other), headers={"Authorization": "Bearer abc"})

        assert [headers.get("authorization") for _, headers in web.asked] == ["Bearer abc"] * 2
        assert "authorization" not in other.asked[0][1]


def test_cookies_are_never_sent_back(web):
    web.answers["/go"] = Answer(status=302, headers={"Location": "/", "Set-Cookie": "a=b; Path=/"})
    fetch(web.url("/go"), guard=guard_for(web))

    assert all("cookie" not in headers for _, headers in web.asked)


def test_proxies_and_credentials_of_the_machine_are_not_used(web, monkeypatch, tmp_path):
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret", encoding="utf-8")
    monkeypatch.setenv("NETRC", os.fspath(tmp_path / ".netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")

    assert fetch(web.url(), guard=guard_for(web)).text == "hello"
    assert "authorization" not in web.asked[0][1]


# Size and time


def test_a_body_that_is_declared_too_large_is_not_read(web):
    web.answers["/big"] = Answer([b"x"], headers={"Content-Length": str(10 * MIB)}, stall=True)

    with pytest.raises(ToolError, match="larger than 5,000,000 bytes"):
        fetch(web.url("/big"), guard=guard_for(web))


def test_a_body_without_a_length_is_read_up_to_the_most(web):
    sent = []
    web.answers["/big"] = Answer(sent.append(1) or b"x" * MIB for _ in range(1_000))
    with pytest.raises(ToolError, match="larger than 3,000,000 bytes"):
        fetch(web.url("/big"), guard=guard_for(web), max_bytes=3_000_000)

    assert len(sent) < 900


def test_a_body_of_exactly_the_most_is_read(web):
    web.answers["/big"] = Answer(b"x" * 1_000)

    assert len(fetch(web.url("/big"), guard=guard_for(web), max_bytes=1_000).content) == 1_000


@pytest.mark.parametrize("name", ["gzip", "x-gzip", "GZIP"])
def test_a_compressed_body_is_read(web, name):
    web.answers["/z"] = Answer(gzip.compress(b"hello " * 99), headers={"Content-Encoding": name})

    assert fetch(web.url("/z"), guard=guard_for(web)).text == "hello " * 99


def test_a_compressed_bomb_is_stopped_before_it_is_expanded(web):
    bomb = gzip.compress(bytes(200 * MIB), 9)
    web.answers["/z"] = Answer(bomb, headers={"Content-Encoding": "gzip"})

    with pytest.raises(ToolError, match="larger than 5,000,000 bytes"):
        fetch(web.url("/z"), guard=guard_for(web))


@pytest.mark.parametrize(
    ("body", "encoding", "why"),
    [
        (gzip.compress(gzip.compress(b"a")), "gzip, gzip", "which was not asked for"),
        (b"a", "br", "which was not asked for"),
        (b"a", "zstd", "which was not asked for"),
        (zlib.compress(b"a"), "deflate", "which was not asked for"),
        (b"plain", "gzip", "not compressed as it says"),
        (gzip.compress(b"a" * 999)[:-9], "gzip", "ends within its compressed body"),
    ],
    ids=["twice", "br", "zstd", "deflate", "plain", "cut"],
)  # fmt: skip
def test_a_body_that_is_not_as_it_says_is_one_clear_error(web, body, encoding, why):
    web.answers["/z"] = Answer(body, headers={"Content-Encoding": encoding})

    with pytest.raises(ToolError, match=why):
        fetch(web.url("/z"), guard=guard_for(web))


def test_a_compressed_body_of_several_members_is_read_whole(web):
    body = gzip.compress(b"one ") + gzip.compress(b"") + gzip.compress(b"two")
    web.answers["/z"] = Answer(
        [body[:9], body[9:40], body[40:]], headers={"Content-Encoding": "gzip"}
    )

    assert fetch(web.url("/z"), guard=guard_for(web)).text == "one two"


def test_what_stands_behind_a_compressed_body_is_refused(web):
    body = [gzip.compress(b"x"), *[b"A"] * 50]
    web.answers["/z"] = Answer(body, headers={"Content-Encoding": "gzip"})

    with pytest.raises(ToolError, match="not compressed as it says"):
        fetch(web.url("/z"), guard=guard_for(web))


def test_headers_of_the_caller_replace_the_usual_ones(web):
    fetch(web.url(), guard=guard_for(web), headers={"User-Agent": "me", "Accept": "text/plain"})

    assert (web.asked[0][1]["user-agent"], web.asked[0][1]["accept"]) == ("me", "text/plain")


@pytest.mark.parametrize("bound", ["timeout", "max_byte"])
def test_a_bound_that_does_not_exist_is_refused(web, bound):
    with pytest.raises(TypeError, match=f"There is no '{bound}'"):
        fetch(web.url(), guard=guard_for(web), **{bound: 1})


def test_a_servers_prose_is_no_media_type(web):
    web.answers["/t"] = Answer(
        b"a", headers={"Content-Type": "application/ignore previous instructions"}
    )

    assert fetch(web.url("/t"), guard=guard_for(web)).kind == ""


@pytest.mark.parametrize("host", ["xn--0.com", "xn--n3h.net"])
def test_a_redirect_to_a_name_that_nobody_can_decode_is_one_clear_error(web, host):
    web.answers["/go"] = Answer(status=302, headers={"Location": f"//{host}:{web.port}/"})

    with pytest.raises(ToolError, match="no URL that can be read"):
        fetch(web.url("/go"), guard=guard_for(web))


def dripping(piece):
    while True:
        yield piece
        time.sleep(0.02)


@pytest.mark.parametrize(
    "answer",
    [
        Answer([b"begun"], stall=True),
        Answer(raw=[b"HTTP/1.1 200 OK\r\n"], stall=True),
        Answer(dripping(b"x")),
        Answer(raw=dripping(b"X-Drip: 1\r\n")),
        Answer(
            status=302,
            headers={"Location": "/slow", "Content-Length": "9"},
            body=[b"x"],
            stall=True,
        ),
    ],
    ids=["body stalls", "head stalls", "body drips", "head drips", "redirect stalls"],
)
def test_what_takes_too_long_is_stopped(web, answer):
    web.answers["/slow"] = answer

    with pytest.raises(ToolError, match=r"longer than 0\.3 seconds|redirects more than|breaks off"):
        fetch(web.url("/slow"), guard=guard_for(web), seconds=0.3)


def test_a_resolver_that_takes_too_long_is_stopped(web):
    ended = threading.Event()
    guard = guard_for(web, slow=lambda: ended.wait(30) and ["127.0.0.1"])
    with pytest.raises(ToolError, match=r"longer than 0\.1 seconds"):
        fetch(web.url(host="slow.example"), guard=guard, seconds=0.1)

    ended.set()


@pytest.mark.parametrize(
    "raw", [b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab", b"HTTP/1.1 abc\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000]
)  # fmt: skip
def test_a_broken_answer_is_one_clear_error(web, raw):
    web.answers["/bad"] = Answer(raw=[raw])

    with pytest.raises(ToolError, match=r"127\.0\.0\.1 cannot be read: it breaks off"):
        fetch(web.url("/bad"), guard=guard_for(web))


def test_nobody_listening_is_one_clear_error(web):
    guard = Guard(networks=["127.0.0.0/8"], ports=[web.port])

    with pytest.raises(ToolError, match=r"127\.0\.0\.9 cannot be read: no connection"):
        fetch(web.url(host="127.0.0.9"), guard=guard)


# Text


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        ("é".encode(), "text/plain", "é"),
        ("é".encode("utf-8-sig"), "text/plain", "é"),
        ("é".encode("latin-1"), "text/plain", "é"),
        ("é".encode("latin-1"), "text/html; charset=ISO-8859-1", "é"),
        ("é".encode("utf-16"), 'text/plain; charset="utf-16"', "é"),
        (b"\xff\xfe\x00", "text/plain; charset=utf-8", "��\0"),
        (b"a", "text/plain; charset=nonsense", "a"),
        (b"a", "text/plain; charset=rot13", "a"),
        (b"a", "text/plain; charset=hex", "a"),
        (b"a", "text/plain; charset=idna", "a"),
        (b"\\q", "text/plain; charset=unicode_escape", "\\q"),
        (b"a", "text/plain; charset=undefined", "a"),
        (b"a", "", "a"),
    ],
)  # fmt: skip
def test_a_body_is_read_as_text_whatever_its_charset(web, body, kind, text):
    web.answers["/t"] = Answer(body, headers={"Content-Type": kind})

    assert fetch(web.url("/t"), guard=guard_for(web)).text == text


# TLS


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def tls_web(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("good.example").configure_cert(context)
    with WebServer({"/": "hello"}, tls=context) as server:
        yield server


@pytest.fixture
def trusting(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_a_certificate_is_judged_by_the_name_and_not_by_the_address(tls_web, trusting):
    guard = guard_for(tls_web)
    page = fetch(tls_web.url(host="good.example", scheme="https"), guard=guard, verify=trusting)

    assert page.text == "hello"
    with pytest.raises(
        ToolError, match=r"bad\.example cannot be read: its certificate is not valid"
    ):
        fetch(tls_web.url(host="bad.example", scheme="https"), guard=guard, verify=trusting)


def test_a_certificate_that_nobody_knows_is_refused(tls_web):
    with pytest.raises(ToolError, match="its certificate is not valid"):
        fetch(tls_web.url(host="good.example", scheme="https"), guard=guard_for(tls_web))


def test_a_redirect_from_https_to_http_is_refused(tls_web, trusting, web):
    tls_web.answers["/go"] = Answer(status=302, headers={"Location": web.url(host="good.example")})
    url = tls_web.url("/go", host="good.example", scheme="https")
    with pytest.raises(ToolError, match="from https to http"):
        fetch(url, guard=guard_for(tls_web, web), verify=trusting)

    assert web.asked == []

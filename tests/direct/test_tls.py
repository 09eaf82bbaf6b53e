"""TLS: whom it trusts, what it offers, and what it keeps open."""

from __future__ import annotations

import contextlib
import ssl
import threading

import httpx
import pytest
import trustme
from raw_server import PATIENCE, Peer, RawServer, answers

from agentkit.direct import sockets

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
BIG = 8 * 1024 * 1024


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusting(authority) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def serving(authority: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def named(server: RawServer) -> str:
    return f"https://localhost:{server.port}/"


def test_a_trusted_server_is_spoken_to_on_one_connection(bare_stage, authority, trusting):
    stage = bare_stage.open(verify=trusting)
    with RawServer(answers(*[HELLO] * 3), tls=serving(authority)) as server:
        texts = [stage.fetch(named(server)).text for _ in range(3)]
        stage.close()

    assert (texts, server.connections) == (["hello"] * 3, 1)


def test_an_address_can_be_certified(bare_stage, authority, trusting):
    stage = bare_stage.open(verify=trusting)
    with RawServer(answers(HELLO), tls=serving(authority, "127.0.0.1")) as server:
        text = stage.fetch(server.url).text
        stage.close()

    assert text == "hello"


def test_a_stranger_is_not_spoken_to(stage, authority):
    with (
        RawServer(answers(HELLO), tls=serving(authority)) as server,
        pytest.raises(httpx.ConnectError) as raised,
    ):
        stage.fetch(named(server))

    assert isinstance(raised.value.__cause__, ssl.SSLCertVerificationError)
    assert server.requests == []


def test_a_certificate_for_another_name_is_refused(bare_stage, authority, trusting):
    stage = bare_stage.open(verify=trusting)
    with (
        RawServer(answers(HELLO), tls=serving(authority, "example.org")) as server,
        pytest.raises(httpx.ConnectError) as raised,
    ):
        stage.fetch(named(server))

    assert isinstance(raised.value.__cause__, ssl.SSLCertVerificationError)


def test_the_environment_names_the_usual_authorities(stage, authority, monkeypatch, tmp_path):
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with RawServer(answers(HELLO), tls=serving(authority)) as server:
        text = stage.fetch(named(server)).text
        stage.close()

    assert text == "hello"


def test_a_context_is_made_for_https_only(stage, monkeypatch):
    monkeypatch.setattr(sockets, "_usual", None)
    with RawServer(answers(HELLO)) as server:
        text = stage.fetch(server.url).text
        stage.close()

    assert text == "hello"


def test_only_http_1_1_is_offered(bare_stage, authority, trusting):
    context, chosen = serving(authority), []
    context.set_alpn_protocols(["h2", "http/1.1"])

    def look(peer: Peer) -> None:
        assert isinstance(peer.line, ssl.SSLSocket)
        chosen.append(peer.line.selected_alpn_protocol())
        answers(HELLO)(peer)

    stage = bare_stage.open(verify=trusting)
    with RawServer(look, tls=context) as server:
        stage.fetch(named(server))
        stage.close()

    assert chosen == ["http/1.1"]


def test_a_server_without_tls_is_a_connect_error(bare_stage, trusting):
    stage = bare_stage.open(verify=trusting)

    def plain(peer: Peer) -> None:
        peer.line.recv(1000)
        peer.send(HELLO)
        peer.wait_for_end()

    with RawServer(plain) as server, pytest.raises(httpx.ConnectError) as raised:
        stage.fetch(named(server))

    assert isinstance(raised.value.__cause__, ssl.SSLError)


def test_a_handshake_that_stops_is_a_connect_timeout(bare_stage, trusting):
    stage = bare_stage.open(verify=trusting)
    with RawServer(Peer.wait_for_end) as server:
        while not server.connections:  # a slow machine may not come as far as the handshake
            with pytest.raises(httpx.ConnectTimeout):
                stage.fetch(named(server), timeout={"connect": 0.1})
            server.join()

    assert server.connections == 1


@pytest.mark.parametrize("timeout", [0.05, 0])
def test_a_server_that_stops_is_a_read_timeout(bare_stage, authority, trusting, timeout):
    stage = bare_stage.open(verify=trusting)
    with RawServer(Peer.wait_for_end, tls=serving(authority)) as server:
        with pytest.raises(httpx.ReadTimeout):
            stage.fetch(named(server), timeout={"read": timeout})
        server.join()

    assert server.connections == 1


def test_large_bodies_go_both_ways(bare_stage, authority, trusting):
    stage = bare_stage.open(verify=trusting)
    reply = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % BIG + bytes(BIG)
    with RawServer(answers(reply), tls=serving(authority)) as server:
        size = len(stage.fetch(named(server), "POST", content=bytes(BIG)).content)
        stage.close()

    assert (size, len(server.requests[0]) > BIG) == (BIG, True)


@pytest.mark.parametrize("tidy", [True, False], ids=["tidy", "cut"])
def test_a_new_connection_is_opened_where_the_server_closed(bare_stage, authority, trusting, tidy):
    def once(peer: Peer) -> None:
        answers(HELLO, close=True)(peer)
        if tidy and isinstance(peer.line, ssl.SSLSocket):
            peer.line.settimeout(0.1)
            with contextlib.suppress(OSError):
                peer.line.unwrap()

    stage = bare_stage.open(verify=trusting)
    with RawServer(once, answers(HELLO), tls=serving(authority)) as server:
        stage.fetch(named(server))
        server.join()
        text = stage.fetch(named(server)).text
        stage.close()

    assert (text, server.connections) == ("hello", 2)


def test_pieces_behind_a_record_are_not_waited_for(bare_stage, authority, trusting):
    """What TLS has deciphered already is no news on the socket."""
    body = bytes(200_000)

    def burst(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + body)
        answers(HELLO)(peer)

    stage = bare_stage.open(verify=trusting)
    with RawServer(burst, tls=serving(authority)) as server:
        reply = stage.send(named(server))
        got = b"".join(stage.pieces(reply))
        text = stage.fetch(named(server)).text
        stage.close()

    assert (got == body, text, server.connections) == (True, "hello", 1)


def test_what_is_behind_a_reply_in_the_same_record_ends_the_connection(
    bare_stage, authority, trusting
):
    said = threading.Event()

    def chatty(peer: Peer) -> None:
        peer.request()
        peer.send(HELLO, b"and more")
        said.set()
        peer.wait_for_end()

    stage = bare_stage.open(verify=trusting)
    with RawServer(chatty, answers(HELLO), tls=serving(authority)) as server:
        stage.fetch(named(server))
        assert said.wait(PATIENCE)
        text = stage.fetch(named(server)).text
        stage.close()

    assert (text, server.connections) == ("hello", 2)


def test_new_keys_do_not_end_an_idle_sync_connection(parser, authority, trusting, monkeypatch):
    """Tickets of TLS 1.3 may come when nobody reads: news on the socket, but no end."""
    from agentkit.direct.line import Line
    from agentkit.direct.outgoing import Origin

    def late(peer: Peer) -> None:
        peer.wait_for_end()

    with RawServer(late, tls=serving(authority)) as server:
        to = Origin("https", "localhost", server.port)
        line = Line.connect(to, trusting, PATIENCE, lambda line: None)
        while not line._is_readable():  # the tickets that follow the handshake
            pass
        dead = line.is_dead()
        line.close()

    assert (dead, line.is_dead()) == (False, True)


def test_the_tls_object_can_be_had(bare_stage, authority, trusting):
    def begun(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        peer.wait_for_end()

    stage = bare_stage.open(verify=trusting)
    with RawServer(begun, tls=serving(authority)) as server:
        reply = stage.send(named(server))
        spoken = reply.extensions["network_stream"].get_extra_info("ssl_object")
        version = spoken.version()
        stage.end(reply)

    assert version.startswith("TLSv1")

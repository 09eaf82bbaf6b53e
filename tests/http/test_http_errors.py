"""Whatever goes wrong on the way is one clear error of agentkit, without the key in it."""

from __future__ import annotations

import json
import logging
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from conftest import KEY, Way
from model_server import ModelServer, Raw
from waiting import until

from agentkit import StatusError
from agentkit.errors import (
    ConfigError,
    ConnectError,
    InterfaceError,
    ReplyError,
    RequestTimeoutError,
)
from agentkit.testing import call

pytestmark = pytest.mark.parametrize("dialect", ["tools"])
WHOLE = pytest.mark.parametrize("stream", [False])
STREAMED = pytest.mark.parametrize("stream", [True])
SSE = "text/event-stream"
HTML = b"<html><title>Forbidden</title><p>Access denied by the edge.</html>"
UNKNOWN = "no-such-host" + ".x" * 130
"""Too long a name for any server of names to be asked, which could take its time."""
PIECE = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'


def _failure(way: Way, kind: type[InterfaceError], **given: Any) -> Any:
    """The error of a run, after a look whether the key is anywhere in it."""
    with pytest.raises(InterfaceError) as caught:
        way.run(way.agent(**given))
    error = caught.value
    assert type(error) is kind
    told = [str(error), repr(error), str(vars(error)), *traceback.format_exception(error)]
    assert not [text for text in told if KEY in text]
    assert [message.content for message in error.run.messages] == ["Go."]
    return error


@pytest.fixture
def elsewhere(
    interface: Callable[..., Any], server: ModelServer, dialect: str, stream: bool, mode: str
) -> Callable[..., Way]:
    """A way with another address or time-out."""
    return lambda **given: Way(server, interface(**given), dialect, stream, mode)


def test_a_refused_connection_says_so(elsewhere):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        error = _failure(elsewhere(base_url=f"http://127.0.0.1:{port}/v1"), ConnectError)
    assert "refused" in str(error)
    assert f"127.0.0.1:{port}" in str(error)


def test_an_unknown_name_says_so(elsewhere):
    error = _failure(elsewhere(base_url=f"http://{UNKNOWN}/v1"), ConnectError)
    assert "name is not known (DNS or no network)" in str(error)
    assert UNKNOWN in str(error)


def test_a_tls_failure_says_so(elsewhere, server):
    error = _failure(elsewhere(base_url=server.url.replace("http:", "https:")), ConnectError)
    assert "TLS connection failed" in str(error)


@pytest.mark.parametrize("address", ["ftp://127.0.0.1/v1", "127.0.0.1", "http://127.0.0.1:port"])
def test_an_address_that_is_none_says_so(elsewhere, address):
    error = _failure(elsewhere(base_url=address), ConnectError)
    assert "not an address" in str(error)


@pytest.mark.parametrize("value", ["two\nlines1", "schlüssel1", "end12345\n", "a\x00b12345"])
def test_a_header_that_cannot_be_sent_says_so(elsewhere, value):
    way = elsewhere(extra_headers={"x-api-key": value})
    with pytest.raises(ConfigError, match="The header 'x-api-key' has signs") as raised:
        way.run(way.agent())
    assert value.strip() not in str(raised.value)


def test_a_header_of_your_client_that_cannot_be_sent_says_so(elsewhere):
    wrong = {"x-note": "two\nlines"}
    with httpx.Client(headers=wrong) as client:
        way = elsewhere(client=client, async_client=httpx.AsyncClient(headers=wrong))
        error = _failure(way, ConnectError)
    assert "The request cannot be sent" in str(error)
    assert not error.retryable


def test_a_password_in_the_address_is_not_shown(elsewhere):
    error = _failure(elsewhere(base_url=f"http://ada:s3cret@{UNKNOWN}/v1"), ConnectError)
    assert "s3cret" not in "".join(traceback.format_exception(error))


@pytest.fixture
def impatient(elsewhere: Callable[..., Way], server: ModelServer) -> Iterator[Way]:
    """A way that soon gives a reply up; the test ends when the server has been asked for it."""
    way = elsewhere()
    way.interface._clients._timeout = httpx.Timeout(20.0, read=0.2)
    yield way
    assert until(lambda: server.requests)


def test_a_server_that_does_not_answer_times_out(impatient, server):
    server.script(Raw(stall=True))
    error = _failure(impatient, RequestTimeoutError)
    assert "did not answer in time (ReadTimeout)" in str(error)
    assert "127.0.0.1" in str(error)


@STREAMED
def test_a_stream_that_stalls_times_out(impatient, server):
    server.script(Raw([PIECE], kind=SSE, stall=True))
    _failure(impatient, RequestTimeoutError)


def _told(message: str, **more: Any) -> bytes:
    return json.dumps({"error": {"message": message, "type": "its_type", **more}}).encode()


@pytest.mark.parametrize("status", [400, 401, 404, 413, 422, 429, 498, 500, 503])
def test_a_status_comes_with_the_servers_words(way, server, status):
    server.script(Raw([_told("Not like this.", code="its_code")], status=status))
    error = _failure(way, StatusError)
    assert str(error).startswith(f"The server answered {status}: Not like this.")
    assert (error.status, error.code, error.retry_after) == (status, "its_code", None)
    assert error.body["message"] == "Not like this."
    assert ("GROQ_API_KEY" in str(error)) is (status == 401)


def test_an_error_without_a_code_has_its_type(way, server):
    server.script(Raw([_told("No.")], status=400))
    assert _failure(way, StatusError).code == "its_type"


def test_an_html_page_of_the_edge_is_shown_short(way, server):
    server.script(Raw([HTML * 20], status=403, kind="text/html"))
    error = _failure(way, StatusError)
    assert "answered 403: <html><title>Forbidden" in str(error)
    assert "Check GROQ_API_KEY" in str(error)
    assert len(str(error)) < 400


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("0.5", 0.5), ("soon", None), ("Wed, 21 Oct 2015 07:28:00 GMT", None)],
)
def test_the_time_to_wait_is_read(way, server, header, seconds):
    headers = {"Retry-After": header}
    server.script(Raw([_told("Slow down.")], status=429, headers=headers))
    assert _failure(way, StatusError).retry_after == seconds


@pytest.mark.parametrize("body", [b"", b"   ", b"null", b"[]", b"7", b'"why"', b"{}", b"\xff\xfe"])
def test_an_odd_body_of_an_error_is_still_the_status(way, server, body):
    server.script(Raw([body], status=500))
    error = _failure(way, StatusError)
    assert (error.status, str(error)[:24]) == (500, "The server answered 500:")


def test_a_redirect_is_no_answer_and_names_its_target(way, server):
    server.script(Raw([b""], status=302, headers={"Location": "https://elsewhere.example/"}))
    error = _failure(way, StatusError)
    assert error.status == 302
    assert "https://elsewhere.example/" in str(error)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "The reply is empty."),
        (b"\n\n", "The reply is empty."),
        (b'{"choices": [', "The reply is not JSON: {"),
        (HTML, "The reply is not JSON: <html>"),
        (b"\xff\xfe\x00", "The reply is not JSON: "),
        (b"[" * 100_000, "The reply is not JSON: ["),
        (b"[1]", "The reply is not a JSON object: [1]"),
        (b'"yes"', "The reply is not a JSON object"),
        (b"{}", "The reply has no choices: {}"),
        (b'{"choices": []}', "The reply has no choices"),
        (b'{"choices": {"0": 1}}', "The reply has no choices"),
    ],
    ids=range(11),
)
def test_a_senseless_reply_is_named_and_shown(way, server, body, words):
    kind = "text/html" if body == HTML else "application/json"
    server.script(Raw([body], kind=kind))
    assert words in str(_failure(way, ReplyError))


@pytest.mark.parametrize(("more", "status"), [({}, 500), ({"code": 429}, 429)])
def test_an_error_object_under_200_is_an_error(way, server, more, status):
    server.script(Raw([_told("No capacity.", **more)]))
    error = _failure(way, StatusError)
    assert (error.status, "No capacity." in str(error)) == (status, True)


def test_a_connection_cut_before_the_headers_is_no_connection(way, server):
    server.script(Raw(cut=True))
    assert "connection was cut" in str(_failure(way, ConnectError))


def test_a_body_that_is_cut_is_no_connection(way, server):
    server.script(Raw([b'{"choices": ['], cut=True))
    assert "connection was cut" in str(_failure(way, ConnectError))


@STREAMED
@pytest.mark.parametrize("pieces", [[b": hello\n\n"], [PIECE], [PIECE, PIECE[:20]]])
def test_a_stream_that_is_cut_is_no_connection(way, server, pieces):
    server.script(Raw(pieces, kind=SSE, cut=True))
    assert "connection was cut" in str(_failure(way, ConnectError))


@STREAMED
@pytest.mark.parametrize("pieces", [[b""], [b": hello\n\n"], [PIECE]])
def test_a_stream_that_ends_before_the_answer_is_cut(way, server, pieces):
    server.script(Raw([*pieces, b"\n"], kind=SSE))
    assert "cut before the answer was complete" in str(_failure(way, ConnectError))


@STREAMED
def test_a_stream_of_nothing_is_a_senseless_reply(way, server):
    server.script(Raw([b"data: [DONE]\n\n"], kind=SSE))
    assert "held no answer" in str(_failure(way, ReplyError))


@STREAMED
def test_an_event_that_is_not_json_is_shown(way, server):
    server.script(Raw([b"data: {oops\n\n"], kind=SSE))
    assert "The reply is not JSON: {oops" in str(_failure(way, ReplyError))


@STREAMED
@pytest.mark.parametrize(
    ("event", "status"),
    [
        (b'event: error\ndata: {"error":{"message":"Bad call.","status_code":400}}\n\n', 400),
        (b'event: error\ndata: {"message":"Bad call."}\n\n', 500),
        (b'data: {"error":{"message":"Bad call."}}\n\n', 500),
        (b'data: {"choices":[],"x_groq":{"error":"Bad call."}}\n\n', 500),
    ],
)
def test_an_error_in_the_middle_of_a_stream_is_an_error(way, server, event, status):
    server.script(Raw([PIECE, event], kind=SSE))
    error = _failure(way, StatusError)
    assert (error.status, "Bad call." in str(error)) == (status, True)


@STREAMED
def test_a_server_that_does_not_stream_is_understood(way, server):
    body = b'{"choices":[{"message":{"role":"assistant","content":"Whole."}}]}'
    server.script(Raw([body]))
    assert way.run(way.agent()).output == "Whole."


@pytest.mark.parametrize("status", [200, 400, 401])
@pytest.mark.parametrize("echo", [f"Bad key {KEY}!", {"headers": [f"Bearer {KEY}"]}])
def test_a_key_that_the_server_echoes_is_hidden(way, server, status, echo):
    server.script(Raw([_told("No.", debug=echo), b""], status=status))
    _failure(way, StatusError)
    server.script(Raw([json.dumps({"error": {"message": echo}}).encode()], status=status))
    _failure(way, StatusError)


@STREAMED
def test_a_key_that_comes_in_two_pieces_is_hidden(way, server):
    event = (
        b'event: error\ndata: {"error": {"message": "No.", "debug": "' + KEY.encode() + b'"}}\n\n'
    )
    middle = event.index(KEY.encode()) + 9
    turn = threading.Event()

    def in_two_reads() -> Iterator[bytes]:
        yield event[:middle]
        turn.wait(0.05)  # else the pieces might come in one
        yield event[middle:]

    server.script(Raw(in_two_reads(), kind=SSE))
    _failure(way, StatusError)


@pytest.mark.parametrize("key", ["x", "EMPTY", "null"])
def test_a_key_that_is_an_ordinary_word_spoils_no_reply(elsewhere, server, key):
    way = elsewhere(api_key=key)
    server.script("x is EMPTY, not null")
    assert way.run(way.agent()).output == "x is EMPTY, not null"


def test_a_key_of_another_form_is_not_shown_by_half(elsewhere, server):
    key = "own-key-of-a-house-0123456789"
    server.script(Raw([b"x" * 180 + b" " + key.encode()], kind="text/html"))
    error = _failure(elsewhere(api_key=key), ReplyError)
    assert "own-key-of-a" not in "".join(traceback.format_exception(error))


def test_the_key_is_in_no_log_record_and_no_repr(way, server, caplog):
    caplog.set_level(logging.DEBUG, "agentkit")
    server.script(Raw([_told(f"Bad key {KEY}.")], status=400), call("none"), "Hi.")
    _failure(way, StatusError)
    agent = way.agent()
    way.run(agent)
    ours = [r.getMessage() for r in caplog.records if r.name.startswith("agentkit")]
    assert not [text for text in ours if KEY in text]
    assert KEY not in f"{way.interface!r} {agent!r} {vars(way.interface)!r}"


@WHOLE
@pytest.mark.parametrize("mode", ["sync"])
def test_where_nothing_is_the_address_may_be_wrong(way, server):
    server.script(Raw([b"Not Found"], status=404, kind="text/plain"))
    assert f"Is {server.url} the right address? Most end in /v1." in str(_failure(way, StatusError))


@WHOLE
@pytest.mark.parametrize("mode", ["sync"])
def test_where_a_model_is_missing_the_address_is_right(way, server):
    server.script(Raw([_told("The model `x` does not exist.")], status=404))
    assert "address" not in str(_failure(way, StatusError))


@WHOLE
@pytest.mark.parametrize("mode", ["sync"])
def test_an_address_may_have_a_query_which_is_not_shown(elsewhere, server):
    server.script("Hello.", Raw(status=500))
    way = elsewhere(base_url=f"{server.url}?version=2&code=abcdefgh1")
    assert way.run(way.agent()).output == "Hello."
    assert server.requests[0].path == "/v1/chat/completions?version=2&code=abcdefgh1"
    assert "abcdefgh1" not in str(_failure(way, StatusError))


@WHOLE
@pytest.mark.parametrize("mode", ["sync"])
def test_what_is_secret_in_an_address_is_hidden_where_the_server_shows_it(elsewhere, server):
    server.script(Raw([b"Cannot POST /v1?api-key=abcdefgh1 for passw0rd"], status=404))
    address = server.url.replace("//", "//me:passw0rd@")
    failed = str(_failure(elsewhere(base_url=f"{address}?api-key=abcdefgh1"), StatusError))
    assert "Cannot POST /v1?api-key=[secret] for [secret]" in failed
    assert f"Is {server.url} the right address?" in failed


@WHOLE
@pytest.mark.parametrize("mode", ["sync"])
def test_an_error_of_the_list_of_models_names_its_place(elsewhere):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(ConnectError, match=rf"127\.0\.0\.1:{port}/v1/models:"):
        elsewhere(base_url=f"http://127.0.0.1:{port}/v1").interface.models()

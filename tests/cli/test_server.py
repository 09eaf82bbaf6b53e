"""The command line with a server of its own: what a model may say and what goes wrong with one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

ODD = "\x1b]0;title\x07[bold]hi[/bold]\x1b[2J \ud800 \u009b31mthere"
GROQ = ("--interface", "groq", "--tools", "odd.py")
PAINT = {"name": "paint", "arguments": '{"word": "red"}'}


class Server(ThreadingHTTPServer):
    """Gives the listed replies, the last one again and again, and keeps the requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies: list[tuple[str, bytes]] = []
        self.requests: list[dict[str, Any]] = []

    @property
    def environment(self) -> dict[str, str]:
        url = f"http://127.0.0.1:{self.server_port}"
        return {"GROQ_API_KEY": "gsk_0123456789abcdef", "GROQ_BASE_URL": url}

    def say(self, text: str | None, call: dict[str, str] | None = None) -> None:
        message = {"role": "assistant", "content": text} | ({"function_call": call} if call else {})
        body = json.dumps({"model": "m", "choices": [{"message": message}]})
        self.replies.append(("application/json", body.encode()))

    def stream(self, *pieces: str) -> None:
        chunks = [{"choices": [{"delta": {"content": piece}}]} for piece in pieces]
        chunks.append({"choices": [{"delta": {}, "finish_reason": "stop"}]})
        lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks] + ["data: [DONE]\n\n"]
        self.replies.append(("text/event-stream", "".join(lines).encode()))


class Handler(BaseHTTPRequestHandler):
    """Gives the next reply."""

    def do_POST(self) -> None:
        server: Any = self.server
        server.requests.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        kind, body = server.replies.pop(0) if len(server.replies) > 1 else server.replies[0]
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        thread = Thread(target=made.serve_forever, args=(0.02,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def test_a_models_text_is_neither_markup_nor_an_escape_sequence(command, server):
    server.say(ODD)
    piped = command("run", "hi", *GROQ, env=server.environment)
    _, shown = command.on_terminal("run", "hi", *GROQ, "--no-stream", env=server.environment).end()

    assert (piped.code, piped.err) == (0, "")
    assert piped.out == "]0;title[bold]hi[/bold] � there\n"
    assert "]0;title[bold]hi[/bold] � there\n" in shown
    for bad in ("\x1b]", "\x1b[2J ", "\x07", "\x9b"):
        assert bad not in shown


def test_json_keeps_odd_text_and_holds_no_control_character(command, server):
    server.say(ODD)
    out = command("run", "hi", *GROQ, "--json", env=server.environment).out

    assert json.loads(out)["output"] == ODD.replace("\ud800", "�")
    assert [each for each in out if ord(each) < 32 or 127 <= ord(each) < 160] == ["\n"]


def test_a_stream_is_shown_piece_by_piece(command, server):
    server.stream("one ", "two\x1b", "[31m ", "three")
    piped = command("run", "hi", *GROQ, "--stream", env=server.environment)
    _, shown = command.on_terminal("run", "hi", *GROQ, env=server.environment).end()

    assert piped.out == "one two[31m three\n"
    assert "one two[31m three\n" in shown
    assert [each["stream"] for each in server.requests] == [True, True]


def test_a_pipe_asks_for_no_stream(command, server):
    server.say("hi")
    command("run", "hi", *GROQ, "--option", "temperature=0.5", env=server.environment)

    assert "stream" not in server.requests[0]
    assert server.requests[0]["temperature"] == 0.5


def test_text_before_a_call_is_no_answer(command, server):
    server.say("Let me see.", PAINT)
    server.say("Done.")
    assert command("run", "hi", *GROQ, env=server.environment).out == "Done.\n"


def test_on_a_terminal_text_before_a_call_shows_before_it(command, server):
    server.say("Let me see.", PAINT)
    server.say("Done.")
    _, shown = command.on_terminal("run", "hi", *GROQ, env=server.environment).end()

    assert shown.index("Let me see.\n") < shown.index("→ paint(") < shown.index("Done.\n")


def test_the_last_text_of_a_run_that_reached_a_limit_goes_to_stderr(command, server):
    server.say("Let me see.", PAINT)
    done = command("run", "hi", *GROQ, "--max-steps", "2", env=server.environment)

    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("Let me see.\nagentkit: The run reached its limit of 2 steps")


def test_a_reply_without_sense_fails_the_run_in_one_line(command, server):
    server.replies.append(("application/json", b'{"choices":\n\x1b[31m []}'))
    done = command("run", "hi", *GROQ, env=server.environment)

    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert "\x1b" not in done.err

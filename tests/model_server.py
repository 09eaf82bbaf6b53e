"""A loopback server that plays a chat-completions model, for tests through real sockets.

It answers in the dialect of each request, whole or streamed. Requests and replies are held against
the types of the official `groq` and `openai` packages; what does not fit them is a problem, and
`check` fails on problems.
"""

from __future__ import annotations

import json
import ssl
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from official_types import reply_problems, request_problems

from agentkit import FunctionCall

ABSENT: Any = object()
"""As a call's arguments: the reply has no `arguments` at all."""


@dataclass(frozen=True)
class Reply:
    """What the model says; several calls in one reply exist in the `tools` dialect only."""

    text: str | None = None
    calls: Sequence[FunctionCall] = ()
    reasoning: str | None = None
    usage: tuple[int, int] = (7, 3)
    others: Sequence[str] = ()  # texts of further choices


@dataclass(frozen=True)
class Raw:
    """Bytes as they stand. No pieces and `cut` is a connection that ends before the headers."""

    pieces: Iterable[bytes] = ()
    status: int = 200
    kind: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    stall: bool = False  # after the pieces nothing more comes until the server closes


Given = str | FunctionCall | list[FunctionCall] | Reply | Raw
Scripted = Given | Callable[[dict[str, Any]], Given]
"""A reply, or a function that makes it from the request's body; a list is calls of one reply."""


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]


def results_in(body: Mapping[str, Any]) -> list[str]:
    """The results of calls in a request's body, in their order."""
    roles = ("function", "tool")
    return [each["content"] for each in body["messages"] if each["role"] in roles]


class ModelServer:
    """Start it with `with`. `url` is its address, `requests` what it received.

    Args:
        tls: With which it speaks https.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Received] = []
        self.problems: list[str] = []
        self.connections = 0
        self.always: Scripted | None = None
        self._script: deque[Scripted] = deque()
        self._calls = 0
        self.lock = threading.Lock()
        self.closing = threading.Event()
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.owner = self
        if tls:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._http.server_port}/v1"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> ModelServer:
        request_problems(b"{}")  # its types take a second to build, which no time-out expects
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [request.body for request in self.requests]

    @property
    def open_connections(self) -> int:
        return len(self._http.sockets)

    def script(self, *replies: Scripted) -> None:
        """What to reply, one after the other; after them comes `always`, if there is one."""
        self._script.extend(replies)

    def check(self) -> None:
        """Fail on whatever did not fit the official types, and on replies not asked for."""
        assert not self.problems, "\n".join(self.problems)
        assert not self._script, f"{len(self._script)} scripted replies were not asked for"

    def answer(self, path: str, headers: Mapping[str, str], raw: bytes) -> tuple[Raw, bool]:
        """The reply's bytes for a request, and whether they are a stream."""
        with self.lock:
            self.problems += request_problems(raw)
            body = json.loads(raw)
            self.requests.append(Received(path, headers, body))
            given = self._script.popleft() if self._script else self.always
        if callable(given):
            given = given(body)
        if given is None:
            self.problems.append(f"no reply is scripted for request {len(self.requests)}")
            given = Raw([b"the script is empty"], status=500)
        if isinstance(given, Raw):
            return given, "event-stream" in given.kind
        return self.spelled(_reply(given), body)

    def spelled(self, reply: Reply, body: Mapping[str, Any]) -> tuple[Raw, bool]:
        """A reply in the dialect of a request, and whether it is a stream."""
        legacy = "functions" in body
        if legacy and len(reply.calls) > 1:
            self.problems.append("the functions dialect has one call in a reply")
        message = self._message(reply, legacy)
        sane = all(isinstance(call.arguments, str) for call in reply.calls)
        if not body.get("stream"):
            whole = _completion(reply, message, body["model"])
            self.problems += reply_problems(whole, chunk=False) if sane else []
            return Raw([json.dumps(whole).encode()]), False
        chunks = list(_chunks(reply, message, body["model"], legacy))
        for chunk in chunks if sane else ():
            self.problems += reply_problems(chunk, chunk=True)
        events = [b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks]
        return Raw([*events, b"data: [DONE]\n\n"], kind="text/event-stream"), True

    def _message(self, reply: Reply, legacy: bool) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant"}
        if reply.text is not None or not reply.calls:
            message["content"] = reply.text
        if reply.reasoning:
            message["reasoning"] = reply.reasoning
        spelled = []
        for call in reply.calls:
            self._calls += 1
            function = {"name": call.name, "arguments": call.arguments}
            if call.arguments is ABSENT:
                del function["arguments"]
            its_id = call.id or f"call_{self._calls}"
            spelled.append({"id": its_id, "type": "function", "function": function})
        if spelled and legacy:
            message["function_call"] = spelled[0]["function"]
        elif spelled:
            message["tool_calls"] = spelled
        return message


def _reply(given: str | FunctionCall | list[FunctionCall] | Reply) -> Reply:
    match given:
        case Reply():
            return given
        case str():
            return Reply(given)
        case FunctionCall():
            return Reply(calls=[given])
    return Reply(calls=given)


def _head(kind: str, model: str) -> dict[str, Any]:
    return {"id": "chatcmpl-1", "object": kind, "created": 1_700_000_000, "model": model}


def _usage(reply: Reply) -> dict[str, int]:
    prompt, completion = reply.usage
    total = prompt + completion
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total}


def _finish(message: Mapping[str, Any]) -> str:
    return next((k for k in ("function_call", "tool_calls") if k in message), "stop")


def _completion(reply: Reply, message: Mapping[str, Any], model: str) -> dict[str, Any]:
    messages = [message, *({"role": "assistant", "content": text} for text in reply.others)]
    choices = [
        {"index": index, "message": each, "finish_reason": _finish(each), "logprobs": None}
        for index, each in enumerate(messages)
    ]
    return _head("chat.completion", model) | {"choices": choices, "usage": _usage(reply)}


def _chunks(
    reply: Reply, message: Mapping[str, Any], model: str, legacy: bool
) -> Iterator[dict[str, Any]]:
    head = _head("chat.completion.chunk", model)
    messages = [message, *({"content": text} for text in reply.others)]
    for index, each in enumerate(messages):
        for delta in _deltas(each):
            choice = {"index": index, "delta": delta, "finish_reason": None, "logprobs": None}
            yield head | {"choices": [choice]}
        choice = {"index": index, "delta": {}, "finish_reason": _finish(each), "logprobs": None}
        yield head | {"choices": [choice]}
    usage = {"usage": _usage(reply)}
    # Groq's older streams have it in x_groq alone, OpenAI's in a last chunk without choices.
    yield head | {"choices": []} | ({"x_groq": {"id": "req_1"} | usage} if legacy else usage)


def _deltas(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"role": "assistant", "content": ""}
    for key, size in (("reasoning", 5), ("content", 3)):
        yield from ({key: piece} for piece in _pieces(message.get(key) or "", size))
    if function := message.get("function_call"):
        yield from ({"function_call": piece} for piece in _function_pieces(function))
    for index, call in enumerate(message.get("tool_calls", ())):
        first, *rest = _function_pieces(call["function"])
        yield {"tool_calls": [call | {"index": index, "function": first}]}
        yield from ({"tool_calls": [{"index": index, "function": piece}]} for piece in rest)


def _function_pieces(function: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    arguments = function.get("arguments")
    if not isinstance(arguments, str):
        yield dict(function)
        return
    yield {"name": function["name"], "arguments": ""}
    yield from ({"arguments": piece} for piece in _pieces(arguments, 4))


def _pieces(text: str, size: int) -> Iterator[str]:
    return (text[start : start + size] for start in range(0, len(text), size))


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    owner: ModelServer

    def __init__(self, *given: Any) -> None:
        self.sockets: set[Any] = set()
        super().__init__(*given)

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        if not isinstance(error, ConnectionError):  # a client may go away
            self.owner.problems.append(f"the server itself failed: {error!r}")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        sys.settrace(
            None
        )  # coverage of a server that is no part of agentkit takes a third of its time
        super().setup()
        with self.server.owner.lock:
            self.server.owner.connections += 1
        self.server.sockets.add(self.connection)

    def finish(self) -> None:
        self.server.sockets.discard(self.connection)
        super().finish()

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        reply, streamed = self.server.owner.answer(self.path, dict(self.headers), raw)
        if reply.stall and not reply.pieces:
            self.server.owner.closing.wait(30)
        if (reply.cut or reply.stall) and not reply.pieces:
            self.close_connection = True
            return
        self._head(reply, streamed)
        for piece in reply.pieces:
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if streamed else piece)
        if reply.stall:
            self.server.owner.closing.wait(30)
        self.close_connection = self.close_connection or reply.cut or reply.stall
        if streamed and not (reply.cut or reply.stall):
            self.wfile.write(b"0\r\n\r\n")

    def _head(self, reply: Raw, streamed: bool) -> None:
        self.send_response(reply.status)
        length = ("Transfer-Encoding", "chunked")
        if not streamed:
            length = ("Content-Length", str(sum(map(len, reply.pieces)) + reply.cut + reply.stall))
        for name, value in (("Content-Type", reply.kind), length, *reply.headers.items()):
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *given: Any) -> None:
        """Nothing on stderr."""

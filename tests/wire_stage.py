"""A stage for the lines of `wire/cases.jsonl`: an agent before the loopback server.

The lines are odd things of shapes seen in public, and `expect` in a line is a proposed policy. Where
agentkit does otherwise on purpose, `DEVIATIONS` says what it does and why, in words that stand in
`docs/wire.md` too.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import os
from pathlib import Path
from typing import Any

import pytest
from conftest import KEY
from model_server import ModelServer, Raw, Reply, results_in
from official_types import request_problems

from agentkit import Agent, Run, tool
from agentkit.errors import InterfaceError
from agentkit.interfaces import open_interface

CASES: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parent / "wire" / "cases.jsonl").read_text("utf-8").splitlines()
]
SSE = "text/event-stream"
_TYPES = {"str": str, "int": int, "float": float, "bool": bool, "list": list, "str?": str | None}


Told = dict[str, Any]
DONE = Reply("Done.", usage=(7_000, 3))  # so many that the model must have seen the functions
DEVIATIONS: dict[str, tuple[Told, str]] = {
    "fg-deep-nesting": (
        {"verdict": "feed_back", "says": "nested more than 64 levels deep"},
        "Arguments more than 64 levels deep, in a call that can be told apart, are an error for the "
        "model, not a reason to ask again.",
    ),
    "fg-self-correcting-prose": (
        {
            "verdict": "recover",
            "calls": [{"name": "webfinder_search", "arguments": {"query": "meaning of harvest"}}],
        },
        "Of a wrong and a right call in one text, the one whose name was offered is run; the model "
        "is not asked again.",
    ),
    "err-tool_use_failed-null-optional": (
        {"retryable": "resample"},
        "A refused call without `failed_generation` leaves nothing to answer: it is asked for once "
        "more.",
    ),
    "err-mistral-shape": (
        {"requests": 2},
        "A rule for the ids of calls is kept at once: the request goes out again with such ids.",
    ),
    "err-mistral-via-openrouter": (
        {"requests": 2},
        "A rule for the ids of calls is kept at once: the request goes out again with such ids.",
    ),
    "err-404-retired-tier": (
        {"output": "Done."},
        "A retired model is no error where its successor is known: that one is asked, with a "
        "notice.",
    ),
    "err-decommissioned-gemma": (
        {"output": "Done."},
        "A retired model is no error where its successor is known: that one is asked, with a "
        "notice.",
    ),
    "st-harmony-leak-content": (
        {"calls": [{"name": "get_weather", "arguments": {"city": "Paris"}}]},
        "Tokens of a call that leaked into the text are read as the call.",
    ),
    "tn-00": (
        {"action": "strip_prefix_if_exact"},
        "Quotes, `/>` and the like behind an offered name are left out; the call runs.",
    ),
}


def of(kind: str) -> Any:
    chosen = [case for case in CASES if case["kind"] == kind]
    return pytest.mark.parametrize("case", chosen, ids=[case["id"] for case in chosen])


def told(case: Told) -> Told:
    expect: Told = case["expect"] | DEVIATIONS.get(case["id"], ({}, ""))[0]
    return expect


def wanted(expect: Told) -> list[tuple[str, Told]]:
    calls = expect.get("ran", expect.get("calls", ()))
    return [(call["name"], call["arguments"]) for call in calls]


def check_error_was_fed_back(server: ModelServer, expect: Told) -> None:
    (result,) = results_in(server.bodies[1])
    assert result.startswith("Error: ")
    assert expect["says"] in result


def check_asked_again(server: ModelServer) -> None:
    first, second = server.bodies
    assert second["temperature"] != first.get("temperature")
    assert first | {"temperature": 0} == second | {"temperature": 0}


class Stage:
    """Runs an agent, sync or async, whose tools note their calls in `ran`."""

    def __init__(self, server: ModelServer, mode: str) -> None:
        self.server, self.mode = server, mode
        self.ran: list[tuple[str, dict[str, Any]]] = []
        self.tools: list[Any] = []
        self.interface: Any = None

    def offer(self, expect: Told, *spare: str) -> None:
        """Offer the tools that a line registers, else those that it wants called, else a spare."""
        called: dict[str, dict[str, str]] = {}
        for call in expect.get("calls", ()):
            called.setdefault(call["name"], {}).update(dict.fromkeys(call["arguments"], "any"))
        names = expect.get("registered_tools", [*called] or spare)
        self.tools = [self._tool(n, expect.get("types", called.get(n, {}))) for n in names]

    def run(
        self, *, model: str = "agent", stream: bool = False, dialect: str = "auto", **given: Any
    ) -> Run[Any]:
        # What is learned of a server is kept by address and key, and addresses come back.
        settings = {"api_key": KEY + os.urandom(4).hex(), "base_url": self.server.url}
        settings |= {"attempts": 1, "pacing": False, **given}
        self.interface = open_interface("groq", dialect=dialect, **settings)
        agent = Agent(self.tools, self.interface, model=model, options={"stream": stream})
        return agent.run("Go.") if self.mode == "sync" else asyncio.run(self._awaited(agent))

    def failure(self, kind: type[InterfaceError], words: str, **given: Any) -> Any:
        """The error of a run that fails like this."""
        with pytest.raises(kind) as caught:
            self.run(**given)
        assert words in str(caught.value)
        assert self.ran == []
        return caught.value

    def close(self) -> None:
        """Close the connections; `reasoning` is Groq's own, and no problem that openai sees."""
        if self.interface:
            self.interface.close()
        messages = [message for body in self.server.bodies for message in body["messages"]]
        if [message.pop("reasoning") for message in messages if "reasoning" in message]:
            bodies = [json.dumps(body).encode() for body in self.server.bodies]
            self.server.problems = [problem for raw in bodies for problem in request_problems(raw)]

    async def _awaited(self, agent: Agent[Any]) -> Run[Any]:
        try:
            return await agent.arun("Go.")
        finally:
            await self.interface.aclose()

    def _tool(self, name: str, types: dict[str, str]) -> Any:
        def function(**given: Any) -> str:
            left_out = [key for key in given if types[key] == "str?" and given[key] is None]
            self.ran.append((name, {key: given[key] for key in given if key not in left_out}))
            return "done"

        own: Any = function
        parameters = [
            inspect.Parameter(
                key,
                inspect.Parameter.KEYWORD_ONLY,
                annotation=_TYPES.get(kind, Any),
                default=None if kind == "str?" else inspect.Parameter.empty,
            )
            for key, kind in types.items()
        ]
        own.__name__, own.__signature__ = name, inspect.Signature(parameters)
        own.__annotations__ = {each.name: each.annotation for each in parameters}
        return tool(own)


def events(payload: Any) -> Raw:
    """The stream that a payload's lines stand for; behind each line of data an event ends."""
    if isinstance(payload, dict):
        return Raw([bytes.fromhex(piece) for piece in payload["bytes_hex"]], kind=SSE)
    pieces = []
    for line in payload:
        end = "\r\n" if line.endswith("\r") else "\n"
        pieces.append(line.rstrip("\r") + end + (end if line.startswith("data") else ""))
    return Raw([piece.encode() for piece in pieces], kind=SSE)


def whole(payload: dict[str, Any]) -> Raw:
    """The reply with the body and the headers of a payload."""
    body, headers = payload["body"], dict(payload.get("headers", {}))
    kind = headers.pop("content-type", "application/json")
    raw = body if isinstance(body, str) else json.dumps(body)
    return Raw([raw.encode()], status=payload["status"], kind=kind, headers=headers)

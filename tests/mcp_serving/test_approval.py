"""What a client's user is asked before a call runs, and what becomes of the answer."""

from __future__ import annotations

import asyncio
from typing import Any

import mcp_types as types
import pytest
from mcp_serving.clients import MODES, connected, text_of

from agentkit import Tool, ToolError, tool
from agentkit.mcp.serving import talk
from agentkit.safe import Secret

PLAIN = tool(lambda: "ran", name="plain")
DESTROYS = tool(lambda: "ran", name="destroys", destructive=True)
ASKS = tool(lambda: "ran", name="asks", approve=True)
ASKED = {
    "client": "asks",
    "ask_for_destructive": "destroys asks",
    "always": "plain destroys asks",
    "never": "",
}


async def _text(given: Tool[..., Any], arguments: Any = None, **more: Any) -> str:
    async with connected(given, **more) as client:
        return text_of(await client.call_tool(given.name, arguments or {}))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("approval", ASKED)
def test_the_user_is_asked_where_tool_and_approval_say_so(approval: str, mode: str) -> None:
    questions: list[str] = []

    def yes(question: str) -> str:
        questions.append(question)
        return "accept"

    for each in (PLAIN, DESTROYS, ASKS):
        assert asyncio.run(_text(each, mode=mode, approval=approval, answer=yes)) == "ran"

    assert [each.rpartition("\n")[2] for each in questions] == [
        f"{name}()" for name in ASKED[approval].split()
    ]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("said", ["decline", "cancel"])
def test_what_the_user_does_not_allow_does_not_run(mode: str, said: str) -> None:
    text = asyncio.run(_text(ASKS, mode=mode, answer=lambda _: said))

    assert text == "Error: The user did not allow this call."


@pytest.mark.parametrize("mode", MODES)
def test_a_client_that_cannot_ask_is_told_so(mode: str) -> None:
    text = asyncio.run(_text(ASKS, mode=mode))

    assert text.startswith(
        "Error: asks asks before it does this, and this client cannot ask its user"
    )
    assert asyncio.run(_text(ASKS, mode=mode, approval="never")) == "ran"
    assert asyncio.run(_text(DESTROYS, mode=mode)) == "ran"  # of which the client knows


@pytest.mark.parametrize("mode", MODES)
def test_a_question_shows_the_call_and_no_secret(mode: str) -> None:
    questions: list[str] = []

    @tool(approve=True)
    def sign_in(user: str, password: Secret) -> str:
        return password.reveal()

    def yes(question: str) -> str:
        questions.append(question)
        return "accept"

    arguments = {"user": "me\x1b[2J\u202e\x7f", "password": "s3cret"}

    assert asyncio.run(_text(sign_in, arguments, mode=mode, answer=yes)) == "[secret]"
    assert questions == [
        'sign_in asks before it does this. Run it?\n\nsign_in(user="me\\u001b[2J\\u202e\\u007f", password="[secret]")'
    ]


def test_a_tool_decides_by_its_arguments() -> None:
    def decide(amount: int) -> bool:
        if amount < 0:
            raise ToolError("An amount is above 0.")
        return amount > 100

    @tool(approve=decide)
    def pay(amount: int) -> str:
        return f"paid {amount}"

    def texts(**more: Any) -> list[str]:
        return [asyncio.run(_text(pay, {"amount": each}, **more)) for each in (5, -5, 500)]

    assert texts(answer=lambda _: "decline") == [
        "paid 5",
        "Error: An amount is above 0.",
        "Error: The user did not allow this call.",
    ]
    assert texts(approval="never")[1:] == ["Error: An amount is above 0.", "paid 500"]


@pytest.mark.parametrize("mode", MODES)
def test_a_call_that_waits_for_an_answer_keeps_no_other_from_running(mode: str) -> None:
    async def main() -> list[str]:
        async with connected([ASKS, PLAIN], mode=mode, side_by_side=1, answer=meanwhile) as client:
            clients.append(client)
            asked = text_of(await client.call_tool("asks"))
        return [asked, *texts]

    async def meanwhile(_: str) -> str:
        texts.append(text_of(await clients[0].call_tool("plain")))
        return "accept"

    clients: list[Any] = []
    texts: list[str] = []

    assert asyncio.run(main()) == ["ran", "ran"]


def test_wrong_arguments_ask_nobody() -> None:
    def asked(_: str) -> str:
        raise AssertionError

    text = asyncio.run(_text(ASKS, {"no": 1}, answer=asked))

    assert "no such parameter" in text


async def _first(client: Any, name: str, arguments: dict[str, Any], **more: Any) -> Any:
    return await client.session.call_tool(name, arguments, allow_input_required=True, **more)


def test_an_answer_holds_for_the_call_that_was_asked_about_and_once() -> None:
    ran: list[int] = []

    @tool(approve=True)
    def pay(amount: int) -> str:
        ran.append(amount)
        return "paid"

    async def main() -> list[str]:
        async with connected(pay, mode="auto", answer=lambda _: "accept") as client:
            asked = await _first(client, "pay", {"amount": 1})
            yes = {
                "input_responses": {"0": types.ElicitResult(action="accept", content={})},
                "request_state": asked.request_state,
            }
            other = await _first(client, "pay", {"amount": 1_000}, **yes)
            forged = await _first(client, "pay", {"amount": 1}, **{**yes, "request_state": "x"})
            done = await _first(client, "pay", {"amount": 1}, **yes)
            again = await _first(client, "pay", {"amount": 1}, **yes)
            empty = await _first(client, "pay", {"amount": 1}, request_state=again.request_state)
        return [each.result_type for each in (asked, other, forged, done, again, empty)]

    assert asyncio.run(main()) == [
        *["input_required"] * 3,
        "complete",
        "input_required",
        "complete",
    ]
    assert ran == [1]


def test_calls_that_nobody_comes_back_for_are_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talk, "_PARKED", 2)

    async def main() -> tuple[list[str], int]:
        async with connected(ASKS, mode="auto", answer=lambda _: "accept") as client:
            states = [(await _first(client, "asks", {})).request_state for _ in range(4)]
            yes = {"0": types.ElicitResult(action="accept", content={})}
            found = [
                await _first(client, "asks", {}, request_state=each, input_responses=yes)
                for each in reversed(states)
            ]
        left = [each for each in asyncio.all_tasks() if "_asking" in repr(each)]
        return [each.result_type for each in found], len(left)

    assert asyncio.run(main()) == (["complete"] * 2 + ["input_required"] * 2, 0)

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from offline.talks import CALCULATOR, CURRENT_TIME, WEEKDAY

from agentkit import open_interface
from agentkit.messages import (
    Delta,
    FunctionDefinition,
    Request,
    Response,
    ResultMessage,
    UserMessage,
)
from agentkit.offline import OfflineInterface
from agentkit.offline.model import RULES, reply

DEFINITIONS = tuple(FunctionDefinition(**each) for each in (CALCULATOR, CURRENT_TIME))
QUESTION = UserMessage("What time is it in Tokyo, and what is 17 * 23?")
HELLO = Request(messages=(UserMessage("hello"),))


def test_a_conversation_runs_to_its_answer() -> None:
    interface = OfflineInterface()
    results = {"calculator": "17 * 23 = 391", "current_time": "It is noon in Tokyo."}
    request = Request(messages=(QUESTION,), definitions=DEFINITIONS)
    for _ in results:
        said = interface.send(request).message
        (call,) = said.calls
        result = ResultMessage(call.name, results[call.name], id=call.id)
        request = Request(messages=(*request.messages, said, result), definitions=DEFINITIONS)
    answer = interface.send(request)
    assert answer.message.content == "It is noon in Tokyo.\n17 * 23 = 391"
    assert answer.model == "offline-rules"


def test_several_calls_come_in_one_reply_in_the_dialect_that_has_them() -> None:
    request = Request(messages=(QUESTION,), definitions=DEFINITIONS)
    asked = {
        dialect: open_interface("offline", dialect=dialect).send(request).message.calls
        for dialect in ("functions", "tools", None)
    }
    assert {each.name for each in asked["tools"]} == {"calculator", "current_time"}
    assert asked["functions"] == asked[None]
    assert len(asked["functions"]) == 1


def test_a_stream_yields_the_words_and_then_the_response() -> None:
    *pieces, last = OfflineInterface().stream(HELLO)
    assert isinstance(last, Response)
    assert len(pieces) > 3
    assert "".join(each.text for each in pieces if isinstance(each, Delta)) == last.message.content


def test_the_awaited_forms_give_the_same() -> None:
    async def collected() -> list[Delta | Response]:
        return [each async for each in OfflineInterface().astream(HELLO)]

    assert asyncio.run(collected()) == list(OfflineInterface().stream(HELLO))
    assert asyncio.run(OfflineInterface().asend(HELLO)) == OfflineInterface().send(HELLO)


def test_today_is_told_by_the_clock_that_it_is_given() -> None:
    interface = OfflineInterface(clock=lambda: datetime(2026, 3, 14, 9, 30, tzinfo=UTC))
    ask = UserMessage("What weekday is it tomorrow?")
    weekday = FunctionDefinition(**WEEKDAY)
    (call,) = interface.send(Request(messages=(ask,), definitions=(weekday,))).message.calls
    assert (call.name, call.arguments) == ("weekday", '{"date": "2026-03-15"}')


def test_a_reply_names_the_version_of_its_rules() -> None:
    assert reply({})["system_fingerprint"] == f"offline-rules-{RULES}"

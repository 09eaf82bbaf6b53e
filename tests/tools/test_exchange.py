"""Exchange rates, from a real server on loopback that answers as Frankfurter does."""

import json

import pytest
from web_server import Answer, WebServer

from agentkit import Toolbox
from agentkit.safe import Guard
from agentkit.testing import call
from agentkit_tools.exchange import Exchange, exchange_rate

RATE = json.dumps({"date": "2026-07-03", "base": "EUR", "quote": "USD", "rate": 1.1416})


@pytest.fixture
def api():
    with WebServer({"/v2/rate/EUR/USD": RATE}) as server:
        yield server


@pytest.fixture
def asked(api):
    guard = Guard(networks=["127.0.0.1/32"], ports=[api.port])
    toolbox = Toolbox(Exchange(api.url("/v2/rate"), guard))
    return lambda **arguments: toolbox.call(call("exchange_rate", **arguments)).content


@pytest.mark.parametrize(
    ("amount", "result"),
    [({}, "1.1416"), ({"amount": 100}, "114.16"), ({"amount": 0.1}, "0.11416"), ({"amount": "0"}, "0"),
     ({"amount": -5}, "-5.708"), ({"amount": 1e15}, "1141600000000000"), ({"amount": "12345678.9"}, "14093827.03224")],
)  # fmt: skip
def test_an_amount_is_converted_exactly(asked, amount, result):
    told = json.loads(asked(base="eur", quote="USD", **amount))

    assert told["result"] == result
    assert (told["base"], told["quote"], told["rate"], told["date"]) == (
        "EUR",
        "USD",
        "1.1416",
        "2026-07-03",
    )


def test_a_day_can_be_asked_for(api, asked):
    api.answers["/v2/rate/EUR/USD?date=2020-02-28"] = RATE.replace("2026-07-03", "2020-02-28")

    assert json.loads(asked(base="EUR", quote="USD", date="2020-02-28"))["date"] == "2020-02-28"


def test_the_same_currency_needs_nobody(api, asked):
    assert json.loads(asked(base="EUR", quote="eur", amount=5))["result"] == "5"
    assert api.asked == []


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ({"base": "EUR", "quote": "../x"}, "quote"),
        ({"base": "EURO", "quote": "USD"}, "base"),
        ({"base": "EUR", "quote": "USD", "amount": "NaN"}, "amount"),
        ({"base": "EUR", "quote": "USD", "amount": "1e999999999"}, "amount"),
        ({"base": "EUR", "quote": "USD", "date": "yesterday"}, "date"),
    ],
)  # fmt: skip
def test_arguments_that_do_not_fit_are_refused(api, asked, arguments, shown):
    assert shown in asked(**arguments)
    assert api.asked == []


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (Answer(b'{"status": 404, "message": "not found"}', 404), "status 404: not found."),
        (Answer(b'{"date": "2026-07-03", "rate": -1}'), "otherwise than expected"),
        (Answer(b'{"date": "2026-07-03", "rate": "NaN"}'), "otherwise than expected"),
    ],
)  # fmt: skip
def test_an_api_that_fails_is_one_clear_error(api, asked, answer, shown):
    api.answers["/v2/rate/EUR/USD"] = answer

    assert shown in asked(base="EUR", quote="USD")


def test_the_tool_by_itself_is_frankfurters():
    assert "central banks" in exchange_rate.definition.description

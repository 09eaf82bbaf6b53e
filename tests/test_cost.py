"""What tokens cost: by the page, of a run, and as a limit."""

from datetime import date

import pytest
from conftest import KEY
from model_server import Reply
from staged import response, said

from agentkit import (
    Agent,
    AssistantMessage,
    ConfigError,
    FunctionCall,
    HTTPInterface,
    LimitError,
    Limits,
    Response,
    Usage,
    tool,
)
from agentkit import prices as prices_module
from agentkit.catalog import Price, page
from agentkit.offline import OfflineInterface
from agentkit.prices import cost_of
from agentkit.testing import ScriptedInterface

SPENT = Usage(1_000, 100)
OSS = "openai/gpt-oss-20b"


def priced(cached=None, **more):
    """A page on which a million tokens of `m` cost 2 dollars, and 10 those that it writes."""
    fact = {"model": "m", "date": date(2026, 9, 7), "source": "https://example.org"}
    price = Price(input=2.0, output=10.0, cached=cached, **fact)
    return page("groq").model_copy(update={"prices": (price,), **more})


@tool
def look(at: int) -> str:
    """Looks.

    Args:
        at: Where.
    """
    return f"nothing at {at}"


def calls(at, **more):
    call = FunctionCall("look", f'{{"at": {at}}}')
    return Response(message=AssistantMessage(calls=(call,)), usage=SPENT, model="m", **more)


@pytest.fixture(autouse=True)
def _no_library(monkeypatch):
    monkeypatch.setattr(prices_module, "_library", lambda: None)


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        (Usage(1_000_000, 0), 2.0),
        (Usage(0, 1_000_000), 10.0),
        (Usage(500_000, 100_000), 2.0),
        (Usage(1_000_000, None), 2.0),
        (Usage(None, 1_000_000), 10.0),
        (Usage(1, 0), 0.000002),
        (Usage(0, 0), 0.0),
        (Usage(1_000_000, 100_000, reasoning_tokens=90_000), 3.0),  # reasoning is in the output
    ],
    ids=str,
)
def test_tokens_cost_by_the_million(usage, cost):
    assert priced().cost("m", usage) == pytest.approx(cost)


@pytest.mark.parametrize(
    ("rate", "cached", "cost"),
    [(0.5, 400_000, 1.4), (0.5, 0, 2.0), (None, 400_000, 2.0), (0, 10**6, 0)],
)
def test_cached_tokens_have_a_rate_of_their_own_where_there_is_one(rate, cached, cost):
    usage = Usage(1_000_000, 0, cached_tokens=cached)

    assert priced(rate).cost("m", usage) == pytest.approx(cost)


def test_without_a_price_or_tokens_nothing_is_known():
    assert priced().cost("another", SPENT) is None
    assert priced().cost("m", None) is None
    assert page("groq").cost(OSS, SPENT) is not None


def test_nobody_is_paid_for_asking():
    assert priced(0.5).cost("m", Usage(10, 0, cached_tokens=1_000)) >= 0


def test_tokens_that_are_not_named_have_no_price():
    assert priced().cost("m", Usage()) is None


def test_what_runs_here_costs_nothing():
    assert cost_of(priced(local=True), "anything", SPENT) == 0.0
    assert Agent(interface=OfflineInterface()).run("Hi").cost == 0.0


class Library:
    """Stands for genai-prices."""

    class Usage(dict):
        def __init__(self, **tokens):
            super().__init__(tokens)

    def __init__(self, price):
        self.price, self.asked = price, []

    def calc_price(self, tokens, **names):
        self.asked.append((dict(tokens), names))
        if isinstance(self.price, Exception):
            raise self.price
        return self

    total_price = property(lambda self: self.price)


@pytest.mark.parametrize(
    ("price", "cost"), [("0.25", 0.25), (LookupError(), None), (ValueError(), None)]
)
def test_what_the_page_does_not_know_the_library_may(monkeypatch, price, cost):
    library = Library(price)
    monkeypatch.setattr(prices_module, "_library", lambda: library)
    usage = Usage(10, 5, cached_tokens=4)

    assert cost_of(priced(name="xai"), "other", usage) == cost
    tokens = {"input_tokens": 10, "output_tokens": 5, "cache_read_tokens": 4}
    assert library.asked == [(tokens, {"model_ref": "other", "provider_id": "x-ai"})]


def test_the_page_counts_for_more_than_the_library(monkeypatch):
    library = Library("99")
    monkeypatch.setattr(prices_module, "_library", lambda: library)

    assert cost_of(priced(), "m", SPENT) == pytest.approx(0.003)
    assert library.asked == []


def test_a_response_knows_its_cost(server, mode, stream):
    server.script(Reply("Hello.", usage=(1_000, 100)))
    interface = HTTPInterface("groq", api_key=KEY, base_url=server.url, aliases={"default": OSS})
    answer = response(interface, mode)
    interface.close()

    assert answer.cost == page("groq").cost(OSS, SPENT) == pytest.approx(0.000105)


@pytest.mark.parametrize(
    ("costs", "total"),
    [((0.25, 0.5), 0.75), ((0.25, None), None), ((None, 0.5), None), ((0.0, 0.0), 0.0)],
)
def test_a_run_costs_what_its_responses_cost(costs, total):
    first, last = costs
    script = ScriptedInterface(calls(1, cost=first), said(cost=last, usage=SPENT))

    assert Agent([look], script).run("Hi").cost == total


def test_printed_a_run_shows_its_cost_where_there_is_any():
    def printed(cost):
        return str(Agent(interface=ScriptedInterface(said(cost=cost))).run("Hi"))

    assert printed(0.1234) == "Hello.\n(1 step, $0.1234)"
    assert printed(None) == printed(0.0) == "Hello.\n(1 step)"


def test_printed_a_cheap_run_does_not_cost_nothing():
    run = Agent(interface=ScriptedInterface(said(cost=0.0000075))).run("Hi")

    assert "$0.0000" not in str(run)


def test_a_run_ends_when_it_reaches_its_cost():
    script = ScriptedInterface(*(calls(at, cost=0.25) for at in range(3)))
    with pytest.raises(LimitError, match=r"limit of 0\.5 US dollars") as reached:
        Agent([look], script, limits=Limits(cost=0.5)).run("Hi")

    assert reached.value.run.cost == 0.5
    assert len(reached.value.run.steps) == len(script.requests) == 2


def test_it_can_go_on_with_a_higher_limit():
    script = ScriptedInterface(calls(1, cost=0.25), said(cost=0.25))
    with pytest.raises(LimitError) as reached:
        Agent([look], script, limits=Limits(cost=0.25)).run("Hi")
    messages = reached.value.run.messages

    assert Agent([look], script, limits=Limits(cost=0.5)).run(messages=messages).output == "Hello."


def test_an_answer_that_is_there_is_taken_whatever_it_cost():
    script = ScriptedInterface(said(cost=9.0))

    assert Agent(interface=script, limits=Limits(cost=0.5)).run("Hi").output == "Hello."


def test_a_price_that_is_not_known_ends_the_run_at_once():
    script = ScriptedInterface(calls(1))
    with pytest.raises(LimitError, match="No price is known for m") as reached:
        Agent([look], script, limits=Limits(cost=100.0)).run("Hi")

    assert reached.value.run.cost is None
    assert [message.role for message in reached.value.run.messages] == [
        "user",
        "assistant",
        "function",
    ]


def test_where_no_price_is_known_no_higher_limit_is_advised():
    with pytest.raises(LimitError) as reached:
        Agent([look], ScriptedInterface(calls(1)), limits=Limits(cost=100.0)).run("Hi")
    assert "higher limit" not in str(reached.value)


def test_without_that_limit_no_price_needs_to_be_known():
    script = ScriptedInterface(calls(1), said())

    assert Agent([look], script).run("Hi").cost is None


def test_a_server_that_names_no_tokens_ends_the_run_at_once():
    script = ScriptedInterface(Response(message=calls(1).message, model="m"))
    with pytest.raises(LimitError, match="No number of tokens is known for m"):
        Agent([look], script, limits=Limits(cost=100.0)).run("Hi")


def test_a_reply_read_from_a_refusal_is_nothing_to_pay_for():
    recovered = Response(message=calls(1).message, repairs=("call read from failed_generation",))
    script = ScriptedInterface(recovered, calls(2, cost=0.25), said(cost=0.1))

    assert Agent([look], script, limits=Limits(cost=0.5)).run("Hi").output == "Hello."


@pytest.mark.parametrize("cost", [0, -1, -0.01])
def test_a_limit_of_cost_is_above_zero(cost):
    with pytest.raises(ConfigError, match="'cost' must be above 0"):
        Limits(cost=cost)

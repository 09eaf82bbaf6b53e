"""What a server turns out to want, learned once: another model, another dialect, other ids."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest
from conftest import KEY
from listing_server import ListingServer
from model_server import Raw, Reply
from staged import ASKED, pieces, response

from agentkit import (
    AssistantMessage,
    Delta,
    FunctionCall,
    FunctionDefinition,
    HTTPInterface,
    ResultMessage,
    StatusError,
    UserMessage,
)
from agentkit.adapting import Adapting
from agentkit.catalog import page_of
from agentkit.memory import memory_of
from agentkit.notices import say_once

OLD, MIDDLE, NEW = "llama3-8b-8192", "llama-3.1-8b-instant", "openai/gpt-oss-20b"
LOOK = FunctionDefinition("look", "Looks. " * 100, {"type": "object", "properties": {}})
OFFERED = replace(ASKED, definitions=(LOOK,))
CALLED = replace(
    OFFERED,
    messages=(
        UserMessage("Look."),
        AssistantMessage(calls=(FunctionCall("look", "{}", "call_1"),)),
        ResultMessage("look", "A cat.", "call_1"),
    ),
)
SEEN = Reply("Hello.", usage=(500, 3))
UNSEEN = Reply("I have no functions.", usage=(9, 6))
UNTOLD = replace(UNSEEN, usage=(0, 0))


def refusal(status, text, code=None):
    return Raw([json.dumps({"error": {"message": text, "code": code}}).encode()], status=status)


GONE = refusal(400, "The model is decommissioned.", "model_decommissioned")
UNKNOWN = refusal(404, "The model does not exist.", "model_not_found")
NO_FUNCTIONS = refusal(400, "Unknown parameter: 'functions'.")
IDS = refusal(400, "Tool call id was call_1 but must be a-z, A-Z, 0-9, with a length of 9.")


@pytest.fixture(autouse=True)
def _forgotten():
    memory_of.cache_clear()
    say_once.cache_clear()


@pytest.fixture
def adapting(server):
    made = []

    def make(page="groq", **given):
        settings = {"api_key": KEY, "base_url": server.url, "timeout": 60.0, **given}
        made.append(HTTPInterface(page, **settings))
        return Adapting(made[-1])

    yield make
    for each in made:
        each.close()


def waits(asking, request):
    """Whether text of the reply waits until it is whole."""
    return next(asking.plan(request)).holds("I")


def models(server):
    return [body["model"] for body in server.bodies]


def dialects(server):
    return ["tools" if "tools" in body else "functions" for body in server.bodies]


def test_retired_models_are_followed_to_the_last(adapting, server, mode, stream):
    server.script(GONE, UNKNOWN, "Hello.")
    *text, last = pieces(adapting(), mode, ASKED.with_options(stream=stream))

    assert models(server) == [OLD, MIDDLE, NEW]
    assert "".join(each.text for each in text) == ("Hello." if stream else "")
    assert last.message.content == "Hello."
    assert last.repairs == (
        f"model: {MIDDLE}, because {OLD} is retired",
        f"model: {NEW}, because {MIDDLE} is retired",
    )


def test_it_is_said_once_on_stderr_with_the_way_to_choose(adapting, server, capsys):
    server.script(GONE, GONE, "a", "b", GONE, "c")
    for key in (KEY, KEY, "another_key"):
        response(adapting(api_key=key), "sync")
    out, err = capsys.readouterr()

    told = (
        f"agentkit: groq retired the model {OLD} on 2025-08-30, so {NEW} is asked instead. "
        "To choose yourself, set AGENTKIT_GROQ_DEFAULT=....\n"
    )
    assert (out, err.replace(MIDDLE, NEW)) == ("", told * 2)  # the other key has another model


def test_who_named_the_model_in_full_is_told_to_name_another(adapting, server, capsys):
    server.script(GONE, "a")
    response(adapting(), "sync", replace(ASKED, model=OLD))

    assert capsys.readouterr().err.endswith(" To choose yourself, name another model.\n")


def test_the_next_agent_of_the_process_knows(adapting, server, capsys):
    server.script(GONE, GONE, "a", "b")
    response(adapting(), "sync")
    capsys.readouterr()
    last = response(adapting(), "sync")

    assert models(server)[3:] == [NEW]
    assert (last.repairs, capsys.readouterr().err) == ((), "")


@pytest.mark.parametrize("other", [{"api_key": "another_key"}, {"base_url": "{}/x"}])
def test_another_address_or_key_has_to_learn_for_itself(adapting, server, other):
    server.script(GONE, "a", GONE, "b")
    response(adapting(), "sync")
    response(adapting(**{name: value.format(server.url) for name, value in other.items()}), "sync")

    assert models(server) == [OLD, MIDDLE, OLD, MIDDLE]


@pytest.mark.parametrize("reply", [UNKNOWN, GONE], ids=["unknown", "gone"])
def test_a_model_that_no_page_knows_is_not_followed(adapting, server, reply, capsys):
    server.script(reply)
    with pytest.raises(StatusError, match="The model"):
        response(adapting(), "sync", replace(ASKED, model="no/such-model"))

    assert models(server) == ["no/such-model"]
    assert capsys.readouterr().err == ""


def test_the_chain_ends(adapting, server):
    server.script(GONE, GONE, GONE)
    with pytest.raises(StatusError):
        response(adapting(), "sync")

    assert models(server) == [OLD, MIDDLE, NEW]


def test_a_successor_that_fails_is_named_with_the_model_that_was_asked_for(adapting, server):
    server.script(GONE, GONE, refusal(400, "No."))
    with pytest.raises(StatusError) as raised:
        response(adapting(), "sync", replace(ASKED, model=OLD))

    assert str(raised.value).endswith(f"No. ({NEW} was asked in place of {OLD}, which is retired.)")


@pytest.mark.parametrize("status", [401, 429, 500])
def test_other_failures_are_not_for_it(adapting, server, status):
    server.script(refusal(status, "no functions for you"))
    with pytest.raises(StatusError):
        response(adapting(), "sync", OFFERED)

    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Unknown parameter: 'functions'.",
        "Unsupported value: 'function_call' is no longer supported.",
        "role 'function' is not supported",
        'messages.2.role: "function" is not one of system, user, assistant, tool',
    ],
)
@pytest.mark.parametrize("status", [400, 422])
def test_a_server_that_refuses_functions_gets_tools(adapting, server, status, text, mode):
    server.script(refusal(status, text), SEEN, SEEN)
    last = response(adapting(), mode, CALLED)
    response(adapting(), mode, OFFERED)

    assert dialects(server) == ["functions", "tools", "tools"]
    assert [each["role"] for each in server.bodies[1]["messages"]] == ["user", "assistant", "tool"]
    assert last.repairs == ("dialect: tools, because the server refuses functions",)


def test_a_dialect_that_was_given_stays(adapting, server, dialect):
    server.script(NO_FUNCTIONS)
    with pytest.raises(StatusError):
        response(adapting(dialect=dialect), "sync", OFFERED)

    assert dialects(server) == [dialect]


def test_a_server_that_refuses_both_dialects_is_asked_twice(adapting, server):
    server.script(NO_FUNCTIONS, NO_FUNCTIONS)
    with pytest.raises(StatusError):
        response(adapting(), "sync", OFFERED)

    assert dialects(server) == ["functions", "tools"]


def test_functions_that_the_model_never_saw_are_sent_as_tools(adapting, server, mode, stream):
    server.script(UNSEEN, SEEN, SEEN)
    *text, last = pieces(adapting(), mode, OFFERED.with_options(stream=stream))
    response(adapting(), mode, OFFERED)

    assert dialects(server) == ["functions", "tools", "tools"]
    assert "".join(each.text for each in text) == ("Hello." if stream else "")
    assert last.repairs == ("dialect: tools, because the model never saw the functions",)


def test_tools_that_the_model_never_saw_are_not_asked_again(adapting, server):
    server.script(UNSEEN, UNSEEN)

    assert response(adapting(), "sync", OFFERED).message.content == UNSEEN.text
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "reply",
    [SEEN, Reply("Hi", usage=(0, 0)), Reply(calls=[FunctionCall("look", "{}")], usage=(9, 6))],
    ids=["enough tokens", "no tokens", "a call"],
)
def test_functions_that_the_model_may_have_seen_are_left_alone(adapting, server, reply):
    server.script(reply)
    response(adapting(), "sync", OFFERED)

    assert dialects(server) == ["functions"]


def test_a_call_proves_that_functions_are_seen(adapting, server):
    server.script(FunctionCall("look", "{}"), UNSEEN)
    asking = adapting()
    doubted = waits(asking, OFFERED)
    response(asking, "sync", OFFERED)

    assert (doubted, waits(asking, OFFERED)) == (True, False)
    assert response(asking, "sync", OFFERED).message.content == UNSEEN.text


def test_a_refused_call_proves_it_too(adapting, server):
    server.script(refusal(400, "Failed to call a function.", "tool_use_failed"))
    asking = adapting()
    with pytest.raises(StatusError):
        response(asking, "sync", OFFERED)

    assert not waits(asking, OFFERED)


def test_without_functions_nothing_is_in_doubt(adapting, server):
    server.script(Reply("Hello.", usage=(1, 1)))

    assert not waits(adapting(), ASKED)
    assert response(adapting(), "sync").message.content == "Hello."


def test_enough_tokens_prove_that_functions_are_seen(adapting, server):
    server.script(SEEN)
    asking = adapting()
    response(asking, "sync", OFFERED)

    assert not waits(asking, OFFERED)


@pytest.fixture
def together(server):
    """Requests whose first replies come when all have been sent; one from which nothing can be
    learned comes when another has."""

    def ask(asking, request, *first):
        barrier, learned = threading.Barrier(len(first)), threading.Event()
        replies = iter(first)

        def reply(body):
            barrier.wait(20)
            with server.lock:
                given = next(replies)
            if given is UNTOLD:
                learned.wait(20)
            return given

        def later(body):
            learned.set()
            return SEEN

        server.script(*[reply] * len(first))
        server.always = later
        with ThreadPoolExecutor() as pool:
            return list(pool.map(lambda _: pieces(asking, "sync", request), first))

    return ask


@pytest.mark.parametrize(
    ("request_", "first"),
    [
        (OFFERED, [NO_FUNCTIONS] * 4),
        (OFFERED, [UNSEEN] * 4),
        (OFFERED, [UNSEEN, UNSEEN, UNTOLD, NO_FUNCTIONS]),
        (CALLED, [IDS] * 4),
        (replace(ASKED, model=OLD), [GONE] * 4),
    ],
    ids=["refused", "unseen", "some untold", "ids", "retired"],
)
def test_requests_on_their_way_together_all_learn(adapting, server, together, request_, first):
    request = request_.with_options(stream=True)
    for taken in together(adapting(dialect=None), request, *first):
        said = [piece.text for piece in taken if isinstance(piece, Delta)]
        assert ("".join(said), taken[-1].message.content) == ("Hello.", "Hello.")
        assert len(taken[-1].repairs) == 1


def test_a_first_model_that_is_gone_is_asked_for_anew(mode):
    with ListingServer(["old"]) as server, closing(HTTPInterface(page_of(server.url))) as http:
        server.script("Hello.", UNKNOWN, "Hello again.", UNKNOWN)
        asking = Adapting(http)
        response(asking, mode)
        server.models = ["new"]
        second = response(asking, mode)
        with pytest.raises(StatusError):  # it lists what it does not have
            response(asking, mode)

    assert second.repairs == ("model: new, because old is there no more",)
    assert models(server) == ["old", "old", "new", "new"]


@pytest.mark.parametrize("name", ["agent-1", "larger", "defaults"])
def test_a_first_model_may_be_called_like_an_alias(name):
    with ListingServer([name]) as server, closing(HTTPInterface(page_of(server.url))) as http:
        server.script("Hello.")

        assert response(Adapting(http), "sync").message.content == "Hello."
    assert models(server) == [name]


def test_the_rule_for_ids_is_learned(adapting, server, mode, stream):
    server.script(IDS, SEEN, SEEN)
    request = CALLED.with_options(stream=stream)
    *_, last = pieces(adapting(dialect="tools"), mode, request)
    pieces(adapting(dialect="tools"), mode, request)

    ids = [body["messages"][1]["tool_calls"][0]["id"] for body in server.bodies]
    results = [body["messages"][2]["tool_call_id"] for body in server.bodies]
    assert ids == results
    assert (ids[0], len(ids[1]), ids[1].isalnum(), ids[2]) == ("call_1", 9, True, ids[1])
    assert last.repairs == ("ids: 9 letters and digits, as the server demands",)


def test_ids_that_are_refused_all_the_same_are_an_error(adapting, server):
    server.script(IDS, IDS)
    with pytest.raises(StatusError, match="must be a-z"):
        response(adapting(dialect="tools"), "sync", CALLED)
    assert len(server.requests) == 2


def test_model_dialect_and_ids_may_all_be_wrong(adapting, server):
    server.script(GONE, NO_FUNCTIONS, IDS, SEEN)
    last = response(adapting(), "sync", CALLED)

    assert models(server) == [OLD, MIDDLE, MIDDLE, MIDDLE]
    assert [each.partition(":")[0] for each in last.repairs] == ["model", "dialect", "ids"]


def test_nothing_is_asked_again_once_text_was_handed_out(adapting, server, mode):
    text = {"choices": [{"index": 0, "delta": {"content": "Hel"}}]}
    error = {"error": {"message": "gone", "code": "model_decommissioned"}}
    events = [b"data: " + json.dumps(each).encode() + b"\n\n" for each in (text, error)]
    server.script(Raw(events, kind="text/event-stream"))
    with pytest.raises(StatusError, match="gone"):
        pieces(adapting(), mode)

    assert len(server.requests) == 1


def test_a_model_has_the_same_limits_under_its_old_name(adapting, server):
    server.script(GONE, "Hello.")
    asking = adapting()
    response(asking, "sync")
    assert asking.quota_key(ASKED) == asking.quota_key(replace(ASKED, model=MIDDLE))

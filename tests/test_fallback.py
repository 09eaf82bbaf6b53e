"""Several ways to a model: which errors move on, who is asked first, and what is told."""

import asyncio

import pytest
from staged import ASKED, Clock, Staged, pieces, response, said

from agentkit import Agent, ConfigError, Delta, InterfaceError, Request, StatusError, open_interface
from agentkit.errors import ConnectError, MissingKeyError, ReplyError, RequestTimeoutError
from agentkit.fallback import Fallback, moves_on
from agentkit.testing import ScriptedInterface

ELSEWHERE = [
    ConnectError("refused"),
    RequestTimeoutError("late"),
    ReplyError("odd"),
    InterfaceError("no"),
    *(StatusError("no", status=status) for status in (401, 403, 404, 408, 413, 429, 500, 503)),
    *(
        StatusError("no", status=400, code=code)
        for code in ("tool_use_failed", "json_validate_failed", "model_decommissioned")
    ),
]
NOWHERE = [
    StatusError("no", status=400),
    StatusError("no", status=400, code="invalid_request_error"),
    StatusError("no", status=422),
]


class Named(Staged):
    """Refuses models that it does not know, if it knows any."""

    def __init__(self, name, *attempts, models=None):
        super().__init__(*attempts)
        self.name, self.models, self.ended = name, models, []

    def check(self, request):
        if self.models is not None and request.model not in self.models:
            raise ConfigError(f"{self.name} has no {request.model!r}")

    def close(self):
        self.ended.append("sync")

    async def aclose(self):
        self.ended.append("async")


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


@pytest.fixture
def down():
    return Named("down", ConnectError("refused"))


@pytest.fixture
def up():
    return Named("up", [Delta("Hel"), Delta("lo."), said()])


def both(*choices, **settings):
    return Fallback([(each, None) for each in choices], **settings)


@pytest.mark.parametrize("error", ELSEWHERE, ids=repr)
def test_another_is_asked_where_it_may_do_better(error, up, mode, stream):
    first = Named("first", error)
    *text, last = pieces(both(first, up), mode, ASKED.with_options(stream=stream))

    assert "".join(each.text for each in text) == "Hello."
    assert last == said(repairs=(f"up answered, because first: {error}",))
    assert len(first.requests) == len(up.requests) == 1


@pytest.mark.parametrize("error", NOWHERE, ids=repr)
def test_a_wrong_request_is_wrong_everywhere(error, up, mode):
    with pytest.raises(StatusError) as raised:
        response(both(Named("first", error), up), mode)

    assert raised.value is error
    assert up.requests == []


@pytest.mark.parametrize("error", [ValueError("odd"), KeyboardInterrupt()], ids=repr)
def test_other_errors_pass_untouched(error, up, mode):
    with pytest.raises(type(error)) as raised:
        response(both(Named("first", error), up), mode)

    assert raised.value is error
    assert up.requests == []


def test_the_first_that_works_answers_alone(up, mode):
    other = Named("other", said())

    assert response(both(up, other), mode) == said()
    assert other.requests == []


def test_nothing_moves_on_once_text_was_handed_out(up, mode):
    first = Named("first", [Delta("Hel"), ConnectError("cut")])
    with pytest.raises(ConnectError, match="cut"):
        pieces(both(first, up), mode)

    assert up.requests == []


def test_which_errors_move_on_can_be_chosen(down, up, mode):
    with pytest.raises(ConnectError):
        response(both(down, up, on=lambda error: not isinstance(error, ConnectError)), mode)
    assert up.requests == []


def test_one_that_failed_rests_and_is_asked_last(down, up, clock):
    choosing = both(down, up, rest=30.0, clock=clock)
    for wait, asked in ((0, 1), (29, 1), (2, 2)):
        clock.now += wait
        response(choosing, "sync")

        assert len(down.requests) == asked


def test_one_that_rests_is_asked_when_no_other_answers(clock):
    first = Named("first", ConnectError("refused"), said())
    second = Named("second", said(), ConnectError("refused"))
    choosing = both(first, second, clock=clock)
    response(choosing, "sync")

    assert response(choosing, "sync").repairs == ("first answered, because second: refused",)


def test_without_a_rest_each_request_begins_with_the_first(down, up):
    choosing = both(down, up, rest=0.0)
    response(choosing, "sync")
    response(choosing, "sync")

    assert len(down.requests) == 2


def test_when_none_answers_the_last_error_is_raised(down, mode):
    last = StatusError("busy", status=503)
    with pytest.raises(StatusError) as raised:
        response(both(down, Named("last", last)), mode)
    assert raised.value is last
    assert str(last) == "last: busy (others failed too: down: refused)"


def test_one_that_cannot_be_used_is_passed_over_and_named(up, mode):
    strange = Named("strange", said(), models=())

    assert response(both(strange, up), mode).repairs == (
        "up answered, because strange: strange has no 'default'",
    )
    assert strange.requests == []


def test_what_fails_counts_for_more_than_what_cannot_be_used(down):
    with pytest.raises(ConnectError):
        response(both(down, Named("strange", said(), models=())), "sync")


def test_none_that_can_be_used_is_a_config_error(mode):
    with pytest.raises(ConfigError, match="first has no 'default'"):
        response(both(Named("first", models=()), Named("second", models=())), mode)


def test_each_is_asked_for_its_own_model(up):
    first = Named("first", ConnectError("refused"), models=("a",))
    choosing = Fallback([(first, "a"), (up, None)])
    response(choosing, "sync", Request(messages=ASKED.messages, model="b"))

    assert [each.requests[0].model for each in (first, up)] == ["a", "b"]


def test_a_request_is_refused_that_the_first_would_not_take(up):
    picky = Named("picky", models=("a",))
    request = Request(messages=ASKED.messages, model="c")
    both(up, picky).check(request)
    Fallback([(picky, "a"), (up, None)]).check(request)

    with pytest.raises(ConfigError, match="picky has no 'c'"):
        both(picky, up).check(request)


@pytest.mark.parametrize("slip", [{"options": {"temprature": 1}}, {"model": "agnet"}])
def test_a_slip_does_not_pass_unseen_to_the_next(slip):
    agent = Agent(interface=[open_interface("groq", api_key="gsk_1234567890"), "offline"], **slip)

    with pytest.raises(ConfigError, match=r"Did you mean '(temperature|agent)'"):
        agent.run("Go.")


def test_that_another_answers_for_want_of_a_key_is_told_once(up, capsys):
    refused = [StatusError(f"bad key, request {n}", status=401) for n in range(2)]
    for first in (open_interface("groq"), Named("acme", *refused)):
        choosing = Fallback([(first, None), (Named("up", said(), said()), None)], rest=0.0)
        assert len(response(choosing, "sync").repairs) == 1
        assert len(response(choosing, "sync").repairs) == 1

    told = capsys.readouterr().err.splitlines()
    assert told == [
        f"agentkit: up answers, because the key of {name} is missing or refused. "
        "`agentkit doctor` tells more."
        for name in ("groq", "acme")
    ]


def test_one_without_a_key_is_passed_over(up):
    assert response(both(open_interface("groq"), up), "sync").message.content == "Hello."
    both(open_interface("groq"), up).check(ASKED)

    with pytest.raises(MissingKeyError, match="groq needs a key"):
        both(open_interface("groq"), open_interface("openai")).check(ASKED)


def test_there_is_something_to_choose_from():
    with pytest.raises(ConfigError, match="at least one"):
        Fallback([])


def test_one_choice_is_no_other_than_itself(down, mode):
    with pytest.raises(ConnectError):
        response(both(down), mode)
    assert response(both(Named("up", said())), mode) == said()


def test_it_is_named_after_all_and_counts_limits_for_itself(up, down):
    choosing = both(up, down)

    assert choosing.name == "up, down"
    assert choosing.quota_key(ASKED) is None


def test_its_repr_shows_all():
    assert repr(both(ScriptedInterface(), both(ScriptedInterface()))).count("Scripted") == 2


def test_all_are_closed(up, down, mode):
    choosing = both(up, down)
    choosing.close() if mode == "sync" else asyncio.run(choosing.aclose())

    assert [up.ended, down.ended] == [[mode], [mode]]


@pytest.mark.parametrize("most", [1, 2])
def test_left_early_nothing_stays_open_and_nobody_else_is_asked(up, mode, most):
    other = Named("other", said())
    pieces(both(up, other), mode, most=most)

    assert (up.open, other.requests) == (0, [])


def test_reasoning_of_one_that_failed_does_not_keep_the_next_from_answering(up, mode):
    first = Named("first", [Delta("", "hm"), ConnectError("cut")])
    taken = pieces(both(first, up), mode)

    assert taken[:3] == [Delta("", "hm"), Delta("Hel"), Delta("lo.")]


def test_in_one_another_falls_back_too(down, up, mode):
    choosing = both(both(down, Named("inner", StatusError("busy", status=503))), up)

    told = "up answered, because down, inner: inner: busy (others failed too: down: refused)"
    assert response(choosing, mode).repairs == (told,)


@pytest.mark.parametrize(("error", "moves"), [(ELSEWHERE[0], True), (NOWHERE[0], False)])
def test_the_rule_is_a_function(error, moves):
    assert moves_on(error) is moves


@pytest.mark.parametrize("private", ["api_key", "base_url"])
def test_what_is_meant_for_one_server_goes_to_no_other(private):
    with pytest.raises(ConfigError, match=f"{private} is meant for one server"):
        open_interface(["groq", "mistral"], **{private: "https://x.example/v1"})

    assert open_interface(["groq:a", "groq:b", "offline"], **{private: "https://x.example/v1"})


def test_limits_without_pacing_are_refused():
    with pytest.raises(ConfigError, match="pacing=False"):
        open_interface("groq", pacing=False, requests_per_minute=3)

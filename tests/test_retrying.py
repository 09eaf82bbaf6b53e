"""Which failures are asked again, how long that waits, and when it is over."""

import asyncio
import json

import pytest
from conftest import KEY
from model_server import Raw
from staged import ASKED, Clock, Staged, pieces, response, said

from agentkit import ConfigError, Delta, HTTPInterface, InterfaceError, Wait
from agentkit.errors import ConnectError, ReplyError, RequestTimeoutError, StatusError
from agentkit.patience import one_of_many
from agentkit.plan import Ask
from agentkit.retrying import Retrying
from agentkit.wrapper import Wrapper

DONE = [Delta("Hello."), said()]
FOLLOWS = [Delta("Hel"), Delta("lo."), said()]
REPEATED = [
    *(
        StatusError(str(status), status=status)
        for status in (408, 409, 429, 498, 500, 502, 503, 529)
    ),
    ConnectError("refused"),
    RequestTimeoutError("late"),
]
NEVER = [
    *(StatusError(str(status), status=status) for status in (400, 401, 403, 404, 413, 422)),
    InterfaceError("no"),
    ReplyError("odd"),
]


def busy(after=None):
    return StatusError("busy", status=503, retry_after=after)


def refusal(status, text="busy", **headers):
    body = json.dumps({"error": {"message": text, "code": None}}).encode()
    return Raw([body], status=status, headers=headers)


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


@pytest.fixture
def retrying(clock):
    def make(*attempts, jitter=1.0, **settings):
        return Retrying(Staged(*attempts), clock=clock, jitter=lambda: jitter, **settings)

    return make


@pytest.fixture
def over_http(server, clock):
    with_server = HTTPInterface("groq", api_key=KEY, base_url=server.url, timeout=20.0)
    yield Retrying(with_server, clock=clock, jitter=lambda: 0.0)
    with_server.close()


@pytest.mark.parametrize("error", REPEATED, ids=str)
def test_what_may_pass_is_asked_again(retrying, error, mode, stream):
    asking = retrying(error, FOLLOWS)
    request = ASKED.with_options(stream=stream)

    assert pieces(asking, mode, request) == [Wait(0.5, str(error)), *FOLLOWS[:2], said(waited=0.5)]
    assert asking.inner.requests == [request, request]


@pytest.mark.parametrize("error", NEVER, ids=str)
def test_what_would_fail_again_is_not(retrying, clock, error, mode):
    asking, told = retrying(error), str(error)
    with pytest.raises(type(error)) as raised:
        pieces(asking, mode)

    assert raised.value is error
    assert str(error) == told
    assert (len(asking.inner.requests), clock.pauses) == (1, [])


def test_a_connection_that_cannot_come_about_is_not(retrying, clock):
    error = ConnectError("certificate")
    error.retryable = False
    with pytest.raises(ConnectError, match=r"certificate$"):
        pieces(retrying(error), "sync")
    assert clock.pauses == []


def test_the_bound_doubles_up_to_eight_seconds(retrying, clock, mode):
    response(retrying(*[busy()] * 6, said(), attempts=7), mode)

    assert clock.pauses == [0.5, 1, 2, 4, 8, 8]


@pytest.mark.parametrize("jitter", [0.0, 0.25, 1.0])
def test_the_pause_is_any_part_of_the_bound(retrying, clock, jitter):
    response(retrying(busy(), busy(), busy(), said(), jitter=jitter), "sync")

    assert clock.pauses == [0.5 * jitter, 1 * jitter, 2 * jitter]


def test_many_attempts_do_not_overflow(retrying, clock):
    response(retrying(*[busy()] * 2_000, said(), attempts=2_001, seconds=1e9), "sync")

    assert max(clock.pauses) == 8


@pytest.mark.parametrize(
    ("after", "least", "most"), [(0.0, 0, 0.5), (0.5, 0.5, 0.55), (7.0, 7, 7.7), (60.0, 60, 61)]
)
def test_it_waits_at_least_as_long_as_the_server_says(retrying, clock, after, least, most):
    for jitter in (0.0, 1.0):
        response(retrying(busy(after), said(), jitter=jitter), "sync")

    assert clock.pauses == pytest.approx([least, most])


@pytest.mark.parametrize("after", [None, 0.0, 0.1])
def test_a_server_that_always_names_a_short_wait_is_asked_ever_more_slowly(retrying, clock, after):
    response(retrying(*[busy(after)] * 4, said()), "sync")

    assert clock.pauses == [0.5, 1.0, 2.0, 4.0]


def test_it_gives_up_after_so_many_attempts_and_says_so(retrying, clock, mode):
    error = busy()
    asking = retrying(error, attempts=3)
    with pytest.raises(StatusError) as raised:
        response(asking, mode)

    assert raised.value is error
    assert str(error) == "busy. Gave up after 3 attempts in 2 s."
    assert len(asking.inner.requests) == 3


def test_one_attempt_is_one(retrying, clock):
    asking = retrying(busy(), attempts=1)
    with pytest.raises(StatusError, match="busy"):
        response(asking, "sync")
    assert (len(asking.inner.requests), clock.pauses) == (1, [])


def test_a_wait_beyond_the_budget_fails_at_once_and_says_how_long_it_were(retrying, clock, mode):
    asking = retrying(busy(300.0), jitter=0.0)
    with pytest.raises(StatusError, match=r"a wait of 300 s, and 120 s are left") as raised:
        response(asking, mode)

    assert raised.value.status == 503
    assert (len(asking.inner.requests), clock.pauses) == (1, [])


def test_pauses_before_use_up_the_budget(retrying, clock):
    asking = retrying(busy(50.0), busy(50.0), busy(50.0), said(), jitter=0.0)
    with pytest.raises(StatusError, match="a wait of 50 s, and 20 s are left"):
        response(asking, "sync")
    assert clock.pauses == [50, 50]


def test_a_wait_that_just_fits_the_budget_is_made(retrying, clock):
    response(retrying(busy(10.0), said(), jitter=0.0, seconds=10.0), "sync")

    assert clock.pauses == [10]


def test_a_budget_of_nothing_allows_what_takes_no_wait(retrying):
    assert response(retrying(busy(0.0), said(), seconds=0, jitter=0.0), "sync") == said()
    with pytest.raises(StatusError, match="0 s are left"):
        response(retrying(busy(), seconds=0), "sync")


def test_waiting_for_a_place_does_not_use_up_the_budget(clock):
    class Queueing(Wrapper):
        def plan(self, request):
            if not self.inner.requests:
                yield Wait(300.0, "others are first")
            return (yield Ask(self.inner, request))

    asking = Retrying(Queueing(Staged(busy(), said())), clock=clock, jitter=lambda: 1.0)

    assert response(asking, "sync").waited == 300.5


@pytest.mark.parametrize("begun", [Delta("Hel"), Delta(" ")])
def test_nothing_is_asked_again_once_text_was_handed_out(retrying, clock, begun, mode):
    asking = retrying([begun, ConnectError("cut")], FOLLOWS)
    with pytest.raises(ConnectError, match=r"cut$") as raised:
        pieces(asking, mode)

    assert raised.value.handed_out
    assert (len(asking.inner.requests), clock.pauses) == (1, [])


def test_reasoning_is_no_part_of_the_answer(retrying, mode):
    asking = retrying([Delta("", "hm"), ConnectError("cut")], FOLLOWS)

    assert pieces(asking, mode)[1:] == [Wait(0.5, "cut"), *FOLLOWS[:2], said(waited=0.5)]


@pytest.mark.parametrize("error", [ValueError("odd"), ConfigError("no"), KeyboardInterrupt()])
def test_other_errors_pass_untouched(retrying, clock, error, mode):
    asking = retrying(error)
    with pytest.raises(type(error)) as raised:
        pieces(asking, mode)

    assert raised.value is error
    assert (len(asking.inner.requests), clock.pauses) == (1, [])


def test_an_interrupted_pause_is_the_end(retrying, clock, mode):
    clock.stop = KeyboardInterrupt()
    asking = retrying(busy(), said())
    with pytest.raises(KeyboardInterrupt):
        pieces(asking, mode)

    assert len(asking.inner.requests) == 1


@pytest.mark.parametrize("most", [1, 2])
def test_left_in_a_pause_or_in_the_answer_nothing_stays_open(retrying, most, mode):
    asking = retrying(busy(), FOLLOWS)
    pieces(asking, mode, most=most)

    assert len(asking.inner.requests) == most
    assert asking.inner.open == 0


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"attempts": -1}, {"seconds": -0.1}])
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ConfigError, match="at least"):
        Retrying(Staged(said()), **wrong)


def test_each_request_has_a_budget_of_its_own(retrying, clock):
    asking = retrying(busy(100.0), said(), busy(100.0), said(), jitter=0.0)
    response(asking, "sync")
    response(asking, "sync")

    assert clock.pauses == [100, 100]


def test_many_tasks_ask_again_each_for_itself(clock):
    asking = Retrying(Staged(*[busy()] * 5, said()), clock=clock, jitter=lambda: 1.0)

    async def all_of_them():
        return await asyncio.gather(*(asking.asend(ASKED) for _ in range(5)))

    assert [each.waited for each in asyncio.run(all_of_them())] == [0.5] * 5
    assert len(asking.inner.requests) == 10


@pytest.mark.parametrize(
    "first",
    [
        refusal(503),
        refusal(429, **{"Retry-After": "0"}),
        refusal(498),
        Raw(cut=True),
        Raw([b'{"error": {"message": "down", "code": 502}}']),
    ],
    ids=["503", "429", "498", "cut", "error inside a 200"],
)
def test_a_server_that_fails_once_is_asked_twice(over_http, server, first, stream):
    server.script(first, "Hello.")
    *_, last = pieces(over_http, "sync", ASKED.with_options(stream=stream))

    assert last.message.content == "Hello."
    assert server.bodies[0] == server.bodies[1]


def test_the_servers_own_wait_is_obeyed(over_http, server, clock):
    server.script(refusal(429, "Please try again in 1m2.5s."), "Hello.")
    server.script(refusal(429, **{"Retry-After": "7"}), "Hello.")
    response(over_http, "sync")
    response(over_http, "sync")

    assert clock.pauses == [62.5, 7]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_a_server_that_refuses_is_asked_once(over_http, server, status):
    server.script(refusal(status))
    with pytest.raises(StatusError):
        response(over_http, "sync")
    assert len(server.requests) == 1


def test_a_stream_that_is_cut_behind_text_is_not_asked_again(over_http, server):
    chunk = {"choices": [{"index": 0, "delta": {"content": "Hel"}}]}
    event = b"data: " + json.dumps(chunk).encode() + b"\n\n"
    server.script(Raw([event], kind="text/event-stream", cut=True))
    with pytest.raises(ConnectError) as raised:
        pieces(over_http, "sync")

    assert raised.value.handed_out


@pytest.fixture
def of_many():
    token = one_of_many.set(True)
    yield
    one_of_many.reset(token)


def limited():
    """An hour, where the budget is two minutes."""
    return StatusError("a limit", status=429, retry_after=3_600.0)


def test_one_of_many_waits_for_a_limit_as_long_as_the_server_says(retrying, clock, of_many):
    made = response(retrying(limited(), busy(), said(), jitter=0.0), "sync")

    assert clock.pauses == [3_600.0, 0.0]
    assert made.waited == 3_600.0


def test_one_of_many_does_not_wait_where_another_server_can_be_asked(retrying, clock, of_many):
    with pytest.raises(StatusError, match="wait of 3600 s"):
        response(retrying(limited(), said(), jitter=0.0, patient=False), "sync")


def test_one_of_many_gives_up_after_as_many_attempts_as_any(retrying, clock, of_many):
    with pytest.raises(StatusError, match="Gave up after 5 attempts"):
        response(retrying(*(limited() for _ in range(5)), jitter=0.0), "sync")

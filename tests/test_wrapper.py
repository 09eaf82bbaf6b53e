"""What every interface around another has in common; plans of their own are in their own tests."""

import asyncio
from contextlib import aclosing

import pytest
from staged import ASKED, Clock, Staged, pieces, response, said

from agentkit import ConfigError, Delta, InterfaceError, Wait
from agentkit.errors import ReplyError, StatusError
from agentkit.fallback import Fallback
from agentkit.interface import Interface
from agentkit.paced import Paced
from agentkit.plan import Ask
from agentkit.recovering import Recovering
from agentkit.retrying import Retrying
from agentkit.testing import ScriptedInterface
from agentkit.wrapper import Wrapper

WHOLE = ASKED.with_options(stream=False)


def again():
    return StatusError("broken", status=400)


class Around(Wrapper):
    """Pauses, asks, and asks once more after an error; keeps what its plan saw."""

    def __init__(self, inner, *pauses, holding=()):
        super().__init__(inner)
        self.pauses, self.holding, self.seen = pauses, holding, []

    def plan(self, request):
        try:
            for seconds in self.pauses:
                yield Wait(seconds, "because")
            try:
                return (yield Ask(self.inner, request, self.holds))
            except InterfaceError as error:
                self.seen.append(error)
                if error.handed_out:
                    raise
            return (yield Ask(self.inner, request, self.holds))
        finally:
            self.seen.append("closed")

    def holds(self, head):
        return any(sign.startswith(head[: len(sign)]) for sign in self.holding)


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def test_pieces_go_on_as_they_come_last_the_response(mode):
    played = [Wait(2, "inside"), Delta("", "hm"), Delta("Hel"), Delta("lo."), said()]

    assert pieces(Around(Staged(played)), mode) == played


def test_a_whole_response_is_the_last_piece(mode):
    assert response(Around(Staged([Delta("Hello."), said()])), mode) == said()


def test_asked_whole_it_asks_whole(mode):
    inner = Staged(said())
    response(Around(inner), mode)

    assert [each.options for each in inner.requests] == [{"stream": False}]


def test_a_pause_is_told_before_it_is_made(mode, clock):
    first = pieces(Around(Staged(said()), 3.0), mode, most=1)

    assert first == [Wait(3.0, "because")]
    assert clock.pauses == []


def test_all_pauses_are_made_and_counted_and_short_ones_are_no_news(mode, clock):
    around = Around(Staged(said(waited=1.0)), 0.09, 0.1, 0.0, 2.0)
    *told, last = pieces(around, mode, WHOLE)

    assert told == [Wait(0.1, "because"), Wait(2.0, "because")]
    assert clock.pauses == [0.09, 0.1, 0.0, 2.0]
    assert last == said(waited=pytest.approx(3.19))


def test_pauses_of_an_attempt_that_failed_count_too(mode, clock):
    inner = Around(Staged(again(), again(), said()), 4.0)

    assert response(Around(inner), mode).waited == pytest.approx(8.0)


def test_an_error_that_is_raised_again_waited_no_second_time(clock):
    error = again()  # two in a row without a pause: 4 seconds in all
    inner = Around(Around(Staged(error, error, error, said()), 4.0))

    assert response(inner, "sync").waited == sum(clock.pauses) == 8.0


def test_held_text_comes_out_at_the_end_in_its_pieces(mode):
    played = [Delta("<cal"), Delta("l>"), said("<call>")]

    assert pieces(Around(Staged(played), holding=["<call>"]), mode) == played


def test_text_is_held_no_longer_than_it_must_be(mode):
    played = [Delta("<ca"), Delta("ke>"), Delta(" and tea"), ReplyError("cut")]
    around = Around(Staged(played), holding=["<call>"])

    assert pieces(around, mode, most=3) == played[:3]


def test_held_text_of_a_failed_attempt_is_never_seen(mode):
    error = again()
    inner = Staged([Delta("<call"), error], [Delta("Hello."), said()])
    around = Around(inner, holding=["<call>"])

    assert pieces(around, mode) == [Delta("Hello."), said()]
    assert around.seen == [error, "closed"]


def test_reasoning_does_not_wait(mode):
    inner = Staged([Delta("<call"), Delta("", "hm"), Delta(">"), said("<call>")])
    first = pieces(Around(inner, holding=["<call>"]), mode, most=1)

    assert first == [Delta("", "hm")]


def test_text_that_did_not_come_as_a_stream_is_one_piece(mode):
    assert pieces(Around(Staged(said())), mode) == [Delta("Hello."), said()]
    assert pieces(Around(Staged(said())), mode, WHOLE) == [said()]
    assert pieces(Around(Staged(said(None))), mode) == [said(None)]


@pytest.mark.parametrize(
    ("piece", "handed_out"),
    [(Delta("Hel"), True), (Delta("", "hm"), False), (Wait(1, "x"), False), (Delta("<"), False)],
)
def test_an_error_says_whether_text_was_handed_out(mode, piece, handed_out):
    around = Around(Staged([piece, ReplyError("cut")]), holding=["<call>"])
    with pytest.raises(ReplyError) as raised:
        pieces(around, mode)

    assert raised.value.handed_out is handed_out
    assert len(around.inner.requests) == (1 if handed_out else 2)


@pytest.mark.parametrize("error", [ValueError("odd"), ConfigError("no"), KeyboardInterrupt()])
def test_other_errors_pass_untouched_and_end_the_plan(mode, error):
    around = Around(Staged([Delta("Hel"), error]))
    with pytest.raises(type(error)) as raised:
        pieces(around, mode)

    assert raised.value is error
    assert around.seen == ["closed"]
    assert around.inner.open == 0


@pytest.mark.parametrize("most", range(1, 6))
def test_left_early_at_any_point_nothing_stays_open(mode, clock, most):
    played = [Delta("", "hm"), Delta("Hel"), Delta("lo."), said()]
    around = Around(Staged(played), 1.0)
    taken = pieces(around, mode, most=most)

    assert len(taken) == most
    assert around.seen == ["closed"]
    assert (around.inner.open, around.inner.closed) == (0, int(most in (2, 3, 4)))


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_text_of_a_response_that_is_then_refused_was_handed_out(mode, depth):
    class Refusing(Wrapper):
        def plan(self, request):
            yield Ask(self.inner, request)
            raise ReplyError("no good")

    played = [Delta("Hel"), Delta("lo."), said()]
    interface = Around(Staged(played, played), holding=["Hello."])
    for _ in range(depth):
        interface = Around(interface)

    assert pieces(Refusing(interface), mode, most=2) == played[:2]
    with pytest.raises(ReplyError, match="no good"):
        pieces(Refusing(interface), mode)


def test_a_stream_that_is_never_begun_begins_nothing():
    around = Around(Staged(said()))
    around.stream(ASKED).close()
    asyncio.run(around.astream(ASKED).aclose())

    assert (around.seen, around.inner.requests) == ([], [])


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_what_ends_a_pause_ends_the_plan(mode, clock, stop):
    clock.stop = stop()
    around = Around(Staged(said()), 5.0)
    with pytest.raises(stop):
        pieces(around, mode)

    assert around.seen == ["closed"]
    assert around.inner.requests == []


def test_a_task_that_is_cancelled_in_a_pause_ends_the_plan():
    around = Around(Staged(said()), 3600.0)

    async def cancelled():
        task = asyncio.create_task(around.asend(ASKED))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())
    assert around.seen == ["closed"]


class Keeping(Interface):
    """Keeps its streams, so that nobody closes them but who asked."""

    def __init__(self):
        self.streams, self.inner = [], Staged([Delta("Hel"), said()])

    def send(self, request):
        return self.inner.send(request)

    def stream(self, request):
        self.streams.append(self.inner.stream(request))
        return self.streams[-1]

    def astream(self, request):
        self.streams.append(self.inner.astream(request))
        return self.streams[-1]


def test_the_stream_inside_is_closed_and_not_just_forgotten():
    keeping = Keeping()
    pieces(Around(keeping), "sync", most=1)

    assert keeping.inner.open == 0


def test_the_awaited_stream_inside_is_closed_and_not_just_forgotten():
    keeping = Keeping()

    async def open_after_the_first():
        async with aclosing(Around(keeping).astream(ASKED)) as stream:
            await anext(stream)
        return keeping.inner.open  # the end of the event loop would close it too

    assert asyncio.run(open_after_the_first()) == 0


@pytest.mark.parametrize(
    "around",
    [Around, Retrying, Paced, Recovering, lambda inner: Fallback([(inner, None)])],
    ids=["Around", "Retrying", "Paced", "Recovering", "Fallback"],
)
@pytest.mark.parametrize("played", [[], [Delta("Hel")]], ids=["nothing", "no response"])
def test_a_stream_without_a_response_is_a_reply_that_makes_no_sense(around, played, mode):
    with pytest.raises(ReplyError):
        pieces(around(Staged(played)), mode)


def test_it_stands_in_for_the_interface_inside():
    inner = ScriptedInterface()
    around = Retrying(Around(inner))

    assert around.name == "scripted"
    assert around.quota_key(ASKED) == inner.quota_key(ASKED)
    assert repr(around).startswith("Retrying(Around(<")


def test_closing_and_checking_go_through(mode):
    class Inner(Staged):
        def check(self, request):
            raise ConfigError("no")

        def close(self):
            told.append("sync")

        async def aclose(self):
            told.append("async")

    told, around = [], Retrying(Around(Inner(said())))
    around.close() if mode == "sync" else asyncio.run(around.aclose())

    assert told == [mode]
    with pytest.raises(ConfigError, match="no"):
        around.check(ASKED)


def test_an_option_stream_of_none_is_left_out(mode):
    played = [Delta("<call>"), said("<call>")]
    around = Around(Staged(played), holding=["<call>"])

    assert pieces(around, mode, ASKED.with_options(stream=None)) == played


def test_two_requests_at_once_do_not_meet():
    around = Around(Staged([Delta("Hel"), Delta("lo."), said()]), holding=["<call>"])

    async def first_of_both():
        async with aclosing(around.astream(ASKED)) as a, aclosing(around.astream(ASKED)) as b:
            return [await anext(each) for each in (a, b, a, b, a, b)]

    taken = asyncio.run(first_of_both())

    assert taken == [Delta("Hel")] * 2 + [Delta("lo.")] * 2 + [said()] * 2

"""The window of all requests: exact, fair, and readable by whoever comes later."""

from hypothesis import given
from hypothesis import strategies as st

from agentkit.durable.turn import Change, Want, count
from agentkit.durable.window import Window
from agentkit.shared_limits import Rates

START = 1_700_000_000.0
NONE, REQUESTS, TOKENS = Rates(), Rates(10, None), Rates(None, 1000)


def at(window, seconds):
    """The window some seconds after the start, by way of its text."""
    later = Window(60.0, 2.0, window.text)
    later.begin(START + seconds)
    return later


def new():
    window = Window(60.0, 2.0)
    window.begin(START)
    return window


def turn(window, *wants, changes=(), rates=NONE, booked=False):
    return count(window, changes, wants, by_hand=rates, minute=60.0, booked=booked)


def want(tokens=1.0, rates=REQUESTS, **kept):
    return Want(tokens, rates, **kept)


def filled(rates, tokens=1.0):
    """A window that is full, and how many it took."""
    window = new()
    wants = [want(tokens, rates)] * 50
    return window, sum(each.wait == 0 for each in turn(window, *wants, rates=rates).answers)


class Simulated:
    """Processes that ask, send after a while, and are told what requests really took."""

    def __init__(self, rates):
        self.rates, self.window, self.arrivals = rates, new(), []
        self.waiting: list[tuple[float, Want]] = []

    def step(self, seconds, sizes, way):
        self.window = at(self.window, seconds)
        wants = [*(each for _, each in self.waiting), *(want(size, self.rates) for size in sizes)]
        answers = turn(self.window, *wants, rates=self.rates).answers
        self.waiting = []
        for each, answer in zip(wants, answers, strict=True):
            if answer.wait == 0:
                self.arrivals.append((seconds + way, answer.taken))
            else:
                again = Want(each.tokens, self.rates, answer.slot, answer.taken)
                self.waiting.append((seconds, again))

    def most(self, seconds):
        """The most requests and tokens of all stretches that begin with an arrival."""
        inside = [
            [tokens for when, tokens in self.arrivals if first <= when < first + seconds]
            for first, _ in self.arrivals
        ]
        return max(map(len, inside), default=0), max(map(sum, inside), default=0)


steps = st.lists(
    st.tuples(
        st.floats(0.0, 70.0),  # seconds since the last step
        st.lists(st.floats(1.0, 400.0), max_size=8),
        st.floats(0.0, 1.4),  # seconds on the way
    ),
    max_size=30,
)


@given(steps)
def test_no_minute_has_more_than_the_limits_whatever_comes_when(moves):
    simulated, now = Simulated(Rates(7, 1500)), 0.0
    for pause, sizes, way in moves:
        now += pause
        simulated.step(now, sizes, way)

    requests, tokens = simulated.most(60.0)

    assert requests <= 7
    assert tokens <= 1500


@given(st.lists(st.floats(-4000.0, 30.0), max_size=20))
def test_a_clock_that_goes_back_frees_nothing(moves):
    window, taken = filled(REQUESTS)
    now, passed = 0.0, 0.0
    for move in moves:
        now, passed = now + move, passed + max(move, 0.0)
        window = at(window, now)
        if passed < 60.0:
            taken += sum(each.wait == 0 for each in turn(window, want()).answers)

    assert taken == 10


def test_what_was_sent_counts_for_a_minute_and_the_way():
    window, taken = filled(REQUESTS)

    assert taken == 10
    assert turn(at(window, 61.9), want()).answers[0].wait > 0
    assert turn(at(window, 63.0), want()).answers[0].wait == 0


def test_one_who_waits_is_told_until_when_and_for_what():
    window, _ = filled(REQUESTS)

    (answer,) = turn(window, want()).answers

    assert 62.0 <= answer.wait <= 63.0
    assert answer.reason == "10 requests a minute, shared by all workers"


def test_a_big_request_is_not_overtaken_by_small_ones_that_would_delay_it():
    window, _ = filled(TOKENS, 50.0)
    big = turn(window, want(400.0, TOKENS), rates=TOKENS).answers[0]
    kept = Want(400.0, TOKENS, big.slot, big.taken)
    for second in range(1, 64):
        window = at(window, second)
        turn(window, *[want(50.0, TOKENS)] * 5, rates=TOKENS, booked=True)

    (answer,) = turn(at(window, 64.0), kept, rates=TOKENS).answers

    assert answer.wait == 0


def test_the_first_of_a_process_books_and_the_others_do_not():
    window, _ = filled(REQUESTS)

    first, *others = turn(window, want(), want(), want()).answers

    assert first.slot is not None
    assert [each.slot for each in others] == [None, None]


def test_what_was_not_used_is_free_at_once():
    window = new()
    (answer,) = turn(window, want(490.0, TOKENS), rates=TOKENS).answers
    assert turn(window, want(490.0, TOKENS)).answers[0].wait > 0

    change = Change(answer.slot, 0, 100 - answer.taken)

    assert turn(window, want(300.0, TOKENS), changes=[change], booked=True).answers[0].wait == 0


def test_estimates_are_doubled_until_replies_tell():
    rates, window = Rates(None, 10_000), new()
    before = window.cost(100.0, rates)
    for _ in range(50):
        window.learn(1.5)

    assert before == 200
    assert 150 <= window.cost(100.0, rates) <= 160


def test_a_refusal_pauses_all():
    window = new()

    (answer,) = turn(window, want(), changes=[Change(0, wait=5.0)]).answers

    assert 5.0 <= answer.wait <= 6.0
    assert turn(at(window, 6.0), want(), booked=True).answers[0].wait == 0


def test_limits_that_a_reply_told_hold_for_whoever_comes_next():
    window = new()
    turn(window, changes=[Change(0, learned=Rates(1, None))])
    nothing_by_hand = Want(1.0, Rates())

    first, second = turn(window, nothing_by_hand, nothing_by_hand).answers

    assert first.wait == 0
    assert second.wait > 0


def test_a_request_that_is_larger_than_the_limit_waits_for_all_of_it():
    window = new()

    first, second = turn(window, want(9_000.0, TOKENS), want(1.0, TOKENS)).answers

    assert (first.taken, first.wait) == (1000, 0)
    assert second.wait > 0


def test_many_that_wait_look_less_often():
    window, _ = filled(REQUESTS)
    few = turn(window, want()).look
    for _ in range(500):
        many = turn(window, want()).look

    assert few == 1.0
    assert 4.0 < many < 6.0


def test_what_is_long_gone_is_forgotten():
    window, _ = filled(REQUESTS)

    assert '"slots":{}' in at(window, 1000.0).text

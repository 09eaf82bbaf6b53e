"""Limits that processes keep together, in both databases."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from durable.counting_server import CountingServer
from forking import needs_fork, output_of
from proxy import Proxy
from staged import ASKED, Staged, pieces, said
from waiting import until
from warm import python

from agentkit import AgentkitError, ConfigError, StatusError, Usage, Wait
from agentkit.durable.database import Database
from agentkit.durable.limits import DatabaseLimits, create_tables
from agentkit.paced import Paced, shared_pace
from agentkit.shared_limits import Rates, sharing

WORKER = Path(__file__).parent / "limits_worker.py"
KEY = ("https://api.example.com", "secret-fingerprint", "model")
ONE, TWO = Rates(1, None), Rates(2, None)


@pytest.fixture
def opened(address):
    """A database that has the table, and is closed at the end."""
    opened = Database(address, patience=5.0)
    create_tables(opened.engine)
    yield opened
    opened.close()


@contextmanager
def limits_of(opened):
    """What another process has: connections of its own."""
    limits = DatabaseLimits(opened.connections())
    try:
        yield limits
    finally:
        limits.close()


def asked(limits, by_hand=TWO, key=KEY):
    place = limits.place(key, "groq model", 100.0, by_hand, 600.0)
    place.ask()
    return place


class Account(Staged):
    """Its limits are counted by its account and the model."""

    def quota_key(self, request):
        return ("ours", request.model)


def test_processes_have_one_limit_together(opened):
    with limits_of(opened) as one, limits_of(opened) as other:
        places = [asked(each) for each in (one, other, one, other)]

    assert [each.granted for each in places] == [True, True, False, False]
    assert 0 < places[3].wait <= 63


def test_keys_do_not_wait_for_one_another_and_none_is_stored(opened):
    with limits_of(opened) as limits:
        places = [asked(limits, ONE, (*KEY[:2], model)) for model in ("model", "other")]
    with opened.engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT * FROM agentkit_limits")).fetchall()

    assert all(each.granted for each in places)
    assert [len(row.key) for row in rows] == [64, 64]
    assert "fingerprint" not in str(rows)


def test_the_table_is_made_by_any_number_of_processes_at_once(address):
    databases = [Database(address) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for each in [pool.submit(create_tables, each.engine) for each in databases]:
            each.result()

    with limits_of(databases[0]) as limits:
        assert asked(limits).granted
    for each in databases:
        each.close()


def test_without_its_table_it_says_so(address):
    opened = Database(address)
    with limits_of(opened) as limits, pytest.raises(AgentkitError, match="Were its tables made"):
        asked(limits)
    opened.close()


@pytest.mark.parametrize("given", [{"minute": 0.0}, {"slack": -1.0}])
def test_settings_that_do_not_fit_are_refused(opened, given):
    with pytest.raises(ConfigError, match="above 0"):
        DatabaseLimits(opened.engine, **given)


def test_a_paced_interface_waits_for_what_other_processes_sent(opened, mode):
    staged = Account(said(usage=Usage(prompt_tokens=5, completion_tokens=2)))
    with limits_of(opened) as one, limits_of(opened) as other:
        with sharing(one):
            pieces(Paced(staged, requests=1), mode)
        shared_pace.cache_clear()  # as another process, whose own pace has seen nothing
        with sharing(other):
            first = pieces(Paced(staged, requests=1), mode, most=1)

    assert len(staged.requests) == 1
    assert isinstance(first[0], Wait)
    assert first[0].reason == "staged: 1 requests a minute, shared by all workers"


def test_a_refusal_holds_back_the_others(opened, mode):
    error = StatusError("Too many.", status=429, retry_after=30.0)
    staged = Account(error, said())
    with limits_of(opened) as one, limits_of(opened) as other:
        with sharing(one), pytest.raises(StatusError):
            pieces(Paced(staged), mode)
        shared_pace.cache_clear()
        with sharing(other):
            first = pieces(Paced(staged), mode, most=1)

    assert len(staged.requests) == 1
    assert first[0].reason == "staged: the server's limit, as it said"


def test_who_would_wait_too_long_fails_without_being_sent(opened, mode):
    staged = Account(said())
    with limits_of(opened) as limits, sharing(limits):
        pieces(Paced(staged, requests=1), mode)
        shared_pace.cache_clear()
        with pytest.raises(AgentkitError, match="shared by all workers, which is longer than 0 s"):
            pieces(Paced(staged, requests=1, longest=0.1), mode)

    assert len(staged.requests) == 1


def test_one_that_is_left_while_it_waits_leaves_nothing(opened, mode):
    staged = Account(said())
    with limits_of(opened) as limits, sharing(limits):
        pieces(Paced(staged, requests=1), mode)
        shared_pace.cache_clear()
        pieces(Paced(staged, requests=1), mode, most=1)
        place = limits.place(("ours", ASKED.model), "", 1.0, Rates(2, None), 9.0)
        place.account._next_look = 0.0

        place.ask()

    assert place.granted


def test_a_server_that_is_killed_holds_requests_back_until_it_is_there_again(postgres, mode):
    opened = Database(postgres.fresh_database(), patience=5.0)
    create_tables(opened.engine)
    staged = Account(said())
    with limits_of(opened) as limits, sharing(limits):
        pieces(Paced(staged), mode)
        postgres.kill()
        first = pieces(Paced(staged), mode, most=1)
        assert len(staged.requests) == 1
        postgres.start()
        pieces(Paced(staged), mode)
    opened.close()

    assert first[0].reason.endswith("the database of the shared limits, which cannot be reached")
    assert len(staged.requests) == 2


def test_a_worker_that_stops_in_the_middle_does_not_hold_up_the_others(postgres):
    opened = Database(postgres.fresh_database(), patience=5.0)
    create_tables(opened.engine)
    with limits_of(opened) as limits, Proxy(postgres.port) as way:
        asked(limits)
        address = opened.url.set(port=way.port).render_as_string(hide_password=False)
        behind = Database(address)
        with limits_of(behind) as slow, ThreadPoolExecutor(1) as pool:
            asked(slow, Rates(9, None))
            place = slow.place(KEY, "groq model", 100.0, Rates(9, None), 600.0)
            transact, stalls = place.account._transact, []

            def stalled(work):
                def counted(window):
                    if not stalls:
                        way.stall()  # it holds the row, and nothing more comes from it
                    stalls.append(window)
                    return work(window)

                return transact(counted)

            place.account._transact = stalled
            asking = pool.submit(place.ask)
            assert until(lambda: stalls)
            other = asked(limits, Rates(9, None))
            way.go_on()
            asking.result()

        assert other.slot is not None
        assert len(stalls) == 2
        behind.close()
    opened.close()


def three_processes(opened, by_hand, *, seconds, server_takes=0.0, **given):
    """What came to a server that three processes asked, and the most in any minute."""
    with CountingServer(seconds=server_takes) as server:
        given |= {"database": str(opened.url), "server": server.url, "seconds": seconds}
        workers = [
            python(WORKER, json.dumps({**given, "name": name, "limits": by_hand}))
            for name in ("one", "other", "third")
        ]
        codes = [each.wait(seconds + 60) for each in workers]
        assert codes == [0, 0, 0]
        return server.came, server.most_in(given["minute"])


def test_three_processes_never_send_more_than_the_limits(opened):
    limits = {"requests_per_minute": 40, "tokens_per_minute": 12_000}
    # A slack that no machine is busy enough to use up.
    given = {"minute": 2.0, "slack": 6.0, "seconds": 10.0, "side_by_side": 10}

    came, most = three_processes(opened, limits, **given)

    assert len(came) > 20
    assert most["requests"] <= 40
    assert most["tokens"] <= 12_000


MINUTES = int(os.environ.get("AGENTKIT_LIMITS_MINUTES", "0"))


@pytest.mark.skipif(not MINUTES, reason="takes minutes: make test-durable")
@pytest.mark.parametrize("kind", ["requests", "tokens"])
def test_real_minutes_are_used_and_never_more(opened, kind):
    by_hand = {"requests": 300, "tokens": 60_000}
    given = {"minute": 60.0, "slack": 2.0, "seconds": 60.0 * MINUTES, "side_by_side": 20}

    came, most = three_processes(
        opened, {f"{kind}_per_minute": by_hand[kind]}, server_takes=1.0, **given
    )
    used = {"requests": len(came), "tokens": sum(tokens for _, tokens in came)}
    share = used[kind] / (MINUTES * by_hand[kind])
    print(f"{kind}: {most[kind]} in a minute at the most, {share:.1%} of {MINUTES} minutes used")

    assert most[kind] <= by_hand[kind]
    assert share >= 0.85


FORKED = """
import sys
from agentkit.durable.database import Database
from agentkit.durable.limits import DatabaseLimits, create_tables
from agentkit.shared_limits import Rates
from forking import code_of, forked

database = Database(sys.argv[1])
create_tables(database.engine)
limits = DatabaseLimits(database.connections())

def ask():
    place = limits.place("key", "", 1.0, Rates(2, None), 60.0)
    place.ask()
    print(place.granted, flush=True)

ask()
assert code_of(forked(ask)) == 0
ask()
"""


@needs_fork
def test_a_forked_process_shares_the_limits_and_no_connection(address):
    _, out = output_of(FORKED, Database(address).url.render_as_string(hide_password=False))

    assert out.split() == ["True", "True", "False"]

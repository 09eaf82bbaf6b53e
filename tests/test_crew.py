"""Work side by side: how much at once, in what order, and what becomes of it when it ends early."""

import asyncio
import concurrent.futures
import threading
from contextlib import aclosing, closing

import pytest
from waiting import until

from agentkit import ConfigError
from agentkit.crew import Window, aeach, each
from agentkit.workers import on_own_loop


class Gate:
    """Work that waits until it is let go on, and knows how much of it runs."""

    def __init__(self):
        self.begun, self.cancelled, self.most, self.running = [], [], 0, 0
        self.open = set()

    async def work(self, index, item):
        self.begun.append(item)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            while item not in self.open and None not in self.open:
                await asyncio.sleep(0.001)
        except asyncio.CancelledError:
            self.cancelled.append(item)
            raise
        finally:
            self.running -= 1
        if isinstance(item, BaseException):
            raise item
        return item


def run(kind, work, items, *, concurrency=3, in_order=True, into=None):
    """All results, sync or awaited; what is raised comes after them in `into`."""
    results = [] if into is None else into
    window = Window(concurrency, in_order=in_order)
    if kind == "sync":
        for result in each(work, items, window):
            results.append(result)
        return results

    async def gather():
        async for result in aeach(work, items, window):
            results.append(result)

    asyncio.run(gather())
    return results


both = pytest.mark.parametrize("kind", ["sync", "async"])


@both
@pytest.mark.parametrize("in_order", [True, False])
def test_every_item_is_worked_on_once_and_no_more_at_once_than_wanted(kind, in_order):
    gate = Gate()
    gate.open.add(None)

    results = run(kind, gate.work, range(40), in_order=in_order)

    assert sorted(results) == sorted(gate.begun) == list(range(40))
    assert gate.most <= 3
    assert not in_order or results == list(range(40))


@both
def test_nothing_to_do_is_nothing_done(kind):
    assert run(kind, Gate().work, []) == []


@both
@pytest.mark.parametrize("in_order", [True, False])
def test_items_are_taken_as_there_is_room_and_not_before(kind, in_order):
    """A source is never further ahead of what was handed out than four times the concurrency."""
    gate, ahead, handed_out = Gate(), [], []
    gate.open.add(None)

    def source():
        for number in range(100):
            ahead.append(number - len(handed_out))
            yield number

    run(kind, gate.work, source(), in_order=in_order, into=handed_out)

    assert handed_out == list(range(100)) if in_order else sorted(handed_out) == list(range(100))
    assert max(ahead) <= 12


def test_a_slow_first_one_holds_up_others_in_order_and_none_otherwise():
    gate = Gate()
    gate.open.update(range(1, 40))
    with closing(each(gate.work, range(40), Window(3, in_order=False))) as results:
        unordered = [next(results) for _ in range(30)]
    ordered = Gate()
    ordered.open.update(range(1, 40))
    found = []
    thread = threading.Thread(
        target=lambda: found.extend(each(ordered.work, range(40), Window(3, in_order=True)))
    )
    thread.start()

    assert sorted(unordered) == list(range(1, 31))
    assert until(lambda: len(ordered.begun) == 12)  # four times three, of which one waits
    ordered.open.add(0)
    thread.join(20)
    assert found == list(range(40))


def test_results_come_while_the_source_still_thinks():
    """Items are not gathered before they begin."""
    gate = Gate()
    gate.open.add(None)

    def source():
        for number in range(5):
            assert until(lambda: len(gate.begun) == number)  # noqa: B023 - it is called at once
            yield number

    assert list(each(gate.work, source(), Window(10, in_order=True))) == list(range(5))


@both
@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), SystemExit(3)])
def test_an_error_ends_all_and_what_is_done_is_handed_out_before(kind, error):
    gate, found = Gate(), []
    gate.open.update([1, 2, error])

    with pytest.raises(type(error)) as raised:
        run(kind, gate.work, [0, 1, 2, error, 4, 5], concurrency=4, into=found)

    assert raised.value is error
    assert found == [1, 2]
    assert set(gate.cancelled) == set(gate.begun) - {1, 2, error}


@both
def test_an_error_of_the_source_is_raised_after_what_is_done(kind):
    gate, found = Gate(), []
    gate.open.update([1])

    def source():
        yield from (0, 1)
        assert kind == "async" or until(lambda: gate.begun == [0, 1] and gate.running == 1)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        run(kind, gate.work, source(), into=found)
    assert found == [1] or kind == "async"  # where the source cannot wait for the work
    assert gate.running == 0


def test_who_leaves_early_cancels_what_runs():
    gate = Gate()

    async def work(index, item):
        gate.open.update([0] if len(gate.begun) == 2 else [])  # once all three have begun
        return await gate.work(index, item)

    with closing(each(work, range(9), Window(3, in_order=True))) as results:
        first = next(results)

    assert first == 0
    assert sorted(gate.cancelled) == sorted(gate.begun)[1:]
    assert len(gate.begun) >= 3
    assert gate.running == 0


def test_what_the_garbage_collector_closes_on_the_loop_of_the_work_waits_for_nothing():
    gate = Gate()
    gate.open.add(0)
    results = each(gate.work, [0, 1], Window(1, in_order=True))
    first = next(results)

    async def collect():
        results.close()

    on_own_loop(collect()).result(timeout=20)

    assert first == 0
    assert until(lambda: gate.running == 0)


def test_who_leaves_early_while_awaiting_cancels_what_runs_and_what_comes():
    gate, closed = Gate(), []
    gate.open.add(0)

    async def source():
        try:
            for number in (0, 1):
                yield number
            await asyncio.sleep(60)
        finally:
            closed.append(True)

    async def main():
        async with aclosing(aeach(gate.work, source(), Window(3, in_order=True))) as results:
            async for first in results:
                return first

    assert asyncio.run(main()) == 0
    assert gate.running == 0
    assert closed == [True]


def test_an_async_source_is_waited_for_beside_the_work():
    """A result is handed out while the source has nothing yet."""
    gate = Gate()
    gate.open.add(None)

    async def main():
        more, found = asyncio.Event(), []

        async def source():
            yield "a"
            await more.wait()
            yield "b"

        async for result in aeach(gate.work, source(), Window(3, in_order=True)):
            found.append(result)
            more.set()
        return found

    assert asyncio.run(main()) == ["a", "b"]


@both
def test_work_that_is_cancelled_from_outside_is_an_error_and_no_endless_wait(kind):
    async def work(index, item):
        asyncio.current_task().cancel()
        await asyncio.sleep(0)

    with pytest.raises((asyncio.CancelledError, concurrent.futures.CancelledError)):
        run(kind, work, [1])


@pytest.mark.parametrize("concurrency", [0, -1, 1.5, True, None, "3"])
def test_a_concurrency_that_is_no_number_above_0_is_refused(concurrency):
    with pytest.raises(ConfigError, match="whole number above 0"):
        Window(concurrency, in_order=True)

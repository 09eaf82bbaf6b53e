import asyncio
import contextvars
import threading
from concurrent.futures import Future

import pytest

from agentkit import Toolbox, tool
from agentkit.testing import call
from agentkit.workers import Ended, _loop, carried, in_thread, on_own_loop, per_process

WHO = contextvars.ContextVar("who", default="nobody")


def test_a_function_runs_in_a_daemon_thread_with_the_callers_context():
    WHO.set("Ada")
    who, daemon, thread = in_thread(
        lambda: (WHO.get(), threading.current_thread().daemon, threading.get_ident())
    ).result()

    assert (who, daemon) == ("Ada", True)
    assert thread != threading.get_ident()


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(3)])
def test_what_the_function_raises_comes_back(error):
    def fail():
        raise error

    with pytest.raises(type(error)) as raised:
        in_thread(fail).result()
    assert raised.value is error


def test_a_stop_iteration_becomes_an_error_that_futures_take():
    with pytest.raises(RuntimeError, match="StopIteration"):
        in_thread(next, iter(())).result()


def test_many_threads_run_at_once():
    meeting = threading.Barrier(40, timeout=20)
    places = [in_thread(meeting.wait) for _ in range(40)]

    assert sorted(each.result() for each in places) == list(range(40))


def test_awaitables_of_sync_runs_share_one_loop_for_life():
    async def here():
        return asyncio.get_running_loop()

    assert on_own_loop(here()).result() is on_own_loop(here()).result()


def test_threads_that_ask_for_the_first_time_at_once_share_it_too(monkeypatch):
    meeting, make = threading.Barrier(2, timeout=20), asyncio.new_event_loop
    monkeypatch.setattr(asyncio, "new_event_loop", lambda: (meeting.wait(), make())[1])
    one, other = [in_thread(_loop, "another process") for _ in range(2)]

    assert one.result() is other.result()


def test_an_awaitable_may_start_another_and_wait_for_it():
    async def inner():
        return "inner"

    async def outer():
        return on_own_loop(inner()).result(timeout=20)

    assert on_own_loop(outer()).result(timeout=20) == "inner"


def test_a_result_that_comes_as_the_time_ends_is_taken(monkeypatch):
    class Late(Future):
        def result(self, timeout=None):
            if self.done():
                return super().result(timeout)
            self.set_result("just in time")
            raise TimeoutError

    monkeypatch.setattr("agentkit.function_tool.in_thread", lambda _: Late())
    slow = tool(lambda: "", name="slow", timeout=60)

    assert Toolbox(slow).call(call("slow")).content == "just in time"


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_what_would_stop_the_loop_is_carried_out_of_it(kind):
    async def stop():
        raise kind

    with pytest.raises(Ended) as ended:
        on_own_loop(stop()).result(timeout=20)
    assert isinstance(ended.value.cause, kind)
    with pytest.raises(Ended):
        asyncio.run(carried(stop()))


def test_threads_that_ask_at_once_get_the_one_object():
    meeting = threading.Barrier(8, timeout=20)

    @per_process
    def made(name, *, size=0):
        meeting.wait()
        return object()

    found = {id(each.result()) for each in [in_thread(made, "a") for _ in range(8)]}
    first = made("a")

    assert found == {id(first)}
    meeting.abort()
    with pytest.raises(threading.BrokenBarrierError):
        made("a", size=1)
    made.cache_clear()
    with pytest.raises(threading.BrokenBarrierError):
        made("a")

"""Where a tool runs when it cannot run in the caller's own thread."""

from __future__ import annotations

import contextvars
import os
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread, local
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar
from weakref import WeakSet

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R")


def in_thread(function: Callable[..., T], *args: Any) -> Future[T]:
    """Run a function in a thread that nothing else uses, with the caller's context variables.

    The threads are daemons, so that a tool that never returns cannot keep the program from ending,
    and there are as many as are needed at once; one that is done serves again. The pools of the
    standard library have neither.
    """
    from concurrent.futures import Future

    future: Future[T] = Future()

    def deliver(value: Any, error: BaseException | None) -> None:
        if future.set_running_or_notify_cancel():
            _settle(future, value, error)

    _give(deliver, function, args)
    return future


async def in_thread_awaited(function: Callable[..., T], *args: Any) -> T:
    """`in_thread`, awaited; a function that has begun runs on if nobody waits for it any more."""
    import asyncio

    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(value: Any, error: BaseException | None) -> None:
        if not future.done():  # as one that is cancelled
            _settle(future, value, error)

    def deliver(value: Any, error: BaseException | None) -> None:
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, value, error)

    _give(deliver, function, args)
    return await future


def _settle(future: Any, value: Any, error: BaseException | None) -> None:
    """What came of a job, for a future of either kind."""
    if error is None:
        future.set_result(value)
    else:
        future.set_exception(error)


def _give(deliver: _Deliver, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    try:
        worker = _idle.pop()
    except IndexError:
        worker = _Worker()
    worker.jobs.put((deliver, contextvars.copy_context(), function, args))


class _Worker:
    """A thread that runs one job after the other, until none has come for a while."""

    def __init__(self) -> None:
        self.jobs: SimpleQueue[Any] = SimpleQueue()
        self._thread = Thread(target=self._serve, name=_WAITS, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                job = self.jobs.get(timeout=_PATIENCE)
            except Empty:
                try:
                    _idle.remove(self)
                except ValueError:  # somebody has just taken it, and puts a job
                    continue
                return
            self._run(*job)
            del job  # what it holds is not this thread's to keep

    def _run(
        self,
        deliver: _Deliver,
        context: contextvars.Context,
        function: Callable[..., Any],
        args: tuple[Any, ...],
    ) -> None:
        value: Any = None
        error: BaseException | None = None
        self._thread.name = f"agentkit {getattr(function, '__name__', '')}"
        try:
            value = context.run(function, *args)
        except StopIteration as odd:  # asyncio's futures refuse it
            error = RuntimeError(f"the tool raised {odd!r}")
        except BaseException as raised:
            error = raised
        self._thread.name = _WAITS
        _idle.append(self)  # first: whoever waits for the result may have the next job
        deliver(value, error)
        del error  # its traceback leads back here


_Deliver = Callable[[Any, BaseException | None], None]
_WAITS = "agentkit waits"
_PATIENCE = 10.0  # seconds that a thread waits for its next job
_idle: deque[_Worker] = deque()


class Ended(Exception):  # noqa: N818 - it carries an error and is none
    """Carries a KeyboardInterrupt or SystemExit out of an event loop, which it would stop."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(repr(cause))
        self.cause = cause


async def carried(awaitable: Awaitable[T]) -> T:
    """Await it; what would stop the event loop comes out as `Ended`."""
    try:
        return await awaitable
    except (KeyboardInterrupt, SystemExit) as error:
        raise Ended(error) from error


def on_own_loop(awaitable: Awaitable[T]) -> Future[T]:
    """Run an awaitable on the one event loop that all async tools of sync runs share.

    One loop for the life of the process, because clients and pools belong to the loop that first
    used them; a loop for each call would close it under them.
    """
    import asyncio

    loop, context = own_loop()
    return context.run(asyncio.run_coroutine_threadsafe, carried(awaitable), loop)


def own_loop() -> tuple[Any, contextvars.Context]:
    """An event loop of ours that the caller may block for, and the context for what runs on it.

    It is the one of `on_own_loop`, but for an async tool that runs an agent of its own, or goes
    over many items with one: that blocks the loop it runs on, and has a second one; and so on.
    What runs on a loop knows, also in threads, that those before it are blocked.
    """
    import asyncio

    level, here = _level.get(), asyncio._get_running_loop()
    while (loop := _loop(os.getpid(), level)) is here:
        level += 1
    context = contextvars.copy_context()
    context.run(_level.set, level)
    return loop, context


def connection_loop() -> Any:
    """An event loop of this process for connections alone: no tool runs there and blocks it."""
    return _loop(os.getpid(), -1)


def on_connection_loop(work: Coroutine[Any, Any, T]) -> Future[T]:
    """Carry it out on that loop."""
    import asyncio

    return asyncio.run_coroutine_threadsafe(work, connection_loop())


class per_process(Generic[P, R]):  # noqa: N801 - it is used as a decorator
    """What a function gives for its arguments is kept for the process.

    `functools.cache` gives threads that ask at the same time an object each.
    """

    def __init__(self, make: Callable[P, R]) -> None:
        self._make = make
        self._made: dict[Any, R] = {}

    def __call__(self, *args: P.args, **named: P.kwargs) -> R:
        """The one object for these arguments."""
        key = (args, *sorted(named.items()))
        if key in self._made:
            return self._made[key]
        return self._made.setdefault(key, self._make(*args, **named))

    def cache_clear(self) -> None:
        """Begin anew."""
        self._made.clear()


def renew_in_children(thing: Any) -> None:
    """Call `thing.renew()` in every forked child: threads, locks and connections stay behind.

    What must not be in the middle of anything then has `before_fork` and `after_fork`, which are
    called in the parent.
    """
    _renewed.add(thing)


def _before_fork() -> None:
    careful = (thing for thing in tuple(_renewed) if hasattr(thing, "before_fork"))
    _fork.careful = sorted(careful, key=id)  # in one order, whichever threads fork at once
    for thing in _fork.careful:
        thing.before_fork()


def _after_fork() -> None:
    for thing in _fork.careful:
        thing.after_fork()


def _renew() -> None:
    _idle.clear()  # the child has none of its parent's threads
    for thing in tuple(_renewed):
        thing.renew()


_renewed: WeakSet[Any] = WeakSet()
_fork = local()
if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_renew)


_level: contextvars.ContextVar[int] = contextvars.ContextVar("level", default=0)


@per_process
def _loop(pid: int, level: int = 0) -> Any:
    """A loop of this process; a forked child has no use for its parent's thread."""
    import asyncio

    loop = asyncio.new_event_loop()
    Thread(target=loop.run_forever, name="agentkit async tools", daemon=True).start()
    return loop

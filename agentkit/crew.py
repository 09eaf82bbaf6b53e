"""Many pieces of work side by side, with no more of them in memory than that takes."""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Iterator,
)
from contextlib import aclosing
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from agentkit.errors import ConfigError
from agentkit.workers import Ended, carried, own_loop

if TYPE_CHECKING:
    import asyncio

I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")
Work = Callable[[int, I], Awaitable[R]]
"""What is done with an item and its index. What it raises ends all work; it should give an error
that is the item's own as its result."""

_AHEAD = 4  # times `concurrency`: the items that may have begun and are not handed out


class Window(Generic[R]):
    """Which items may begin, and in what order results are handed out; without I/O.

    Args:
        concurrency: The most items at once.
        in_order: Whether results come in the order of the items, or as they are there. A slow one
            holds up those behind it, and new ones once four times `concurrency` have begun.

    Raises:
        ConfigError: `concurrency` is no whole number above 0.
    """

    def __init__(self, concurrency: int, *, in_order: bool) -> None:
        if type(concurrency) is not int or concurrency < 1:
            raise ConfigError(f"concurrency= is a whole number above 0, not {concurrency!r}.")
        self._concurrency, self._in_order = concurrency, in_order
        self._begun = self._ended = self._handed_out = 0
        self._results: dict[int, R] = {}

    @property
    def running(self) -> int:
        """How many have begun and not ended."""
        return self._begun - self._ended

    @property
    def has_room(self) -> bool:
        """Whether another may begin."""
        waiting = self._begun - self._handed_out
        return self.running < self._concurrency and waiting < _AHEAD * self._concurrency

    def begin(self) -> int:
        """The index of an item that begins now."""
        self._begun += 1
        return self._begun - 1

    def end(self, index: int, *results: R) -> None:
        """Take what came of an item, if anything."""
        self._ended += 1
        for result in results:
            self._results[index] = result

    def ready(self) -> Iterator[R]:
        """Hand out what is due."""
        while self._results:
            index = self._handed_out if self._in_order else next(iter(self._results))
            if index not in self._results:
                return
            self._handed_out += 1
            yield self._results.pop(index)

    def rest(self) -> Iterator[R]:
        """Hand out all that there is, in spite of what is missing before it."""
        while self._results:
            self._handed_out += 1
            yield self._results.pop(min(self._results))


def each(work: Work[I, R], items: Iterable[I], window: Window[R]) -> Generator[R, None, None]:
    """What comes of each item; the work is done on an event loop of ours.

    Items are taken in the caller's thread, one at a time, as there is room for them. Whatever ends
    it early, also the caller's leaving, cancels what runs. Before an error is raised, what was done
    by then is handed out.

    Args:
        work: What is done.
        items: Any number of them.
        window: A new one.
    """
    crew = _Crew(work, window)
    try:
        yield from crew.results(iter(items))
    except Exception as error:
        crew.close()
        yield from window.rest()
        raise _cause(error) from error.__cause__
    finally:
        crew.close()


async def aeach(
    work: Work[I, R], items: Iterable[I] | AsyncIterable[I], window: Window[R]
) -> AsyncGenerator[R, None]:
    """`each`, awaited: on the running event loop, where items are taken too."""
    crew = _AsyncCrew(work, window)
    try:
        async with aclosing(crew.results(_source(items))) as results:
            async for result in results:
                yield result
    except Exception as error:
        await crew.close()
        for result in window.rest():
            yield result
        raise _cause(error) from error.__cause__
    finally:
        await crew.close()


class _Tasks(Generic[I, R]):
    """Tasks on an event loop, each with the index of its item; used on that loop alone.

    Args:
        work: What they do.
        tell: Is told of each that has ended.
    """

    def __init__(self, work: Work[I, R], tell: Callable[[Any], object]) -> None:
        self._work, self._tell = work, tell
        self._tasks: dict[asyncio.Future[R], int] = {}

    def begin(self, index: int, item: I) -> None:
        import asyncio

        task = asyncio.ensure_future(self._done(index, item))
        self._tasks[task] = index
        task.add_done_callback(self._ended)

    def cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _done(self, index: int, item: I) -> R:
        return await carried(self._work(index, item))

    def _ended(self, task: asyncio.Future[R]) -> None:
        self._tell((self._tasks.pop(task), task))


class _Crew(Generic[I, R]):
    """Does the work for a caller who blocks."""

    def __init__(self, work: Work[I, R], window: Window[R]) -> None:
        self._inbox: SimpleQueue[tuple[int, asyncio.Future[R]]] = SimpleQueue()
        self._window, self._tasks = window, _Tasks(work, self._inbox.put)
        self._loop, self._context = own_loop()

    def results(self, source: Iterator[I]) -> Iterator[R]:
        is_open = True
        while is_open or self._window.running:
            if is_open and self._window.has_room:
                try:
                    self._begin(next(source))
                except StopIteration:
                    is_open = False
                while not self._inbox.empty():
                    _take(self._window, *self._inbox.get())
            else:
                _take(self._window, *self._inbox.get())
            yield from self._window.ready()

    def close(self) -> None:
        """Cancel what runs, and wait until it has ended."""
        import asyncio

        if self._window.running:
            self._loop.call_soon_threadsafe(self._tasks.cancel)
        if asyncio._get_running_loop() is self._loop:  # the garbage collector closes it there
            return
        while self._window.running:
            _take_if_done(self._window, *self._inbox.get())

    def _begin(self, item: I) -> None:
        index = self._window.begin()
        self._context.run(self._loop.call_soon_threadsafe, self._tasks.begin, index, item)


class _AsyncCrew(Generic[I, R]):
    """Does the work for a caller who awaits it."""

    def __init__(self, work: Work[I, R], window: Window[R]) -> None:
        import asyncio

        self._inbox: asyncio.Queue[tuple[int, asyncio.Future[Any]]] = asyncio.Queue()
        self._window, self._tasks = window, _Tasks(work, self._inbox.put_nowait)
        self._coming: asyncio.Future[tuple[I, ...]] | None = None  # the next item, if there is one

    async def results(self, source: AsyncIterator[I]) -> AsyncGenerator[R, None]:
        is_open = True
        while is_open or self._window.running:
            if is_open and self._window.has_room and self._coming is None:
                self._look_for_next(source)
            index, future = await self._inbox.get()
            if index == _NEXT:
                self._coming = None
                is_open = bool(items := future.result())
                for item in items:
                    self._tasks.begin(self._window.begin(), item)
            else:
                _take(self._window, index, future)
            for result in self._window.ready():
                yield result

    async def close(self) -> None:
        """Cancel what runs, and wait until it has ended."""
        self._tasks.cancel()
        if self._coming is not None:
            self._coming.cancel()
        while self._window.running or self._coming is not None:
            index, future = await self._inbox.get()
            if index == _NEXT:
                self._coming = None
            else:
                _take_if_done(self._window, index, future)

    def _look_for_next(self, source: AsyncIterator[I]) -> None:
        import asyncio

        self._coming = asyncio.ensure_future(_next(source))
        self._coming.add_done_callback(lambda coming: self._inbox.put_nowait((_NEXT, coming)))


_NEXT = -1  # in the place of an index: it is the next item


async def _next(source: AsyncIterator[I]) -> tuple[I, ...]:
    """The next item, or nothing at the end."""
    try:
        return (await anext(source),)
    except StopAsyncIteration:
        return ()


def _source(items: Iterable[I] | AsyncIterable[I]) -> AsyncIterator[I]:
    return aiter(items) if isinstance(items, AsyncIterable) else _awaited(iter(items))


async def _awaited(items: Iterator[I]) -> AsyncGenerator[I, None]:
    for item in items:
        yield item


def _take(window: Window[R], index: int, task: asyncio.Future[R]) -> None:
    """Take what came of an item; an error is everybody's."""
    try:
        result = task.result()
    except BaseException:
        window.end(index)
        raise
    window.end(index, result)


def _take_if_done(window: Window[R], index: int, task: asyncio.Future[R]) -> None:
    """Take what came of an item; an error comes after the one that ended all."""
    if task.cancelled() or task.exception():
        window.end(index)
    else:
        window.end(index, task.result())


def _cause(error: Exception) -> BaseException:
    return error.cause if isinstance(error, Ended) else error

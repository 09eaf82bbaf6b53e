"""What a contender is made to do, and what that cost. Each workload checks that all came out right.

The sizes are the defaults of the parameters, so that they can be made small; see `bench --small`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median
from types import FunctionType, ModuleType
from typing import Any

import offered
import replies

Figures = dict[str, Any]
_WINDOW = 50  # steps over which the growth of a run is looked at
_GROUP = 20  # runs that begin, and end, together where thousands wait: httpx keeps 20 connections


@dataclass
class Stage:
    """A contender's module, and the server."""

    module: ModuleType
    address: str
    _numbers: count[int] = field(default_factory=count)

    def contender(self, script: str) -> Any:
        """The contender, before a model that follows this script."""
        return self.module.Contender(f"{self.address}/{script}/v1")

    def prompt(self) -> str:
        """A prompt with a marker of its own, by which the server knows the run."""
        return f"run-{next(self._numbers):06}; Call what you are offered until it is done."

    async def run(self, contender: Any, tool: Any, expected: Sequence[Any], limit: int) -> None:
        """One run, in which the tool must be called just so."""
        offered.seen.clear()
        offered.stamps.clear()
        answer = await contender.run(self.prompt(), [tool], limit)
        check(answer, replies.DONE)
        check(offered.seen, list(expected))


@dataclass
class Cost:
    """CPU of all threads of the process, and time."""

    cpu: float
    wall: float

    @classmethod
    async def of(cls, make: Callable[[], Awaitable[Any]]) -> Cost:
        """What it costs to await something."""
        cpu, wall = time.process_time(), time.perf_counter()
        await make()
        return cls(time.process_time() - cpu, time.perf_counter() - wall)


def check(found: object, expected: object) -> None:
    """Fail loudly where a result is wrong."""
    if found != expected:
        raise ValueError(f"the result is {str(found)[:100]!r}, not {str(expected)[:100]!r}")


async def steps(stage: Stage, steps: int = 50, times: int = 5, sync: bool = False) -> Figures:
    """One run after the other: CPU and time of a step."""
    tool = offered.sync_add if sync else offered.add
    await stage.run(stage.contender("steps/3"), tool, range(3), 10)
    contender = stage.contender(f"steps/{steps}")
    expected = range(steps)
    costs = [
        await Cost.of(lambda: stage.run(contender, tool, expected, steps + 10))
        for _ in range(times)
    ]
    return {
        "cpu_ms": median(each.cpu for each in costs) / steps * 1e3,
        "wall_ms": median(each.wall for each in costs) / steps * 1e3,
    }


async def growth(stage: Stage, steps: int = 200) -> Figures:
    """One long run: CPU of a step among the first, and among the last."""
    await stage.run(stage.contender("steps/5"), offered.add, range(5), 10)
    await stage.run(stage.contender(f"steps/{steps}"), offered.add, range(steps), steps + 10)
    window = min(_WINDOW, steps // 2)
    stamps = offered.stamps
    first, last = stamps[window - 1] - stamps[0], stamps[-1] - stamps[-window]
    scale = 1e3 / (window - 1)
    return {"first_ms": first * scale, "last_ms": last * scale, "ratio": last / first}


async def concurrent(stage: Stage, runs: int = 200, steps: int = 5) -> Figures:
    """Many runs at once: steps a second, CPU of a step, and memory."""
    contender = stage.contender(f"steps/{steps}")

    async def all_runs() -> None:
        offered.seen.clear()
        each = (contender.run(stage.prompt(), [offered.add], steps + 5) for _ in range(runs))
        check(await asyncio.gather(*each), [replies.DONE] * runs)
        check(sorted(offered.seen), sorted(list(range(steps)) * runs))

    before = memory("VmRSS")
    await all_runs()
    cost = await Cost.of(all_runs)
    return {
        "steps_per_second": runs * steps / cost.wall,
        "cpu_ms": cost.cpu / runs / steps * 1e3,
        "peak_mb": memory("VmHWM") / 2**20,
        "rise_mb": (memory("VmHWM") - before) / 2**20,
    }


async def text(stage: Stage, chunks: int = 5000, times: int = 5, events: int = 16) -> Figures:
    """A streamed answer: CPU of a chunk."""
    contender = stage.contender(f"text/{chunks}/{events}")

    async def streamed() -> None:
        check(await contender.stream(stage.prompt()), chunks * len(replies.WORD))

    await streamed()
    costs = [await Cost.of(streamed) for _ in range(times)]
    return {"cpu_us": median(each.cpu for each in costs) / chunks * 1e6}


async def argument(stage: Stage, size: int = 64 * 1024, times: int = 3) -> Figures:
    """Streamed arguments of a call: CPU of a fragment of 4 bytes."""
    await stage.contender("argument/400").stream(stage.prompt(), [offered.save])
    contender = stage.contender(f"argument/{size}")

    async def streamed() -> None:
        offered.seen.clear()
        check(await contender.stream(stage.prompt(), [offered.save]), len(replies.DONE))
        check(offered.seen, [replies.argument(size)])

    costs = [await Cost.of(streamed) for _ in range(times)]
    return {"cpu_us": median(each.cpu for each in costs) / (size / 4) * 1e6}


async def parallel(stage: Stage, calls: int = 32, times: int = 3, sync: bool = False) -> Figures:
    """Calls of one reply that wait: time of the run."""
    tool = offered.sync_wait if sync else offered.wait
    contender = stage.contender(f"parallel/{calls}")

    async def run() -> None:
        offered.seen.clear()
        check(await contender.run(stage.prompt(), [tool]), replies.DONE)
        check(sorted(offered.seen), list(range(calls)))

    await run()
    costs = [await Cost.of(run) for _ in range(times)]
    return {"wall_ms": median(each.wall for each in costs) * 1e3}


async def latency(stage: Stage, steps: int = 20, delay: int = 20, times: int = 3) -> Figures:
    """A model that takes its time: what the run takes over that."""
    contender = stage.contender(f"delay/{delay}/{steps}")
    expected = range(steps)
    await stage.run(stage.contender("steps/3"), offered.add, range(3), 10)
    costs = [
        await Cost.of(lambda: stage.run(contender, offered.add, expected, steps + 10))
        for _ in range(times)
    ]
    return {"over_ms": median(each.wall for each in costs) * 1e3 - (steps + 1) * delay}


async def idle(stage: Stage, runs: int = 10_000) -> Figures:
    """Runs that wait for a tool: memory of each."""
    contender = stage.contender("steps/1")
    await stage.run(contender, offered.add, range(1), 10)
    offered.seen.clear()
    before, begun = memory("VmRSS"), []
    for started in range(0, runs, _GROUP):
        offered.gates.append(asyncio.Event())
        for _ in range(started, min(started + _GROUP, runs)):
            one = contender.run(stage.prompt(), [offered.hold], 10)
            begun.append(asyncio.ensure_future(one))
        while len(offered.seen) < len(begun):
            await asyncio.sleep(0.001)
            failed = [each for each in begun[-_GROUP:] if each.done()]
            check([each.result() for each in failed], [])
    per_run = (memory("VmRSS") - before) / runs
    for number, gate in enumerate(offered.gates):
        gate.set()
        group = begun[number * _GROUP : (number + 1) * _GROUP]
        check(await asyncio.gather(*group), [replies.DONE] * len(group))
    return {"kib_per_run": per_run / 1024, "runs": runs}


async def schema(stage: Stage, times: int = 15) -> Figures:
    """Schemas of 32 functions, each made anew: CPU of one, and the schemas."""
    from signatures import FUNCTIONS

    contender = stage.contender("steps/1")
    contender.schema(offered.save)
    made: dict[str, Any] = {}
    begun = time.process_time()
    for each in FUNCTIONS:
        try:
            made[each.__name__] = contender.schema(copied(each))
        except Exception as error:  # the library's, whatever it is: this one is not passed
            made[each.__name__] = f"{type(error).__name__}: {error}"[:200]
    first = (time.process_time() - begun) / len(FUNCTIONS)
    able = [each for each in FUNCTIONS if isinstance(made[each.__name__], dict)]
    spent = []
    for _ in range(times):
        fresh = [copied(each) for each in able]
        begun = time.process_time()
        for each in fresh:
            contender.schema(each)
        spent.append((time.process_time() - begun) / len(able))
    return {"us": median(spent) * 1e6, "first_us": first * 1e6, "schemas": made}


def copied(function: FunctionType) -> FunctionType:
    """A function that no cache knows."""
    parts = function.__code__, function.__globals__, function.__name__, function.__defaults__
    copy = FunctionType(*parts)
    for name in ("__kwdefaults__", "__annotations__", "__doc__", "__module__", "__qualname__"):
        setattr(copy, name, getattr(function, name))
    return copy


def memory(field: str) -> int:
    """Bytes of this process: `VmRSS` now, `VmHWM` at most so far."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition(f"{field}:")[2].split()[0]) * 1024

"""What agentkit wants to be able to say of itself, and whether the results bear it out."""

from __future__ import annotations

from dataclasses import dataclass

from results import AGENTKIT, BY_HAND, FAST, LIBRARIES, NONE, Results, number

_SCHEMAS = 32
_MESSAGES = 1.05  # KiB of the two messages of a run that waits: of 10,000 such pairs, by their RSS


@dataclass(frozen=True)
class Target:
    """A figure, and what it may be at most, or must be at least.

    Args:
        text: What it is about.
        found: The figure; None where something for it was not measured, or failed.
        limit: What it is held against.
        least: Whether it must be as much or more.
    """

    text: str
    found: float | None
    limit: float | None
    least: bool = False

    @property
    def verdict(self) -> str:
        """Whether it was met."""
        if self.found is None or self.limit is None:
            return "not measured"
        met = self.found >= self.limit if self.least else self.found <= self.limit
        return "yes" if met else "**no**"

    @property
    def cells(self) -> list[str]:
        """A row of the table."""
        sign = "≥" if self.least else "≤"
        limit = NONE if self.limit is None else f"{sign} {number(self.limit)}"
        found = NONE if self.found is None else number(self.found)
        return [self.text, limit, found, self.verdict]


def targets(results: Results) -> list[Target]:
    """All targets with what was found."""
    return [*_of_steps(results), *_of_many(results), *_of_streams(results), *_of_beginning(results)]


def _of_steps(results: Results) -> list[Target]:
    def step(who: str) -> float | None:
        return results.value("steps", who, "cpu_ms")

    growth = results.value("growth", AGENTKIT, "ratio")
    long = results.value("growth_long", AGENTKIT, "ratio")
    least = _over(results.best("steps", "cpu_ms"), step(AGENTKIT))
    return [
        Target(
            "CPU of a step, in that of httpx by hand", _over(step(AGENTKIT), step(BY_HAND)), 0.6
        ),
        Target("the same for `agentkit[fast]`", _over(step(FAST), step(BY_HAND)), 0.3),
        Target("CPU of a step of the leanest other library, in agentkit's", least, 10, True),
        Target("steps 151 to 200 in steps 1 to 50", growth, 1.25),
        Target("steps 951 to 1,000 in steps 1 to 50", long, 2),
    ]


def _of_many(results: Results) -> list[Target]:
    fastest = results.best("concurrent", "steps_per_second", max)
    rate = _over(results.value("concurrent", AGENTKIT, "steps_per_second"), fastest)
    memory = results.value("concurrent", AGENTKIT, "peak_mb")
    waiting = results.value("idle", AGENTKIT, "kib_per_run")
    return [
        Target(
            "steps/s of 200 runs at once, in those of the quickest other library", rate, 10, True
        ),
        Target(
            "peak MB of 200 runs, and the least of any other library",
            memory,
            results.best("concurrent", "peak_mb"),
        ),
        Target(
            "KiB of a run that waits, beyond its messages",
            None if waiting is None else waiting - _MESSAGES,
            10,
        ),
    ]


def _of_streams(results: Results) -> list[Target]:
    chunk = [results.value("text", who, "cpu_us") for who in (AGENTKIT, BY_HAND)]
    sizes = [results.value(f"argument_{size}", AGENTKIT, "cpu_us") for size in ("256k", "16k")]
    return [
        Target("CPU of a streamed chunk, in that of httpx by hand", _over(*chunk), 1.2),
        Target("a fragment of 256 KiB of arguments in one of 16 KiB", _over(*sizes), 1.25),
    ]


def _of_beginning(results: Results) -> list[Target]:
    right = [who for who in LIBRARIES if results.value("schema", who, "described") == _SCHEMAS]
    others = [results.value("schema", who, "us") for who in right]
    own = results.value("schema", AGENTKIT, "us")
    own = own if results.value("schema", AGENTKIT, "described") == _SCHEMAS else None
    started = [
        results.value("startup", AGENTKIT, name)
        for name in ("import agentkit", "a first offline run")
    ]
    return [
        Target(
            f"µs of a schema; at most that of the quickest with {_SCHEMAS} right and described",
            own,
            min((each for each in others if each is not None), default=None),
        ),
        Target("CPU ms of `import agentkit`, with Python's own", started[0], 20),
        Target("CPU ms of a first offline run, with all imports", started[1], 350),
    ]


def _over(one: float | None, other: float | None) -> float | None:
    return one / other if one is not None and other else None

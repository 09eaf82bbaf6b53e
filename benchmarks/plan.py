"""What is measured: each measurement is a script, its sizes, and how long it may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Sizes = Mapping[str, int]

SERVER = "server"
"""Stands for a contender where the server itself is measured."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One figure or more of a contender, by a process of its own.

    Args:
        workload: A function of `workloads`; "" where the script does only one thing.
        script: What is run.
        sizes: Where they are other than the workload's own.
        peers: Sizes for what is not agentkit or a loop by hand.
        small: Sizes that only show that it works.
        timeout: Seconds after which it has failed.
        rounds: At most so many, because it takes long.
        only: Contenders for which it means something; all if there are none.
    """

    workload: str = ""
    script: str = "worker.py"
    sizes: Sizes = field(default_factory=dict)
    peers: Sizes = field(default_factory=dict)
    small: Sizes = field(default_factory=dict)
    timeout: float = 180
    rounds: int | None = None
    only: tuple[str, ...] = ()


_FEW = {"times": 1}
_AGENTKIT = ("agentkit", "agentkit_fast")
# What takes other libraries minutes: a run of 1,000 steps, and 65,536 fragments.
_OWN = (*_AGENTKIT, "socket", "httpx_by_hand")
_KIB = 1024

MEASUREMENTS = {
    "ceiling": Measurement(script="ceiling.py", small={"requests": 50}, only=(SERVER,)),
    "steps": Measurement(workload="steps", small={"steps": 3, **_FEW}),
    "steps_sync": Measurement(workload="steps", sizes={"sync": 1}, small={"steps": 3, **_FEW}),
    "growth": Measurement(workload="growth", small={"steps": 6}),
    "growth_long": Measurement(
        workload="growth", sizes={"steps": 1000}, small={"steps": 8}, rounds=2, only=_OWN
    ),
    "concurrent": Measurement(workload="concurrent", small={"runs": 4, "steps": 2}),
    "text": Measurement(workload="text", small={"chunks": 40, **_FEW}),
    "text_single": Measurement(workload="text", sizes={"events": 1}, small={"chunks": 40, **_FEW}),
    "argument_16k": Measurement(
        workload="argument", sizes={"size": 16 * _KIB}, small={"size": 300, **_FEW}
    ),
    "argument_64k": Measurement(
        workload="argument", small={"size": 400, **_FEW}, timeout=100, rounds=3
    ),
    "argument_256k": Measurement(
        workload="argument",
        sizes={"size": 256 * _KIB},
        small={"size": 500, **_FEW},
        rounds=3,
        only=_OWN,
    ),
    "parallel": Measurement(workload="parallel", small={"calls": 3, **_FEW}),
    "parallel_sync": Measurement(
        workload="parallel", sizes={"sync": 1}, small={"calls": 3, **_FEW}
    ),
    "latency": Measurement(workload="latency", small={"steps": 2, "delay": 1, **_FEW}),
    "schema": Measurement(workload="schema", small={"times": 1}),
    "cold": Measurement(script="cold.py"),
    "startup": Measurement(script="startup.py", small={"times": 1}, only=_AGENTKIT),
    "idle": Measurement(
        workload="idle", small={"runs": 10}, peers={"runs": 1000}, timeout=300, rounds=2
    ),
}
"""All measurements by name, in the order in which they are taken."""

"""What a new process costs until its first answer, in CPU: it loads nothing of its own.

python benchmarks/cold.py CONTENDER http://127.0.0.1:PORT
"""

import sys
from importlib import import_module
from resource import RUSAGE_SELF, getrusage


def spent() -> float:
    """CPU milliseconds of this process since it began."""
    used = getrusage(RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1e3


module = import_module(f"contenders.{sys.argv[1]}")
imported = spent()

import asyncio  # noqa: E402 - most have it by now; who has not pays for it in the first answer

from offered import add, seen  # noqa: E402 - it loads asyncio


async def main() -> str:
    """One run of one step."""
    contender = module.Contender(f"{sys.argv[2]}/steps/1/v1")
    return await contender.run("run-000000; Add.", [add])


if asyncio.run(main()) != "done" or seen != [0]:
    sys.exit("the answer is wrong")
print(f'{{"import_ms": {imported}, "answer_ms": {spent()}}}')

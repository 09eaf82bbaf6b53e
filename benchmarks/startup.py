"""What it costs to start Python, agentkit, and its command line: CPU of a whole process.

python benchmarks/startup.py agentkit ADDRESS [times=1]     # the address is not used
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

_RUN = """
from agentkit import Agent, tool

def add(a: int, b: int) -> int:
    "Add two numbers."
    return a + b

assert Agent(tools=[add], interface="offline").run("What is 2 + 2?").output
"""
_PYTHON = {
    "python -c pass": "pass",
    "import agentkit": "import agentkit",
    "from agentkit import Agent, tool": "from agentkit import Agent, tool",
    "a first offline run": _RUN,
    "import typer": "import typer",
}
_LINES = ("--help", "tools list")
_SCRIPT = str(Path(sys.executable).with_name("agentkit"))

COMMANDS = {
    **{name: [sys.executable, "-c", code] for name, code in _PYTHON.items()},
    **{f"agentkit {line}": [_SCRIPT, *line.split()] for line in _LINES},
}
"""What is started, by what the report calls it."""


def cpu_ms(command: list[str]) -> float:
    """CPU of a process from its start to its end."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} failed")
    return (used.ru_utime + used.ru_stime) * 1e3


def main(times: int = 5) -> None:
    """Start each once for nothing, so that it is compiled, and then a few times."""
    for command in COMMANDS.values():
        cpu_ms(command)
    figures = {
        name: median(cpu_ms(command) for _ in range(times)) for name, command in COMMANDS.items()
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main(*(int(each.partition("=")[2]) for each in sys.argv[3:]))

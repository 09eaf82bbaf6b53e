"""The command line `agentkit`, for the extra `agentkit[cli]`.

Its exit codes: 0 an answer, 1 the run failed or lint found errors, 2 wrong use, 3 a limit was
reached, 4 a call waits for approval, 130 Ctrl-C, 141 the reader of the output went away.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code.

    Args:
        arguments: What follows the program's name; those of the process if not given.
    """
    if not all(map(find_spec, ("rich", "typer"))):
        print(
            'agentkit: the command line needs typer and rich: pip install "agentkit[cli]"',
            file=sys.stderr,
        )
        sys.exit(2)
    from agentkit.cli.app import start

    sys.exit(start(arguments))

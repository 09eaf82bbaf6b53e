"""What agentkit tells the person at the terminal."""

from __future__ import annotations

import sys
from functools import cache


@cache
def say_once(notice: str) -> None:
    """Print a notice on stderr, once in the life of the process."""
    print(notice, file=sys.stderr)

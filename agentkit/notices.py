"""What agentkit tells the person at the terminal."""

from __future__ import annotations

import sys
from functools import cache


@cache
def say_once(notice: str) -> None:
    """Print a notice on stderr, once in the life of the process."""
    print(notice, file=sys.stderr)


def complain(text: str) -> None:
    """Log an error that ends nothing; where no log is kept, print it on stderr."""
    from agentkit.log import is_heard, log

    log.error("%s", text)
    if not is_heard():
        print(f"agentkit: {text}", file=sys.stderr)

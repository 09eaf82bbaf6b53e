"""What agentkit tells the person at the terminal."""

from __future__ import annotations

import logging
import sys
from functools import cache

_log = logging.getLogger("agentkit")


@cache
def say_once(notice: str) -> None:
    """Print a notice on stderr, once in the life of the process."""
    print(notice, file=sys.stderr)


def complain(text: str) -> None:
    """Log an error that ends nothing; where no log is kept, print it on stderr."""
    _log.error("%s", text)
    if not _is_heard():
        print(f"agentkit: {text}", file=sys.stderr)


def _is_heard() -> bool:
    """Whether somebody takes what is logged."""
    logger: logging.Logger | None = _log
    while logger:
        if any(not isinstance(each, logging.NullHandler) for each in logger.handlers):
            return True
        logger = logger.parent if logger.propagate else None
    return False

"""The log, which keeps still unless somebody adds a handler to it."""

from __future__ import annotations

import logging

log = logging.getLogger("agentkit")
log.addHandler(logging.NullHandler())


def is_heard() -> bool:
    """Whether somebody takes what is logged."""
    logger: logging.Logger | None = log
    while logger:
        if any(not isinstance(each, logging.NullHandler) for each in logger.handlers):
            return True
        logger = logger.parent if logger.propagate else None
    return False

"""What to say where the extra is not installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from agentkit.errors import ConfigError


@contextmanager
def needing_mcp() -> Iterator[None]:
    """Import inside what needs the extra.

    Raises:
        ConfigError: It is not installed.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in ("anyio", "filelock", "httpx2", "mcp", "mcp_types"):
            raise
        told = "The Model Context Protocol needs its package: pip install 'agentkit[mcp]'."
        raise ConfigError(told) from error

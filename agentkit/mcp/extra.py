"""What both halves need: what to say where the extra is not installed, and our version."""

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


def own_version() -> str:
    """The version of agentkit that the other side is told."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("agentkit")
    except PackageNotFoundError:  # run from a source tree
        return "0"

"""What is measured: a module for each contender, each with one class named `Contender`.

A module imports its library and the standard library, nothing else: the time that takes is
measured. `../peers.toml` names what is installed for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol


class Contender(Protocol):
    """A way to run an agent, the same for all libraries.

    `lacks` names the workloads that it cannot do; the module's docstring says why.
    """

    lacks: tuple[str, ...] = ()

    def __init__(self, base_url: str) -> None:
        """Make what is made once, as the client; `base_url` ends in /v1, and the key is "bench"."""

    async def run(self, prompt: str, tools: Sequence[Callable[..., Any]], limit: int = 2000) -> str:
        """One run until the final answer, of at most `limit` steps, without streaming.

        The tools are typed functions with docstrings, sync or async. Calls of one response run
        side by side where the library does so. What is made of a list of tools may be kept.
        """
        ...

    async def stream(self, prompt: str, tools: Sequence[Callable[..., Any]] = ()) -> int:
        """`run`, streamed: consume each piece as it comes, and give the characters of text seen."""
        ...

    def schema(self, function: Callable[..., Any]) -> dict[str, Any]:
        """The JSON schema of a function's parameters, made anew by the library."""
        ...

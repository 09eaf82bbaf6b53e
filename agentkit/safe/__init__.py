"""Argument types and helpers for tools that a model may be let near.

Each name is imported when it is first asked for: a tool that takes a path loads no HTTP client.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing's own would cost an import
if TYPE_CHECKING:
    from agentkit.safe.fetching import Page as Page
    from agentkit.safe.fetching import afetch as afetch
    from agentkit.safe.fetching import fetch as fetch
    from agentkit.safe.fetching import known_charset as known_charset
    from agentkit.safe.paths import Root as Root
    from agentkit.safe.paths import SafePath as SafePath
    from agentkit.safe.programs import Finished as Finished
    from agentkit.safe.programs import Operand as Operand
    from agentkit.safe.programs import run_program as run_program
    from agentkit.safe.secrets import Secret as Secret
    from agentkit.safe.transport import AsyncGuardedTransport as AsyncGuardedTransport
    from agentkit.safe.transport import GuardedTransport as GuardedTransport
    from agentkit.safe.urls import Guard as Guard
    from agentkit.safe.urls import SafeUrl as SafeUrl

_HOMES = {
    "fetching": "Page afetch fetch known_charset",
    "paths": "Root SafePath",
    "programs": "Finished Operand run_program",
    "secrets": "Secret",
    "transport": "AsyncGuardedTransport GuardedTransport",
    "urls": "Guard SafeUrl",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = sorted(_HOME)  # noqa: PLE0605 - one list of names is enough


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'agentkit.safe' has no attribute {name!r}")
    value: object = getattr(__import__(f"agentkit.safe.{_HOME[name]}", fromlist=[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *_HOME]

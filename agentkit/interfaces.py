"""Interfaces by name, with all around them that keeps an agent working."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agentkit.errors import AgentkitError, ConfigError
from agentkit.interface import Interface
from agentkit.notices import say_once

_LOOK = 0.5  # seconds to look for a local server


def open_interface(
    name: Interface | str | Sequence[Interface | str] | None = None,
    *,
    attempts: int = 5,
    patience: float = 120.0,
    recovery: bool = True,
    pacing: bool | None = None,
    requests_per_minute: float | None = None,
    tokens_per_minute: float | None = None,
    **http: Any,
) -> Interface:
    """The interface of that name.

    Args:
        name: A name in the catalog (`agentkit interfaces`), "offline", "local" for a server that
            runs on this machine, an address, or several of these to be tried in order; `groq:large`
            also names the model. If not given: `AGENTKIT_INTERFACE`, or the setting `interface`,
            or "groq" where `GROQ_API_KEY` is set, or "offline", with a notice on stderr.
        attempts: How often to send a request in all, where failures may pass; 1 for once.
        patience: Seconds after which a request is not begun again.
        recovery: Whether broken calls and empty answers are made something of.
        pacing: Whether requests wait for the server's limits; if not given, as the settings say.
        requests_per_minute: A limit of your own, over what the server says.
        tokens_per_minute: A limit of your own, over what the server says.
        http: The settings of `HTTPInterface`, such as `api_key` and `client`.

    Raises:
        ConfigError: There is no such interface, or no server for "local".
    """
    if isinstance(name, Interface):
        return name
    limits = (requests_per_minute, tokens_per_minute)
    around = _Around(attempts, patience, recovery, pacing, *limits, http)
    chosen = [name] if isinstance(name, str) else list(name or _usual())
    return _first_of([around.opened(each) for each in chosen])


def _first_of(choices: list[tuple[Interface, str | None]]) -> Interface:
    if len(choices) == 1 and choices[0][1] is None:
        return choices[0][0]
    from agentkit.fallback import Fallback

    return Fallback(choices)


def _usual() -> list[str]:
    from agentkit.settings import read_settings

    named = os.environ.get("AGENTKIT_INTERFACE", "").split(",")
    if found := [each.strip() for each in named if each.strip()] or read_settings().interface:
        return [found] if isinstance(found, str) else found
    if os.environ.get("GROQ_API_KEY"):
        return ["groq"]
    say_once(
        "agentkit: no GROQ_API_KEY, so the offline model answers: rules, no weights. "
        "A free key: https://console.groq.com/keys"
    )
    return ["offline"]


@dataclass(frozen=True, slots=True)
class _Around:
    """What to put around an interface."""

    attempts: int
    patience: float
    recovery: bool
    pacing: bool | None
    requests: float | None
    tokens: float | None
    http: dict[str, Any]

    def opened(self, name: Interface | str) -> tuple[Interface, str | None]:
        """The interface, and the model where the name has one."""
        if isinstance(name, Interface):
            return name, None
        if name == "offline":
            from agentkit.offline import OfflineInterface

            return OfflineInterface(), None
        if name.startswith(("http://", "https://")):
            return self._http(name), None
        name, _, model = name.partition(":")
        return self._http(_running() if name == "local" else name), model or None

    def _http(self, name: str) -> Interface:
        from agentkit.adapting import Adapting
        from agentkit.catalog import page_of
        from agentkit.http import HTTPInterface
        from agentkit.paced import Paced
        from agentkit.recovering import Recovering
        from agentkit.retrying import Retrying
        from agentkit.settings import InterfaceSettings, read_settings

        page = page_of(name) if "://" in name else name
        http = HTTPInterface(page, **self.http)
        made: Interface = Adapting(http)
        own = read_settings().interfaces.get(http.name, InterfaceSettings())
        if own.pacing if self.pacing is None else self.pacing:
            made = Paced(
                made,
                requests=self.requests or own.requests_per_minute,
                tokens=self.tokens or own.tokens_per_minute,
                plans={
                    each.tokens_per_minute: each.requests_per_minute for each in http.page.plans
                },
            )
        if self.attempts > 1:
            made = Retrying(made, attempts=self.attempts, seconds=self.patience)
        return Recovering(made) if self.recovery else made


def _running() -> str:
    """The local server that answers, by the name of its page."""
    from agentkit.catalog import names, page
    from agentkit.http import HTTPInterface

    tried = []
    for each in (page(name) for name in names() if page(name).local):
        interface = HTTPInterface(each, timeout=_LOOK)
        try:
            interface.models()
        except AgentkitError:
            tried.append(f"{each.name} at {interface.address}")
        else:
            return each.name
        finally:
            interface.close()
    raise ConfigError(f"No local server answers: looked for {', '.join(tried)}. Start one.")

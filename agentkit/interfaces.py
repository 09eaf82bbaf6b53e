"""Interfaces by name, with all around them that keeps an agent working."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from typing import Any

from agentkit.errors import AgentkitError, ConfigError
from agentkit.interface import Interface
from agentkit.notices import say_once

_LONGEST = 600.0  # seconds that a request may wait for its place
_HASTE = 10.0  # seconds of patience where another interface can be asked
_PRIVATE = ("api_key", "base_url", "extra_headers", "extra_body")
_HOST = re.compile(r"(?:localhost|[\w-]+(?:\.[\w-]+)+)(?::\d+)?(?:/.*)?\Z")
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
    if pacing is False and limits != (None, None):
        raise ConfigError("pacing=False leaves no limits to keep: leave one of them out.")
    around = _Around(attempts, patience, recovery, pacing, *limits, http)
    chosen = [name] if isinstance(name, str) else list(_usual() if name is None else name)
    local = [each for each in chosen if isinstance(each, str) and each.split(":")[0] == "local"]
    if local and len(chosen) > len(local) and not _running():
        chosen = [each for each in chosen if each not in local]  # the others are there for that
    return _first_of(around.all_opened(chosen))


def _first_of(choices: list[tuple[Interface, str | None]]) -> Interface:
    if len(choices) == 1 and choices[0][1] is None:
        return choices[0][0]
    from agentkit.fallback import Fallback

    return Fallback(choices)


def usual() -> tuple[list[str], str]:
    """The interfaces that are taken where none is given, and why.

    Raises:
        ConfigError: A file of settings has a mistake.
    """
    from agentkit.settings import read_settings, settings_file

    named = [each.strip() for each in os.environ.get("AGENTKIT_INTERFACE", "").split(",")]
    if named := [each for each in named if each]:
        return named, "named by AGENTKIT_INTERFACE"
    if wanted := read_settings().interface:
        names = [wanted] if isinstance(wanted, str) else wanted
        return names, f"named by {settings_file()}"
    if os.environ.get("GROQ_API_KEY", "").strip():
        return ["groq"], "because GROQ_API_KEY is set"
    return ["offline"], ""


def _usual() -> list[str]:
    names, why = usual()
    if not why:
        say_once(
            "agentkit: no GROQ_API_KEY, so the offline model answers: rules, no weights. "
            "A free key: https://console.groq.com/keys"
        )
    return names


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

    def all_opened(self, names: Sequence[Interface | str]) -> list[tuple[Interface, str | None]]:
        """The interfaces in order; where another can be asked, none is waited for long.

        Raises:
            ConfigError: There is none, or what is meant for one server would go to several.
        """
        if not names:
            raise ConfigError("The list of interfaces names none.")
        given = {each for each in names if isinstance(each, str)}
        servers = {each if "://" in each else each.partition(":")[0] for each in given}
        servers -= {"offline"}
        private = [each for each in _PRIVATE if each in self.http]
        if private and len(servers) > 1:
            raise ConfigError(
                f"{private[0]} is meant for one server, and would go to {len(servers)}: open each "
                "with open_interface, and give the list of them."
            )
        hasty = replace(self, patience=min(self.patience, _HASTE))
        return [*map(hasty.opened, names[:-1]), self.opened(names[-1])]

    def opened(self, name: Interface | str) -> tuple[Interface, str | None]:
        """The interface, and the model where the name has one."""
        if isinstance(name, Interface):
            return name, None
        if name.partition(":")[0] == "offline":
            from agentkit.offline import OfflineInterface

            return OfflineInterface(), None
        if "://" in name or _HOST.match(name):
            return self._http(_address(name)), None
        name, _, model = name.partition(":")
        if name == "local":
            name = _running()
            if not name:
                tried = ", ".join(f"{each.name} at {each.address}" for each in _local())
                raise ConfigError(f"No local server answers: looked for {tried}. Start one.")
        return self._http(name), model or None

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
                requests=own.requests_per_minute if self.requests is None else self.requests,
                tokens=own.tokens_per_minute if self.tokens is None else self.tokens,
                longest=_LONGEST if self.patience > _HASTE else self.patience,
                plans={
                    each.tokens_per_minute: each.requests_per_minute for each in http.page.plans
                },
            )
        if self.attempts != 1:
            made = Retrying(made, attempts=self.attempts, seconds=self.patience)
        return Recovering(made) if self.recovery else made


def _address(text: str) -> str:
    if not text.lower().startswith(("http://", "https://")):
        raise ConfigError(f"{text!r} is no address: one begins with http:// or https://.")
    return text


def _local() -> list[Any]:
    """An `HTTPInterface` for each kind of server that runs on its user's machine."""
    from agentkit.catalog import names, page
    from agentkit.http import HTTPInterface

    found = []
    for name in names():
        with suppress(ConfigError):  # a page of the user's own may have a mistake
            if page(name).local:
                found.append(HTTPInterface(name, timeout=_LOOK))
    return found


def _running() -> str:
    """The local server that answers, by the name of its page; nothing if none does."""
    for each in _local():
        with closing(each), suppress(AgentkitError):
            each.models()
            return str(each.name)
    return ""

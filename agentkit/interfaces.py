"""Interfaces by name, with all around them that keeps an agent working."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from inspect import signature
from typing import Any

from agentkit.errors import AgentkitError, ConfigError, closest
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
    models: Sequence[str] = (),
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
        models: Aliases or full names to be tried in order, in place of the request's.
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
    _check_names(http)
    models = [models] if isinstance(models, str) else models
    limits = (requests_per_minute, tokens_per_minute)
    opener = _Opener(attempts, patience, recovery, pacing, *limits, http)
    given = _usual() if name is None else name
    chosen = [given] if isinstance(given, str | Interface) else list(given)
    return _first_of(opener.all_opened(_with_local(chosen), models))


def names_model(name: object) -> bool:
    """Whether it is a name such as `groq:large`, with a model of its own."""
    if not isinstance(name, str) or _is_meant_as_address(name):
        return False
    server, _, model = name.partition(":")
    return bool(model) and server != "offline"


def _first_of(choices: list[tuple[Interface, str | None]]) -> Interface:
    if len(choices) == 1 and choices[0][1] is None:
        return choices[0][0]
    from agentkit.fallback import Fallback

    return Fallback(choices)


def _check_names(http: Mapping[str, Any]) -> None:
    """Refuse what is no setting, also where the interface has none."""
    if http:
        from agentkit.http import HTTPInterface

        known = list(signature(HTTPInterface).parameters)[1:]  # after the page
        for name in http.keys() - known:
            raise TypeError(f"There is no setting {name!r}.{closest(name, known)}")


def _with_local(names: list[Interface | str]) -> list[Interface | str]:
    """The names with that of the server which runs here for "local".

    Where none runs it is left out, if there are others.

    Raises:
        ConfigError: There are no others.
    """
    is_local = [isinstance(each, str) and each.partition(":")[0] == "local" for each in names]
    if not any(is_local):
        return names
    if running := _running():
        found = zip(names, is_local, strict=True)
        return [f"{running}{str(each)[5:]}" if local else each for each, local in found]
    if all(is_local):
        tried = ", ".join(f"{each.name} at {each.address}" for each in _local())
        raise ConfigError(f"No local server answers: looked for {tried}. Start one.")
    return [each for each, local in zip(names, is_local, strict=True) if not local]


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
class _Opener:
    """Opens interfaces, with what is to be around them."""

    attempts: int
    patience: float
    recovery: bool
    pacing: bool | None
    requests: float | None
    tokens: float | None
    http: dict[str, Any]
    hasty: bool = False

    def __post_init__(self) -> None:
        if self.pacing is False and self.has_limits:
            raise ConfigError("pacing=False leaves no limits to keep: leave one of them out.")

    @property
    def has_limits(self) -> bool:
        """Whether a limit is set by hand."""
        return (self.requests, self.tokens) != (None, None)

    def all_opened(
        self, names: Sequence[Interface | str], models: Sequence[str]
    ) -> list[tuple[Interface, str | None]]:
        """The interfaces in order; where another can be asked, none is waited for long.

        Raises:
            ConfigError: There is none, or what is meant for one server would go to several.
        """
        if not names:
            raise ConfigError("The list of interfaces names none.")
        given = {each for each in names if isinstance(each, str)}
        if self.http and not given:
            raise ConfigError(f"{min(self.http)} comes too late for an interface that is open.")
        servers = {each if _is_meant_as_address(each) else each.partition(":")[0] for each in given}
        servers -= {"offline"}
        private = [each for each in _PRIVATE if self.http.get(each)]
        if private and len(servers) > 1:
            raise ConfigError(
                f"{private[0]} is meant for one server, and would go to {len(servers)}: open each "
                "with open_interface, and give the list of them."
            )
        hasty = replace(self, patience=min(self.patience, _HASTE), hasty=True)
        *first, last = [(name, model) for name in names for model in models or (None,)]
        return [*(hasty.opened(*each) for each in first), self.opened(*last)]

    def opened(
        self, name: Interface | str, model: str | None = None
    ) -> tuple[Interface, str | None]:
        """The interface, and the model where the name has one or one is given."""
        if isinstance(name, Interface):
            return name, model
        if name.partition(":")[0] == "offline":
            from agentkit.offline import OfflineInterface

            dialect = self.http.get("dialect")
            return OfflineInterface("tools" if dialect == "tools" else "functions"), model
        if _is_meant_as_address(name):
            return self._http(_address(name)), model
        name, _, own = name.partition(":")
        if own and model:
            raise ConfigError(f"{name}:{own} names a model, and model= another: leave one out.")
        return self._http(name), own or model

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
        if own.pacing or self.has_limits if self.pacing is None else self.pacing:
            made = Paced(
                made,
                requests=own.requests_per_minute if self.requests is None else self.requests,
                tokens=own.tokens_per_minute if self.tokens is None else self.tokens,
                longest=self.patience if self.hasty else _LONGEST,
                patient=not self.hasty,
                plans={
                    each.tokens_per_minute: each.requests_per_minute for each in http.page.plans
                },
            )
        if self.attempts != 1:
            made = Retrying(
                made, attempts=self.attempts, seconds=self.patience, patient=not self.hasty
            )
        return Recovering(made) if self.recovery else made


def _address(text: str) -> str:
    from agentkit.addresses import is_address, without_secrets

    if not is_address(text):
        shown = without_secrets(text)
        raise ConfigError(f"{shown!r} is no address: one begins with http:// or https://.")
    return text


def _is_meant_as_address(name: str) -> bool:
    return "://" in name or bool(_HOST.match(name))


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

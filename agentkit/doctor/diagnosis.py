"""All checks of an interface, in order."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from agentkit.addresses import is_address, without_secrets
from agentkit.catalog import FIRST, page
from agentkit.catalog import names as pages
from agentkit.doctor.calls import CONCLUSION, DIALECTS, Calls
from agentkit.doctor.checks import Check, Verdict, denied, is_denied, skipped, successors, words
from agentkit.errors import ConfigError, InterfaceError, ReplyError, StatusError, closest
from agentkit.http import HTTPInterface
from agentkit.interfaces import open_interface, usual
from agentkit.settings import (
    InterfaceSettings,
    Settings,
    alias_variable,
    read_settings,
    settings_file,
)
from agentkit.wrapper import Wrapper

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_CALLS = (*DIALECTS, CONCLUSION)


def diagnose(
    interface: str | None = None,
    *,
    model: str = "agent",
    timeout: float = 10.0,
    patience: float = 60.0,
    **http: Any,
) -> Iterator[Check]:
    """Look at all that an interface needs, first without a request, then with a few small ones.

    Args:
        interface: A name as for `open_interface`; if not given, what it would take.
        model: The alias or full name of the model that is asked for a call.
        timeout: Seconds to wait for the list of models, and so for a server that is not there.
        patience: Seconds to wait for a model's reply.
        http: The settings of `HTTPInterface`, such as `api_key`.

    Raises:
        ConfigError: There is no interface or alias of the name that was given.
    """
    try:
        settings = read_settings()
    except ConfigError as error:
        yield Check("settings", "problem", str(error))
        return
    names, why = ([interface], "as asked for") if interface else usual()
    given = {**http, "timeout": timeout}
    must = interface not in (None, "local")
    found = [_opened(name, why, model, given, settings, must=must) for name in names]
    yield _of_settings(settings)
    reports = ([each] if isinstance(each, Check) else each.checks(why, patience) for each in found)
    if len(names) == 1:
        yield from next(reports)
    else:
        yield from _of_several(names, [list(each) for each in reports])


def _of_settings(settings: Settings) -> Check:
    """Where they are, and names in them that look like slips."""
    slips = []
    for name, own in settings.interfaces.items():
        if name not in pages() and (hint := closest(name, pages())):
            slips.append(f" There is no interface {name!r}.{hint}")
        known = page(name).aliases if name in pages() else {}
        for alias in own.aliases:
            if alias not in known and (hint := closest(alias, known)):
                slips.append(f" {name} has no alias {alias!r} of its own.{hint}")
    where = str(settings_file() or "no file, and none is needed")
    return Check(
        "settings", "warning" if slips else "ok", f"{where}{':' if slips else ''}{''.join(slips)}"
    )


def _of_several(names: Sequence[str], reports: Sequence[Sequence[Check]]) -> Iterator[Check]:
    """What was found of each; where one can be asked, it is no problem that others cannot."""
    one_can_be_asked = any(all(each.verdict != "problem" for each in found) for found in reports)
    for name, found in zip(names, reports, strict=True):
        for check in found:
            # Without an interface of that name the list cannot be opened at all.
            passed_over = check.verdict == "problem" and check.name != "interface"
            verdict: Verdict = "warning" if passed_over and one_can_be_asked else check.verdict
            yield replace(check, name=f"{without_secrets(name)} {check.name}", verdict=verdict)


def _opened(
    name: str, why: str, model: str, given: Mapping[str, Any], settings: Settings, *, must: bool
) -> _Diagnosis | Check:
    """What is to be looked at, or all that there is to say."""
    if name == "offline":
        return _offline(why)
    try:
        return _Diagnosis(name, model, given, settings)
    except ConfigError as error:
        if must:
            raise
        # No local server is passed over in a list; without such an interface there is no list.
        about = "server" if name.partition(":")[0] == "local" else "interface"
        return Check(about, "problem", f"{without_secrets(name)}, {why}: {error}")


def _offline(why: str) -> Check:
    needs = "it needs nothing, no key and no network, and has rules and no weights"
    if why:
        return Check("interface", "ok", f"offline, {why}: {needs}")
    return Check(
        "interface",
        "warning",
        f"offline, because nothing names another and GROQ_API_KEY is not set: {needs}. For a "
        "model, get a free key at https://console.groq.com/keys and put it into GROQ_API_KEY",
    )


class _Diagnosis:
    """The checks of one interface over HTTP."""

    def __init__(self, name: str, model: str, given: Mapping[str, Any], settings: Settings) -> None:
        plain, _, own = (name, "", "") if "://" in name else name.partition(":")
        opened = open_interface(plain, **given)
        while isinstance(opened, Wrapper):
            opened = opened.inner
        assert isinstance(opened, HTTPInterface)
        self._http, self._page, self._given = opened, opened.page, given
        self._own = settings.interfaces.get(opened.name, InterfaceSettings())
        self._alias = own or model
        self._model = opened.aliases.get(self._alias) or opened.model(self._alias)

    def checks(self, why: str, patience: float) -> Iterator[Check]:
        """Those that need no request; then the others, if they can be made."""
        yield Check("interface", "ok", f"{self._page.name} ({self._page.title}), {why}")
        address, key = self._address(), self._key()
        yield address
        yield key
        for alias, model in self._http.aliases.items():
            yield self._aliased(alias, model)
        yield self._dialect()
        yield self._pacing()
        if "problem" in (address.verdict, key.verdict):
            where = self._page.key.get("address")
            hint = (
                f"there is no key to use; keys are made at {where}" if where else "there is no key"
            )
            why = "there is no address" if address.verdict == "problem" else hint
            yield from skipped(("server", "models", *_CALLS), why)
            return
        with closing(self._http):
            yield from self._live(patience)

    def _address(self) -> Check:
        given, variable = self._given.get("base_url"), self._page.base_url_variable
        set_by = None if given else os.environ.get(variable)
        address = (given or set_by or self._page.base_url).strip()
        origin = f" (from {variable})" if set_by else ""
        shown = self._http.address.removesuffix("/chat/completions")
        if not is_address(address):
            text = f"{shown}{origin} is no address: it begins with http:// or https://"
            return Check("address", "problem", text)
        parts = urlsplit(address)
        if parts.scheme == "http" and self._page.key_variable and parts.hostname not in _LOOPBACK:
            text = f"{shown}{origin}: the key can be read on the way there; take https://"
            return Check("address", "warning", text)
        return Check("address", "ok", f"{shown}{origin}")

    def _key(self) -> Check:
        variable, how = self._page.key_variable, self._page.key
        if not variable:
            return Check("key", "ok", "none needed")
        given = self._given.get("api_key")
        key = (given or os.environ.get(variable, "")).strip()
        if not key:
            told = " ".join(filter(None, (how.get("steps"), how.get("address"))))
            return Check("key", "problem", f"{variable} is not set. {told}".rstrip())
        name = "the given key" if given else variable
        if not (key.isascii() and key.isprintable()) or " " in key:
            return Check("key", "problem", f"{name} has blanks or signs that no key has")
        return Check("key", "ok", f"{name} is set")

    def _aliased(self, alias: str, model: str) -> Check:
        page, name = self._page, f"alias {alias}"
        variable = alias_variable(page.name, alias)
        origin = ""
        if os.environ.get(variable) == model:
            origin = f" (from {variable})"
        elif self._own.aliases.get(alias) == model:
            origin = " (from the settings)"
        if model == FIRST:
            return Check(name, "ok", f"the first model that the server lists{origin}")
        if (retired := page.successor(model)) is None:
            return Check(name, "ok", f"{model}{origin}")
        since = "retired since" if retired.date <= date.today() else "to be retired on"
        return Check(
            name,
            "warning",
            f"{model}{origin}, {since} {retired.date}: where the server refuses it, "
            f"{page.current(model)} is asked instead. To choose yourself, set {variable}, or "
            f"{alias} under [interfaces.{page.name}.aliases] in agentkit.toml",
        )

    def _dialect(self) -> Check:
        if self._http.finds_dialect:
            return Check("dialect", "ok", "auto: functions, and tools where those are not known")
        return Check("dialect", "ok", self._http.dialect)

    def _pacing(self) -> Check:
        if not self._own.pacing:
            return Check("pacing", "ok", "off, by the settings")
        requests, tokens = self._own.requests_per_minute, self._own.tokens_per_minute
        limits = ((requests, "requests"), (tokens, "tokens"))
        by_hand = [f"{limit:,.0f} {kind} a minute" for limit, kind in limits if limit]
        told = f"{' and '.join(by_hand)}, by the settings" if by_hand else "by what replies tell"
        return Check("pacing", "ok", told)

    def _live(self, patience: float) -> Iterator[Check]:
        listed: list[str] = []
        try:
            listed = self._http.models()
        except InterfaceError as error:
            check = self._unlisted(error)
            yield check
            if check.verdict == "problem":
                yield from skipped(("models", *_CALLS), "the server cannot be asked")
                return
            yield from skipped(["models"], "there is no list")
        else:
            accepted = ", and it does not refuse the key" if self._page.key_variable else ""
            yield Check("server", "ok", f"reached{accepted}; models listed: {len(listed)}")
            yield self._listed(listed)
        model = next(iter(listed), "") if self._model == FIRST else self._model
        if model:
            yield from Calls(self._http, model, {**self._given, "timeout": patience}).checks()
        else:
            yield from skipped(DIALECTS, "there is no model to ask")
            yield Check(CONCLUSION, "problem", "no model is there: load one, or name one")

    def _unlisted(self, error: InterfaceError) -> Check:
        if is_denied(error):
            return Check("server", "problem", denied(error, self._page))
        if isinstance(error, StatusError | ReplyError):
            text = f"reached, but it gave no list of models: {words(error)}"
            return Check("server", "warning", text)
        start = self._page.key.get("steps") if self._page.local else None
        return Check("server", "problem", ". ".join(filter(None, (words(error), start))))

    def _listed(self, listed: Sequence[str]) -> Check:
        """Whether the server has, for each alias, its model or one that succeeded it."""
        there = {each.removeprefix("models/").removesuffix(":latest") for each in listed}
        there.update(listed)
        found: dict[str, list[str]] = {}
        missing: dict[str, list[str]] = {}
        for alias, model in {self._alias: self._model, **self._http.aliases}.items():
            if model == FIRST:
                found.setdefault(next(iter(listed), "none"), []).append(alias)
                continue
            has = next((each for each in successors(self._page, model) if each in there), None)
            (found if has else missing).setdefault(has or model, []).append(alias)
        texts = [f"{model} ({', '.join(names)})" for model, names in found.items()]
        gone = [f"{model} ({', '.join(names)})" for model, names in missing.items()]
        parts = [f"not listed: {', '.join(gone)}"] if gone else []
        parts += [f"listed: {', '.join(texts)}"] if texts else []
        return Check("models", "warning" if gone else "ok", "; ".join(parts))

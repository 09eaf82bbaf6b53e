"""Interfaces as data: one page (a TOML file) each, and the checks that a page asks for.

`_options.toml` describes the options that servers share; a page names those that its server takes
under `options.common`, and describes only what differs.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from agentkit.catalog.option import Option
from agentkit.errors import ConfigError, closest
from agentkit.messages import Usage
from agentkit.quirks import Quirks as Quirks

FIRST = "*"
"""As an alias's model: the first one that the server lists."""


class _Fact(BaseModel):
    """What a page knows of a model, since when and from where."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    date: date
    source: str


class Retired(_Fact):
    """A model that is gone since `date`, and the one that its maker names instead."""

    successor: str


class Price(_Fact):
    """US dollars for a million tokens; `cached` is the price of prompt tokens that were cached."""

    input: float
    output: float
    cached: float | None = None


class Plan(BaseModel):
    """The limits of a plan, known by its tokens per minute, which replies name in a header."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    tokens_per_minute: int
    requests_per_minute: int
    source: str


class Page(BaseModel):
    """All that is known of an interface before anybody connects to it.

    A page without `key_variable` needs no key. The alias value `*` stands for the first model that
    the server lists. `dialect` "auto" begins with `functions` and moves to `tools` where the server
    refuses or ignores them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    about: str
    home: str
    base_url: str
    base_url_variable: str = ""
    key_variable: str = ""
    dialect: Literal["functions", "tools", "auto"] = "auto"
    aliases: Mapping[str, str]
    options: Mapping[str, Option]
    features: Mapping[str, bool] = {}
    key: Mapping[str, str] = {}
    documentation: str = ""
    local: bool = False
    quirks: Quirks = Quirks()
    retired: tuple[Retired, ...] = ()
    prices: tuple[Price, ...] = ()
    plans: tuple[Plan, ...] = ()

    @model_validator(mode="after")
    def _chains_end(self) -> Self:
        for each in self.retired:
            model, seen = each.successor, {each.model}
            while (found := self.successor(model)) and model not in seen:
                seen.add(model)
                model = found.successor
            if model in seen:
                raise ConfigError(f"The page {self.name!r}: {model!r} succeeds itself.")
        return self

    def successor(self, model: str) -> Retired | None:
        """What is known of a model's retirement."""
        return next((each for each in self.retired if each.model == model), None)

    def current(self, model: str) -> str:
        """The model at the end of the chain of successors."""
        while found := self.successor(model):
            model = found.successor
        return model

    def cost(self, model: str, usage: Usage | None) -> float | None:
        """US dollars for some tokens of a model, or None where the page knows no price."""
        price = next((each for each in self.prices if each.model == model), None)
        if price is None or usage is None or not usage.is_known:
            return None
        prompt = usage.prompt_tokens or 0
        cached = min(usage.cached_tokens or 0, prompt)
        rate = price.input if price.cached is None else price.cached
        spent = (prompt - cached) * price.input + cached * rate
        return (spent + (usage.completion_tokens or 0) * price.output) / 1_000_000

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Refuse options that do not exist or fit; None counts as left out.

        Raises:
            ConfigError: Names the option and what would be right.
        """
        for name, value in options.items():
            if name == "stream" and value is False:
                continue  # that is how it is without the option
            if name not in self.options:
                raise ConfigError(
                    f"{self.name} has no option {name!r}.{closest(name, self.options)} "
                    f"Its options are: {', '.join(self.options)}."
                )
            if value is not None and (problem := self.options[name].problem(value)):
                raise ConfigError(f"The option {name!r} {problem}.")
        for name, new in self.quirks.rename.items():
            if options.get(name) is not None and options.get(new) is not None:
                raise ConfigError(f"{self.name} takes {name} for {new}: give one of them.")


@cache
def page(name: str) -> Page:
    """The page of an interface.

    Raises:
        ConfigError: There is no such interface, or its page has a mistake.
    """
    known = (*names(), "offline")
    if name not in names():
        raise ConfigError(
            f"There is no interface {name!r}.{closest(name, known)} Known are: {', '.join(known)}."
        )
    try:
        text = _places()[name].read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The page {name!r} cannot be read: {error}.") from error
    return read_page(name, text)


@cache
def names() -> tuple[str, ...]:
    """The interfaces that have a page: those of agentkit and the user's own."""
    return tuple(sorted(_places()))


def own_pages() -> Path:
    """The directory of the user's own pages: `interfaces` in the settings of agentkit."""
    return own_settings() / "interfaces"


def own_settings() -> Path:
    """The directory of the user's settings of agentkit."""
    base = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    home = base if base.is_absolute() else Path.home() / ".config"  # as XDG wants it
    return home / "agentkit"


def read_page(name: str, text: str) -> Page:
    """A page from its TOML.

    Raises:
        ConfigError: It is no TOML, or has a mistake; the message says where.
    """
    try:
        values = tomllib.loads(text)
        options = values.pop("options", {})
        named = options.pop("common", [])
        if not isinstance(named, list):
            raise TypeError("options.common is a list of names")
        common = {each: _common()[each] for each in named}
        return Page(name=name, **{**values, "options": {**common, **options}})
    except KeyError as error:
        raise ConfigError(f"The page {name!r}: no common option {error}.") from None
    except (tomllib.TOMLDecodeError, TypeError, AttributeError) as error:
        raise ConfigError(f"The page {name!r} cannot be read: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise ConfigError(f"The page {name!r}: {where}: {first['msg']}.") from error


def page_of(address: str) -> Page:
    """A page for a server of which only the address is known."""
    aliases = dict.fromkeys(("default", "large", "small", "agent"), FIRST)
    name = urlsplit(address).hostname or address
    return Page(
        name=name,
        title=name,
        about="A server that speaks chat completions.",
        home=address,
        base_url=address,
        dialect="tools",
        aliases=aliases,
        options=_common(),
    )


@cache
def _common() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("_options.toml").read_text(encoding="utf-8"))


def _places() -> dict[str, Any]:
    inside = [*files(__package__).iterdir(), *sorted(own_pages().glob("*.toml"))]
    pages = [each for each in inside if each.name.endswith(".toml") and each.name[0] != "_"]
    return {each.name.removesuffix(".toml"): each for each in pages}

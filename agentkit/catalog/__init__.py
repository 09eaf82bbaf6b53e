"""Interfaces as data: one page (a TOML file) each, and the checks that a page asks for."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from agentkit.errors import ConfigError, closest

_NUMBER = Annotated[float, Field(allow_inf_nan=False)]
_TYPES: dict[str, Any] = {
    "number": _NUMBER,
    "integer": int,
    "boolean": bool,
    "text": str,
    "text or list of texts": str | list[str],
    "text or map": str | dict[str, str],
    "list": list[dict[str, Any]],
}


class Option(BaseModel):
    """Something that can be asked of a model beside the messages.

    Args:
        type: number, integer, boolean, text, text or list of texts, map (of numbers), text or map,
            or list.
        description: What it does.
        minimum, maximum: The range of a number, or of the numbers in a map.
        most: How many items a list may have.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str
    description: str
    minimum: float | None = None
    maximum: float | None = None
    most: int | None = None

    def problem(self, value: Any) -> str | None:
        """Why the value does not fit, or None."""
        try:
            _adapter(self.type, self.minimum, self.maximum).validate_python(value, strict=True)
        except ValidationError as error:
            return f"takes {self.type}{self.range}; {value!r}: {error.errors()[0]['msg']}"
        if self.most is not None and isinstance(value, list) and len(value) > self.most:
            return f"takes at most {self.most} items, not {len(value)}"
        return None

    @property
    def range(self) -> str:
        """The allowed range in words, or nothing."""
        if self.minimum is not None and self.maximum is not None:
            return f" from {self.minimum:g} to {self.maximum:g}"
        if self.minimum is not None:
            return f" of at least {self.minimum:g}"
        return f" of at most {self.most} items" if self.most is not None else ""


class Page(BaseModel):
    """All that is known of an interface before anybody connects to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    about: str
    home: str
    base_url: str
    base_url_variable: str
    key_variable: str
    dialect: Literal["functions", "tools"]
    aliases: Mapping[str, str]
    options: Mapping[str, Option]
    features: Mapping[str, bool]
    key: Mapping[str, str]
    documentation: str

    def check_options(self, options: Mapping[str, Any]) -> None:
        """Refuse options that do not exist or fit; None counts as left out.

        Raises:
            ConfigError: Names the option and what would be right.
        """
        for name, value in options.items():
            if name not in self.options:
                raise ConfigError(
                    f"{self.name} has no option {name!r}.{closest(name, self.options)} "
                    f"Its options are: {', '.join(self.options)}."
                )
            if value is not None and (problem := self.options[name].problem(value)):
                raise ConfigError(f"The option {name!r} {problem}.")


@cache
def _adapter(kind: str, minimum: float | None, maximum: float | None) -> TypeAdapter[Any]:
    """What checks a value; made once, because every request asks for it."""
    bounds = Field(ge=minimum, le=maximum)  # None does not count
    limited: Any = Annotated[_TYPES.get(kind, _NUMBER), bounds]
    return TypeAdapter(dict[str, limited] if kind == "map" else limited)


@cache
def page(name: str) -> Page:
    """The page of an interface.

    Raises:
        ConfigError: There is no such interface.
    """
    known = (*names(), "offline")
    if name not in names():
        raise ConfigError(
            f"There is no interface {name!r}.{closest(name, known)} Known are: {', '.join(known)}."
        )
    text = files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return Page(name=name, **tomllib.loads(text))


@cache
def names() -> tuple[str, ...]:
    """The interfaces that have a page."""
    inside = (entry.name for entry in files(__package__).iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in inside if name.endswith(".toml")))

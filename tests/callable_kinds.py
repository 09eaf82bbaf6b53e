"""One tool in every kind of callable: `forecast(city: str, days: int = 3)`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from signature_case import INTEGER, STRING, keep, null_or, opened

from agentkit import tool

DESCRIPTION = "The weather of a city."
SCHEMA = opened("city", city=STRING, days=null_or(INTEGER, default=3))


@tool
def function(city: str, days: int = 3) -> str:
    """The weather of a city."""
    return keep(city, days)


@tool
async def async_function(city: str, days: int = 3) -> str:
    """The weather of a city."""
    return keep(city, days)


def undecorated(city: str, days: int = 3) -> str:
    """The weather of a city."""
    return keep(city, days)


def in_units(city: str, days: int = 3, *, unit: str) -> str:
    """The weather of a city."""
    assert unit == "c"
    return keep(city, days)


class Station:
    """Has the tool as a method of every kind."""

    @tool
    def method(self, city: str, days: int = 3) -> str:
        """The weather of a city."""
        assert isinstance(self, Station)
        return keep(city, days)

    @tool
    async def async_method(self, city: str, days: int = 3) -> str:
        """The weather of a city."""
        assert isinstance(self, Station)
        return keep(city, days)

    @tool
    @staticmethod
    def tool_above_static(city: str, days: int = 3) -> str:
        """The weather of a city."""
        return keep(city, days)

    @staticmethod
    @tool
    def static_above_tool(city: str, days: int = 3) -> str:
        """The weather of a city."""
        return keep(city, days)

    @tool
    @classmethod
    def tool_above_class(cls, city: str, days: int = 3) -> str:
        """The weather of a city."""
        assert cls is Station
        return keep(city, days)

    @classmethod
    @tool
    def class_above_tool(cls, city: str, days: int = 3) -> str:
        """The weather of a city."""
        assert cls is Station
        return keep(city, days)

    def undecorated_method(self, city: str, days: int = 3) -> str:
        """The weather of a city."""
        assert isinstance(self, Station)
        return keep(city, days)

    def method_in_units(self, unit: str, city: str, days: int = 3) -> str:
        """The weather of a city."""
        assert unit == "c"
        return keep(city, days)


class Forecaster:
    """Not this."""

    def __call__(self, city: str, days: int = 3) -> str:
        """The weather of a city."""
        return keep(city, days)


class BriefForecaster:
    """The weather of a city."""

    def __call__(self, city: str, days: int = 3) -> str:
        return keep(city, days)


class AsyncForecaster:
    """Not this."""

    async def __call__(self, city: str, days: int = 3) -> str:
        """The weather of a city."""
        return keep(city, days)


def _without_source() -> Callable[..., Any]:
    space: dict[str, Any] = {"keep": keep}
    exec("def made(city: str, days: int = 3):\n    return keep(city, days)", space)
    return tool(space["made"], description=DESCRIPTION)


def _named_lambda() -> Callable[..., Any]:
    made: Any = lambda city, days=3: keep(city, days)  # noqa: E731
    made.__annotations__ = {"city": str, "days": int}
    return tool(made, name="forecast", description=DESCRIPTION)


STATION = Station()

KINDS: dict[str, Any] = {
    "function": function,
    "async function": async_function,
    "undecorated function": undecorated,
    "bound method": STATION.method,
    "async bound method": STATION.async_method,
    "undecorated bound method": STATION.undecorated_method,
    "static method, tool above": Station.tool_above_static,
    "static method, tool below": Station.static_above_tool,
    "static method of an object": STATION.tool_above_static,
    "class method, tool above": Station.tool_above_class,
    "class method, tool below": Station.class_above_tool,
    "class method of an object": STATION.class_above_tool,
    "callable object": Forecaster(),
    "callable object described by its class": BriefForecaster(),
    "async callable object": AsyncForecaster(),
    "partial by keyword": functools.partial(in_units, unit="c"),
    "partial by position": functools.partial(Station.method_in_units, STATION, "c"),
    "partial of a method": functools.partial(STATION.method_in_units, "c"),
    "partial of a partial": functools.partial(functools.partial(in_units), unit="c"),
    "named lambda": _named_lambda(),
    "function without a source": _without_source(),
}

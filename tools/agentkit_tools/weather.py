"""Weather now and in the next days, from Open-Meteo: free for non-commercial use, without a key.

Its API is described at https://open-meteo.com/en/docs, the weather codes there too.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from agentkit import ToolError, safe, tool
from agentkit_tools._api import ask

__all__ = ["weather"]

_FORECAST = "https://api.open-meteo.com/v1/forecast"
_PLACES = "https://geocoding-api.open-meteo.com/v1/search"
_NOW = {
    "temperature_2m": "temperature",
    "apparent_temperature": "feels_like",
    "relative_humidity_2m": "humidity",
    "precipitation": "precipitation",
    "wind_speed_10m": "wind",
}
_DAY = {
    "temperature_2m_min": "low",
    "temperature_2m_max": "high",
    "precipitation_sum": "precipitation",
    "precipitation_probability_max": "chance_of_precipitation",
}
_IMPERIAL = {
    "temperature_unit": "fahrenheit",
    "wind_speed_unit": "mph",
    "precipitation_unit": "inch",
}
_WORDS = {
    0: "clear sky", 1: "mainly clear", 2: "partly cloudy", 3: "overcast", 45: "fog", 48: "rime fog",
    51: "light drizzle", 53: "drizzle", 55: "dense drizzle", 56: "light freezing drizzle",
    57: "dense freezing drizzle", 61: "slight rain", 63: "rain", 65: "heavy rain",
    66: "light freezing rain", 67: "heavy freezing rain", 71: "slight snowfall", 73: "snowfall",
    75: "heavy snowfall", 77: "snow grains", 80: "slight rain showers", 81: "rain showers",
    82: "violent rain showers", 85: "slight snow showers", 86: "heavy snow showers",
    95: "thunderstorm", 96: "thunderstorm with slight hail", 99: "thunderstorm with heavy hail",
}  # fmt: skip


class _Place(BaseModel):
    name: str
    latitude: float
    longitude: float
    country: str = ""
    country_code: str = ""
    admin1: str = ""

    def __str__(self) -> str:
        return ", ".join(dict.fromkeys(filter(None, (self.name, self.admin1, self.country))))


class _Places(BaseModel):
    results: list[_Place] = []


class _Forecast(BaseModel):
    current: dict[str, str | float | None]
    current_units: dict[str, str]
    daily: dict[str, list[str | float | None]]
    daily_units: dict[str, str]


class Weather:
    """The tool that asks Open-Meteo, or a server that speaks as it does.

    Args:
        forecast_url: Where forecasts are.
        places_url: Where places are looked up.
        guard: What may be connected to; the hosts of these two if not given.
    """

    def __init__(
        self,
        forecast_url: str = _FORECAST,
        places_url: str = _PLACES,
        guard: safe.Guard | None = None,
    ) -> None:
        self._forecast_url = forecast_url
        self._places_url = places_url
        self._guard = guard

    @tool(read_only=True, idempotent=True, open_world=True, cache=600)
    async def weather(
        self,
        place: str,
        days: Annotated[int, Field(ge=1, le=14)] = 3,
        units: Literal["metric", "imperial"] = "metric",
    ) -> dict[str, Any]:
        """Get the weather at a place now, and the forecast for days from today on.

        Args:
            place: A town or a postal code; say more behind a comma: Paris, Texas.
            days: How many days of forecast.
            units: metric is °C, km/h and mm; imperial °F, mph and inches.
        """
        found = await self._found(place)
        forecast = await ask(
            self._forecast_url,
            _Forecast,
            self._guard,
            latitude=found.latitude,
            longitude=found.longitude,
            current=",".join([*_NOW, "weather_code"]),
            daily=",".join([*_DAY, "weather_code"]),
            forecast_days=days,
            timezone="auto",
            **(_IMPERIAL if units == "imperial" else {}),
        )
        daily = forecast.daily
        rows = [
            {name: values[at] for name, values in daily.items()} for at in range(_length(daily))
        ]
        return {
            "place": str(found),
            "local_time": forecast.current.get("time"),
            "now": _told(forecast.current, forecast.current_units, _NOW),
            "days": [
                {"date": row.get("time")} | _told(row, forecast.daily_units, _DAY) for row in rows
            ],
            "source": "Open-Meteo",
        }

    async def _found(self, place: str) -> _Place:
        name, *more = [part.strip() for part in place.split(",")]
        if not name:
            raise ToolError("Name a place, such as Berlin.")
        answer = await ask(self._places_url, _Places, self._guard, name=name, count=20)
        for each in answer.results:
            known = f"{each.admin1} {each.country} {each.country_code}".casefold().split()
            if all(word in known for part in more for word in part.casefold().split()):
                return each
        others = f" There are: {'; '.join(map(str, answer.results[:5]))}." if answer.results else ""
        raise ToolError(f"There is no place called {place!r}.{others}")


def _length(daily: dict[str, list[Any]]) -> int:
    return min(map(len, daily.values()), default=0)


def _told(
    values: dict[str, str | float | None], units: dict[str, str], names: dict[str, str]
) -> dict[str, str]:
    """The values with their units, in words."""
    told = {"weather": _WORDS.get(_code(values.get("weather_code")), "unknown")}
    for key, name in names.items():
        if values.get(key) is not None:
            told[name] = f"{values[key]} {units.get(key, '')}".strip()
    return told


def _code(value: str | float | None) -> int:
    return int(value) if isinstance(value, float) and value.is_integer() else -1


weather = Weather().weather

"""Weather, from a real server on loopback that answers as Open-Meteo does."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from web_server import Answer, WebServer

from agentkit import Toolbox
from agentkit.safe import Guard
from agentkit.testing import call
from agentkit_tools.weather import Weather

PARIS = {"name": "Paris", "latitude": 48.85, "longitude": 2.35, "country": "France", "country_code": "FR",
         "admin1": "Île-de-France", "id": 1}  # fmt: skip
TEXAS = {"name": "Paris", "latitude": 33.66, "longitude": -95.55, "country": "United States",
         "country_code": "US", "admin1": "Texas"}  # fmt: skip
FORECAST = {
    "latitude": 48.86,
    "current_units": {"time": "iso8601", "temperature_2m": "°C", "wind_speed_10m": "km/h"},
    "current": {"time": "2026-11-20T14:15", "interval": 900, "temperature_2m": 9.4, "wind_speed_10m": 12,
                "precipitation": None, "weather_code": 61},
    "daily_units": {"temperature_2m_min": "°C", "temperature_2m_max": "°C"},
    "daily": {"time": ["2026-11-20", "2026-11-21"], "weather_code": [3, 1234], "temperature_2m_min": [4, 5.5],
              "temperature_2m_max": [10.1, None]},
}  # fmt: skip


class AnyQuery(dict):
    """Answers a path whatever its query."""

    def get(self, path, default=None):
        return super().get(urlsplit(path).path, default)


@pytest.fixture
def api():
    with WebServer({}) as server:
        server.answers = AnyQuery(
            {"/search": json.dumps({"results": [PARIS, TEXAS]}), "/forecast": json.dumps(FORECAST)}
        )
        yield server


@pytest.fixture
def asked(api):
    guard = Guard(networks=["127.0.0.1/32"], ports=[api.port])
    toolbox = Toolbox(Weather(api.url("/forecast"), api.url("/search"), guard))
    return lambda **arguments: toolbox.call(call("weather", **arguments)).content


def query(api, number):
    return {name: values[0] for name, values in parse_qs(urlsplit(api.paths[number]).query).items()}


def test_the_weather_is_told_in_words_with_units(asked):
    assert json.loads(asked(place="Paris")) == {
        "place": "Paris, Île-de-France, France",
        "local_time": "2026-11-20T14:15",
        "now": {"weather": "slight rain", "temperature": "9.4 °C", "wind": "12.0 km/h"},
        "days": [
            {"date": "2026-11-20", "weather": "overcast", "low": "4.0 °C", "high": "10.1 °C"},
            {"date": "2026-11-21", "weather": "unknown", "low": "5.5 °C"},
        ],
        "source": "Open-Meteo",
    }


def test_the_place_that_was_found_is_asked_for(api, asked):
    asked(place="Paris, Texas", days=5, units="imperial")
    place, forecast = query(api, 0), query(api, 1)

    assert place["name"] == "Paris"
    assert (forecast["latitude"], forecast["longitude"]) == ("33.66", "-95.55")
    assert (forecast["forecast_days"], forecast["timezone"]) == ("5", "auto")
    assert (forecast["temperature_unit"], forecast["wind_speed_unit"]) == ("fahrenheit", "mph")


@pytest.mark.parametrize("place", ["Paris, FR", "paris, france", "Paris, Île-de-France, France"])
def test_a_place_is_told_from_others_of_the_same_name(api, asked, place):
    asked(place=place)

    assert query(api, 1)["latitude"] == "48.85"


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ("Paris, Mars", "no place called 'Paris, Mars'. There are: Paris, Île"),
        (" , x", "Name a place"),
    ],
)
def test_a_place_that_is_not_there_is_one_clear_error(asked, place, shown):
    assert shown in asked(place=place)


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (Answer(b'{"error": true, "reason": "Too many requests."}', 429), "status 429: Too many requests."),
        (Answer(b"<html>", 502), "answers with status 502."),
        (Answer(b'{"current": 1}'), "answers otherwise than expected"),
        (Answer(b"{}"), "answers otherwise than expected"),
        (Answer(b"\xff\xfe"), "answers otherwise than expected"),
        (Answer(b"x" * 2_000_000), "larger than 1,000,000 bytes"),
    ],
)  # fmt: skip
def test_an_api_that_fails_is_one_clear_error(api, asked, answer, shown):
    api.answers["/forecast"] = answer

    assert shown in asked(place="Paris")


def test_the_same_question_is_asked_once_within_ten_minutes(api, asked):
    first, second = asked(place="Paris"), asked(place="Paris")

    assert first == second
    assert len(api.asked) == 2


def test_only_the_host_of_its_own_url_is_reached(api):
    """By default, that is. Its address is judged as well, and here it is not a public one."""
    api.answers["/search"] = Answer(status=302, headers={"Location": "https://example.com/"})
    toolbox = Toolbox(Weather(api.url("/forecast"), api.url("/search")))

    assert "not a public address" in toolbox.call(call("weather", place="Paris")).content


def test_a_redirect_to_another_host_is_not_followed(api):
    guard = Guard(hosts=["127.0.0.1"], networks=["127.0.0.1/32"], ports=[api.port, 443])
    api.answers["/search"] = Answer(status=302, headers={"Location": "https://example.com/"})
    toolbox = Toolbox(Weather(api.url("/forecast"), api.url("/search"), guard))

    assert "not among the hosts allowed" in toolbox.call(call("weather", place="Paris")).content

"""The page of a run as a person sees it: in real Chromium, without scripts and without a network."""

import struct
import zlib
from dataclasses import replace

import pytest
from chromium import chromium

from agentkit import Agent, tool
from agentkit.journal import Journal
from agentkit.journal.page import page
from agentkit.testing import ScriptedInterface, call

ATTACK = "<img src=x onerror=alert(1)><script>document.title='owned'</script>"
SIZES = {"desk": {"width": 1280, "height": 800}, "phone": {"width": 360, "height": 740}}


@tool(read_only=True)
def forecast(city: str) -> str:
    """The forecast for a city."""
    if city == "Rome":
        raise ValueError(ATTACK)
    return f"{city}: rain. " + "wet " * 300


def at_times(events):
    """The same with times of their own: all takes a second, and the call for Oslo two."""
    now, timed = 1_800_000_000.0, []
    for each in events:
        if each.kind not in ("call", "result"):
            now += {"begin": 0, "request": 3}.get(each.kind, 1)
        lasted = 0 if each.kind != "result" else 2 if each.key == "r:1:0" else 1
        timed.append(replace(each, at=now + lasted))
    return sorted(timed, key=lambda each: each.at)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    place = tmp_path_factory.mktemp("page")
    calls = [call("forecast", city=each) for each in ("Oslo", "Bergen", "Rome")]
    model = ScriptedInterface(calls, call("forecast", city="Paris"), f"Rain in Oslo. {ATTACK}")
    agent = Agent([forecast], model, journal=place / "runs.db")
    agent.run(f"Will it rain in Oslo? {'really ' * 30}", run_id="r")
    journal = Journal(place / "runs.db")
    file = place / "run.html"
    file.write_text(page(journal.listed("r"), at_times(journal.events("r"))), encoding="utf-8")
    journal.close()
    return file.as_uri()


@pytest.fixture(scope="module")
def browser():
    with chromium() as running:
        yield running


def row(shown, city):
    return shown.locator("summary", has_text=f'forecast(city="{city}")')


@pytest.fixture(params=[(size, colours) for size in SIZES for colours in ("light", "dark")],
                ids="-".join)  # fmt: skip
def shown(request, browser, address):
    """The page, opened without scripts; a request for anything else is an error."""
    size, colours = request.param
    context = browser.new_context(
        viewport=SIZES[size], color_scheme=colours, java_script_enabled=False, offline=True
    )
    context.set_default_timeout(20_000)
    asked = []
    context.on("request", lambda each: asked.append(each.url))
    opened = context.new_page()
    opened.goto(address)
    yield opened
    context.close()
    assert asked == [address]


def pixels(png):
    """The rows of a PNG of 8-bit RGB or RGBA, as bytes before their filters are undone."""
    width, height, depth, kind = struct.unpack(">IIBB", png[16:26])
    data, at = b"", 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            data += png[at + 8 : at + 8 + length]
        at += 12 + length
    assert depth == 8
    line = 1 + width * {2: 3, 6: 4}[kind]
    raw = zlib.decompress(data)
    return width, [raw[start : start + line] for start in range(0, height * line, line)]


def test_the_run_is_seen_as_it_was(shown, tmp_path):
    """What is said is visible, what is folded is not, and bars stand where their time is."""
    assert shown.title().startswith("Will it rain in Oslo?")
    for text in ("Will it rain in Oslo?", "Rain in Oslo.", "Timeline"):
        assert shown.get_by_text(text).first.is_visible()
    assert row(shown, "Bergen").is_visible()
    result = shown.get_by_text("Oslo: rain.").first
    assert not result.is_visible()
    row(shown, "Oslo").click()  # works without scripts
    assert result.is_visible()
    assert shown.get_by_text("call failed").is_visible()

    tracks = shown.locator(".track")
    boxes = [each.bounding_box() for each in shown.locator(".bar").all()]
    track = tracks.first.bounding_box()
    assert len(boxes) == 7
    assert all(box["width"] >= 3 for box in boxes)
    assert all(box["x"] >= track["x"] - 1 for box in boxes)
    assert all(box["x"] + box["width"] <= track["x"] + track["width"] + 4 for box in boxes)
    assert [box["x"] for box in boxes] == sorted(box["x"] for box in boxes)
    oslo, bergen = (  # side by side, in whatever order, and one took twice as long
        row(shown, city).locator(".bar").bounding_box() for city in ("Oslo", "Bergen")
    )
    assert abs(oslo["x"] - bergen["x"]) < 0.1 * track["width"]
    assert oslo["width"] > bergen["width"]

    png = shown.screenshot(path=tmp_path / "run.png", full_page=True)
    width, rows = pixels(png)
    assert width == shown.viewport_size["width"]
    assert len({bytes(row) for row in rows}) > 50  # it is no empty sheet


def test_what_tools_and_models_say_is_text_and_nothing_else(shown):
    assert shown.locator("script, img").count() == 0
    row(shown, "Rome").click()
    assert shown.locator("pre").get_by_text("onerror=alert(1)").first.is_visible()


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_wider_than_the_screen_and_the_text_can_be_read(browser, address, size):
    context = browser.new_context(viewport=SIZES[size], offline=True)  # with scripts, to measure
    opened = context.new_page()
    opened.goto(address)
    for summary in opened.locator("summary").all():
        summary.click()
    measured = opened.evaluate(
        """() => ({
            wide: document.documentElement.scrollWidth - window.innerWidth,
            base: parseFloat(getComputedStyle(document.body).fontSize),
            least: Math.min(...[...document.querySelectorAll("main *")]
                .filter(each => each.innerText).map(each => parseFloat(getComputedStyle(each).fontSize))),
            title: document.title,
        })"""
    )
    context.close()

    assert measured["wide"] <= 0
    assert measured["base"] >= 16
    assert measured["least"] >= 14
    assert measured["title"] != "owned"

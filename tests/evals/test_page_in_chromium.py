"""The page of an evaluation as a person sees it: in real Chromium, without scripts or a network."""

import pytest
from chromium import chromium
from npm import npm_package
from staged_reports import ATTACK, outcome, random_report, report

from agentkit.evals.case import Call, Case
from agentkit.evals.page import page

SIZES = {"desk": {"width": 1280, "height": 800}, "phone": {"width": 400, "height": 740}}
LOOKS = [(size, colours) for size in SIZES for colours in ("light", "dark")]


def hostile():
    case = Case(f"{ATTACK} {'long' * 400}", (Call("look", {"at": ATTACK}),), id=ATTACK, tags=("a",))
    run = outcome(case, ("look", {"at": "wide" * 100}), answers=(ATTACK,), variant="m" * 80)
    return report(run, cases=[case], variants=("m" * 80,), tools=("look", "n" * 64))


@pytest.fixture(scope="module")
def addresses(tmp_path_factory):
    place = tmp_path_factory.mktemp("page")
    reports = {
        "few": random_report(repeats=3, rate=0.6),
        "many": random_report(tools=40, cases=1_000),
        "hostile": hostile(),
    }
    for name, each in reports.items():
        (place / f"{name}.html").write_text(page(each), encoding="utf-8")
    return {name: (place / f"{name}.html").as_uri() for name in reports}


@pytest.fixture(scope="module")
def browser():
    with chromium() as running:
        yield running


@pytest.fixture
def shown(browser):
    """Opens a page; a request for anything else is an error."""
    contexts, asked, wanted = [], [], []

    def opened(address, size="desk", colours="light", scripts=False):
        context = browser.new_context(
            viewport=SIZES[size], color_scheme=colours, java_script_enabled=scripts, offline=True
        )
        context.set_default_timeout(20_000)
        context.on("request", lambda each: asked.append(each.url.partition("#")[0]))
        contexts.append(context)
        wanted.append(address)
        found = context.new_page()
        found.goto(address)
        return found

    yield opened
    for each in contexts:
        each.close()
    assert asked == wanted


@pytest.mark.parametrize(("size", "colours"), LOOKS, ids=["-".join(each) for each in LOOKS])
def test_the_evaluation_is_seen_without_scripts(shown, addresses, size, colours):
    opened = shown(addresses["few"], size, colours)
    for each in ("Evaluation", "Figures", "Differences", "Confusion between tools", "Cases"):
        assert opened.get_by_role("heading", name=each, exact=True).is_visible()
    bars = [each.bounding_box() for each in opened.locator("svg.share .bounds").all()[:6]]
    tracks = [each.bounding_box() for each in opened.locator("svg.share").all()[:6]]

    for bar, track in zip(bars, tracks, strict=True):
        assert track["x"] - 1 <= bar["x"]
        assert bar["x"] + bar["width"] <= track["x"] + track["width"] + 1
        assert bar["width"] >= 1
    assert opened.locator("table.heat").first.is_visible()
    assert not opened.locator("table.heat").last.is_visible()  # of the other variant
    opened.locator(".heat").locator("xpath=ancestor::details/summary").last.click()
    assert opened.locator("table.heat").last.is_visible()


def test_a_confusion_leads_to_its_case_which_unfolds(shown, addresses):
    opened = shown(addresses["few"])
    link = opened.locator("a").first
    inside = opened.locator(link.get_attribute("href"))
    assert not inside.is_visible()

    link.click()

    assert inside.is_visible()
    assert inside.locator("mark").first.is_visible()


@pytest.mark.parametrize("name", ["few", "many", "hostile"])
@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_wider_than_the_screen_and_the_text_can_be_read(shown, addresses, name, size):
    opened = shown(addresses[name], size, scripts=True)  # to measure
    measured = opened.evaluate(
        """() => {
            for (const each of document.querySelectorAll("details")) each.open = true;
            const sizes = [...document.querySelectorAll("main *")].filter(e => e.innerText);
            return {
                wide: document.documentElement.scrollWidth - window.innerWidth,
                least: Math.min(...sizes.map(e => parseFloat(getComputedStyle(e).fontSize))),
                title: document.title,
                scripts: document.querySelectorAll("script, img").length,
            };
        }"""
    )

    assert measured["wide"] <= 0
    assert measured["least"] >= 14
    assert measured["title"] != "owned"
    assert measured["scripts"] == 0


def test_the_picture_of_many_tools_keeps_its_names_in_sight(shown, addresses):
    opened = shown(addresses["many"], "phone")
    picture = opened.locator(".wide:has(.many)").first
    picture.scroll_into_view_if_needed()
    picture.locator("tbody tr:last-child td:last-child").scroll_into_view_if_needed()
    frame = picture.bounding_box()
    row = picture.locator("tbody tr:last-child th").bounding_box()
    column = picture.locator("thead th:last-child").bounding_box()

    assert row["x"] == pytest.approx(frame["x"], abs=2)  # however far it was moved sidewards
    assert column["y"] == pytest.approx(frame["y"], abs=40)  # or down; the caption is before it


def test_nothing_stands_in_the_way_of_anybody(shown, addresses):
    """axe-core finds nothing with all folded out, in light and in dark."""
    axe = (npm_package("axe-core", "4.14.1") / "axe.min.js").read_text(encoding="utf-8")
    opened = shown(addresses["few"], "phone", scripts=True)
    opened.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    opened.evaluate(axe)
    found = []
    for colours in ("light", "dark"):
        opened.emulate_media(color_scheme=colours)
        options = {"resultTypes": ["violations"]}
        found += opened.evaluate("options => axe.run(options)", options)["violations"]

    assert [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found] == []


def test_paper_takes_the_whole_picture(shown, addresses):
    opened = shown(addresses["many"], scripts=True)
    opened.set_viewport_size({"width": 718, "height": 1_000})  # of A4
    opened.emulate_media(media="print")
    box = opened.locator("table.heat").first.bounding_box()

    assert box["x"] + box["width"] <= 718
    assert opened.evaluate("document.documentElement.scrollWidth") <= 740

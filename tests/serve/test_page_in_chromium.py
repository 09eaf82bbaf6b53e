"""The page of the service as a person uses it: in real Chromium, against a real server."""

import json
from urllib.parse import urlsplit

import pytest
from chromium import chromium
from npm import npm_package
from page_stage import MEGABYTE, Stage, served
from waiting import until

KEY = "page-key-0123456789"
SIZES = {"desk": {"width": 1280, "height": 800}, "phone": {"width": 400, "height": 740}}


@pytest.fixture(scope="module")
def browser():
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def stage():
    made = Stage()
    yield made
    made.gate.set()


@pytest.fixture(scope="module")
def address(stage, tmp_path_factory):
    with served(stage.agents, tmp_path_factory.mktemp("page") / "runs.db") as found:
        yield found.at


class Opener:
    """Opens pages, and keeps what they asked for and what went wrong.

    Pages that look alike are one page, which is quicker than a new one. `expected` is a part of
    what may go wrong.
    """

    def __init__(self, browser, at):
        self.browser, self.at, self.expected = browser, at, None
        self.pages, self.wrong, self.asked = {}, [], []

    def __call__(self, path="/", size="desk", colours="light", at=None, scripts=True):
        key = (size, colours, scripts)
        if key not in self.pages:
            self.pages[key] = self.new(SIZES[size], colours, scripts)
        self.pages[key].goto((at or self.at) + path)
        return self.pages[key]

    def new(self, size, colours, scripts):
        page = self.browser.new_page(
            viewport=size,
            color_scheme=colours,
            reduced_motion="reduce",
            java_script_enabled=scripts,
        )
        page.set_default_timeout(20_000)
        page.on("request", lambda each: self.asked.append(each))  # noqa: PLW0108 - no method will do
        page.on("pageerror", lambda each: self.wrong.append(str(each)))
        page.on("console", lambda each: each.type == "error" and self.wrong.append(each.text))
        return page


@pytest.fixture(scope="module")
def opener(browser, address):
    return Opener(browser, address)


@pytest.fixture
def opened(opener):
    """At the end nothing was asked of another address, and nothing went wrong."""
    opener.expected, opener.wrong[:], opener.asked[:] = None, [], []
    yield opener
    assert [each for each in opener.wrong if (opener.expected or each) not in each] == []
    urls = [urlsplit(each.url) for each in opener.asked]
    assert {each.hostname for each in urls if each.scheme != "data"} <= {"127.0.0.1"}


def say(page, text):
    page.get_by_label("Message", exact=True).fill(text)
    page.keyboard.press("Enter")


def turn(page, state):
    """The last turn, once it has come to a state."""
    found = page.locator(f".turn[data-state={state}]:last-child")
    found.wait_for()
    return found


def asked(page, name):
    """The questions whether a tool may be called."""
    return page.get_by_role("group", name=f"Allow the call of {name}?")


def forms_left(page, count):
    from playwright.sync_api import expect

    expect(page.locator(".turn .decision")).to_have_count(count)


def run_id(page, state="done"):
    return turn(page, state).get_attribute("data-run")


def is_wide(page):
    return page.evaluate("document.documentElement.scrollWidth > innerWidth")


@pytest.mark.parametrize(("size", "colours"), [("desk", "light"), ("phone", "dark")])
def test_a_chat_shows_calls_and_results_as_cards_and_what_it_cost(opened, size, colours):
    page = opened(size=size, colours=colours)
    say(page, "weather")
    last = turn(page, "done")
    oslo, rome = last.locator(".card").all()

    assert oslo.get_attribute("data-state") == "done"
    assert oslo.get_by_text("Oslo: dry for 1 d.").first.is_visible()
    assert oslo.get_by_text("from outside").is_visible()
    assert rome.get_attribute("data-state") == "failed"
    rome.locator("summary").click()
    assert [each.inner_text() for each in rome.locator("dt, dd").all()] == [
        "city",
        "Rome",
        "days",
        "2",
    ]
    assert rome.locator("pre").inner_text() == "Error: There is no station in Rome."
    assert last.locator("strong").inner_text() == "dry"
    assert last.locator("li code").inner_text() == "boots"
    (link,) = last.locator(".said a").all()
    assert (link.get_attribute("href"), link.get_attribute("rel")) == (
        "https://www.yr.no/en", "noopener noreferrer nofollow",
    )  # fmt: skip
    assert last.get_by_text("(https://www.yr.no/en)").is_visible()
    assert last.get_by_text("<b>No</b> [umbrella](javascript:alert(1)).").is_visible()
    assert last.get_by_text("2 steps · 240 tokens · $0.002").is_visible()
    assert "Let me see." in page.locator(".said").first.inner_text()
    assert not is_wide(page)


def test_a_conversation_goes_on_after_a_reload_and_knows_what_it_cost(opened):
    page = opened()
    say(page, "weather")
    turn(page, "done")
    page.get_by_label("Conversations").get_by_text("weather").first.wait_for()
    page.reload()
    assert page.locator(".card").count() == 2
    assert page.locator(".said strong").inner_text() == "dry"
    say(page, "Thank you")
    page.locator(".turn:nth-child(2)[data-state=done]").wait_for()
    totals = page.locator("[data-part=totals]")

    assert totals.inner_text() == "2 runs · 360 tokens · $0.003"
    page.reload()
    assert totals.inner_text() == "2 runs · 360 tokens · $0.003"
    assert page.locator(".turn").count() == 2


def test_a_call_is_approved_with_other_arguments_and_another_denied_with_a_reason(opened, stage):
    stage.deleted.clear()
    page = opened()
    say(page, "delete")
    last = turn(page, "waiting")
    first, _ = asked(page, "delete").all()
    assert stage.deleted == []
    assert first.get_by_text("/a", exact=True).is_visible()
    say(page, "weather")
    page.get_by_text("Decide on the calls first.").wait_for()
    first.locator("summary").click()
    first.get_by_label("Arguments, as JSON").fill("{")
    first.get_by_role("button", name="Approve with these arguments").click()
    first.get_by_role("alert").wait_for()  # it is no JSON
    first.get_by_label("Arguments, as JSON").fill('{"path": "/c"}')
    first.get_by_role("button", name="Approve with these arguments").click()
    forms_left(page, 1)
    page.reload()  # the second one waits still
    forms_left(page, 1)

    (form,) = asked(page, "delete").all()
    form.locator("summary").click()
    form.get_by_label("Reason").fill("Keep it")
    form.get_by_role("button", name="Deny with this reason").click()
    last = turn(page, "done")
    states = [each.get_attribute("data-state") for each in last.locator(".card").all()]

    assert stage.deleted == ["/c"]
    assert sorted(states) == ["denied", "done"]
    assert last.get_by_text("Keep it").first.is_visible()
    assert asked(page, "delete").count() == 0


def test_a_reload_in_the_middle_of_a_run_comes_back_to_it(opened, stage):
    stage.gate.clear()
    before = stage.begun
    page = opened()
    say(page, "slow")
    page.get_by_text("half of it").wait_for()
    until(lambda: stage.begun == before + 1)
    page.reload()
    page.get_by_text("half of it").wait_for()
    card = page.locator(".card")
    assert card.get_attribute("data-state") == "running"
    assert page.get_by_role("button", name="Stop").is_visible()
    stage.gate.set()
    last = turn(page, "done")

    assert last.locator(".card").count() == 1
    assert last.get_by_text("It is done.").first.is_visible()
    assert last.locator(".said").count() == 2
    assert stage.begun == before + 1


def test_a_line_that_breaks_is_taken_up_where_it_was(opened, stage, tmp_path):
    """The browser asks again with Last-Event-ID, and nothing is shown twice."""
    opened.expected = "Failed to load resource: net::ERR_"
    stage.gate.clear()
    with served(stage.agents, tmp_path / "runs.db") as service:
        page = opened(at=service.at)
        say(page, "slow")
        page.get_by_text("half of it").wait_for()
        with page.expect_request("**/events?after=0") as again:
            service.cut()
        stage.gate.set()
        last = turn(page, "done")

        assert last.locator(".card").count() == 1
        assert last.locator(".said").all_inner_texts()[0] == "Let me see."
        assert last.locator(".said").count() == 2
        assert again.value.all_headers()["last-event-id"].startswith("4")


def test_a_page_goes_on_when_the_service_was_begun_anew(opened, stage, tmp_path):
    opened.expected = "Failed to load resource: net::ERR_"
    stage.gate.clear()
    with served(stage.agents, tmp_path / "runs.db") as first:
        page = opened(at=first.at)
        say(page, "slow")
        page.get_by_text("half of it").wait_for()
        first.server.handle_exit(15, None)
        turn(page, "interrupted")
    stage.gate.set()
    with served(stage.agents, tmp_path / "runs.db", urlsplit(first.at).port):
        asked(page, "slow").get_by_role("button", name="Deny").first.click()  # it may have run

        assert turn(page, "done").locator(".card").get_attribute("data-state") == "denied"


def test_a_run_is_stopped_and_gone_on_with(opened, stage):
    stage.gate.clear()
    page = opened()
    say(page, "slow")
    page.get_by_text("half of it").wait_for()
    page.get_by_role("button", name="Stop").click()
    last = turn(page, "cancelled")
    assert last.get_by_text("Stopped.").is_visible()
    assert last.locator(".card").get_attribute("data-state") == "cut off"
    stage.gate.set()
    last.get_by_role("button", name="Go on with it").click()
    form = asked(page, "slow")  # it may have run
    form.locator("summary").click()
    form.get_by_label("Result, in place").fill("It was done by hand.")
    form.get_by_role("button", name="Give this result").click()

    assert turn(page, "done").get_by_text("It was done by hand.").first.is_visible()


def test_a_hostile_result_is_text_and_does_not_stop_the_page(opened):
    page = opened(size="phone")
    say(page, "page")
    last = turn(page, "done")
    last.locator(".card summary").click()
    result = last.locator("pre")
    shown = result.inner_text()

    assert page.title() == "Chat · agentkit"
    assert last.locator("script, [onerror], a[href^=javascript]").count() == 0
    assert shown.startswith("<script>document.title='owned'</script><img src=x onerror=")
    assert "red a[U+202E]gnp.exe" in shown
    assert "\x1b" not in shown
    assert len(shown) < 21_000
    last.get_by_role("button", name="Show more").click()
    assert len(result.inner_text()) > 100_000
    assert len(MEGABYTE) > 1_000_000
    (image,) = last.locator("img").all()
    assert image.get_attribute("src").startswith("data:image/png;base64,")
    assert not is_wide(page)
    for path in (page.url, f"/runs/{last.get_attribute('data-run')}"):  # as the service draws it
        page.goto(path if "://" in path else page.url.partition("/?")[0] + path)
        page.locator(".card summary").click()
        assert "red a[U+202E]gnp.exe" in page.locator(".card pre").inner_text()
        assert page.locator("main script, [onerror], a[href^=javascript]").count() == 0
        assert page.locator(".card img").count() == 1
        assert not is_wide(page)
    assert "owned" not in page.title()


MARKDOWN = {
    "a *b* **c** `d*e*`": "<p>a <em>b</em> <strong>c</strong> <code>d*e*</code></p>",
    "# A #\n\ntext\nmore\n---": "<h3>A</h3><p>text\nmore\n---</p>",
    "- a\n  - b\n- c\n\n3. d": '<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul><ol start="3"><li>d</li></ol>',
    "> a\n> b": "<blockquote>a\nb</blockquote>",
    "|a|b|\n|-|-|\n|c|*d*|": '<table tabindex="0"><thead><tr><th>a</th><th>b</th></tr></thead>'
    "<tbody><tr><td>c</td><td><em>d</em></td></tr></tbody></table>",
    "a|b\nc|d": "<p>a|b\nc|d</p>",
    "```py\n<b>\n": '<pre tabindex="0" role="group" aria-label="Code"><code>&lt;b&gt;\n</code></pre>',
    "<img src=x onerror=alert(1)>": "<p>&lt;img src=x onerror=alert(1)&gt;</p>",
    "[a](javascript:alert(1)) [b](data:text/html,x)": "<p>[a](javascript:alert(1)) [b](data:text/html,x)</p>",
    "[a](//evil.example) ![i](/x.png)": "<p>[a](//evil.example) ![i](/x.png)</p>",
    '[a](https://a.example/" onclick="x)': '<p><a href="https://a.example/" rel="noopener '
    'noreferrer nofollow" target="_blank">a</a><span class="address"> (https://a.example/)</span></p>',
    "[https://bank.example](https://evil.example)": '<p><a href="https://evil.example" rel="noopener '
    'noreferrer nofollow" target="_blank">https://bank.example</a>'
    '<span class="address"> (https://evil.example)</span></p>',
    "see https://a.example/b?c=d.": '<p>see <a href="https://a.example/b?c=d" rel="noopener '
    'noreferrer nofollow" target="_blank">https://a.example/b?c=d</a>.</p>',
    "a\u202eb\x1b[1mc\x00": "<p>a[U+202E]bc</p>",
}
SLOW = ["*" * 50_000, "[" * 50_000, "`" * 50_000, "- " * 30_000, "|" * 50_000, "> " * 30_000,
        "**a" * 20_000, "  " * 40_000 + "x", "https://" * 9_000, "#" * 50_000]  # fmt: skip


def test_answers_are_drawn_and_nothing_in_them_becomes_html(opened):
    page = opened("/runs?text=none")
    where = page.locator("link[href*='page.css']").get_attribute("href").replace("page.css", "")
    script = """async ([where, texts]) => {
        const { draw } = await import(`${where}markdown.js`);
        return texts.map((text) => {
            const holder = document.createElement("div");
            for (let end = 1; end < text.length && text.length < 100; end += 7) draw(holder, text.slice(0, end));
            draw(holder, text);
            return text.length < 100 ? holder.innerHTML : holder.textContent.length;
        });
    }"""
    drawn = page.evaluate(script, [where, [*MARKDOWN, *SLOW]])

    assert dict(zip(MARKDOWN, drawn, strict=False)) == MARKDOWN
    assert len(drawn) == len(MARKDOWN) + len(SLOW)


def test_another_agent_is_chosen(opened, address):
    page = opened()
    page.get_by_label("Agent", exact=True).select_option("other")
    assert page.get_by_label("Tools of other").is_visible()
    assert not page.get_by_label("Tools of guide").is_visible()
    say(page, "Hello")
    run = page.request.get(f"{address}/api/runs/{run_id(page)}").json()

    assert run["agent"] == "other"


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_run_is_read_and_decided_on_with_and_without_scripts(opened, stage, address, scripts):
    stage.deleted.clear()
    page = opened(scripts=scripts)
    started = page.request.post(f"{address}/api/runs", data={"agent": "guide", "prompt": "delete"})
    run = started.json()["id"]
    until(lambda: page.request.get(f"{address}/api/runs/{run}").json()["state"] == "waiting")
    page.goto(f"{address}/runs?state=waiting&text=delete")
    page.get_by_role("link", name="delete").first.click()
    page.get_by_role("button", name="Approve", exact=True).first.click()
    page.get_by_role("button", name="Deny", exact=True).first.click()
    until(lambda: page.request.get(f"{address}/api/runs/{run}").json()["state"] == "done")
    page.reload()
    rows = page.locator(".timeline .row")

    assert stage.deleted == ["/a"]
    assert page.locator(".card[data-state=denied]").count() == 1
    assert page.get_by_text("It stays").first.is_visible()
    assert rows.count() >= 4
    boxes = [each.bounding_box() for each in page.locator(".timeline .bar").all()]
    assert all(box["width"] >= 3 for box in boxes)


def test_without_scripts_a_chat_is_a_run_after_the_other(opened):
    page = opened(scripts=False)
    for prompt in ("weather", "Thank you"):
        page.get_by_label("Message", exact=True).fill(prompt)
        page.get_by_role("button", name="Send").click()
        page.get_by_text("It stays").first.wait_for()  # it loads itself again until then
        page.get_by_role("link", name="Open the conversation").click()

    assert page.locator(".you").all_inner_texts() == ["weather", "Thank you"]
    assert page.locator(".card").count() == 2


def test_runs_are_searched_and_paged(opened, address):
    page = opened()
    for number in range(31):
        prompt = {"agent": "other", "prompt": f"Question {number} of many"}
        page.request.post(f"{address}/api/runs", data=prompt)
    page.goto(f"{address}/runs")
    page.get_by_label("Text").fill("of many")
    page.get_by_role("button", name="Search").click()
    assert page.locator(".runs li").count() == 30
    page.get_by_role("link", name="Older").click()
    assert page.locator(".runs li a").all_inner_texts() == ["Question 0 of many"]
    page.goto(f"{address}/runs?text=nothing+like+that")
    assert page.get_by_text("No run is like that.").is_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_tool_is_called_by_hand(opened, scripts):
    page = opened("/tools", size="phone", scripts=scripts)
    page.get_by_role("link", name="route").click()
    call = page.get_by_role("button", name="Call route")
    answer = page.get_by_label("What came back")
    page.get_by_label("mode").select_option("train")
    page.get_by_label("height").fill("high")
    call.click()
    page.get_by_role("alert").get_by_text("'high' is no number.").wait_for()
    page.get_by_label("height").fill("23.5")
    page.get_by_label("name").fill("Oslo")
    page.get_by_label("tags").fill("one\ntwo")
    page.get_by_label("fast").select_option("yes")
    page.get_by_role("button", name="Add an item to stops").click()
    page.get_by_role("group", name="Item 1").get_by_label("name").fill("Bergen")
    call.click()
    answer.wait_for()
    assert answer.inner_text() == "Oslo - Bergen by train, ['one', 'two'], fast: True, 23.5"
    page.get_by_text("The arguments as JSON").click()
    page.get_by_role("button", name="Fill from the form").click()
    written = page.get_by_label("Arguments, as one JSON object")
    page.locator("details[open]").wait_for()
    assert json.loads(written.input_value())["stops"] == [{"name": "Bergen"}]
    written.fill('{"start": {"name": "Rome"}, "mode": "foot"}')
    page.get_by_role("button", name="Call with this JSON").click()
    page.get_by_text("Rome by foot, None, fast: False, None").wait_for()
    assert not is_wide(page)


def test_a_destructive_tool_is_called_when_that_is_meant(opened, stage):
    stage.deleted.clear()
    page = opened("/tools/delete")
    page.get_by_label("path").fill("/x")
    page.get_by_role("button", name="Call delete").click()
    page.get_by_text("delete may destroy something.").wait_for()
    assert stage.deleted == []
    page.get_by_role("button", name="Call it").click()
    page.get_by_text("/x is gone.").wait_for()
    assert stage.deleted == ["/x"]


def test_who_has_a_key_signs_in_and_out(opened, stage, tmp_path):
    with served(stage.agents, tmp_path / "runs.db", keys=[KEY]) as service:
        at = service.at
        page = opened("/tools/forecast?agent=guide", at=at)
        assert urlsplit(page.url).path == "/sign-in"
        opened.expected = "status of 403"
        page.get_by_label("Key").fill("another-key-0123")
        page.keyboard.press("Enter")
        page.get_by_text("This is none of the keys.").wait_for()
        page.get_by_label("Key").fill(KEY)
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="forecast").wait_for()
        assert page.url == f"{at}/tools/forecast?agent=guide"
        (cookie,) = page.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        assert KEY not in cookie["value"]
        page.goto(f"{at}/")
        say(page, "weather")
        assert turn(page, "done").locator(".card").count() == 2
        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("Key").wait_for()
        page.goto(f"{at}/runs")
        assert urlsplit(page.url).path == "/sign-in"


def test_all_of_it_is_done_with_the_keyboard(opened, stage):
    stage.deleted.clear()
    page = opened("/runs")

    def press(*keys):
        for key in keys:
            page.keyboard.press(key)

    def focused():
        return page.evaluate("document.activeElement.innerText || document.activeElement.id")

    press("Tab")
    assert focused() == "Skip to the content"
    press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.goto(page.url.removesuffix("/runs#main"))
    page.keyboard.type("delete")  # the field for it has the focus
    press("Enter")
    turn(page, "waiting")
    for wanted in ("Approve", "Deny"):
        for _ in range(40):
            if focused() == wanted:
                break
            press("Shift+Tab")
        assert focused() == wanted
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
        press("Enter")
        forms_left(page, {"Approve": 1, "Deny": 0}[wanted])
    turn(page, "done")

    assert stage.deleted == ["/b"]
    assert page.get_by_role("status").inner_text().startswith("It stays dry in Oslo.")


def test_nothing_stands_in_the_way_of_anybody(opened, address):
    """axe-core finds nothing, on any page, with all folded out, in light and in dark."""
    axe = (npm_package("axe-core", "4.14.1") / "axe.min.js").read_text(encoding="utf-8")
    page = opened(size="phone")
    say(page, "weather")
    done = run_id(page)
    conversation = page.url
    page.goto(f"{address}/")
    say(page, "delete")
    waiting = run_id(page, "waiting")
    found = {"waiting": violations(page, axe)}
    places = ["/", conversation, "/runs", f"/runs/{done}", f"/runs/{waiting}", "/tools"]
    for place in [*places, "/tools/route", "/sign-in"]:
        page.goto(place if "://" in place else address + place)
        found[place] = violations(page, axe)

    assert {place: each for place, each in found.items() if each} == {}


def violations(page, axe):
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    page.evaluate(axe)
    told = []
    for colours, only in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
        page.emulate_media(color_scheme=colours)
        options = {"resultTypes": ["violations"], **only}
        told += page.evaluate("options => axe.run(options)", options)["violations"]
    page.emulate_media(color_scheme="light")
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in told]

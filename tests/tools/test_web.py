"""Pages, JSON and downloads from a real server on loopback."""

import os
import sys

import pytest
from web_server import Answer, WebServer

from agentkit import Agent, Toolbox
from agentkit.safe import Guard
from agentkit.testing import ScriptedInterface, call
from agentkit_tools import _apart
from agentkit_tools import web as web_module
from agentkit_tools.web import Downloads, Web

SENTENCE = "Tin is a metal that people have used for a very long time. " * 4
PAGE = f"""<!doctype html><html><head><title>On tin</title><script>steal()</script></head><body>
<nav><a href="/menu">Menu</a></nav>
<article><h1>Tin</h1><p>{SENTENCE}</p><p>{SENTENCE} See <a href="/lead">lead</a>.</p>
<table><tr><th>Metal</th><th>Melts at</th></tr><tr><td>Tin</td><td>232 °C</td></tr></table>
<img src="http://tracker.example/?q=1" alt="pixel"></article>
<footer>Imprint</footer></body></html>"""


def html(text, kind="text/html; charset=utf-8"):
    return Answer(text.encode() if isinstance(text, str) else text, headers={"Content-Type": kind})


@pytest.fixture
def web():
    with WebServer({"/tin": html(PAGE)}) as server:
        yield server


@pytest.fixture
def guard(web):
    return Guard(networks=["127.0.0.1/32"], ports=[web.port])


@pytest.fixture
def got(web, guard):
    """What a tool answers for a path."""
    toolbox = Toolbox(Web(guard))
    return lambda name, path, **more: toolbox.call(call(name, url=web.url(path), **more))


def test_a_page_is_read_as_markdown_without_menus_scripts_and_images(web, got):
    text = got("fetch_page", "/tin").content

    assert text.startswith(f"Tin\n{web.url('/tin')}\n")
    assert "Tin is a metal" in text
    assert "| Tin | 232 °C |" in text
    assert not any(part in text for part in ("Menu", "steal", "tracker", "/lead"))


def test_links_are_shown_when_they_are_asked_for(web, got):
    assert f"[lead]({web.url('/lead')})" in got("fetch_page", "/tin", links=True).content


def test_what_a_page_says_is_marked_as_untrusted(got):
    assert got("fetch_page", "/tin").untrusted


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (html("plain é", "text/plain; charset=utf-8"), "plain é"),
        (html('{"a": 1}', "application/json"), '{"a": 1}'),
        (html("<a/>", "application/atom+xml"), "<a/>"),
        (html("<html><body><div id=app></div><script>run()</script></body></html>"), "may need JavaScript"),
        (html("<p>Short."), "Short."),
        (html("<ul><li><a href=/x>one</a><li>two</ul>"), "two"),
        (html("no tags, no end"), "no tags, no end"),
        (html("<html><head><title>A title</title></head><body>Text"), "A title"),
        (html("<b>x" * 5_000), "x"),
        (html(""), "There is no text"),
        (html("<meta charset=windows-1252><p>caf\xe9".encode("latin-1"), "text/html"), "café"),
        (html("<meta charset=nonsense><p>café", "text/html"), "café"),
        (html(b"%PDF-1.7", "application/pdf"), "That is application/pdf and no text"),
        (Answer(b"no", 404), "status 404"),
        (Answer(b"no", 500), "status 500"),
    ],
)  # fmt: skip
def test_pages_of_all_kinds_are_read_or_refused(web, got, answer, shown):
    web.answers["/page"] = answer

    assert shown in got("fetch_page", "/page").content


def test_a_page_that_is_nested_without_end_does_no_harm(web, got):
    web.answers["/page"] = html("<div>" * 300_000 + "deep")

    assert got("fetch_page", "/page").content


def test_json_is_fetched_as_json(web, got):
    web.answers["/a.json?b=c"] = html('{"a": [1, 2, {"b": null}]}', "application/json")

    assert got("fetch_json", "/a.json?b=c").content == '{"a":[1,2,{"b":null}]}'


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("<p>", "That is text/html and no JSON"),
        ("", "no JSON"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_json_is_one_clear_error(web, got, body, shown):
    web.answers["/a.json"] = html(body)

    assert shown in got("fetch_json", "/a.json").content


@pytest.mark.parametrize("name", ["fetch_page", "fetch_json", "download"])
@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://169.254.169.254/latest/", "file:///etc/passwd"]
)
def test_the_tools_reach_only_public_hosts_unless_told_otherwise(name, url, tmp_path):
    toolbox = Toolbox(web_module, web_module.saving)
    path = {"path": "a"} if name == "download" else {}
    result = toolbox.call(call(name, url=url, **path))

    assert (
        "only public ones are allowed" in result.content
        or "nothing else is fetched" in result.content
    )


@pytest.fixture
def saved(web, guard, tmp_path):
    web.answers["/big"] = Answer(b"x" * 100 for _ in range(100))
    toolbox = Toolbox(Downloads(tmp_path, guard=guard, max_bytes=1_000))
    return lambda at, path: toolbox.call(call("download", url=web.url(at), path=path)).content


def test_a_file_is_downloaded(web, saved, tmp_path):
    web.answers["/a.bin"] = html(b"\0\1\2", "application/octet-stream")
    said = saved("/a.bin", "new/a.bin")

    assert said == "Saved 3 bytes (application/octet-stream) to new/a.bin."
    assert (tmp_path / "new" / "a.bin").read_bytes() == b"\0\1\2"


@pytest.mark.parametrize(
    ("at", "path", "shown"),
    [
        ("/tin", "../a", "leads out of its directory"),
        ("/tin", "/etc/a", "must be relative to the root"),
        ("/tin", "old.txt", "exists already"),
        ("/big", "a", "larger than 1,000 bytes"),
        ("/none", "a", "status 404"),
    ],
)  # fmt: skip
def test_a_download_that_may_not_be_leaves_everything_as_it_was(saved, tmp_path, at, path, shown):
    (tmp_path / "old.txt").write_text("old", encoding="utf-8")
    said = saved(at, path)

    assert shown in said
    assert os.listdir(tmp_path) == ["old.txt"]
    assert (tmp_path / "old.txt").read_text(encoding="utf-8") == "old"


def test_a_download_waits_for_approval(web, guard, tmp_path):
    model = ScriptedInterface([call("download", url=web.url("/tin"), path="tin.html")], "Done.")
    agent = Agent([Downloads(tmp_path, guard=guard, max_bytes=10_000)], model)
    run = agent.run("Save it.")

    assert [each.name for each in run.pending] == ["download"]
    assert os.listdir(tmp_path) == []
    agent.run(messages=run.approve(run.pending[0]).messages)
    assert os.listdir(tmp_path) == ["tin.html"]


def test_a_missing_library_is_named(web, got, monkeypatch):
    monkeypatch.setattr(_apart.PathFinder, "find_spec", lambda name, path: None)

    assert 'pip install "agentkit[tools]"' in got("fetch_page", "/tin").content


@pytest.mark.parametrize("place", [0, None], ids=["first on the path", "last on the path"])
def test_files_that_a_model_may_have_written_are_never_imported(got, tmp_path, monkeypatch, place):
    """A program's directory is on the path, and libraries try to import what may not be there."""
    for name in ("lxml", "pycurl", "brotli", "cchardet", "trafilatura", "json"):
        code = f"print('OWNED'); raise SystemExit('{name} was imported')"
        (tmp_path / f"{name}.py").write_text(code, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    path = sys.path.copy()
    path.insert(len(path) if place is None else place, str(tmp_path))
    monkeypatch.setattr(sys, "path", path)

    assert "Tin is a metal" in got("fetch_page", "/tin").content


@pytest.mark.parametrize("charset", ["punycode", "idna", "undefined", "unicode_escape", "utf-7"])
def test_a_page_cannot_choose_an_encoding_that_is_none(web, got, charset):
    body = (
        f"<meta charset={charset}><p>plain text</p>".encode() + b"a" * 200_000 + b"-" + b"a" * 9_000
    )
    web.answers["/page"] = html(body, "text/html")

    assert "plain text" in got("fetch_page", "/page").content

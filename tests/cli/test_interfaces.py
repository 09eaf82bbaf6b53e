"""`agentkit interfaces`: what is known of each, and never a key."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from listing_server import ListingServer

from agentkit.catalog import names, own_pages, page, page_of

KEY = "gsk_0123456789abcdef"
URL = ("--url", "https://llm.example.org/v1")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The directory of own pages, in a place of the test."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "settings"))
    names.cache_clear()  # other tests of this process may have asked for them
    yield own_pages()
    names.cache_clear()
    page.cache_clear()


def test_the_list_tells_whether_a_key_is_set_and_never_the_key(command):
    without, given = command("interfaces"), command("interfaces", env={"GROQ_API_KEY": KEY})

    row = next(line for line in without.out.splitlines() if line.startswith("groq "))
    its = next(line for line in given.out.splitlines() if line.startswith("groq "))
    agent = page("groq").aliases["agent"]
    assert row.split() == ["groq", "Groq", agent, "GROQ_API_KEY", "no"]
    assert its.split()[-1] == "yes"
    assert given.out.splitlines()[-1].startswith("offline ")
    assert KEY not in given.out


@pytest.mark.parametrize("name", names())
def test_the_page_is_shown_whole(inside, name):
    done = inside("interfaces", "show", name)
    known = page(name)
    words = " ".join(done.out.split())

    assert (done.code, done.err) == (0, "")
    for text in (known.title, known.about, f"Interface name: {name}", known.documentation):
        assert text in words
    for part in ("price", "steps", "address"):
        assert known.key[part] in words
    assert f"Dialect: {known.dialect}" in words
    for option_name, option in known.options.items():
        assert f"\n  {option_name}: {option.type}{option.range}\n" in done.out
        assert option.description in words
    for alias in known.aliases:
        assert f"\n  {alias} " in done.out


def test_the_page_of_groq_has_its_aliases_features_and_twelve_options(command):
    out = command("interfaces", "show", "groq").out
    options = out[out.index("\nOptions\n") : out.index("\nFeatures\n")]

    assert sum(line.startswith("  ") and line[2] != " " for line in options.splitlines()) == 12
    for alias, model in page("groq").aliases.items():
        assert f"  {alias:7}  {model}\n" in out
    assert "  Streaming: true\n  Functions: true\n" in out
    assert "https://console.groq.com/keys" in out


def test_aliases_from_settings_and_environment_are_marked(command):
    (command.place / "agentkit.toml").write_text(
        '[interfaces.groq.aliases]\nlarge = "file/large"\nmine = "file/mine"\n'
    )
    out = command("interfaces", "show", "groq", env={"AGENTKIT_GROQ_AGENT": "env/agent"}).out
    lines = {line.split()[0]: line for line in out.splitlines() if line.startswith("  ")}

    usual = page("groq").aliases
    assert lines["agent"].endswith(f"(from the environment, instead of {usual['agent']})")
    assert lines["agent"].split()[1] == "env/agent"
    assert lines["large"].endswith(f"(from a settings file, instead of {usual['large']})")
    assert lines["mine"].endswith("(from a settings file)")
    assert "(" not in lines["small"]


def test_an_address_from_the_environment_is_noted_and_not_shown(command):
    out = command("interfaces", "show", "groq", env={"GROQ_BASE_URL": "http://me:word@here"}).out

    assert "(GROQ_BASE_URL is set and replaces it)" in out
    assert "me:word" not in out


def test_offline_says_honestly_what_it_is(inside):
    done = inside("interfaces", "show", "offline")

    assert done.code == 0
    assert "no language model" in done.out
    assert "offline-rules" in done.out


def test_an_unknown_interface_is_one_line_with_what_is_near(inside):
    done = inside("interfaces", "show", "grok")

    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("agentkit: There is no interface 'grok'. Did you mean 'groq'?")
    assert done.err.count("\n") == 1


def test_a_local_server_needs_no_key_and_shows_how_to_start_it(inside):
    row = next(line for line in inside("interfaces").out.splitlines() if line.startswith("ollama"))
    out = inside("interfaces", "show", "ollama").out

    assert row.endswith("none needed")
    assert "\nHow to start it\n" in out
    assert "ollama serve" in out
    assert " is not set" not in out
    assert "(the first that the server lists)" in out


def test_retired_models_come_with_what_is_asked_instead_and_its_price(inside):
    out = inside("interfaces", "show", "groq").out
    lines = {line.split()[0]: line.split() for line in out.splitlines() if line.startswith("  ")}

    assert lines["llama3-8b-8192"][1:4] == ["since", "2025-08-30", "openai/gpt-oss-20b"]
    assert "\nPrices, in US dollars for a million tokens\n" in out
    assert lines["openai/gpt-oss-20b"][1:] == [
        *("0.075", "in", "0.3", "out", "0.0375", "cached", "on", "2026-09-07")
    ]


def test_what_a_server_refuses_and_renames_is_told(inside):
    assert "additionalProperties" in inside("interfaces", "show", "gemini").out
    renamed = next(each for each in names() if page(each).quirks.rename)
    name, other = next(iter(page(renamed).quirks.rename.items()))
    assert f"The option {name} is sent as {other}." in inside("interfaces", "show", renamed).out


def test_an_own_page_is_added_used_and_removed(command):
    with ListingServer(["mine"]) as server:
        server.always = "Hello."
        env = {"XDG_CONFIG_HOME": str(command.place / "settings")}
        path = command.place / "settings" / "agentkit" / "interfaces" / "mine.toml"
        added = command("interfaces", "add", "mine", "--url", server.url, env=env)
        ran = command("run", "Hi.", "-i", "mine", "--tools", "none", env=env)
        removed = command("interfaces", "remove", "mine", env=env)

    assert (added.code, added.out, added.err) == (0, f"{path}\n", "")
    assert (ran.code, ran.out, ran.err) == (0, "Hello.\n", "")
    assert [each["model"] for each in server.bodies] == ["mine"]
    assert (removed.code, removed.out) == (0, f"{path} is removed.\n")
    assert not path.exists()


def test_a_page_says_what_was_asked_for(inside, own):
    title = 'Größe "\\" \x7f\t'
    inside(
        *("interfaces", "add", "my-own", "--key-variable", "MY_KEY", "--dialect", "auto"),
        *("--url", "https://llm.example.org/v1/chat/completions/", "--title", title),
        *("--model", "m", "--alias", "large=a=b", "--alias", "my alias=x"),
    )
    made = page("my-own")

    assert made.base_url == "https://llm.example.org/v1"
    assert (made.title, made.key_variable, made.dialect) == (title, "MY_KEY", "auto")
    assert made.aliases == {
        **dict.fromkeys(("default", "small", "agent"), "m"),
        **{"large": "a=b", "my alias": "x"},
    }
    assert made.options == page_of("http://there").options
    assert "MY_KEY" in made.key["steps"]


def test_a_page_without_a_key_needs_none(inside, own):
    inside("interfaces", "add", "mine", *URL)
    out = inside("interfaces", "show", "mine").out

    assert set(page("mine").aliases.values()) == {"*"}
    assert "No key is needed for mine." in out
    assert "Documentation" not in out


def test_a_page_by_hand_may_leave_out_how_to_get_a_key(inside, own):
    own.mkdir(parents=True)
    (own / "bare.toml").write_text(
        'title = "Bare"\nabout = "A."\nhome = "http://x"\nbase_url = "http://x"\n'
        "aliases = {}\noptions = {}\n"
    )
    done = inside("interfaces", "show", "bare")

    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("API key\n  none needed\n")


def test_a_page_with_a_mistake_hides_no_other(inside, own):
    own.mkdir(parents=True)
    (own / "broken.toml").write_text("title = \n")
    done = inside("interfaces", "list")
    rows = {line.split()[0]: line for line in done.out.splitlines()}

    assert done.code == 0
    assert "cannot be read" in rows["broken"]
    assert "offline" in rows


def test_a_page_that_is_no_text_is_one_line_and_hides_no_other(inside, own):
    (own / "folder.toml").mkdir(parents=True)
    (own / "gone.toml").symlink_to(own / "nowhere")
    (own / "latin.toml").write_bytes(b'title = "\xe9"\n')
    (own / "option.toml").write_text("options = 3\n")
    listed = inside("interfaces", "list")
    rows = {line.split()[0]: line for line in listed.out.splitlines()}
    shown = inside("interfaces", "show", "latin")

    assert listed.code == 0
    for name in ("folder", "gone", "latin", "option"):
        assert "cannot be read" in rows[name]
    assert "groq" in rows
    assert (shown.code, shown.err.count("\n")) == (2, 1)


def test_a_page_that_cannot_be_removed_is_one_line(inside, own):
    (own / "folder.toml").mkdir(parents=True)
    done = inside("interfaces", "remove", "folder")

    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "cannot be removed" in done.err


def test_a_page_is_replaced_by_force_alone(inside, own):
    inside("interfaces", "add", "mine", *URL)
    again = ("interfaces", "add", "mine", "--url", "https://other.example.org/v1")
    refused = inside(*again)
    kept = page("mine").base_url
    forced = inside(*again, "--force")

    assert (refused.code, refused.out) == (2, "")
    assert "--force" in refused.err
    assert (kept, forced.code) == (URL[1], 0)
    assert page("mine").base_url == "https://other.example.org/v1"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["groq", *URL], "one of agentkit's own"),
        (["groq", *URL, "--force"], "one of agentkit's own"),
        (["offline", *URL], "one of agentkit's own"),
        (["local", *URL], "one of agentkit's own"),
        (["../x", *URL], "no name"),
        (["Mine", *URL], "no name"),
        (["a:b", *URL], "no name"),
        (["_options", *URL], "no name"),
        (["mine", "--url", "llm.example.org"], "takes an address"),
        (["mine", "--url", "ftp://llm.example.org"], "takes an address"),
        (["mine", "--url", "https://llm.example.org:http/v1"], "takes an address"),
        (["mine", "--url", "https://a b/v1"], "takes an address"),
        (["mine", "--url", "https://me:word@llm.example.org/v1"], "no password"),
        (["mine", "--url", "https://llm.example.org/v1?key=word"], "without ?"),
        (["mine", *URL, "--key-variable", KEY], "not the key itself"),
        (["mine", *URL, "--key-variable", "MY KEY"], "name of a variable"),
        (["mine", *URL, "--alias", "large"], "ALIAS=MODEL"),
        (["mine", *URL, "--dialect", "latin"], "latin"),
        (["mine"], "--url"),
    ],
)
def test_what_makes_no_page_is_refused_in_one_line(inside, own, arguments, words):
    done = inside("interfaces", "add", *arguments)

    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert words in done.err
    assert KEY not in done.err
    assert not own.exists()


def test_a_place_that_cannot_be_written_is_one_line(inside, own):
    own.parent.parent.mkdir(parents=True)
    own.parent.write_text("a file in the way")
    done = inside("interfaces", "add", "mine", *URL)

    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "cannot be written" in done.err


@pytest.mark.parametrize(
    ("name", "words"),
    [("groq", "which stay"), ("offline", "which stay"), ("nine", "Did you mean 'mine'?")],
)
def test_only_own_pages_are_removed(inside, own, name, words):
    inside("interfaces", "add", "mine", *URL)
    done = inside("interfaces", "remove", name)

    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert [each.name for each in own.iterdir()] == ["mine.toml"]


def test_the_page_is_toml_that_people_can_read(inside, own):
    inside("interfaces", "add", "mine", *URL, "--model", "m")
    text = (own / "mine.toml").read_text(encoding="utf-8")

    assert tomllib.loads(text)["aliases"]["agent"] == "m"
    assert '\n[aliases]\ndefault = "m"\n' in text

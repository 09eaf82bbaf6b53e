"""`agentkit interfaces`: what is known of each, and never a key."""

from __future__ import annotations

import pytest

from agentkit.catalog import names, page

KEY = "gsk_0123456789abcdef"


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

"""`agentkit doctor`: a line for each check, and an exit code."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from listing_server import ListingServer, refusal

KEY = "gsk_0123456789abcdef"
GROQ = ("doctor", "--interface", "groq")


@pytest.fixture
def server() -> Iterator[ListingServer]:
    with ListingServer() as running:
        yield running
    running.check()


def environment(server: ListingServer) -> dict[str, str]:
    return {"GROQ_API_KEY": KEY, "GROQ_BASE_URL": server.url}


def test_each_check_is_a_line_with_columns(command, server):
    done = command("doctor", env=environment(server))
    rows = [(line[:9].strip(), line[9:24].strip()) for line in done.out.splitlines()]

    assert (done.code, done.err) == (0, "")
    assert rows == [
        ("ok", "settings"),
        ("ok", "interface"),
        ("ok", "address"),
        ("ok", "key"),
        *(("warning", f"alias {alias}") for alias in ("default", "large", "small", "agent")),
        ("ok", "dialect"),
        ("ok", "pacing"),
        ("ok", "server"),
        ("warning", "models"),
        ("ok", "functions"),
        ("ok", "tools"),
        ("ok", "calls"),
    ]
    assert KEY not in done.out


def test_a_retired_alias_is_followed_without_a_notice_on_stderr(command, server):
    server.gone({"llama3-8b-8192", "llama-3.1-8b-instant"})
    done = command("doctor", env=environment(server))

    assert (done.code, done.err) == (0, "")
    assert "openai/gpt-oss-20b, asked instead of llama3-8b-8192, which is gone" in done.out


def test_the_model_can_be_chosen(command, server):
    command(*GROQ, "--model", "acme/mine", env=environment(server))

    assert {each["model"] for each in server.bodies} == {"acme/mine"}


@pytest.mark.parametrize("flag", [(), ("--json",)])
def test_a_problem_is_exit_code_1_and_nothing_on_stderr(command, server, flag):
    server.models = refusal(401, f"Invalid API Key {KEY}")
    done = command("doctor", *flag, env=environment(server))

    assert (done.code, done.err) == (1, "")
    assert "GROQ_API_KEY" in done.out
    assert KEY not in done.out


def test_no_key_is_a_problem_and_skips_what_needs_one(command):
    done = command(*GROQ)

    assert done.code == 1
    assert [line.split()[0] for line in done.out.splitlines()][-5:] == ["skipped"] * 5
    assert "https://console.groq.com/keys" in done.out.splitlines()[-1]


def test_json_is_one_line(inside):
    done = inside("doctor", "--interface", "offline", "--json")
    told = json.loads(done.out)

    assert (done.code, done.out.count("\n"), told["ok"]) == (0, 1, True)
    assert [each["name"] for each in told["checks"]] == ["settings", "interface"]
    assert {each["verdict"] for each in told["checks"]} == {"ok"}


def test_an_unknown_interface_is_wrong_use(inside):
    done = inside("doctor", "--interface", "grok")

    assert (done.code, done.out) == (2, "")
    assert "Did you mean 'groq'?" in done.err


def test_on_a_terminal_verdicts_have_colours_and_long_texts_are_wrapped(command):
    code, shown = command.on_terminal(*GROQ).end()

    assert code == 1
    assert "\x1b[1;31mproblem\x1b[0m  key            GROQ_API_KEY is not set." in shown
    assert "\x1b[33mwarning\x1b[0m" in shown
    assert max(map(len, shown.splitlines())) <= 80 + len("\x1b[1;31m\x1b[0m")


def test_no_color_is_honoured(command):
    _, shown = command.on_terminal("doctor", "-i", "offline", env={"NO_COLOR": "1"}).end()

    assert "\x1b[3" not in shown

"""What the doctor finds, with a server of the tests where one is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from listing_server import CALL, ListingServer, asked, missing, refusal
from model_server import Raw, Reply

from agentkit import ConfigError
from agentkit.doctor import Check, diagnose

KEY = "gsk_test0123456789abcdefABCDEF"
LIVE = ("server", "models", "functions", "tools", "calls")


@pytest.fixture
def server() -> Iterator[ListingServer]:
    with ListingServer() as running:
        yield running
    running.check()


@pytest.fixture
def found(server: ListingServer) -> Callable[..., dict[str, Check]]:
    """The checks of the server by name."""

    def look(name: str = "groq", **given: object) -> dict[str, Check]:
        settings = {"api_key": KEY, "base_url": server.url, **given}
        return {each.name: each for each in diagnose(name, **settings)}

    return look


def verdicts(checks: dict[str, Check], *names: str) -> list[str]:
    return [checks[name].verdict for name in names]


def by_name(*given: str | None) -> dict[str, Check]:
    return {each.name: each for each in diagnose(*given)}


def test_without_a_key_nothing_is_sent_and_the_way_to_one_is_told(server, monkeypatch):
    monkeypatch.setenv("GROQ_BASE_URL", server.url)
    checks = by_name("groq")

    assert checks["key"].verdict == "problem"
    assert checks["key"].text.startswith("GROQ_API_KEY is not set. ")
    assert checks["address"].text == f"{server.url} (from GROQ_BASE_URL)"
    for name in LIVE:
        assert checks[name].verdict == "skipped"
        assert "https://console.groq.com/keys" in checks[name].text
    assert server.connections == 0


@pytest.mark.parametrize("key", ["gsk_0123 456789abcdef", "gsk_schlüssel"])
def test_a_key_that_cannot_be_one_is_not_sent_and_not_shown(found, server, key):
    checks = found(api_key=key)

    assert verdicts(checks, "key", *LIVE) == ["problem", *["skipped"] * 5]
    assert key not in str(checks)
    assert server.connections == 0


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_names_its_variable_and_where_keys_are_made(found, server, status):
    server.models = refusal(status, f"Incorrect API key provided: {KEY}", "invalid_api_key")
    checks = found()

    assert verdicts(checks, *LIVE) == ["problem", *["skipped"] * 4]
    for word in (str(status), "GROQ_API_KEY", "https://console.groq.com/keys"):
        assert word in checks["server"].text
    assert KEY not in str(checks)


def test_a_part_of_the_key_that_the_server_shows_is_not_shown(found, server):
    server.models = refusal(401, "Incorrect API key provided: gsk_********CDEF")

    assert "CDEF" not in str(found())


def test_a_key_that_is_refused_with_the_first_call_is_a_problem(found, server):
    server.always = refusal(401, "no")
    checks = found()

    assert verdicts(checks, *LIVE[2:]) == ["problem", "skipped", "skipped"]
    assert "GROQ_API_KEY" in checks["functions"].text


def test_all_is_well_where_calls_come_back_in_both_dialects(found, server):
    server.models = ["openai/gpt-oss-20b", "openai/gpt-oss-120b"]
    checks = found()

    assert verdicts(checks, *LIVE) == ["ok"] * 5
    assert checks["calls"].text == "agentkit uses functions"
    assert asked(server)("max_tokens") == [400, 400]
    assert asked(server)("function_call") == [{"name": "note_color"}, None]


def test_a_retired_alias_is_told_of_before_anything_is_sent():
    text = by_name("groq")["alias agent"].text

    for word in ("llama3-8b-8192", "2025-08-30", "openai/gpt-oss-20b", "AGENTKIT_GROQ_AGENT"):
        assert word in text


def test_a_retired_alias_is_followed_to_the_model_that_is_there(found, server):
    server.gone({"llama3-8b-8192", "llama-3.1-8b-instant"})
    checks = found()

    assert verdicts(checks, *LIVE[2:]) == ["ok", "ok", "ok"]
    assert "openai/gpt-oss-20b, asked instead of llama3-8b-8192" in checks["functions"].text
    assert asked(server)("model")[-2:] == ["openai/gpt-oss-20b"] * 2


def test_a_model_that_is_gone_without_a_successor_is_a_problem(found, server):
    server.always = missing("mine")
    checks = found(model="acme/mine")

    assert verdicts(checks, *LIVE[2:]) == ["problem", "skipped", "skipped"]
    assert "acme/mine" in checks["functions"].text


def test_an_alias_of_which_the_server_lists_no_model_is_a_warning(found):
    check = found(aliases={"large": "acme/mine"})["models"]

    assert check.verdict == "warning"
    assert check.text.startswith("not listed: acme/mine (large); listed: openai/gpt-oss-20b (")


@pytest.mark.parametrize("listed", ["models/acme/mine", "acme/mine:latest"])
def test_names_are_compared_as_servers_spell_them(found, server, listed):
    server.models = [listed]
    aliases = dict.fromkeys(("default", "large", "small", "agent"), "acme/mine")

    assert found(aliases=aliases)["models"].verdict == "ok"


def test_a_server_that_ignores_functions_is_found_out_and_tools_are_used(found, server):
    server.deaf("functions", "What a nice color.")
    checks = found()

    assert verdicts(checks, *LIVE[2:]) == ["warning", "ok", "ok"]
    assert checks["functions"].text.startswith("ignored: ")
    assert checks["calls"].text == "agentkit uses tools, after a first request in functions"


def test_a_server_that_ignores_functions_unseen_needs_a_page(found, server):
    server.deaf("functions", Reply("What a nice color.", usage=(500, 9)))
    check = found()["calls"]

    assert check.verdict == "problem"
    assert f"interfaces add NAME --url {server.url} --dialect tools" in check.text


def test_a_server_that_refuses_functions_is_quoted(found, server):
    server.deaf("functions", refusal(400, "property 'functions' is unsupported"))
    checks = found()

    assert verdicts(checks, *LIVE[2:]) == ["warning", "ok", "ok"]
    assert "refused: " in checks["functions"].text
    assert "property 'functions' is unsupported" in checks["functions"].text
    assert checks["calls"].text == "agentkit uses tools, after a first request in functions"


def test_a_dialect_that_is_not_used_may_fail(found, server):
    server.deaf("functions", "What a nice color.")

    assert verdicts(found(dialect="tools"), *LIVE[2:]) == ["ok", "ok", "ok"]


def test_the_only_dialect_that_is_used_must_not_fail(found, server):
    server.deaf("tools", "What a nice color.")
    checks = found(dialect="tools")

    assert verdicts(checks, *LIVE[2:]) == ["ok", "warning", "problem"]
    assert "--dialect functions" in checks["calls"].text


def test_no_call_at_all_is_a_problem(found, server):
    server.always = "What a nice color."

    assert verdicts(found(), *LIVE[2:]) == ["warning", "warning", "problem"]


@pytest.mark.parametrize(
    ("reply", "verdict", "word"),
    [
        (refusal(429, "slow down"), "warning", "try later"),
        (Raw(cut=True), "problem", "connection was cut"),
    ],
)
def test_what_both_dialects_share_is_asked_once(found, server, reply, verdict, word):
    server.always = reply
    checks = found()

    assert verdicts(checks, *LIVE[2:]) == [verdict, "skipped", "skipped"]
    assert word in checks["functions"].text
    assert len(server.requests) == 1


def test_what_the_server_breaks_is_told_for_each_dialect(found, server):
    server.deaf("functions", refusal(500, "oops"))
    checks = found()

    assert verdicts(checks, *LIVE[2:]) == ["warning", "ok", "problem"]
    assert checks["functions"].text == "error: llama3-8b-8192: 500: oops"


def test_a_server_without_a_list_is_asked_for_calls_all_the_same(found, server):
    server.models = Raw([b"<html>nothing here</html>"], status=404, kind="text/html")
    checks = found()

    assert verdicts(checks, *LIVE) == ["warning", "skipped", "ok", "ok", "ok"]


def test_a_list_that_makes_no_sense_is_a_warning(found, server):
    server.models = Raw([b'{"data": 7}'])

    assert found()["server"].verdict == "warning"


def test_a_dead_address_is_one_problem():
    checks = list(diagnose("groq", api_key=KEY, base_url="http://127.0.0.1:9/v1"))
    bad = [each for each in checks if each.verdict == "problem"]

    assert [each.name for each in bad] == ["server"]
    assert "connection was refused" in bad[0].text
    assert [each.verdict for each in checks[-4:]] == ["skipped"] * 4


def test_a_local_server_that_does_not_run_comes_with_how_to_start_it():
    check = {each.name: each for each in diagnose("ollama", base_url="http://127.0.0.1:9/v1")}

    assert check["key"].text == "none needed"
    assert "ollama serve" in check["server"].text


@pytest.mark.parametrize(
    ("address", "verdict"),
    [
        ("api.groq.com", "problem"),
        ("ftp://me:word@there", "problem"),
        ("http://me:word@[::1", "problem"),
        ("http://me:word@there:port/v1", "problem"),
        ("http://there/v 1?word", "problem"),
        ("http://me:word@192.0.2.1/v1", "warning"),
        ("https://me:word@192.0.2.1/v1?word", "ok"),
    ],
)
def test_an_address_is_looked_at_and_shown_without_a_password(monkeypatch, address, verdict):
    monkeypatch.setenv("GROQ_BASE_URL", address)
    check = by_name("groq")["address"]

    assert check.verdict == verdict
    assert "word" not in check.text
    assert "(from GROQ_BASE_URL)" in check.text


def test_the_first_model_of_an_address_is_asked(found, server):
    server.models = ["mine", "other"]
    checks = found(server.url, base_url=None)

    assert verdicts(checks, *LIVE) == ["ok"] * 5
    assert checks["models"].text == "listed: mine (agent, default, large, small)"
    assert asked(server)("model") == ["mine", "mine"]


def test_an_address_without_models_is_a_problem(found, server):
    server.models = []
    checks = found(server.url, base_url=None)

    assert verdicts(checks, *LIVE[2:]) == ["skipped", "skipped", "problem"]


def test_an_address_that_wants_a_key_is_a_problem(found, server):
    server.models = refusal(401, "no")

    assert "wants a key" in found(server.url, base_url=None)["server"].text


@pytest.mark.parametrize("name", [None, "offline"])
def test_the_offline_model_needs_nothing(name):
    check = by_name(name)["interface"]

    assert "needs nothing" in check.text
    assert check.verdict == ("ok" if name else "warning")
    assert ("https://console.groq.com/keys" in check.text) == (name is None)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"AGENTKIT_INTERFACE": "openai"}, "openai (OpenAI), named by AGENTKIT_INTERFACE"),
        ({"GROQ_API_KEY": "gsk_with blank"}, "groq (Groq), because GROQ_API_KEY is set"),
        ({}, "xai (xAI), named by {place}/agentkit.toml"),
    ],
)
def test_it_is_told_why_an_interface_is_taken(tmp_path, monkeypatch, variables, words):
    monkeypatch.chdir(tmp_path)
    if not variables:
        (tmp_path / "agentkit.toml").write_text('interface = "xai"\n')
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("XAI_API_KEY", raising=False)

    assert by_name()["interface"].text == words.format(place=tmp_path)


def test_several_interfaces_are_looked_at_one_after_the_other(monkeypatch):
    monkeypatch.setenv("AGENTKIT_INTERFACE", "groq:large, grok, offline")
    checks = by_name()

    assert checks["groq:large key"].verdict == "warning"  # the offline model can be asked
    assert checks["grok interface"].verdict == "problem"
    assert "Did you mean 'groq'?" in checks["grok interface"].text
    assert checks["offline interface"].verdict == "ok"


def test_settings_are_shown_with_what_they_set(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text(
        "[tool.agentkit.interfaces.groq]\nrequests_per_minute = 30\ntokens_per_minute = 8000\n"
        'aliases = { large = "acme/large" }\n'
    )
    (tmp_path / "inside").mkdir()
    monkeypatch.chdir(tmp_path / "inside")
    monkeypatch.setenv("AGENTKIT_GROQ_AGENT", "acme/agent")
    checks = by_name("groq")

    assert checks["settings"].text == str(tmp_path / "pyproject.toml")
    assert (
        checks["pacing"].text == "30 requests a minute and 8,000 tokens a minute, by the settings"
    )
    assert checks["alias large"].text == "acme/large (from the settings)"
    assert checks["alias agent"].text == "acme/agent (from AGENTKIT_GROQ_AGENT)"


def test_no_local_server_in_a_list_is_a_warning(monkeypatch):
    for each in ("LLAMACPP", "LMSTUDIO", "OLLAMA", "VLLM"):
        monkeypatch.setenv(f"{each}_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("AGENTKIT_INTERFACE", "local, offline")

    assert by_name()["local server"].verdict == "warning"


def test_without_any_that_can_be_asked_each_is_a_problem(monkeypatch):
    monkeypatch.setenv("AGENTKIT_INTERFACE", "groq, xai")
    for name in ("GROQ_API_KEY", "XAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    checks = by_name()

    assert verdicts(checks, "groq key", "xai key") == ["problem", "problem"]


def test_an_address_is_shown_without_what_may_be_secret(monkeypatch):
    address = "http://me:passw0rd@127.0.0.1:9/v1?key=verysecret"
    for named in (f"{address}, offline", f"{address.replace('http', 'ftp')}, offline"):
        monkeypatch.setenv("AGENTKIT_INTERFACE", named)
        told = str(list(diagnose()))

        assert "127.0.0.1:9/v1" in told
        assert "passw0rd" not in told
        assert "verysecret" not in told


def test_slips_in_the_settings_are_a_warning(tmp_path, monkeypatch):
    (tmp_path / "agentkit.toml").write_text(
        "[interfaces.gorq]\npacing = true\n[interfaces.groq.aliases]\nlarg = 'x'\nmine = 'y'\n"
        "[interfaces.'llm.example.org']\npacing = true\n"
    )
    monkeypatch.chdir(tmp_path)
    check = by_name("groq")["settings"]

    assert check.verdict == "warning"
    assert check.text.endswith(
        "There is no interface 'gorq'. Did you mean 'groq'? "
        "groq has no alias 'larg' of its own. Did you mean 'large'?"
    )


def test_pacing_that_is_off_is_told(tmp_path, monkeypatch):
    (tmp_path / "agentkit.toml").write_text("[interfaces.groq]\npacing = false\n")
    monkeypatch.chdir(tmp_path)

    assert by_name("groq")["pacing"].text == "off, by the settings"


def test_settings_that_cannot_be_read_are_the_problem(tmp_path, monkeypatch):
    (tmp_path / "agentkit.toml").write_text("interfaces = 3\n")
    monkeypatch.chdir(tmp_path)
    (check,) = diagnose("groq")

    assert (check.name, check.verdict) == ("settings", "problem")


@pytest.mark.parametrize(("name", "model"), [("grok", "agent"), ("groq", "agnt")])
def test_an_unknown_name_is_an_error_before_the_first_check(name, model):
    with pytest.raises(ConfigError, match="Did you mean"):
        next(diagnose(name, model=model))


def test_the_doctor_teaches_the_process_nothing(found, server):
    from agentkit import HTTPInterface

    server.deaf("functions", "What a nice color.")
    found()

    assert not HTTPInterface("groq", api_key=KEY, base_url=server.url).memory.dialects


def test_a_call_that_was_mended_is_a_call(found, server):
    failed = f"<function=note_color>{CALL.arguments}</function>"
    body = b'{"error": {"message": "no", "code": "tool_use_failed", "failed_generation": "%b"}}'
    server.deaf("functions", Raw([body % failed.replace('"', '\\"').encode()], status=400))
    checks = found()

    assert verdicts(checks, *LIVE[2:]) == ["ok", "ok", "ok"]
    assert "(call read from failed_generation)" in checks["functions"].text


def test_a_page_needs_to_list_no_option_for_a_call(server, tmp_path, monkeypatch):
    from agentkit import catalog

    (tmp_path / "agentkit" / "interfaces").mkdir(parents=True)
    (tmp_path / "agentkit" / "interfaces" / "bare.toml").write_text(
        f'title = "Bare"\nabout = "A."\nhome = "http://x"\nbase_url = "{server.url}"\n'
        'options = {}\naliases = { agent = "m" }\n'
    )
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    catalog.names.cache_clear()
    try:
        checks = by_name("bare")
    finally:
        catalog.names.cache_clear()
        catalog.page.cache_clear()

    assert verdicts(checks, *LIVE[2:]) == ["ok", "ok", "ok"]

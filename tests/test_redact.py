import pytest

from agentkit.redact import redact

KEY = "gsk_0123456789abcdefABCDEF"


@pytest.mark.parametrize(
    "text",
    [
        f"key {KEY}.",
        f"Authorization: Bearer {KEY}",
        "Bearer abcdefgh12345678",
        "{'k': 'sk-proj-abc_def-0123456789'}",
        "xai-0123456789abc",
    ],
)
def test_keys_of_known_forms_are_hidden(text):
    hidden = redact(text)

    assert "[secret]" in hidden
    assert "0123456789" not in hidden
    assert "12345678" not in hidden


@pytest.mark.parametrize("name", ["MY_API_KEY", "db_password", "GITHUB_TOKEN", "APP_SECRET"])
def test_values_of_secret_environment_variables_are_hidden(name, monkeypatch):
    monkeypatch.setenv(name, "open sesame")

    assert redact("it said open sesame!") == "it said [secret]!"


def test_given_secrets_are_hidden_the_longest_first():
    assert redact("a long-secret-x", "long-secret", "long-secret-x") == "a [secret]"


def test_short_values_and_other_variables_hide_no_ordinary_words(monkeypatch):
    monkeypatch.setenv("MY_TOKEN", "the")
    monkeypatch.setenv("GREETING", "good morning")

    assert redact("the good morning, risk-free") == "the good morning, risk-free"

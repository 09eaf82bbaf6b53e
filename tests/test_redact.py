import json

import pytest

from agentkit.redact import hide_in, redact

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


@pytest.mark.parametrize(
    "secret", ['pass"word', "back\\slash", "straße-und-häuser", "tab\tbed pass"]
)
def test_secrets_are_hidden_as_json_spells_them(secret):
    for text in (json.dumps({"a": secret}), json.dumps({"a": secret}, ensure_ascii=False)):
        hidden = redact(text, secret)
        assert json.loads(hidden) == {"a": "[secret]"}


def test_hiding_in_values_leaves_them_readable():
    """Whatever the secret is: the end of a text, a number, or a word that is a role."""
    arguments = json.dumps({"auth": "Bearer abcdefgh12345", "pin": 12345678, "n": 1, "l": [[1.5]]})
    value = {
        "role": "assistant",
        "content": "the assistant said 12345678",
        "count": 12345678,
        "calls": [{"name": "f", "arguments": arguments}],
    }
    hidden = hide_in(value, ["assistant", "12345678"], ["role"])

    assert hidden["role"] == "assistant"
    assert hidden["content"] == "the [secret] said [secret]"
    assert hidden["count"] == 12345678  # a count is no secret
    assert json.loads(hidden["calls"][0]["arguments"]) == {
        "auth": "Bearer [secret]",
        "pin": "[secret]",
        "n": 1,
        "l": [[1.5]],
    }
    broken = {"arguments": '{"pin": 12345678,'}
    assert hide_in(broken, ["12345678"]) == {"arguments": '{"pin": [secret],'}
    assert hide_in(broken, ["other-secret"]) == broken

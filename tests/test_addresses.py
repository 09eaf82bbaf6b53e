import pytest

from agentkit import ConfigError
from agentkit.addresses import check_live, is_address, without_secrets


@pytest.mark.parametrize(
    "text",
    ["http://localhost:8000/v1", "HTTPS://llm.example.org", "http://[::1]:8000/v1", "http://a?b=c"],
)
def test_addresses(text):
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "groq",
        "localhost:8000",
        "ftp://there",
        "http://",
        "http:///v1",
        "http://[::1",
        "http://there:port",
        "http://there:0",
        "http://there:99999",
        " http://there",
        "http://there/a b",
    ],
)
def test_texts_that_are_none(text):
    assert not is_address(text)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://me:word@there/v1?key=word", "https://there/v1"),
        ("me:word@there", "there"),
        ("http://there/v1", "http://there/v1"),
        ("http://me:word@[::1", "http://[::1"),
    ],
)
def test_what_is_secret_in_an_address_is_not_shown(address, shown):
    assert without_secrets(address) == shown


LOCAL = ("http://localhost:1", "http://127.0.0.1/v1", "http://127.9.9.9", "http://[::1]:80/v1")
FAR = ("https://api.groq.com/v1", "http://127.evil.example.com", "http://10.0.0.5", "http://[::2]")


@pytest.mark.parametrize("said", ["no", "No", "0", "false", "off", " no ", "perhaps"])
def test_where_it_is_forbidden_requests_stay_on_this_machine(said, monkeypatch):
    monkeypatch.setenv("AGENTKIT_LIVE", said)
    for address in LOCAL:
        check_live(address)
    for address in FAR:
        with pytest.raises(ConfigError, match="No request may go to"):
            check_live(address)


@pytest.mark.parametrize("said", ["", "yes", "YES", "1", "true", "on"])
def test_where_it_is_allowed_or_not_said_requests_go_anywhere(said, monkeypatch):
    monkeypatch.setenv("AGENTKIT_LIVE", said)
    for address in (*LOCAL, *FAR):
        check_live(address)

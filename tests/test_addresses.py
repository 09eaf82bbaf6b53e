import pytest

from agentkit.addresses import is_address, without_secrets


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

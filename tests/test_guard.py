"""Who may talk to a server of ours."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agentkit.errors import ConfigError
from agentkit.guard import Guard, Keys, check_reach, is_here, listen

KEY = "key-0123456789"


def test_a_key_is_known_and_never_shown() -> None:
    keys = Keys([KEY, "another-key"])

    assert keys.allow(KEY)
    assert keys.allow_header(f"bearer  {KEY} ")
    assert not any(keys.allow(each) for each in ("", KEY[:-1], KEY + "x", "\udcff", "ключ"))
    assert not any(keys.allow_header(each) for each in ("", KEY, f"Basic {KEY}", "Bearer"))
    assert KEY not in repr(keys) + str(vars(keys))
    assert not Keys().allow("")


def test_keys_come_from_a_file_and_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "keys"
    file.write_text(f"# ours\n\n {KEY} \n")
    monkeypatch.setenv("AGENTKIT_TEST_KEYS", "in-a-variable, and-another ,")

    keys = Keys.read(file, "AGENTKIT_TEST_KEYS")

    assert len(keys) == 3
    assert all(map(keys.allow, (KEY, "in-a-variable", "and-another")))
    assert not keys.allow("# ours")
    assert "AGENTKIT_TEST_KEYS" not in os.environ


@pytest.mark.parametrize(
    "key", ["short", "with a blank in it", "schlüssel-schlüssel", "tab\tkey-key"]
)
def test_what_is_no_key_is_refused_unseen(key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Keys([key])

    assert key not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"), [(None, "No such file"), (b"#\n", "no key"), (b"\xff", "no text")]
)
def test_a_file_without_keys_is_refused(tmp_path: Path, content: bytes | None, words: str) -> None:
    file = tmp_path / "keys"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(ConfigError, match=words):
        Keys.read(file, "AGENTKIT_TEST_KEYS")


@pytest.mark.parametrize(
    ("host", "origin", "words"),
    [
        ("127.0.0.1:8000", "", ""),
        ("localhost", "", ""),
        ("LOCALHOST.:80", "", ""),
        ("[::1]:8000", "", ""),
        ("127.0.0.1:8000", "http://127.0.0.1:8000", ""),
        ("ours.example:8000", "", ""),
        ("other.example:9", "", ""),
        ("localhost:1", "https://chat.example", ""),
        ("localhost:1", "https://chat.example/", ""),
        ("", "", "Host"),
        ("evil.example", "", "Host"),
        ("evil.example", "http://evil.example", "Host"),
        ("localhost.evil.example", "", "Host"),
        ("127.0.0.1.evil.example:80", "", "Host"),
        ("other.example:10", "", "Host"),
        ("127.0.0.1:8000", "http://127.0.0.1:3000", "web pages"),
        ("127.0.0.1:8000", "http://evil.example", "web pages"),
        ("127.0.0.1:8000", "null", "web pages"),
        ("127.0.0.1:8000", "http://[", "web pages"),
    ],
)  # fmt: skip
def test_what_other_pages_send_is_refused(host: str, origin: str, words: str) -> None:
    hosts = ("Ours.example", "other.example:9")  # as somebody may write them
    guard = Guard(hosts=hosts, origins=("https://Chat.example/",))

    refused = guard.refusal(host, origin)

    assert words in refused
    assert bool(words) == bool(refused)


def test_with_keys_any_host_will_do_but_no_foreign_page() -> None:
    guard = Guard(any_host=True)

    assert guard.refusal("agents.example", "") == ""
    assert guard.refusal("agents.example", "https://agents.example") == ""
    assert guard.refusal("agents.example", "https://evil.example")


@pytest.mark.parametrize(
    ("host", "here"),
    [("127.0.0.1", True), ("::1", True), ("[::1]", True), ("localhost", True), ("127.8.8.8", True),
     ("0.0.0.0", False), ("::", False), ("", False), ("example.com", False), ("10.0.0.1", False)],
)  # fmt: skip
def test_other_machines_are_served_with_a_key_or_where_it_is_meant(host: str, here: bool) -> None:
    assert is_here(host) == here
    check_reach(host, Keys([KEY]), no_key=False)
    check_reach(host, Keys(), no_key=True)
    if here:
        check_reach(host, Keys(), no_key=False)
        return
    with pytest.raises(ConfigError, match="no key"):
        check_reach(host, Keys(), no_key=False)


def test_a_place_that_is_taken_is_told() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(ConfigError, match=f"127.0.0.1, port {port}"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize("port", [-1, 70_000])
def test_a_port_that_cannot_be_is_told(port: int) -> None:
    with pytest.raises(ConfigError, match="Nothing can be served"):
        listen("127.0.0.1", port)

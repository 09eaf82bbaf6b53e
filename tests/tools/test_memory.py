"""Notes that are kept from run to run."""

import os
import sqlite3
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agentkit import Toolbox, ToolError
from agentkit.testing import call
from agentkit_tools import memory as memory_module
from agentkit_tools.memory import Memory


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data" / "memory.db"


@pytest.fixture
def memory(path):
    return Memory(path)


def numbers(said):
    return [int(line.partition(" ")[0]) for line in said.splitlines()]


def test_a_note_is_found_again_by_another_object(path, memory):
    assert memory.remember("Ada likes tin boxes.") == "Remembered as note 1."

    assert Memory(path).recall("tin").endswith(" UTC): Ada likes tin boxes.")


def test_the_best_match_comes_first_and_the_newest_among_equals(memory):
    for note in ("tin", "tin and lead", "lead", "tin and lead and zinc", "tin"[::-1]):
        memory.remember(note)
    memory.remember("gold is dear")
    memory.remember("gold is rare")

    assert numbers(memory.recall("lead zinc"))[0] == 4
    assert numbers(memory.recall("gold")) == [7, 6]
    assert numbers(memory.recall(limit=2)) == [7, 6]


@pytest.mark.parametrize(
    "query", ["café", "CAFE", "cafes", "a cafe or so", '"cafe', "cafe*", "café NEAR x"]
)
def test_words_are_found_in_other_forms(memory, query):
    memory.remember("She owns a Café.")

    assert "Café" in memory.recall(query)


@pytest.mark.parametrize(
    ("note", "query"),
    [("日本語です", "日本"), ("हिन्दी में लिखो", "हिन्दी"), ("Hauptstraße 5", "straße"), ("Ελλάδα", "ελλαδα")],
)  # fmt: skip
def test_notes_of_all_languages_are_found(memory, note, query):
    memory.remember("something else")
    memory.remember(note)

    assert numbers(memory.recall(query)) == [2]


def test_without_full_text_search_notes_are_found_all_the_same(memory, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(memory_module, "_MAY_BE_INDEXED", "SELECT 0")
        for note in ("a tin Café", "no", "a Cafe", "tin", "tin café too"):
            memory.remember(note)
        assert numbers(memory.recall("CAFÉ tin")) == [5, 1, 4, 3]
        assert memory.forget(5) == "Note 5 is forgotten."
    memory.remember("gold")

    assert numbers(memory.recall("cafes")) == [3, 1]


def test_a_note_of_several_lines_does_not_look_like_several_notes(memory):
    memory.remember("one\n9 (2026-01-01 00:00 UTC): two\r\u2028three")

    assert memory.recall().partition(": ")[2] == "one\n  9 (2026-01-01 00:00 UTC): two\n  \n  three"


@pytest.mark.parametrize(
    "query",
    [
        "AND",
        "OR NOT",
        "note:x",
        "tin-box",
        "' OR 1=1 --",
        "x" * 5_000,
        "日本",
        "\0",
        "_",
        "e\u0301",
        "NEAR(a b)",
        "^a",
        "{note}: a",
        "a*",
        "-a",
        "a + b",
        "a " * 999,
        "\ud800",
        "½",
        "\u0301",
    ],
)
def test_no_query_is_an_error_for_what_it_means_to_a_search(memory, query):
    memory.remember("plain")

    assert Toolbox(memory).call(call("recall", query=query)).content in (
        "No note.",
        "Error: A query is made of words.",
    )


@given(st.text(max_size=30))
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_whatever_is_remembered_comes_back(tmp_path, note):
    memory = Memory(tmp_path / "fuzz.db")
    result = Toolbox(memory).call(call("remember", note=note))

    assert result.is_error == (not note.strip())
    assert result.is_error or "\n  ".join(note.strip().splitlines()) in memory.recall()
    assert (
        not Toolbox(memory).call(call("recall", query=note)).content.startswith("Error: The notes")
    )


def test_the_same_note_is_kept_once(memory):
    said = [memory.remember(note) for note in ("tin", "lead", " tin ")]

    assert said[2] == said[0] == "Remembered as note 1."
    assert len(numbers(memory.recall())) == 2


def test_a_forgotten_note_is_gone_and_its_number_is_not_given_again(memory):
    memory.remember("tin")
    memory.remember("lead")

    assert memory.forget(2) == "Note 2 is forgotten."
    assert memory.forget(2) == "There is no note 2."
    assert memory.recall("lead") == "No note."
    assert memory.remember("lead") == "Remembered as note 3."


def test_what_is_forgotten_is_in_the_file_no_more(path, memory):
    memory.remember("tin boxes")
    memory.remember("xylophone " * 150)
    before = path.read_bytes()
    memory.forget(2)

    assert b"xylophone" in before
    assert b"xylophon" not in path.read_bytes()
    assert numbers(memory.recall("tin")) == [1]


@pytest.mark.parametrize("number", [0, -1, 10**30])
def test_a_number_that_no_note_has_is_said(memory, number):
    memory.remember("tin")

    assert memory.forget(number) == f"There is no note {number}."


def test_looking_makes_no_file(path, memory):
    assert memory.recall("tin") == "No note."
    assert memory.forget(1) == "There is no note 1."
    assert not path.parent.exists()


@pytest.mark.skipif(os.name != "posix", reason="there are no modes")
def test_the_file_is_the_users_alone(path, memory):
    memory.remember("tin")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "note",
    [
        "The key is gsk_abcdefghijklmnopqrstuvwxyz",
        "sk-proj-abcdefghijklmnopqrstuvwx",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "AKIAIOSFODNN7EXAMPLE",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "password: hunter22",
        "Her password is hunter22",
        "API_KEY=abcdef",
        "GROQ_API_KEY=abcdef",
        '{"password": "hunter22"}',
        "github_pat_abcdefghijklmnopqrstuvwxyz",
        "xoxb-1234567890-abcdef",
        "AIzaabcdefghijklmnopqrstuvwxyz0123456789",
        "postgres://ada:hunter22@example.org/db",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc",
    ],
)
def test_what_looks_like_a_secret_is_not_kept(path, memory, note):
    with pytest.raises(ToolError, match="secrets are not kept") as refused:
        memory.remember(note)

    assert note[-6:] not in str(refused.value)
    assert not path.exists()


@pytest.mark.parametrize(
    "note",
    [
        "She forgot her password.",
        "Uses 2-factor tokens",
        "The API key is stored in Vault",
        "Reads https://example.org/a:b@c",
        "The sky is risk-averse-ly blue",
    ],
)
def test_what_only_speaks_of_secrets_is_kept(memory, note):
    assert memory.remember(note) == "Remembered as note 1."


def test_notes_have_a_length_and_a_number(memory, monkeypatch):
    toolbox = Toolbox(memory)
    assert toolbox.call(call("remember", note="x" * 2_001)).is_error
    monkeypatch.setattr(memory_module, "_MOST", 1)
    memory.remember("one")

    with pytest.raises(ToolError, match="which is the most"):
        memory.remember("two")
    assert memory.remember("one") == "Remembered as note 1."


def test_threads_and_processes_lose_nothing(path, memory):
    script = (
        "import sys; from agentkit_tools.memory import Memory\n"
        "for n in range(10): Memory(sys.argv[1]).remember(f'{sys.argv[2]} {n}')"
    )
    others = [
        subprocess.Popen([sys.executable, "-c", script, str(path), name]) for name in ("one", "two")
    ]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(memory.remember, [f"here {n}" for n in range(10)]))
    codes = [other.wait(60) for other in others]

    assert codes == [0, 0]
    assert len(numbers(memory.recall(limit=100))) == 30


def test_a_connection_of_this_program_keeps_its_lock(path, memory):
    """To open and close a file drops the locks that the same process has on it."""
    memory.remember("tin")
    script = (
        "import sqlite3, sys; sqlite3.connect(sys.argv[1], timeout=0).execute('BEGIN IMMEDIATE')"
    )
    with closing(sqlite3.connect(path, isolation_level=None)) as own:
        own.execute("BEGIN IMMEDIATE")
        memory.recall("tin")
        other = subprocess.run(
            [sys.executable, "-c", script, str(path)], check=False, capture_output=True
        )

    assert b"database is locked" in other.stderr


def test_the_path_may_be_a_link_and_hold_any_letters(tmp_path):
    target = tmp_path / "a?mode=memory#b%20é.db"
    (tmp_path / "link.db").symlink_to(target)
    Memory(tmp_path / "link.db").remember("tin")

    assert target.stat().st_size
    assert numbers(Memory(target).recall("tin")) == [1]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_place_that_may_not_be_written_is_one_clear_error(path, memory):
    path.parent.mkdir(mode=0o500)

    with pytest.raises(ToolError, match="The notes cannot be used"):
        memory.remember("tin")


def torn(path):
    Memory(path).remember("tin")
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))


def newer(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 2")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path: path.write_bytes(b"no database " * 99), "file is not a database"),
        (newer, "kept by a newer agentkit"),
        (lambda path: path.mkdir(), "unable to open"),
        (torn, "malformed"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_clear_error(path, memory, spoil, why):
    path.parent.mkdir(mode=0o700)
    spoil(path)

    for tool in (lambda: memory.remember("tin"), memory.recall, lambda: memory.forget(1)):
        with pytest.raises(ToolError, match=why):
            tool()


def test_the_place_is_the_environments_or_the_users_data_directory(tmp_path, monkeypatch):
    monkeypatch.delenv("AGENTKIT_MEMORY", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    memory_module.remember("one")
    monkeypatch.setenv("AGENTKIT_MEMORY", str(tmp_path / "own.db"))
    memory_module.remember("two")

    assert "one" in Memory(tmp_path / "data" / "agentkit" / "memory.db").recall()
    assert "two" in Memory(tmp_path / "own.db").recall()


@pytest.mark.parametrize("base", ["", "not/absolute"])
def test_otherwise_the_place_is_below_the_home_directory(tmp_path, monkeypatch, base):
    monkeypatch.delenv("AGENTKIT_MEMORY", raising=False)
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", base)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    memory_module.remember("one")

    assert (tmp_path / ".local/share/agentkit/memory.db").is_file()


def test_without_a_home_directory_it_is_said_what_to_set(monkeypatch):
    def home():
        raise RuntimeError("Could not determine home directory.")

    for name in ("AGENTKIT_MEMORY", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", home)

    with pytest.raises(ToolError, match="set AGENTKIT_MEMORY"):
        memory_module.recall()


def test_what_is_recalled_is_marked_as_anybodys_text(memory):
    memory.remember("A page said so.")

    assert Toolbox(memory).call(call("recall")).untrusted

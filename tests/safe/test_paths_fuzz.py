"""Any text as a path: refused, or inside the root; never another error, and never a wait."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from choosing import examples
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from agentkit import FunctionCall, Toolbox, ToolError, tool
from agentkit.safe import Root, SafePath
from agentkit.safe.names import fault_of_name, parts_of

NAMES = ["a.txt", "sub", "b.txt", "out", "link", "hard", "fifo", "up", "outside", "base", "new"]
ODD = ["..", ".", "", "~", "\\", ":", "\0", " ", "%2e%2e", "/", "CON", "\u202e", "\ud800", "proc"]
PATHS = st.one_of(
    st.text(max_size=300),
    st.lists(st.sampled_from(NAMES + ODD) | st.text(max_size=4), max_size=8).map("/".join),
    st.lists(st.sampled_from(NAMES + ODD), max_size=6).map("".join),
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    top = tmp_path_factory.mktemp("fuzz")
    (top / "base/sub").mkdir(parents=True)
    (top / "outside").mkdir()
    (top / "outside/b.txt").write_bytes(b"SECRET")
    for name in ("a.txt", "sub/b.txt"):
        (top / "base" / name).write_bytes(b"inside")
    for directory in (top / "base", top / "base/sub"):
        (directory / "out").symlink_to(top / "outside")
        (directory / "up").symlink_to("..")
        (directory / "link").symlink_to(top / "outside/b.txt")
        os.link(top / "outside/b.txt", directory / "hard")
        os.mkfifo(directory / "fifo")
    before = {each: each.lstat().st_mtime_ns for each in [top, *(top / "outside").rglob("*")]}
    yield top / "base"

    assert {each: each.lstat().st_mtime_ns for each in before} == before
    assert sorted(each.name for each in top.iterdir()) == ["base", "outside"]


@examples(400)
@given(PATHS)
def test_what_is_read_is_inside(base: Path, text: str) -> None:
    try:
        path = TypeAdapter(SafePath).validate_python(text).under(Root(base))
    except ValidationError:
        return
    with suppress(ToolError):
        assert path.read_bytes() in (b"inside", b"new")
    with suppress(ToolError):
        assert path.kind() == "directory" or not path.list()


@examples(200)
@given(PATHS, st.booleans(), st.booleans())
def test_what_is_written_is_inside(base: Path, text: str, overwrite: bool, make: bool) -> None:
    try:
        path = SafePath(text, Root(base))
        path.write_text("new", overwrite=overwrite, make_parents=make)
    except ToolError:
        return

    assert base.joinpath(*path.parts).resolve() == base.resolve().joinpath(*path.parts)
    assert path.read_text() == "new"


@examples(300)
@given(PATHS)
def test_a_path_that_is_taken_is_the_same_when_it_is_written_out(text: str) -> None:
    try:
        parts = parts_of(text)
    except ToolError:
        return

    assert parts_of("/".join(parts) or ".") == parts
    assert not any(fault_of_name(part) for part in parts)
    assert not {"", ".", ".."} & {*parts}


@examples(200)
@given(PATHS | st.integers() | st.none() | st.lists(st.text()))
def test_a_model_gets_an_answer_to_any_path(base: Path, value: object) -> None:
    @tool
    def read(path: SafePath) -> str:
        return path.under(Root(base)).read_text()

    result = Toolbox(read).call(FunctionCall("read", json.dumps({"path": value})))

    assert result.content in ("inside", "new") or result.content.startswith("Error: ")
    assert result.is_error == result.content.startswith("Error: ")
    assert "Errno" not in result.content and str(base.parent) not in result.content  # noqa: PT018 - one idea

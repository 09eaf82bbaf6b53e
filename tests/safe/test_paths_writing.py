"""Writing below a root: whole or not at all, and never over what was not meant."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agentkit import ToolError
from agentkit.safe import Root, SafePath, opening, replacing

ROOT_USER = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture(params=[True, False], ids=["descriptors", "resolved"])
def base(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory beside one that is never written to; once as on Windows."""
    if request.param and not opening.BY_DESCRIPTOR:
        pytest.skip("no descriptors of directories here")
    monkeypatch.setattr(opening, "BY_DESCRIPTOR", request.param)
    (tmp_path / "base/sub").mkdir(parents=True)
    (tmp_path / "base/a.txt").write_bytes(b"before")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.txt").write_bytes(b"SECRET")
    return tmp_path / "base"


@pytest.fixture(autouse=True)
def _nothing_outside_and_nothing_left(tmp_path: Path) -> Any:
    yield
    names = [each.name for each in (tmp_path / "outside").iterdir()]
    left = [*tmp_path.rglob("*.tmp")]

    assert names == ["secret.txt"]
    assert (tmp_path / "outside/secret.txt").read_bytes() == b"SECRET"
    assert left == []


def test_a_text_is_written_as_it_is(base: Path) -> None:
    SafePath("sub/new.txt", Root(base)).write_text("é\r\n\ufeff\n")

    assert (base / "sub/new.txt").read_bytes() == "é\r\n\ufeff\n".encode()


def test_nothing_is_overwritten_unless_asked(base: Path) -> None:
    path = SafePath("a.txt", Root(base))
    with pytest.raises(ToolError, match=r"exists already\. Set overwrite to true"):
        path.write_text("after")
    kept = (base / "a.txt").read_bytes()
    path.write_text("after", overwrite=True)

    assert (kept, (base / "a.txt").read_bytes()) == (b"before", b"after")


@pytest.mark.parametrize("code", [None, errno.EPERM, errno.ENOTSUP], ids=str)
def test_a_name_that_is_taken_at_the_last_moment_is_not_overwritten(
    base: Path, monkeypatch: pytest.MonkeyPatch, code: int | None
) -> None:
    link = os.link

    def late(source: str, target: str, **more: Any) -> None:
        (base / "new.txt").write_bytes(b"someone else's")
        if code:  # as a file system without hard links
            raise OSError(code, os.strerror(code))
        link(source, target, **more)

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(ToolError, match=r"'new\.txt' exists already"):
        SafePath("new.txt", Root(base)).write_text("mine")
    assert (base / "new.txt").read_bytes() == b"someone else's"


def test_a_file_system_without_hard_links_is_written_to(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", none)
    SafePath("new.txt", Root(base)).write_text("mine")

    assert (base / "new.txt").read_bytes() == b"mine"


def test_a_file_that_gets_its_name_just_now_is_no_hard_link(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link, new = os.link, SafePath("new.txt", Root(base))
    said: list[str] = []

    def slow(source: str, target: str, **more: Any) -> None:
        link(source, target, **more)
        with pytest.raises(ToolError) as raised:
            new.read_text()
        said.append(str(raised.value))

    monkeypatch.setattr(os, "link", slow)
    new.write_text("new")

    assert said == ["'new.txt' is being changed; try again."]
    assert new.read_text() == "new"


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("link.txt", "symbolic link"),
        ("broken.txt", "symbolic link"),
        ("new-outside.txt", "symbolic link"),
        ("out/new.txt", "symbolic link"),
        ("out/secret.txt", "symbolic link"),
        ("fifo", "no regular file"),
        ("sub", "is a directory"),
        (".", "is a directory"),
        ("a.txt/new.txt", "is a file and not a directory"),
        ("none/new.txt", "does not exist"),
    ],
)
def test_only_plain_files_are_written(base: Path, text: str, reason: str, overwrite: bool) -> None:
    outside = base.parent / "outside"
    (base / "link.txt").symlink_to(outside / "secret.txt")
    (base / "broken.txt").symlink_to("nothing")
    (base / "new-outside.txt").symlink_to(outside / "new.txt")
    (base / "out").symlink_to(outside)
    os.mkfifo(base / "fifo")
    before = {each: each.lstat().st_ino for each in base.rglob("*")}

    with pytest.raises(ToolError, match=reason):
        SafePath(text, Root(base)).write_text("x", overwrite=overwrite)
    assert {each: each.lstat().st_ino for each in base.rglob("*")} == before


def test_a_hard_link_is_not_replaced(base: Path) -> None:
    os.link(base.parent / "outside/secret.txt", base / "hard.txt")

    with pytest.raises(ToolError, match="hard link"):
        SafePath("hard.txt", Root(base)).write_text("x", overwrite=True)
    with pytest.raises(ToolError, match="exists already"):
        SafePath("hard.txt", Root(base)).write_text("x")


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755, 0o666, 0o4755, 0o2770])
def test_a_replaced_file_keeps_its_mode_and_loses_its_privileges(base: Path, mode: int) -> None:
    (base / "a.txt").chmod(mode)
    SafePath("a.txt", Root(base)).write_text("after", overwrite=True)

    assert (base / "a.txt").stat().st_mode & 0o7777 == mode & 0o777


def test_nobody_else_reads_a_private_file_while_it_is_replaced(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes = []
    monkeypatch.setattr(
        replacing, "_keep_rights", lambda fd, _: modes.append(os.fstat(fd).st_mode & 0o777)
    )
    SafePath("a.txt", Root(base)).write_text("after", overwrite=True)

    assert modes == [0o600]


@pytest.mark.skipif(not ROOT_USER, reason="only root gives files away")
def test_a_replaced_file_keeps_its_owner(base: Path) -> None:
    os.chown(base / "a.txt", 1234, 2345)
    SafePath("a.txt", Root(base)).write_text("after", overwrite=True)
    found = (base / "a.txt").stat()

    assert (found.st_uid, found.st_gid) == (1234, 2345)


def test_a_group_that_cannot_be_kept_gets_no_rights(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: Any) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    before = os.stat_result((0o100664, 0, 0, 1, -2, -2, 0, 0, 0, 0))
    monkeypatch.setattr(os, "fchown", refused)
    with (base / "sub/x").open("wb") as file:
        replacing._keep_rights(file.fileno(), before)

    assert (base / "sub/x").stat().st_mode & 0o777 == 0o604


@pytest.mark.parametrize("mask", [0o022, 0o077])
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_new_file_gets_the_mode_of_new_files(base: Path, mask: int, overwrite: bool) -> None:
    old = os.umask(mask)
    try:
        SafePath("new.txt", Root(base)).write_text("x", overwrite=overwrite)
    finally:
        os.umask(old)

    assert (base / "new.txt").stat().st_mode & 0o7777 == 0o666 & ~mask


def test_a_write_protected_file_is_not_replaced(base: Path) -> None:
    (base / "a.txt").chmod(0o444)

    with pytest.raises(ToolError, match="write-protected"):
        SafePath("a.txt", Root(base)).write_text("x", overwrite=True)
    assert (base / "a.txt").read_bytes() == b"before"


@pytest.mark.skipif(ROOT_USER, reason="root may write everywhere")
def test_a_write_protected_directory_is_not_written_to(base: Path) -> None:
    (base / "sub").chmod(0o555)

    with pytest.raises(ToolError, match=r"'sub/new\.txt' may not be used: permission denied"):
        SafePath("sub/new.txt", Root(base)).write_text("x")


def test_too_much_is_not_written(base: Path) -> None:
    path = SafePath("new.txt", Root(base))
    with pytest.raises(ToolError, match="6 bytes are too many: at most 5 are written"):
        path.write_text("éé12", max_bytes=5)
    path.write_text("éé1", max_bytes=5)

    assert (base / "new.txt").read_bytes() == "éé1".encode()


def test_half_a_character_is_not_written(base: Path) -> None:
    with pytest.raises(ToolError, match="half of a character at 1"):
        SafePath("new.txt", Root(base)).write_text("a\ud83d")
    assert not (base / "new.txt").exists()


def test_directories_are_made_only_when_asked(base: Path) -> None:
    path = SafePath("x/y/z.txt", Root(base))
    with pytest.raises(ToolError, match="'x' does not exist"):
        path.write_text("deep")
    path.write_text("deep", make_parents=True)

    assert (base / "x/y/z.txt").read_bytes() == b"deep"


def test_no_directory_is_made_through_a_link(base: Path) -> None:
    (base / "out").symlink_to(base.parent / "outside")

    with pytest.raises(ToolError, match="symbolic link"):
        SafePath("out/x/y.txt", Root(base)).write_text("x", make_parents=True)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
@pytest.mark.parametrize("name", ["a.txt", "new.txt"])
def test_a_full_disk_leaves_everything_as_it_was(base: Path, name: str) -> None:
    code = (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        "import resource\n"
        "from agentkit.safe import Root, SafePath\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        f"path = SafePath({name!r}, Root({str(base)!r}))\n"
        "try: path.write_text('x' * 5000, overwrite=True)\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == f"ToolError {name!r} cannot be used: File too large.\n"
    assert {each.name for each in base.iterdir()} == {"sub", "a.txt"}
    assert (base / "a.txt").read_bytes() == b"before"


def test_an_interrupted_write_leaves_nothing_behind(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        SafePath("a.txt", Root(base)).write_text("after", overwrite=True)
    assert (base / "a.txt").read_bytes() == b"before"

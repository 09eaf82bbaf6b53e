"""Somebody else changes the files while they are read and written."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agentkit import ToolError
from agentkit.safe import Root, SafePath, opening

pytestmark = pytest.mark.skipif(
    not opening.BY_DESCRIPTOR, reason="the guarantee needs descriptors of directories"
)

# In a process of its own, so that it runs at the very same time.
SWAPPING = """
import os, random, shutil, sys
base, way = sys.argv[1:]
os.chdir(base)
print("ready", flush=True)

def move(source, target):
    while True:
        try:
            return os.rename(source, target)
        except OSError:  # a directory was made there meanwhile
            shutil.rmtree(target, ignore_errors=True)

def stay():
    for _ in range(random.randrange(300)):
        os.getppid()

while os.getppid() == int(os.environ["PARENT"]):
    move("sub", "held")
    move("bait", "sub")
    stay()
    move("sub", "bait")
    move("held", "sub")
    stay()
"""
# Links are made anew each time: a file that has once been opened is not what stands there now.
RELINKING = """
import os, random, sys
base, way = sys.argv[1:]
os.chdir(base)
print("ready", flush=True)
make = {"symbolic": os.symlink, "hard": os.link}.get(way, lambda _, name: os.mkfifo(name))
while os.getppid() == int(os.environ["PARENT"]):
    make("../outside/b.txt", "spare")
    os.replace("spare", "sub/b.txt")
    with open("spare", "wb") as file:
        file.write(b"inside")
    os.replace("spare", "sub/b.txt")
    for _ in range(random.randrange(300)):
        os.getppid()
"""


@pytest.fixture
def base(tmp_path: Path) -> Path:
    (tmp_path / "base/sub").mkdir(parents=True)
    (tmp_path / "base/sub/b.txt").write_bytes(b"inside")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/b.txt").write_bytes(b"SECRET")
    (tmp_path / "base/bait").symlink_to(tmp_path / "outside")
    return tmp_path / "base"


@contextmanager
def running(code: str, base: Path, way: str = "") -> Iterator[None]:
    environment = {**os.environ, "PARENT": str(os.getpid())}
    command = [sys.executable, "-c", code, str(base), way]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield
        finally:
            process.kill()


def outcomes(attempt: Callable[[], object], attempts: int) -> list[object]:
    """What came of many attempts; they go on until some went well and some were refused."""
    results: list[object] = []
    refused, end = 0, time.monotonic() + 60
    while len(results) + refused < attempts or len(results) < 10 or refused < 10:
        try:
            results.append(attempt())
        except ToolError:
            refused += 1
        assert time.monotonic() < end, f"{len(results)} went well, {refused} were refused"
    return results


def test_a_directory_that_is_swapped_for_a_link_never_shows_what_is_outside(base: Path) -> None:
    path = SafePath("sub/b.txt", Root(base))
    with running(SWAPPING, base):
        read = outcomes(path.read_bytes, 2_000)

    assert set(read) == {b"inside"}


def test_a_directory_that_is_swapped_for_a_link_is_never_listed_outside(base: Path) -> None:
    (base.parent / "outside/other.txt").write_bytes(b"")
    path = SafePath("sub", Root(base))
    with running(SWAPPING, base):
        names = outcomes(lambda: [str(each.path) for each in path.list().entries], 2_000)

    assert all(each == ["sub/b.txt"] for each in names)


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_directory_that_is_swapped_for_a_link_is_never_written_outside(
    base: Path, overwrite: bool
) -> None:
    numbers = iter(range(1_000_000))
    root = Root(base)

    def write() -> None:
        name = "sub/b.txt" if overwrite else f"sub/new{next(numbers)}.txt"
        SafePath(name, root).write_text("mine", overwrite=overwrite)

    with running(SWAPPING, base):
        outcomes(write, 500)

    assert [each.name for each in (base.parent / "outside").iterdir()] == ["b.txt"]
    assert (base.parent / "outside/b.txt").read_bytes() == b"SECRET"
    assert [*base.rglob("*.tmp")] == []


def test_no_directory_is_made_outside(base: Path) -> None:
    numbers = iter(range(1_000_000))

    def write() -> None:
        path = SafePath(f"sub/{next(numbers)}/x.txt", Root(base))
        path.write_text("mine", make_parents=True)

    with running(SWAPPING, base):
        outcomes(write, 500)

    assert [each.name for each in (base.parent / "outside").iterdir()] == ["b.txt"]


@pytest.mark.parametrize("way", ["symbolic", "hard", "fifo"])
def test_a_file_that_is_swapped_never_shows_another_and_never_hangs(base: Path, way: str) -> None:
    path = SafePath("sub/b.txt", Root(base))
    with running(RELINKING, base, way):
        read = outcomes(path.read_bytes, 400)

    assert set(read) == {b"inside"}


@pytest.mark.parametrize("way", ["symbolic", "hard", "fifo"])
def test_a_file_that_is_swapped_is_never_written_through(base: Path, way: str) -> None:
    path = SafePath("sub/b.txt", Root(base))
    with running(RELINKING, base, way):
        outcomes(lambda: path.write_text("inside", overwrite=True), 500)

    assert (base.parent / "outside/b.txt").read_bytes() == b"SECRET"


@pytest.mark.parametrize("way", ["symbolic", "hard", "fifo"])
@pytest.mark.parametrize("back", [True, False])
def test_a_file_is_swapped_at_the_worst_moment(
    base: Path, monkeypatch: pytest.MonkeyPatch, way: str, back: bool
) -> None:
    file, spare, secret = base / "sub/b.txt", base / "spare", base.parent / "outside/b.txt"
    make = {"symbolic": os.symlink, "hard": os.link}
    opened = opening.Folder._open

    def late(folder: opening.Folder, path: str, flags: int) -> int:
        file.rename(base / "kept")
        make.get(way, lambda _, name: os.mkfifo(name))(secret, file)
        try:
            return opened(folder, path, flags)
        finally:
            if back:  # as if nothing had been
                file.rename(spare)
                (base / "kept").rename(file)

    monkeypatch.setattr(opening.Folder, "_open", late)
    with pytest.raises(ToolError):
        SafePath("sub/b.txt", Root(base)).read_bytes()
    assert secret.read_bytes() == b"SECRET"


def test_a_hard_link_that_looks_like_a_file_while_it_is_replaced_is_not_read(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux counts one name less before the name stands for the other file."""
    file, kept = base / "sub/b.txt", base / "kept"
    opened, look, kind_of = opening.Folder._open, opening.Folder.look, opening.kind_of

    def swapped(folder: opening.Folder, path: str, flags: int) -> int:
        file.rename(kept)
        file.hardlink_to(base.parent / "outside/b.txt")
        return opened(folder, path, flags)

    def put_back(folder: opening.Folder, name: str) -> os.stat_result | None:
        if kept.exists():
            kept.replace(file)
        return look(folder, name)

    def one_less(found: os.stat_result) -> opening.Kind:
        kind = kind_of(found)
        return "file" if kind == "hard link" else kind

    monkeypatch.setattr(opening.Folder, "_open", swapped)
    monkeypatch.setattr(opening.Folder, "look", put_back)
    monkeypatch.setattr(opening, "kind_of", one_less)
    with pytest.raises(ToolError, match="is being changed; try again"):
        SafePath("sub/b.txt", Root(base)).read_bytes()


@pytest.mark.parametrize("by_descriptor", [True, False])
def test_a_directory_is_swapped_between_check_and_use(
    base: Path, monkeypatch: pytest.MonkeyPatch, by_descriptor: bool
) -> None:
    expect = opening.Folder.expect

    def late(folder: opening.Folder, name: str, kind: opening.Kind) -> os.stat_result:
        found = expect(folder, name, kind)
        if name == "sub":
            (base / "sub").rename(base / "held")
            (base / "bait").rename(base / "sub")
        return found

    monkeypatch.setattr(opening, "BY_DESCRIPTOR", by_descriptor)
    monkeypatch.setattr(opening.Folder, "expect", late)
    with pytest.raises(ToolError, match=r"cannot be used|is a link"):
        SafePath("sub/b.txt", Root(base)).read_bytes()


def test_a_reader_sees_a_whole_text_or_the_one_before(base: Path) -> None:
    texts = ["a" * 300_000, "b" * 200_000]
    path = SafePath("sub/b.txt", Root(base))
    path.write_text(texts[0], overwrite=True)
    seen: list[str] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.append(path.read_text())

    reader = threading.Thread(target=read)
    reader.start()
    end, number = time.monotonic() + 20, 0
    while number < 200 or not ({*texts} <= {*seen} or time.monotonic() > end):
        number += 1
        path.write_text(texts[number % 2], overwrite=True)
    done.set()
    reader.join()

    assert set(seen) == set(texts)


def test_a_reader_of_a_new_file_sees_nothing_or_all_of_it(base: Path) -> None:
    numbers = range(200)
    paths = [SafePath(f"sub/new{number}.txt", Root(base)) for number in numbers]
    seen: list[str] = []

    def read() -> None:
        for path in paths:
            while path.kind() is None:
                pass
            while True:
                try:
                    seen.append(path.read_text())
                    break
                except ToolError as error:  # the writer was paused in the middle
                    if "is being changed; try again" not in str(error):
                        raise

    reader = threading.Thread(target=read)
    reader.start()
    for path in paths:
        path.write_text("x" * 10_000)
    reader.join()

    assert seen == ["x" * 10_000] * len(numbers)


def test_of_many_writers_of_one_new_file_one_wins(base: Path) -> None:
    path = SafePath("sub/new.txt", Root(base))
    start = threading.Barrier(8)
    won: list[str] = []

    def write(text: str) -> None:
        start.wait()
        try:
            path.write_text(text)
        except ToolError:
            return
        won.append(text)

    threads = [threading.Thread(target=write, args=(str(number),)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert [path.read_text()] == won

"""A directory held open, so that nobody can put another one in its place.

Where the system knows descriptors of directories, a path is walked name by name, each opened inside
the one before it and none through a link. What is swapped after it was opened is then not seen, and
what is swapped before is refused. Windows has no such descriptors: there every step is compared
with what the system resolves it to, which is weaker, as somebody may swap a directory in between.
"""

from __future__ import annotations

import os
import secrets
import stat
import time
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, Literal

from agentkit.errors import ToolError, closest

Kind = Literal["file", "directory", "link", "hard link", "other"]
"""What stands under a name. A link is a symbolic one; other is a pipe, a device or a socket."""

BY_DESCRIPTOR = {os.open, os.stat, os.mkdir, os.link, os.unlink} <= os.supports_dir_fd

_BINARY = getattr(os, "O_BINARY", 0)  # Windows
_SAFE = sum(getattr(os, flag, 0) for flag in ("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "O_NOCTTY"))
# With O_PATH a directory need not be readable to be passed through.
_PASS = _SAFE | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_PATH", os.O_RDONLY)
_LIST = _SAFE | getattr(os, "O_DIRECTORY", 0) | os.O_RDONLY
READ, CREATE = _SAFE | _BINARY | os.O_RDONLY, _SAFE | _BINARY | os.O_WRONLY | os.O_CREAT | os.O_EXCL

_NAME_SURROGATE = 0x20000000  # the bit of those reparse points of Windows that lead elsewhere
# Seconds; a file that is just being replaced is looked at again.
_PAUSES = tuple(0.001 * 2 ** (number // 2) for number in range(10))
SPARE = ".agentkit-"  # how the name of a file begins until it is whole
_NAMES = 500  # of a directory, to say which one may have been meant
_WORDS = {
    "directory": "is a directory",
    "link": "is a symbolic link, and links are not followed",
    "hard link": "is a hard link: the same file has another name, which may be outside the root",
    "other": "is no regular file but a pipe, a device or a socket",
    "file": "is a file and not a directory",
}


class MissingError(ToolError):
    """Nothing stands under a name."""


def kind_of(found: os.stat_result) -> Kind:
    """What a file is by its status, which was read without following links."""
    if stat.S_ISLNK(found.st_mode) or getattr(found, "st_reparse_tag", 0) & _NAME_SURROGATE:
        return "link"
    if stat.S_ISDIR(found.st_mode):
        return "directory"
    if not stat.S_ISREG(found.st_mode):
        return "other"
    return "hard link" if found.st_nlink > 1 else "file"


def _unchanged(before: os.stat_result, now: os.stat_result) -> bool:
    """Whether it is one file with one name, and nobody linked, unlinked or wrote it meanwhile."""
    same = os.path.samestat(before, now) and before.st_ctime_ns == now.st_ctime_ns
    return same and kind_of(now) == "file"


@contextmanager
def explained(shown: str) -> Iterator[None]:
    """Make the system's errors a model's, without the paths of the machine."""
    try:
        yield
    except PermissionError as error:
        raise ToolError(f"{shown!r} may not be used: permission denied.") from error
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "the system refuses it"
        raise ToolError(f"{shown!r} cannot be used: {reason}.") from error


@dataclass(frozen=True, slots=True)
class Folder:
    """An open directory.

    Args:
        fd: Its descriptor; None where the system has none for directories.
        path: The real path, where there is no descriptor.
        shown: What it is called towards a model.
    """

    fd: int | None
    path: str
    shown: str

    @classmethod
    def at(cls, real: str, shown: str = ".") -> Folder:
        """Open a directory by its real path, in which links are not followed any more."""
        missing = MissingError(
            "The root, which paths are relative to, does not exist or is a link."
        )
        if not BY_DESCRIPTOR:
            if not os.path.isdir(real):
                raise missing
            return cls(None, os.path.realpath(real), shown)
        folder = cls(os.open("/", _PASS), "", shown)
        for name in filter(None, real.split("/")):
            try:
                inner = os.open(name, _PASS, dir_fd=folder.fd)
            except OSError as error:
                raise missing from error
            finally:
                folder.close()
            folder = cls(inner, "", shown)
        return folder

    def close(self) -> None:
        """Give the descriptor back."""
        if self.fd is not None:
            os.close(self.fd)

    def inside(self, name: str) -> str:
        """What the system calls a name in it, together with `dir_fd=fd`."""
        if "/" in name or name in ("", ".", ".."):
            raise ToolError(f"{name!r} is no name in a directory.")
        return name if self.fd is not None else os.path.join(self.path, name)

    def called(self, name: str) -> str:
        """What a name in it is called towards a model."""
        return name if self.shown == "." else f"{self.shown}/{name}"

    def look(self, name: str) -> os.stat_result | None:
        """The status of what stands under a name, None if nothing does.

        Raises:
            ToolError: The name is spelled otherwise: one file has one name.
        """
        with explained(self.called(name)):
            found = self._status(self.inside(name))
        if found is not None:
            self._check_spelling(name, found)
        return found

    def expect(self, name: str, kind: Kind) -> os.stat_result:
        """The status of what stands under a name.

        Raises:
            ToolError: Nothing does, or something of another kind.
        """
        found = self.look(name)
        if found is None:
            raise self._missing(name)
        if kind_of(found) != kind:
            raise ToolError(f"{self.called(name)!r} {_WORDS[kind_of(found)]}.")
        return found

    def enter(self, name: str, *, make: bool = False) -> Folder:
        """Open a directory in it; `make` one if there is none."""
        shown = self.called(name)
        with explained(shown):
            if make and self._status(self.inside(name)) is None:
                with suppress(FileExistsError):
                    os.mkdir(self.inside(name), dir_fd=self.fd)
            self.expect(name, "directory")
            if self.fd is None:
                return Folder(None, self._resolved(name), shown)
            return Folder(os.open(name, _PASS, dir_fd=self.fd), "", shown)

    def open_file(self, name: str) -> BinaryIO:
        """Open a regular file with this one name for reading."""
        for pause in _PAUSES:
            if file := self._opened(name):
                return file
            time.sleep(pause)
        if not self._is_being_written(name):
            self.expect(name, "file")
        raise ToolError(f"{self.called(name)!r} is being changed; try again.")

    def scan(self) -> Iterator[tuple[str, os.stat_result]]:
        """Each name in it with its status, in no order."""
        with explained(self.shown):
            for each in self._entries():
                with suppress(FileNotFoundError):  # gone since
                    yield each.name, each.stat(follow_symlinks=False)

    def _entries(self) -> Iterator[os.DirEntry[str]]:
        with explained(self.shown):
            fd = None if self.fd is None else os.open(".", _LIST, dir_fd=self.fd)
            try:
                with os.scandir(self.path if fd is None else fd) as entries:
                    yield from entries
            finally:
                if fd is not None:
                    os.close(fd)

    def _is_being_written(self, name: str) -> bool:
        """Whether its other name is the one that a new file has until it is whole."""
        found = self.look(name)
        with suppress(ToolError, FileNotFoundError):  # a directory may be entered and not listed
            spares = (each for each in self._entries() if each.name.startswith(SPARE))
            return found is not None and any(
                os.path.samestat(each.stat(follow_symlinks=False), found) for each in spares
            )
        return False

    def _opened(self, name: str) -> BinaryIO | None:
        """None where the name does not stand for this file alone: now, and after it was opened."""
        found = self.look(name)
        if found is not None and kind_of(found) == "hard link":
            return None
        before = self.expect(name, "file")  # opening alone does something to some devices
        with explained(self.called(name)):
            path = self.inside(name) if self.fd is not None else self._resolved(name)
            with ExitStack() as opened:
                file = opened.enter_context(open(path, "rb", opener=self._open))
                self._settle()
                now = self._status(path)
                same = now is not None and os.path.samestat(now, os.fstat(file.fileno()))
                if now is not None and same and _unchanged(before, now):
                    opened.pop_all()
                    return file
        return None

    def _settle(self) -> None:
        """Wait until whoever changes a name in it at this moment is done.

        While a name is given to another file, Linux for a moment still shows the old file under it,
        already with one name less: a hard link to a file outside would look like none. A name that
        was never asked for is looked up in the directory itself, which waits for its lock.
        """
        self._status(self.inside(f"{SPARE}{secrets.token_hex(8)}"))

    def _open(self, path: str, _: int) -> int:
        return os.open(path, READ, dir_fd=self.fd)

    def _missing(self, name: str) -> MissingError:
        listed: list[str] = []
        with suppress(ToolError):  # a directory may be entered and not listed
            listed = [each for each, _ in islice(self.scan(), _NAMES)]
        return MissingError(f"{self.called(name)!r} does not exist.{closest(name, listed)}")

    def _status(self, path: str) -> os.stat_result | None:
        try:
            return os.stat(path, dir_fd=self.fd, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def _resolved(self, name: str) -> str:
        path = os.path.join(self.path, name)
        if os.path.realpath(path) != path:
            raise ToolError(f"{self.called(name)!r} is a link, or is spelled otherwise.")
        return path

    def _check_spelling(self, name: str, found: os.stat_result) -> None:
        """Where letter case does not matter, only the listed spelling is taken.

        Otherwise whoever denies or approves a path by its text could be told another.
        """
        twin = "".join(c.swapcase() if len(c.swapcase()) == 1 else c for c in name)
        try:
            other = self._status(self.inside(twin)) if twin != name else None
        except OSError:
            other = None
        if other is not None and os.path.samestat(other, found):
            listed = [unicodedata.normalize("NFC", each) for each, _ in self.scan()]
            if name not in listed:
                real = next((each for each in listed if each.casefold() == name.casefold()), "")
                raise ToolError(f"{self.called(name)!r} is spelled {real or 'otherwise'!r} here.")

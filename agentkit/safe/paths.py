"""`SafePath`: an argument that names a file below a root and nothing else.

The text is judged first, so that a model is told what is wrong with it (`names`). Then every
directory on the way is opened without following links (`opening`), so that nothing that is swapped
meanwhile leads out of the root either. Files are written as a whole (`replacing`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, ClassVar

from pydantic import GetCoreSchemaHandler
from pydantic_core import PydanticCustomError, SchemaSerializer, core_schema

from agentkit.errors import ToolError
from agentkit.safe.names import LONGEST_PATH, fault_of_name, parts_of
from agentkit.safe.opening import Folder, Kind, MissingError, explained, kind_of
from agentkit.safe.replacing import write
from agentkit.safe.roots import Root as Root  # noqa: PLC0414 - agentkit.safe has it from here

_MOST_BYTES = 10_000_000  # that are read or written unless said otherwise
_TEXT = core_schema.any_schema(serialization=core_schema.to_string_ser_schema())


class SafePath:
    """A path below a root: an argument that a model may choose.

    It holds names alone. What it names is looked at when a method is called, and each method
    opens the way to it anew, without following a link.

    Args:
        text: Names separated by `/`, such as `docs/a.txt`; `.` is the root itself.
        root: What it is relative to; the working directory if not given. As a parameter's default,
            give it the root that the parameter is annotated with.

    Raises:
        ToolError: The text cannot be a path below a root.
    """

    __slots__ = ("parts", "root")

    __pydantic_serializer__: ClassVar = SchemaSerializer(_TEXT)  # so that results may hold paths

    parts: tuple[str, ...]
    """The names that it consists of."""

    root: Root
    """What it is relative to."""

    def __init__(self, text: str = ".", root: Root | None = None) -> None:
        self.parts = parts_of(text)
        self.root = root or Root()

    def under(self, root: Root) -> SafePath:
        """The same path below another root."""
        return _path(self.parts, root)

    def kind(self) -> Kind | None:
        """What stands there; None for nothing.

        Raises:
            ToolError: The way to it leads through a link, or may not be gone.
        """
        try:
            if self._is_root():
                return "directory"
            with self._place() as (folder, name):
                found = folder.look(name)
        except MissingError:
            return None
        return None if found is None else kind_of(found)

    def open_file(self) -> BinaryIO:
        """The file, open for reading bytes. Only a regular file with one name is opened.

        Raises:
            ToolError: There is no such file, or it may not be read.
        """
        with self._place() as (folder, name):
            return folder.open_file(name)

    def read_bytes(self, *, max_bytes: int = _MOST_BYTES) -> bytes:
        """All that the file holds.

        Raises:
            ToolError: There is no such file, it may not be read, or it is larger than `max_bytes`.
        """
        with self.open_file() as file, explained(str(self)):
            data = file.read(max_bytes + 1) or b""  # None from files that are none, as in /proc
        if len(data) > max_bytes:
            raise ToolError(f"{str(self)!r} is larger than {max_bytes:,} bytes, which is the most.")
        return data

    def read_text(
        self, *, max_bytes: int = _MOST_BYTES, encoding: str = "utf-8", errors: str = "strict"
    ) -> str:
        """The file's text as it is: line ends are kept, and a byte order mark is its first letter.

        Raises:
            ToolError: As `read_bytes`, or it is no text in this encoding.
        """
        data = self.read_bytes(max_bytes=max_bytes)
        try:
            text = data.decode(encoding, errors)
        except UnicodeDecodeError as error:
            reason = f"byte {error.start:,} does not fit; it is binary or in another encoding"
            raise ToolError(f"{str(self)!r} is no text in {encoding}: {reason}.") from None
        if "\0" in text:
            raise ToolError(f"{str(self)!r} is binary and no text.")
        return text

    def write_bytes(
        self,
        data: bytes,
        *,
        overwrite: bool = False,
        make_parents: bool = False,
        max_bytes: int = _MOST_BYTES,
    ) -> None:
        """Write the whole file at once: nobody ever sees half of it.

        A file that is replaced keeps its mode, and its owner as far as the system lets it.

        Args:
            data: What the file is to hold.
            overwrite: Replace a file that is there.
            make_parents: Make the directories on the way that do not exist.
            max_bytes: The most that is written.

        Raises:
            ToolError: It is there already, no plain file, too large, or may not be written.
        """
        if len(data) > max_bytes:
            raise ToolError(f"{len(data):,} bytes are too many: at most {max_bytes:,} are written.")
        with self._place(make=make_parents) as (folder, name):
            write(folder, name, data, overwrite=overwrite)

    def write_text(
        self,
        text: str,
        *,
        overwrite: bool = False,
        make_parents: bool = False,
        max_bytes: int = _MOST_BYTES,
    ) -> None:
        """`write_bytes` with a text, in UTF-8 and with its line ends as they are."""
        try:
            data = text.encode()
        except UnicodeEncodeError as error:
            raise ToolError(f"The text holds half of a character at {error.start:,}.") from None
        self.write_bytes(data, overwrite=overwrite, make_parents=make_parents, max_bytes=max_bytes)

    def list(self, *, most: int = 10_000) -> Listing:
        """What stands in the directory, sorted by name; no more than `most` of it.

        Raises:
            ToolError: There is no such directory, or it may not be read.
        """
        if not self.parts and self.root.names:
            roots = [_path((name,), self.root) for name in self.root.names]
            return Listing(self, [Entry(each, "directory", 0, 0.0) for each in roots])
        listing = Listing(self, [])
        with self.root.folder(self.parts) as folder:
            for name, found in folder.scan():
                path = _path((*self.parts, name), self.root)
                if fault_of_name(name) or len(str(path).encode()) > LONGEST_PATH:
                    listing.left_out += 1
                elif len(listing.entries) == most:
                    listing.complete = False
                    break
                else:
                    entry = Entry(path, kind_of(found), found.st_size, found.st_mtime)
                    listing.entries.append(entry)
        listing.entries.sort(key=lambda each: each.path.parts)
        return listing

    def walk(self, *, most: int = 100_000) -> Iterator[Listing]:
        """The directory and all below it, each before those in it; links are not followed.

        Take a directory out of a listing's `entries`, and it is not gone into. After `most` entries
        it ends with a listing that is not complete.

        Raises:
            ToolError: There is no such directory, or it may not be read; for one further down the
                listing's `problem` says so.
        """
        todo = [self]
        while todo:
            path = todo.pop()
            try:
                listing = path.list(most=most)
            except ToolError as error:
                if path is self:
                    raise
                listing = Listing(path, [], problem=str(error))
            most -= len(listing.entries)
            yield listing
            if not listing.complete:
                return
            inner = [each.path for each in listing.entries if each.kind == "directory"]
            todo += reversed(inner)

    def _is_root(self) -> bool:
        """Whether it names a root, which must exist, or what several roots are in."""
        if len(self.parts) > bool(self.root.names):
            return False
        if self.parts or not self.root.names:
            with self.root.folder(self.parts):
                pass
        return True

    @contextmanager
    def _place(self, *, make: bool = False) -> Iterator[tuple[Folder, str]]:
        """The open directory that it stands in, and its name there."""
        if self._is_root():
            raise ToolError(f"{str(self)!r} is a directory.")
        with self.root.folder(self.parts[:-1], make=make) as folder:
            yield folder, self.parts[-1]

    @classmethod
    def _validated(cls, value: Any) -> SafePath:
        if isinstance(value, SafePath):
            return value
        if not isinstance(value, str):
            raise PydanticCustomError("path", "Input should be a path as text")
        try:
            return cls(value)
        except ToolError as error:
            reason = {"reason": str(error).rstrip(".")}
            raise PydanticCustomError("path", "{reason}", reason) from None

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> Any:
        return core_schema.no_info_plain_validator_function(
            cls._validated, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        note = "A path relative to the root, such as docs/a.txt."
        return {"type": "string", "format": "path", "description": note}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SafePath) and (self.parts, self.root) == (other.parts, other.root)

    def __hash__(self) -> int:
        return hash(self.parts)

    def __str__(self) -> str:
        return "/".join(self.parts) or "."

    def __repr__(self) -> str:
        return f"SafePath({str(self)!r})"


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in a directory. `size` is in bytes, `modified` in seconds since 1970."""

    path: SafePath
    kind: Kind
    size: int
    modified: float


@dataclass(slots=True)
class Listing:
    """What stands in one directory.

    Args:
        path: The directory.
        entries: What is in it, sorted by name.
        left_out: The number of names that no `SafePath` may have.
        complete: Whether these are all.
        problem: Why it could not be read, where it could not.
    """

    path: SafePath
    entries: list[Entry]
    left_out: int = 0
    complete: bool = True
    problem: str = ""


def _path(parts: tuple[str, ...], root: Root) -> SafePath:
    """A path of names that were judged before."""
    path = SafePath.__new__(SafePath)
    path.parts, path.root = parts, root
    return path

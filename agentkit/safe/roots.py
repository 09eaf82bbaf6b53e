"""What safe paths are relative to: one directory or several, each reached without a link."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema

from agentkit.errors import ToolError, closest
from agentkit.safe.names import fault_of_name
from agentkit.safe.opening import Folder, explained


class Root:
    """The directories that paths are relative to.

    `Annotated[SafePath, Root("data")]` binds one argument, `path.under(Root("data"))` one path.
    Where there are several, a path begins with the name of its root: the directory's own name, with
    `-2` behind the second one that is called the same.

    Args:
        directories: One or several; with none it is the working directory of the moment of each
            use. Links on the way to them are followed now, once and for all.
    """

    def __init__(self, *directories: str | os.PathLike[str]) -> None:
        self._real = tuple(os.path.realpath(each) for each in directories)
        self._named: dict[str, str] = {}
        for given, real in zip(directories, self._real, strict=True):
            self._named[_free_name(os.path.abspath(given), self._named)] = real

    @property
    def names(self) -> tuple[str, ...]:
        """What paths may begin with where there are several directories; otherwise nothing."""
        return tuple(self._named) if len(self._named) > 1 else ()

    @contextmanager
    def folder(self, parts: tuple[str, ...], *, make: bool = False) -> Iterator[Folder]:
        """Open the directory that the parts lead to, step by step; `make` what does not exist."""
        folder, parts = self._opened(parts)
        try:
            for name in parts:
                inner = folder.enter(name, make=make)
                folder.close()
                folder = inner
            yield folder
        finally:
            folder.close()

    def real_path(self, parts: tuple[str, ...]) -> str:
        """Where the parts lead, for libraries that open files only by name. It is not checked."""
        real, _, rest = self._split(parts)
        return os.path.join(real, *rest)

    def _opened(self, parts: tuple[str, ...]) -> tuple[Folder, tuple[str, ...]]:
        real, shown, rest = self._split(parts)
        return Folder.at(real, shown), rest

    def _split(self, parts: tuple[str, ...]) -> tuple[str, str, tuple[str, ...]]:
        """The real path of a root, what it is called, and the parts below it."""
        if not self.names:
            with explained("."):
                return self._real[0] if self._real else os.path.realpath("."), ".", parts
        if parts and parts[0] in self._named:
            return self._named[parts[0]], parts[0], parts[1:]
        hint = closest(parts[0], self.names) if parts else ""
        raise ToolError(f"A path begins with its root: {', '.join(self.names)}.{hint}")

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        union = get_origin(source) in (Union, UnionType)
        kinds = {*get_args(source)} - {type(None)} if union else {source}
        if not all(hasattr(kind, "under") for kind in kinds):
            raise TypeError("Root stands at SafePath itself, as in list[Annotated[SafePath, Root]]")
        return core_schema.no_info_after_validator_function(
            lambda path: path and path.under(self), handler(source)
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Root) and self._named == other._named

    def __hash__(self) -> int:
        return hash(self._real)

    def __repr__(self) -> str:
        return f"Root({', '.join(map(repr, self._named))})"


def _free_name(path: str, taken: Iterable[str]) -> str:
    """The last name of a path, told from those that were given before, whatever their case."""
    base = os.path.basename(path)
    base = "root" if not base or fault_of_name(base) else base
    lower = {each.casefold() for each in taken}
    names = (base if number == 1 else f"{base}-{number}" for number in count(1))
    return next(each for each in names if each.casefold() not in lower)

"""What is named in a text: `file.py:name`, `module:name`."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from agentkit.errors import ConfigError, closest

T = TypeVar("T")

_FILE = re.compile(r"(.+\.py)(?::([\w.]+))?\Z")
_MODULE = re.compile(r"([\w.]+):([\w.]+)\Z")


def place_of(name: str) -> tuple[str, str | None] | None:
    """The file or module that a name means, and what inside; None for a pack."""
    found = _FILE.match(name) or _MODULE.match(name)
    return found and (found[1], found[2])


def module_of(where: str) -> ModuleType:
    """The module of a name or a file, imported.

    Raises:
        ConfigError: There is none, or it cannot be imported.
    """
    if where.endswith(".py") and not Path(where).is_file():
        raise ConfigError(f"There is no file {where!r}.")
    return imported(where, lambda: _module(where))


def _module(where: str) -> ModuleType:
    if where.endswith(".py"):
        return _file(Path(where).resolve())
    with _first_on_path(Path.cwd()):
        return importlib.import_module(where)


@cache
def _file(path: Path) -> ModuleType:
    from hashlib import sha256

    # A name of its own, so that tools.py does not stand in for an installed module "tools".
    name = f"agentkit_file_{sha256(str(path).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec
    assert spec.loader  # a .py file always has both
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where annotations are looked up
    with _first_on_path(path.parent):
        spec.loader.exec_module(module)
    return module


@contextmanager
def _first_on_path(directory: Path) -> Iterator[None]:
    """Import from a directory first; from then on last, for imports inside functions."""
    place = str(directory)
    sys.path.insert(0, place)
    try:
        yield
    finally:
        sys.path.remove(place)
        if place not in sys.path:
            sys.path.append(place)


def imported(name: str, load: Callable[[], T]) -> T:
    """What a function gives that imports something.

    Args:
        name: What errors call it.
        load: The function.

    Raises:
        ConfigError: It cannot be imported.
    """
    try:
        return load()
    except (Exception, SystemExit) as error:
        raise ConfigError(f"{name} cannot be imported: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    """What went wrong and in which line, which is the last one outside of Python's own import."""
    from traceback import extract_tb

    text = f"{type(error).__name__}: {error}"
    frames = [f for f in extract_tb(error.__traceback__) if not f.filename.startswith("<frozen")]
    if isinstance(error, SyntaxError) or not frames or frames[-1].filename == __file__:
        return text
    return f"{text} ({Path(frames[-1].filename).name}, line {frames[-1].lineno})"


def attribute(module: ModuleType, where: str, path: str) -> Any:
    """What is called `path`, such as `name` or `name.of.this`, in a module.

    Raises:
        ConfigError: There is none.
    """
    value: Any = module
    for name in path.split("."):
        if not hasattr(value, name):
            raise ConfigError(f"{where} has no {path!r}.{closest(name, dir(value))}")
        value = getattr(value, name)
    return value

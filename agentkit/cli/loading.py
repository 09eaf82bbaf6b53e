"""Tools by the names that the command line has for them."""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from traceback import extract_tb
from types import ModuleType
from typing import Any, TypeVar

from agentkit import Agent, ConfigError, Toolbox
from agentkit.errors import closest

T = TypeVar("T")

GROUP = "agentkit.tools"
_FILE = re.compile(r"(.+\.py)(?::([\w.]+))?\Z")
_MODULE = re.compile(r"([\w.]+):([\w.]+)\Z")


def load_tools(given: Sequence[str] | None) -> Toolbox:
    """The tools that `--tools` names; if it is not given, all that only read and stay at home.

    Raises:
        ConfigError: There is no such source, or it cannot be imported.
        DefinitionError: A source holds no tools, or two tools have one name.
    """
    if not given:
        return Toolbox(*filter(_is_harmless, (Toolbox(_pack(name)) for name in packs())))
    names = [name for text in given for each in text.split(",") if (name := each.strip())]
    if names == ["none"]:
        return Toolbox()
    if not names or "none" in names:
        raise ConfigError("--tools takes names of tools, or 'none' alone.")
    return Toolbox(*(_source(name) for name in names))


def _is_harmless(pack: Toolbox) -> bool:
    return all(each.read_only and not each.open_world for each in pack.values())


@cache
def packs() -> dict[str, EntryPoint]:
    """The installed packs of tools by name."""
    return {each.name: each for each in sorted(entry_points(group=GROUP), key=lambda e: e.name)}


def _source(name: str) -> Any:
    found = _FILE.match(name) or _MODULE.match(name)
    if found is None:
        return _pack(name)
    where, inside = found.groups()
    if where.endswith(".py") and not Path(where).is_file():
        raise ConfigError(f"There is no file {where!r}.")
    module = _imported(where, lambda: _module(where))
    return _attribute(module, where, inside) if inside else module


def _module(where: str) -> ModuleType:
    if where.endswith(".py"):
        return _file(Path(where).resolve())
    with _first_on_path(Path.cwd()):
        return importlib.import_module(where)


def _pack(name: str) -> Any:
    if name not in packs():
        known = ", ".join(packs()) or "none installed"
        raise ConfigError(
            f"There are no tools {name!r}.{closest(name, packs())} Give a pack ({known}), "
            "file.py, file.py:name, module:name, or none."
        )
    return _imported(f"the pack {name}", packs()[name].load)


@cache
def _file(path: Path) -> ModuleType:
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


def _imported(name: str, load: Callable[[], T]) -> T:
    try:
        return load()
    except (Exception, SystemExit) as error:
        raise ConfigError(f"{name} cannot be imported: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    """What went wrong and in which line, which is the last one outside of Python's own import."""
    text = f"{type(error).__name__}: {error}"
    frames = [f for f in extract_tb(error.__traceback__) if not f.filename.startswith("<frozen")]
    if isinstance(error, SyntaxError) or not frames or frames[-1].filename == __file__:
        return text
    return f"{text} ({Path(frames[-1].filename).name}, line {frames[-1].lineno})"


def _attribute(module: ModuleType, where: str, path: str) -> Any:
    value: Any = module
    for name in path.split("."):
        if not hasattr(value, name):
            raise ConfigError(f"{where} has no {path!r}.{closest(name, dir(value))}")
        value = getattr(value, name)
    if isinstance(value, Agent):
        raise ConfigError(f"{where}:{path} is an agent; its tools are {where}:{path}.toolbox.")
    return value

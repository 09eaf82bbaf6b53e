"""Tools by the names that the command line has for them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

from agentkit import AgentkitError, ConfigError, DefinitionError, Tool, Toolbox
from agentkit.cli.output import note
from agentkit.errors import closest
from agentkit.importing import attribute, imported, module_of, place_of

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

GROUP = "agentkit.tools"
_ON_REQUEST = ("json", "sqlite", "text")  # harmless too, but a model chooses best among few tools
_OUR_USUAL = ("calculator", "clock", "files")  # so that the others need not be imported to see it


def load_tools(given: Sequence[str] | None, mcp: Sequence[str] | None = None) -> Toolbox:
    """The tools that the command line names.

    Args:
        given: Those of `--tools`; if it is not given, all that only read and stay at home.
        mcp: The servers of `--mcp`.

    Raises:
        ConfigError: There is no such source, or it cannot be imported.
        DefinitionError: A source holds no tools, or two tools have one name.
        MCPError: A server cannot be started.
    """
    tools = _named(given)
    if not mcp:
        return tools
    from agentkit.cli.mcp_servers import load_mcp

    return Toolbox(tools, *load_mcp(mcp))


def _named(given: Sequence[str] | None) -> Toolbox:
    if not given:
        return _usual()
    names = [name for text in given for each in text.split(",") if (name := each.strip())]
    if names == ["none"]:
        return Toolbox()
    if not names or "none" in names:
        raise ConfigError("--tools takes names of tools, or 'none' alone.")
    sources: dict[str, Toolbox] = {}
    for name in names:
        _add(sources, name, _tools_of(name))
    return Toolbox(*sources.values())


def is_usual(name: str, pack: Toolbox) -> bool:
    """Whether a pack is offered unasked: it only reads and stays at home, and is of use often."""
    harmless = all(each.read_only and not each.open_world for each in pack.values())
    return harmless and name not in _ON_REQUEST


def is_ours(tool: Tool[..., object]) -> bool:
    """Whether it is one of agentkit's own tools, whose definitions are known to be fit."""
    return str(getattr(tool.function, "__module__", "")).startswith("agentkit_tools.")


def _usual() -> Toolbox:
    """The usual packs; one that cannot be had is told of and keeps no other away."""
    sources: dict[str, Toolbox] = {}
    for name, points in packs().items():
        ours = len(points) == 1 and _is_own(points[0])
        if ours and name not in _OUR_USUAL:
            continue
        try:
            if is_usual(name, pack := load_pack(name)):
                _check(name, pack)
                _add(sources, label(name), pack)
        except AgentkitError as error:
            note(f"left out: {error}")
    return Toolbox(*sources.values())


def _check(name: str, pack: Toolbox) -> None:
    try:
        for each in pack.values():
            _ = None if is_ours(each) else each.definition
    except DefinitionError as error:
        raise DefinitionError(f"{label(name)} cannot be offered: {error}") from None


def _add(sources: dict[str, Toolbox], name: str, tools: Toolbox) -> None:
    """Add a source under the name that errors are to have for it."""
    for earlier, others in sources.items():
        for each in tools if earlier != name else ():
            if each in others and tools[each] is not others[each]:
                raise DefinitionError(
                    f"{name} and {earlier} both have a tool named {each!r}. Offer one of the two, "
                    "or single tools of a file or module: file.py:name, module:name."
                )
    sources[name] = tools


@cache
def packs() -> dict[str, list[EntryPoint]]:
    """The installed packs of tools by name, agentkit's own first; more than one is a clash."""
    from importlib.metadata import entry_points

    # Own packs come first, so that in a clash of tools a plugin is left out and not one of these.
    points = sorted(
        entry_points(group=GROUP),
        key=lambda point: (not _is_own(point), point.name, _origin(point.dist)),
    )
    found: dict[str, list[EntryPoint]] = {}
    for each in points:
        found.setdefault(each.name, []).append(each)
    return found


def load_pack(name: str) -> Toolbox:
    """The tools of an installed pack.

    Raises:
        ConfigError: There is no such pack, there are two of that name, or it cannot be imported.
        DefinitionError: It holds no tools, or two of one name.
    """
    if name not in packs():
        known = ", ".join(packs()) or "none installed"
        raise ConfigError(
            f"There are no tools {name!r}.{closest(name, packs())} Give a pack ({known}), "
            "file.py, file.py:name, module:name, or none."
        )
    if len(packs()[name]) > 1:
        raise ConfigError(
            f"Several packs are named {name}: {label(name)}. Uninstall all but one, or give single "
            "tools as module:name."
        )
    loaded = imported(label(name), packs()[name][0].load)
    try:
        return Toolbox(loaded)
    except DefinitionError as error:
        raise DefinitionError(f"{label(name)} cannot be used: {error}") from None


def label(name: str) -> str:
    """A pack with the distributions that offer it."""
    return f"the pack {name} of {origin(name)}"


def origin(name: str) -> str:
    """The distribution that offers a pack, with its version; several where they clash."""
    return " and of ".join(_origin(each.dist) for each in packs()[name])


def _is_own(point: EntryPoint) -> bool:
    return _origin(point.dist).split()[0] == "agentkit"


@cache
def _origin(distribution: Distribution | None) -> str:
    if distribution is not None:
        with suppress(Exception):  # no metadata: what comes of it depends on Python's version
            if distribution.name:
                return f"{distribution.name} {distribution.version}"
    return "a distribution without a name"


def _tools_of(name: str) -> Toolbox:
    source = _source(name)
    try:
        return Toolbox(source)
    except DefinitionError as error:  # which calls a file by the name that it is imported under
        text = str(error).replace(getattr(source, "__name__", name), name)
        raise DefinitionError(text) from None


def _source(name: str) -> Any:
    if (place := place_of(name)) is None:
        return load_pack(name)
    where, inside = place
    module = module_of(where)
    return _tools_in(module, where, inside) if inside else module


def _tools_in(module: ModuleType, where: str, path: str) -> Any:
    from agentkit import Agent

    value = attribute(module, where, path)
    if isinstance(value, Agent):
        raise ConfigError(f"{where}:{path} is an agent; its tools are {where}:{path}.toolbox.")
    return value

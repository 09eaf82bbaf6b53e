"""`agentkit tools packs`: the installed packs of tools."""

from __future__ import annotations

import inspect
import sys

from agentkit import AgentkitError, Toolbox
from agentkit.cli.linting import cost
from agentkit.cli.loading import is_usual, load_pack, origin, packs
from agentkit.cli.output import apart, write
from agentkit.cli.text import columns, one_line

_HEAD = ("NAME", "TOOLS", "TOKENS", "DEFAULT", "EFFECTS", "FROM", "DESCRIPTION")


def list_packs() -> None:
    """List the installed packs, which `--tools NAME` offers.

    TOKENS is what a pack's definitions cost in each request, as an estimate. DEFAULT are the packs
    that are offered without --tools. A pack that cannot be loaded says why.
    """
    if not packs():
        write("There are no packs.\n")
        return
    with apart():  # a pack may print while it is imported
        rows = [_row(name) for name in packs()]
    write(columns([_HEAD, *rows]) + "\n")


def _row(name: str) -> tuple[str, ...]:
    try:
        pack = load_pack(name)
    except AgentkitError as error:
        return (one_line(name), "?", "?", "no", "?", origin(name), one_line(str(error)))
    default = "yes" if is_usual(name, pack) else "no"
    told = (str(len(pack)), f"{cost(pack):,}", default, effects(pack), origin(name))
    return (one_line(name), *told, _description(name))


def effects(pack: Toolbox) -> str:
    """What calls of a pack may do, and whether somebody is asked first."""
    tools = pack.values()
    marks = (
        ("read-only", all(each.read_only for each in tools)),
        ("destructive", any(each.destructive for each in tools)),
        ("open-world", any(each.open_world for each in tools)),
        ("asks", any(each.approve for each in tools)),
    )
    return ", ".join(mark for mark, holds in marks if holds) or "changes things"


def _description(name: str) -> str:
    """The first line of what the pack's module says of itself."""
    module = sys.modules.get(packs()[name][0].module)
    return one_line((inspect.getdoc(module) or "").partition("\n")[0]) if module else ""

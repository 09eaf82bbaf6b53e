"""What is said of the built-in tools in their README, held against the tools."""

import re
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from agentkit import Toolbox
from agentkit.cli.loading import is_usual

README = (Path(__file__).parents[2] / "tools" / "README.md").read_text(encoding="utf-8")
ROWS = {
    (pack, tool): effects.strip()
    for pack, tool, effects in re.findall(
        r"^\| `([\w-]+)` *\| `(\w+)` *\|.*\|(.*)\|$", README, re.MULTILINE
    )
}
PACKS = {
    each.name: Toolbox(each.load())
    for each in entry_points(group="agentkit.tools")
    if each.dist is not None and each.dist.name == "agentkit"
}


def test_every_built_in_tool_is_listed_under_its_pack():
    assert set(ROWS) == {(name, tool) for name, pack in PACKS.items() for tool in pack}


@pytest.mark.parametrize(("pack", "name"), ROWS, ids="/".join)
def test_the_effects_of_a_tool_are_those_that_are_listed(pack, name):
    tool, said = PACKS[pack][name], ROWS[pack, name]

    assert ("reads" in said) == tool.read_only
    assert ("destructive" in said) == tool.destructive
    assert ("open world" in said) == tool.open_world
    assert ("always asks" in said) == (tool.approve is True)


def test_what_writes_is_never_in_a_pack_with_what_reads():
    mixed = {
        name for name, pack in PACKS.items() if len({tool.read_only for tool in pack.values()}) > 1
    }

    assert mixed == {"memory"}  # whose notes are its own


def test_what_a_command_line_offers_unasked_is_known_and_within_groqs_advice():
    usual = {name: pack for name, pack in PACKS.items() if is_usual(name, pack)}
    together = Toolbox(*usual.values())

    assert set(usual) == {"calculator", "clock", "files"}
    assert together.lint("groq") == []

"""`agentkit tools packs`, and packs that cannot be had."""

from __future__ import annotations

import sys

import pytest

from agentkit.cli import loading

HEAD = ["NAME", "TOOLS", "TOKENS", "DEFAULT", "EFFECTS", "FROM", "DESCRIPTION"]
MODULE = '"""{about}"""\n\nfrom agentkit import tool\n\n\n'
TOOL = '@tool({options})\ndef {name}() -> str:\n    """Do {name}."""\n    return "{name}"\n\n\n'


@pytest.fixture
def install(tmp_path):
    """Puts a distribution with one pack into the working directory, as pip would."""

    def put(pack: str, value: str, text: str | None = None, dist: str = "") -> None:
        dist = dist or f"agentkit-{pack}"
        info = tmp_path / f"{dist.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "entry_points.txt").write_text(f"[agentkit.tools]\n{pack} = {value}\n")
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: 1.0\n")
        if text is not None:
            (tmp_path / f"{value.partition(':')[0]}.py").write_text(text, encoding="utf-8")

    return put


@pytest.fixture
def here(inside, tmp_path, packs, monkeypatch):
    """The command line in this process, with what is installed in the working directory."""
    before = set(sys.modules)
    for place in (packs, tmp_path):
        monkeypatch.syspath_prepend(place)
    loading.packs.cache_clear()
    yield inside
    loading.packs.cache_clear()
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


def module(*names: str, options: str = "read_only=True", about: str = "About it.") -> str:
    tools = (TOOL.format(options=options, name=name) for name in names)
    return MODULE.format(about=about) + "".join(tools)


def rows(out: str) -> dict[str, list[str]]:
    """The lines after the head by their first word, cut at runs of blanks."""
    lines = [line.split("  ") for line in out.splitlines()[1:]]
    return {line[0]: [cell.strip() for cell in line if cell.strip()] for line in lines}


def test_each_pack_is_a_line(command):
    done = command("tools", "packs")
    lines = rows(done.out)

    assert (done.code, done.err, done.out.splitlines()[0].split()) == (0, "", HEAD)
    assert lines["clock"][:2] == ["clock", "5"]
    assert lines["calculator"][3:] == [
        "yes",
        "read-only",
        "agentkit 0.1.0",
        "A calculator: exact in whole numbers and decimals, and bounded in everything.",
    ]


@pytest.mark.parametrize(
    ("options", "default", "effects"),
    [
        ("read_only=True", "yes", "read-only"),
        ("read_only=True, open_world=True", "no", "read-only, open-world"),
        ("destructive=True, approve=True", "no", "destructive, asks"),
        ("read_only=True, approve=bool", "yes", "read-only, asks"),
        ("", "no", "changes things"),
    ],
)
def test_the_effects_of_a_pack_are_told(here, install, options, default, effects):
    install("house", "house_tools", module("heat", options=options))
    line = rows(here("tools", "packs").out)["house"]

    assert line[3:] == [default, effects, "agentkit-house 1.0", "About it."]


def test_a_pack_may_be_an_object_inside_a_module(here, install):
    text = module("heat", "cool") + "house = [heat]\n"
    install("house", "house_tools:house", text)

    assert rows(here("tools", "packs").out)["house"][1] == "1"
    assert here("tools", "call", "heat", "--tools", "house").out == "heat\n"


BROKEN = {
    "import": ("no_such_module", None, "ModuleNotFoundError: No module named 'no_such_module'"),
    "extra": ("odd_tools", "import no_such_library\n", "No module named 'no_such_library'"),
    "syntax": ("odd_tools", "def broken(:\n", "SyntaxError: invalid syntax"),
    "exit": ("odd_tools", "raise SystemExit(3)\n", "SystemExit: 3 (odd_tools.py, line 1)"),
    "name": ("odd_tools:tools", "toolz = []\n", "has no attribute 'tools'"),
    "value": ("odd tools!", None, "cannot be imported"),
    "empty": ("odd_tools", "", "odd_tools holds no tools"),
    "number": ("odd_tools:number", "number = 5\n", "5 holds no tools"),
    "twins": (
        "odd_tools:tools",
        module("heat") + "tools = [heat, tool(heat.function)]\n",
        "Two tools are named 'heat'",
    ),
}


@pytest.mark.parametrize(("value", "text", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_pack_is_one_line_with_its_distribution(here, install, value, text, reason):
    install("odd", value, text)
    listed = here("tools", "packs")
    chosen = here("tools", "list", "--tools", "odd")

    assert (listed.code, listed.err, "calculator" in listed.out) == (0, "", True)
    assert reason in rows(listed.out)["odd"][-1]
    assert (chosen.code, chosen.out, chosen.err.count("\n")) == (2, "", 1)
    assert "the pack odd of agentkit-odd 1.0" in chosen.err
    assert reason in chosen.err


@pytest.mark.parametrize(("value", "text", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_pack_keeps_no_other_away(here, install, value, text, reason):
    install("odd", value, text)
    done = here("tools", "call", "calculator", '{"expression": "2 + 2"}')

    assert (done.code, done.out) == (0, "2 + 2 = 4\n")
    assert done.err.startswith("agentkit: left out: the pack odd of agentkit-odd 1.0 ")
    assert (done.err.count("\n"), reason in done.err) == (1, True)


def test_a_tool_that_cannot_be_offered_keeps_no_other_pack_away(here, install):
    text = MODULE + '@tool(read_only=True)\ndef heat(how: type(iter)) -> str:\n    """Heat."""\n'
    install("house", "house_tools", text)
    done = here("run", "What is 2 + 2?", "--interface", "offline")

    assert (done.code, "4" in done.out) == (0, True)
    assert "left out: the pack house of agentkit-house 1.0 cannot be offered: heat" in done.err


def test_two_packs_of_one_name_are_refused_with_both_distributions(here, install):
    install("house", "house_tools", module("heat"))
    install("house", "home_tools", module("cool"), dist="home")
    chosen = here("tools", "list", "--tools", "house")

    assert (chosen.code, chosen.out, chosen.err.count("\n")) == (2, "", 1)
    assert "of agentkit-house 1.0 and of home 1.0" in chosen.err
    assert "of agentkit-house 1.0 and of home 1.0" in rows(here("tools", "packs").out)["house"][-1]


def test_a_plugin_cannot_take_the_place_of_a_built_in_pack(here, install):
    install("clock", "clock_tools", module("current_time"), dist="aaa")
    chosen = here("tools", "list", "--tools", "clock")
    usual = here("tools", "call", "calculator", '{"expression": "2 + 2"}')

    assert (chosen.code, usual.code, usual.out) == (2, 0, "2 + 2 = 4\n")
    assert "the pack clock of agentkit 0.1.0 and of aaa 1.0" in chosen.err
    assert "left out: Several packs are named clock" in usual.err


def test_of_two_tools_of_one_name_the_built_in_one_is_offered(here, install):
    install("abacus", "abacus_tools", module("calculator", "count"))
    usual = here("tools", "list")
    alone = here("tools", "call", "calculator", "--tools", "abacus")

    assert (usual.code, "count" in usual.out.split()) == (0, False)
    assert usual.err == (
        "agentkit: left out: the pack abacus of agentkit-abacus 1.0 and the pack calculator of "
        "agentkit 0.1.0 both have a tool named 'calculator'. Offer one of the two, or single tools "
        "of a file or module: file.py:name, module:name.\n"
    )
    assert (alone.code, alone.out) == (0, "calculator\n")


def test_a_clash_of_chosen_sources_names_both(here, install, tmp_path):
    install("abacus", "abacus_tools", module("calculator"))
    done = here("tools", "list", "--tools", "calculator,abacus")

    assert (done.code, done.out) == (2, "")
    assert "abacus and calculator both have a tool named 'calculator'" in done.err


def test_a_source_may_be_given_twice(here):
    done = here("tools", "list", "--tools", "calculator,calculator", "--tools", "calculator")

    assert done.out.count("\n") == 1


def test_a_pack_without_metadata_is_usable_and_named_as_such(here, install, tmp_path):
    install("house", "house_tools", module("heat"))
    (tmp_path / "agentkit_house-1.0.dist-info" / "METADATA").unlink()

    assert here("tools", "call", "heat", "--tools", "house").out == "heat\n"
    assert "a distribution without a name" in rows(here("tools", "packs").out)["house"]


def test_what_a_pack_prints_and_says_of_itself_does_no_harm(command, install):
    text = module("heat", about="Heats\\x1b[2J the house.") + "print('hello from the pack')\n"
    install("house", "house_tools", text)
    done = command("tools", "packs")

    assert rows(done.out)["house"][-1] == "Heats the house."
    assert "hello" not in done.out
    assert "hello from the pack" in done.err

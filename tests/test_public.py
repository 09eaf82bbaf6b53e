"""The public face: what is importable, what it costs, and how big it may grow."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import agentkit

ROOT = Path(__file__).parent.parent
SOURCES = sorted([*(ROOT / "agentkit").rglob("*.py"), *(ROOT / "tools").rglob("*.py")])
HEAVY = set(
    [
        "pydantic",
        "httpx",
        "jsonschema",
        "referencing",
        "docstring_parser",
        "typer",
        "rich",
        "asyncio",
        "agentkit.http",
    ]
)
DECORATED = """
from agentkit import Agent, tool

@tool(read_only=True)
def add(a: int, b: int) -> int:
    '''Add two numbers.'''
    return a + b

"""
LINES, FUNCTION_LINES, NAMES = 300, 40, 40


def loaded_by(statement: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after a statement."""
    code = f"import sys\nold = set(sys.modules)\n{statement}\nprint(*(set(sys.modules) - old))"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=ROOT
    )
    return set(done.stdout.split())


def test_every_public_name_is_importable_and_found_by_type_checkers():
    tree = ast.parse((ROOT / "agentkit" / "__init__.py").read_text(encoding="utf-8"))
    declared = {
        alias.asname
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }

    assert declared == set(agentkit.__all__)
    assert set(agentkit.__all__) <= set(dir(agentkit))
    for name in agentkit.__all__:
        assert getattr(agentkit, name) is not None


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'agents'"):
        _ = agentkit.agents


def test_the_number_of_public_names_stays_small():
    assert len(agentkit.__all__) <= NAMES


def test_importing_agentkit_loads_nothing_else():
    assert loaded_by("import agentkit") == {"agentkit"}


def test_agents_and_tools_load_nothing_heavy_before_it_is_needed():
    loaded = loaded_by(f"{DECORATED}agent = Agent([add])")

    assert "agentkit.agent" in loaded
    assert not loaded & {
        *HEAVY,
        "pydantic_core",
        "logging",
        "hashlib",
        "email",
        "importlib.metadata",
    }


def test_a_definition_loads_pydantic_and_nothing_else_that_is_heavy():
    loaded = loaded_by(f"{DECORATED}add.definition")

    assert loaded & HEAVY == {"pydantic"}


def test_a_run_offline_loads_nothing_of_the_network():
    loaded = loaded_by(f"{DECORATED}Agent([add], 'offline').run('Add 2 and 3')")

    assert "agentkit.offline" in loaded
    assert not loaded & (HEAVY - {"pydantic"} | {"agentkit.catalog", "agentkit.wire.stream"})


def test_tool_stays_the_decorator_after_other_imports():
    code = "import agentkit.function_tool, agentkit.agent\nfrom agentkit import tool\ntool(abs)"

    with pytest.raises(subprocess.CalledProcessError) as failed:
        loaded_by(code.replace("tool(abs)", "raise SystemExit(tool.__name__)"))
    assert failed.value.stderr.strip() == "tool"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_are_short(path):
    text = path.read_text(encoding="utf-8")
    functions = [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    long = [f.name for f in functions if (f.end_lineno or 0) - f.lineno >= FUNCTION_LINES]

    assert text.count("\n") <= LINES
    assert long == []

"""Every example in the README and the docs runs."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "tools" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
README = PAGES[0].read_text(encoding="utf-8")


def blocks(page, language):
    return [
        text for name, text in BLOCK.findall(page.read_text(encoding="utf-8")) if name == language
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_python_of_a_page_runs_from_top_to_bottom(page, tmp_path):
    program = tmp_path / "page.py"
    program.write_text("\n".join(blocks(page, "python")), encoding="utf-8")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "-W", "error", str(program)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    for shown in blocks(page, ""):
        assert shown in done.stdout


def commands():
    lines = [line for block in blocks(PAGES[0], "console") for line in block.splitlines()]
    return [line.removeprefix("$ ") for line in lines if "agentkit " in line and "pip" not in line]


@pytest.mark.parametrize("command", commands())
def test_the_command_lines_of_the_readme_run(command, tmp_path):
    (tmp_path / "my_tools.py").write_text(
        "from agentkit import tool\n\n@tool\ndef hi(name: str) -> str:\n    'Greet.'\n    return name\n",
        encoding="utf-8",
    )
    python = f"{shlex.quote(sys.executable)} -m agentkit"
    line = re.sub(r"(^|[|&] )agentkit ", rf"\1{python} ", command)

    done = subprocess.run(
        ["/bin/sh", "-c", line],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AGENTKIT_INTERFACE": "offline"},
        input="hello\n/quit\n",
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_the_readme_lists_every_option_of_a_tool():
    from agentkit.function_tool import ToolOptions

    for option in ToolOptions.__annotations__:
        assert f"`{option}`" in README


def test_every_link_of_the_readme_leads_somewhere():
    for target in re.findall(r"\]\((?!http|#)([^)]+)\)", README):
        assert (ROOT / target).exists(), target

"""Servers of PyPI that tests need, each in a virtual environment of its own; see `npm` for others.

They are made once, under AGENTKIT_TEST_SERVERS (default: `.servers`). Where the registry cannot be
reached, the test is skipped.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

SECONDS = 180


def servers_home() -> Path:
    """Where they are, and what is installed of npm."""
    root = Path(os.environ.get("AGENTKIT_TEST_SERVERS") or Path(__file__).parents[1] / ".servers")
    root.mkdir(parents=True, exist_ok=True)
    return root


def made_once(home: Path, make: Callable[[Path], None]) -> Path:
    """A folder that is there, or that is made at once: half of one is never taken for a whole."""
    with FileLock(f"{home}.lock"):  # processes of one suite want the same at once
        if not home.is_dir():
            making = Path(tempfile.mkdtemp(prefix="making-", dir=home.parent))
            try:
                make(making)
                making.rename(home)
            finally:
                shutil.rmtree(making, ignore_errors=True)
    return home


def python_with(package: str, *more: str) -> Path:
    """The Python of an environment that has a package.

    Args:
        package: Such as `mcp-server-time==1.2.3`.
        more: Other arguments of pip, such as a constraint.
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    pinned = [re.split(r"(?:\[.*\])?==", each) for each in (package, *more) if "==" in each]
    name = "-".join(part for each in pinned for part in each)
    home = servers_home() / f"{name}-py{version}"
    inside = Path("Scripts/python.exe" if os.name == "nt" else "bin/python")
    return made_once(home, lambda making: _install(making, inside, package, more)) / inside


def _install(home: Path, inside: Path, package: str, more: tuple[str, ...]) -> None:
    uv = Path(sys.executable).with_name("uv")  # it takes a seventh of what pip takes
    making: list[Any] = [sys.executable, "-m", "venv", home]
    if uv.exists():
        making.append("--without-pip")
        installing = [uv, "pip", "install", "--quiet", "--python", home / inside]
    else:
        installing = [home / inside, "-m", "pip", "install", "--quiet", "--no-input"]
        installing += ["--no-compile", "--disable-pip-version-check"]
        installing += ["--retries", "1", "--timeout", "15"]
    installing += ["--only-binary", ":all:", *more, package]
    end = time.monotonic() + SECONDS
    for command in (making, installing):
        left = max(1.0, end - time.monotonic())
        try:
            done = subprocess.run(
                command, check=False, capture_output=True, text=True, timeout=left
            )
        except subprocess.TimeoutExpired:
            pytest.skip(f"{package} was not installed within {SECONDS} seconds")
        if done.returncode:
            told = [line for line in done.stderr.splitlines() if not line.startswith("WARNING")]
            pytest.skip(f"{package} could not be installed: {' '.join(told[-2:])}")

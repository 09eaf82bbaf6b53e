"""Packages of the npm registry that tests need, installed where LiteLLM's environment is."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from debian import found_or_installed
from installed import made_once, servers_home

SECONDS = 240


def npm_package(package: str, version: str) -> Path:
    """The folder of an installed package; its dependencies are in the `node_modules` around it.

    A package is installed once, under AGENTKIT_TEST_SERVERS (default: `.servers`). Where there is
    no npm, or the registry cannot be reached, the test is skipped.
    """
    npm = found_or_installed(lambda: shutil.which("npm"), "npm", "nodejs", "npm")
    home = servers_home() / f"npm-{package.strip('@').replace('/', '-')}-{version}"
    made_once(home, lambda making: _install(npm, f"{package}@{version}", making))
    return home / "node_modules" / package


def _install(npm: str, wanted: str, making: Path) -> None:
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", making]
    try:
        done = subprocess.run(
            [*command, wanted], capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"{wanted} was not installed within {SECONDS} seconds")
    if done.returncode:
        pytest.skip(f"{wanted} could not be installed: {done.stderr.strip()[-300:]}")

"""Packages of the npm registry that tests need, installed where LiteLLM's environment is."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from debian import found_or_installed
from filelock import FileLock

SECONDS = 240


def npm_package(package: str, version: str) -> Path:
    """The folder of an installed package; its dependencies are in the `node_modules` around it.

    A package is installed once, under AGENTKIT_TEST_SERVERS (default: `.servers`). Where there is
    no npm, or the registry cannot be reached, the test is skipped.
    """
    npm = found_or_installed(lambda: shutil.which("npm"), "npm", "nodejs", "npm")
    root = Path(os.environ.get("AGENTKIT_TEST_SERVERS") or Path(__file__).parents[1] / ".servers")
    root.mkdir(parents=True, exist_ok=True)
    home = root / f"npm-{package.strip('@').replace('/', '-')}-{version}"
    with FileLock(f"{home}.lock"):  # processes of one suite want the same packages at once
        if not home.is_dir():
            _install(npm, f"{package}@{version}", home)
    return home / "node_modules" / package


def _install(npm: str, wanted: str, home: Path) -> None:
    making = Path(tempfile.mkdtemp(prefix="making-", dir=home.parent))
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", making]
    try:
        done = subprocess.run(
            [*command, wanted], capture_output=True, text=True, timeout=SECONDS, check=False
        )
        if done.returncode:
            pytest.skip(f"{wanted} could not be installed: {done.stderr.strip()[-300:]}")
        making.rename(home)  # at once, so that half a package is never taken for a whole one
    except subprocess.TimeoutExpired:
        pytest.skip(f"{wanted} was not installed within {SECONDS} seconds")
    finally:
        shutil.rmtree(making, ignore_errors=True)

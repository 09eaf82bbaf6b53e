"""Packages of Debian that tests need; see `chromium` and `postgres`."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

T = TypeVar("T")


def found_or_installed(find: Callable[[], T | None], name: str, *packages: str) -> T:
    """What `find` finds; a machine for tests (CI=true, root, apt-get) gets it, others skip."""
    if (found := find()) is not None:
        return found
    install = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if os.environ.get("CI") == "true" and os.geteuid() == 0 and shutil.which("apt-get"):
        _install(install)
    if (found := find()) is not None:
        return found
    pytest.skip(f"There is no {name} here: {' '.join(install)}")


def _install(install: list[str]) -> None:
    from filelock import FileLock

    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with FileLock(Path(tempfile.gettempdir()) / "agentkit-tests-apt.lock"):  # apt has one at a time
        for command in (["apt-get", "update"], install):
            subprocess.run(command, env=environment, capture_output=True, timeout=600, check=False)

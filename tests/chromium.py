"""A real browser for tests: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_INSTALL = ["apt-get", "install", "-y", "--no-install-recommends", "chromium", "fonts-dejavu-core"]


def path_of_chromium() -> str:
    """Where it is; a machine for tests (CI=true, root, apt-get) gets it, others skip the test."""
    if found := _found():
        return found
    if os.environ.get("CI") == "true" and os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update"], _INSTALL):
            subprocess.run(command, env=environment, capture_output=True, timeout=600, check=False)
    if found := _found():
        return found
    pytest.skip(f"There is no Chromium here: {' '.join(_INSTALL)}")


@contextmanager
def chromium() -> Iterator[Any]:
    """A running browser, without a window."""
    path = path_of_chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


def _found() -> str | None:
    return next(filter(None, map(shutil.which, _NAMES)), None)

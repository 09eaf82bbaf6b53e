"""A real browser for tests: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from debian import found_or_installed

_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def path_of_chromium() -> str:
    """Where it is."""
    return found_or_installed(_found, "Chromium", "chromium", "fonts-dejavu-core")


@contextmanager
def chromium() -> Iterator[Any]:
    """A running browser, without a window."""
    path = path_of_chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def _found() -> str | None:
    return next(filter(None, map(shutil.which, _NAMES)), None)

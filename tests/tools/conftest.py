"""Time enough for what is done in a process of its own, except where a test sets it itself."""

from __future__ import annotations

import pytest

from agentkit_tools import _apart, web


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_apart, "_SECONDS", 60.0)
    monkeypatch.setattr(web, "_READ_SECONDS", 60.0)

"""Each test that talks to a server does so over each of the transports."""

from __future__ import annotations

from importlib.util import find_spec

import pytest


@pytest.fixture
def lingering(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a stream is waited for, so that its connection serves again on a slow machine."""
    monkeypatch.setattr("agentkit.clients._LINGER", 20.0)


@pytest.fixture(autouse=True, params=["httptools", "h11", "httpx"])
def transport(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What sends the requests of the test."""
    if not find_spec(request.param):
        pytest.skip(f"{request.param} is not installed")
    monkeypatch.setenv("AGENTKIT_TRANSPORT", request.param)
    return request.param

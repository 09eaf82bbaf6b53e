from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from telemetry.recorded import Recorded


@pytest.fixture
def recorded(caplog: pytest.LogCaptureFixture) -> Iterator[Recorded]:
    """What the SDK has; nothing may go wrong inside of it, which it would only log."""
    made = Recorded.new()
    with caplog.at_level(logging.WARNING, logger="opentelemetry"):
        yield made
    made.close()
    assert [each for each in caplog.records if each.name.startswith("opentelemetry")] == []

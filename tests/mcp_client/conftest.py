from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from mcp_client.servers import Raw

from agentkit.mcp import MCPToolbox


@pytest.fixture
def raw(tmp_path: Path) -> Iterator[Raw]:
    made: list[MCPToolbox] = []
    yield Raw(tmp_path, made)
    for each in made:
        each.close()

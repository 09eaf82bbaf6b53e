"""Agents over HTTP, for the extra `agentkit[serve]`."""

from __future__ import annotations

from agentkit.serve.service import Service as Service

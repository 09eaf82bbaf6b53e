"""Runs that outlive their process and their machine, on DBOS: `agentkit[durable]`."""

from agentkit.durable.engine import Engine
from agentkit.durable.listing import DurableRun, DurableStep

__all__ = ["DurableRun", "DurableStep", "Engine"]

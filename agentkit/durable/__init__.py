"""Runs that outlive their process and their machine, on DBOS: `agentkit[durable]`."""

from agentkit.errors import ConfigError

try:
    from agentkit.durable.engine import Engine
    from agentkit.durable.listing import DurableRun, DurableStep
    from agentkit.durable.worker import Worker
except ModuleNotFoundError as error:
    if error.name not in ("dbos", "sqlalchemy", "filelock"):
        raise
    raise ConfigError("Durable runs need DBOS: pip install 'agentkit[durable]'.") from error

__all__ = ["DurableRun", "DurableStep", "Engine", "Worker"]

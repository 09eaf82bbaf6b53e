"""Agents over HTTP: `agentkit[serve]`."""

from agentkit.errors import ConfigError

try:
    from agentkit.serve.service import Service
except ModuleNotFoundError as error:
    if error.name not in ("filelock", "jinja2", "prometheus_client", "starlette", "uvicorn"):
        raise
    raise ConfigError(f"The service needs {error.name}: pip install 'agentkit[serve]'.") from error

__all__ = ["Service"]

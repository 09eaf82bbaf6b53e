"""Agents over HTTP: `agentkit[serve]`."""

from agentkit.errors import ConfigError

_EXTRA = ("filelock", "jinja2", "prometheus_client", "starlette", "uvicorn")

try:
    from agentkit.serve.service import Service
except ModuleNotFoundError as error:
    missing = (error.name or "").partition(".")[0]
    if missing not in _EXTRA:
        raise
    raise ConfigError(f"The service needs {missing}: pip install 'agentkit[serve]'.") from error

__all__ = ["Service"]

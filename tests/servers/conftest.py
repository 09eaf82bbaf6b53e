"""LiteLLM's proxy, the real one, as a gateway between agentkit and the loopback model.

    agentkit --HTTP--> LiteLLM (a process of its own) --HTTP--> ModelServer

LiteLLM reads each request, sends one of its own with OpenAI's package, reads the reply, and writes
another. It lives in a virtual environment of its own under AGENTKIT_TEST_SERVERS (default:
`.servers`), made when first wanted: about a minute, 660 MB. AGENTKIT_SKIP_SERVERS=1 does without.
"""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest import KEY
from installed import python_with
from model_server import ModelServer

from agentkit import HTTPInterface

HERE = Path(__file__).parent
CONSTRAINTS = HERE / "constraints.txt"
PACKAGE = "litellm[proxy]==1.106.2"
START_SECONDS = 90

# It ends with its standard input, so none is left behind whichever way the tests end.
LAUNCH = """
import os, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
from litellm import run_server
run_server()
"""

MOCK_CALL = {"name": "look", "arguments": '{"at": 1}'}
MOCKS = {
    "mock-text": {"mock_response": "Hello from LiteLLM."},
    "mock-call": {
        "mock_tool_calls": [{"id": "call_mock", "type": "function", "function": MOCK_CALL}]
    },
    "mock-function-call": {
        "mock_response": {
            "choices": [
                {"message": {"role": "assistant", "content": None, "function_call": MOCK_CALL}}
            ]
        }
    },
    "mock-limit": {"mock_response": "litellm.RateLimitError"},
    "mock-failure": {"mock_response": "litellm.InternalServerError"},
}
"""Models that LiteLLM plays itself, by the name of each."""


class Upstream(ModelServer):
    """The model behind the gateway: one for all tests, because the gateway keeps its address."""

    def forget(self) -> None:
        self.requests.clear()
        self.problems.clear()
        self._script.clear()
        self.always = None

    def check(self) -> None:
        """`check`, but for groq's types: it is OpenAI's package that LiteLLM asks with."""
        self.problems = [each for each in self.problems if not each.startswith("groq: ")]
        super().check()


@dataclass(frozen=True)
class Gateway:
    """A running LiteLLM."""

    url: str
    upstream: Upstream


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """LiteLLM in front of an upstream; skips where it cannot be had."""
    if os.environ.get("AGENTKIT_SKIP_SERVERS"):
        pytest.skip("AGENTKIT_SKIP_SERVERS is set")
    python = python_with(PACKAGE, "--constraint", str(CONSTRAINTS))
    place = tmp_path_factory.mktemp("litellm")
    with Upstream() as upstream, _running(python, place, upstream.url) as url:
        yield Gateway(url, upstream)


@pytest.fixture
def server(gateway: Gateway) -> Iterator[Upstream]:
    gateway.upstream.forget()
    yield gateway.upstream
    gateway.upstream.check()


@pytest.fixture
def interface(gateway: Gateway) -> Iterator[Callable[..., HTTPInterface]]:
    """Makes an interface to the gateway; its sync connections are closed at the end."""
    made: list[HTTPInterface] = []

    def make(**given: Any) -> HTTPInterface:
        aliases = dict.fromkeys(("default", "agent"), "behind-openai")
        settings = {"api_key": KEY, "base_url": gateway.url, "timeout": 30.0, "aliases": aliases}
        made.append(HTTPInterface("groq", **settings | given))
        return made[-1]

    yield make
    for each in made:
        each.close()


@contextmanager
def _running(python: Path, place: Path, upstream: str) -> Iterator[str]:
    """LiteLLM's address; one that was installed and does not start is a failure, no skip."""
    config, log = place / "config.yaml", place / "log"
    config.write_text(json.dumps(_config(upstream)), encoding="utf-8")  # JSON is YAML
    port = _free_port()
    at = ["--config", config, "--host", "127.0.0.1", "--port", str(port)]
    # Nothing else of ours: keys and a DATABASE_URL would be taken up.
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(place),
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else it asks GitHub for prices
        "NO_PROXY": "*",
    }
    with (
        log.open("wb") as output,
        subprocess.Popen(
            [python, "-c", LAUNCH, *at],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=place,
            env=environment,
        ) as process,
    ):
        try:
            _wait(process, f"http://127.0.0.1:{port}/health/liveliness", log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.kill()  # it holds nothing, and its own way out takes seconds


def _free_port() -> int:
    """One that no system gives to connections, as it is to be free when LiteLLM has been loaded."""
    for port in random.sample(range(20_000, 30_000), 100):
        with socket.socket() as free, suppress(OSError):
            free.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("No port is free.")


def _config(upstream: str) -> dict[str, Any]:
    behind = {"api_key": "upstream-key", "api_base": upstream}
    models = {
        "behind-openai": {"model": "openai/behind-openai", **behind},
        "behind-mistral": {"model": "mistral/behind-mistral", **behind},
        **{name: {"model": f"openai/{name}", "api_key": "none", **MOCKS[name]} for name in MOCKS},
    }
    return {
        "model_list": [
            {"model_name": name, "litellm_params": params} for name, params in models.items()
        ],
        "general_settings": {"master_key": KEY},
        "litellm_settings": {"num_retries": 0, "request_timeout": 20, "telemetry": False},
        "router_settings": {"num_retries": 0, "disable_cooldowns": True},
    }


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    with httpx.Client(trust_env=False, timeout=5) as client:
        while process.poll() is None and time.monotonic() < until:
            try:
                if client.get(address).is_success:
                    return
            except httpx.HTTPError:
                time.sleep(0.1)
    told = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    raise RuntimeError(f"LiteLLM did not start within {START_SECONDS} seconds:\n{told}")

"""A trace that goes on in another process: a server of tools over the Model Context Protocol."""

from __future__ import annotations

import sys

from agentkit import Agent
from agentkit.mcp import mcp
from agentkit.testing import ScriptedInterface, call

TOOLS = """
from agentkit import tool
from agentkit.tracing import traceparent

@tool(read_only=True)
def where() -> str:
    "Tell what goes on."
    return traceparent()
"""


def test_a_call_of_a_server_takes_the_trace_along(recorded, tmp_path):
    (tmp_path / "tools.py").write_text(TOOLS, encoding="utf-8")
    command = [sys.executable, "-m", "agentkit", "mcp", "serve", "--tools", "tools.py"]
    with mcp(command, cwd=tmp_path, pins=False) as tools:
        agent = Agent([tools], ScriptedInterface(call("where"), "Done."), trace=recorded.trace())
        run = agent.run("Go.")

    (called,) = recorded.named("execute_tool where")
    ids = f"{called.context.trace_id:032x}-{called.context.span_id:016x}"
    assert run.steps[0].results[0].content.startswith(f"00-{ids}-")

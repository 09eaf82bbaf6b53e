"""Agents and tools over HTTP, and calls by hand."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from agentkit.context import Context
from agentkit.media import save_media
from agentkit.messages import FunctionCall, ResultMessage
from agentkit.serve.bodies import CallTool, read
from agentkit.serve.desk import Desk
from agentkit.serve.json_reply import JsonReply
from agentkit.serve.operations import Operation
from agentkit.serve.problems import Problem, not_found, problem_of
from agentkit.serve.sse import GONE, unless_left
from agentkit.serve.views import agent_view, tool_view
from agentkit.workers import Ended, carried


class ToolsApi:
    """The operations on agents and tools.

    Args:
        desk: Has the agents.
        deps: What tools find as `Context.deps`.
    """

    def __init__(self, desk: Desk, deps: Any = None) -> None:
        self._desk, self._deps = desk, deps

    async def agents(self, request: Request) -> Response:
        """List the agents."""
        shown = [agent_view(name, agent) for name, agent in self._desk.agents.items()]
        return JsonReply({"agents": shown})

    async def tools(self, request: Request) -> Response:
        """List the tools."""
        only = request.query_params.get("agent")
        names = [self._desk.named(only)] if only else list(self._desk.agents)
        shown = [
            tool_view(tool, name)
            for name in names
            for tool in self._desk.agents[name].toolbox.values()
        ]
        return JsonReply({"tools": shown})

    async def call(self, request: Request) -> Response:
        """Call a tool by hand."""
        body = await read(request, CallTool)
        name = request.path_params["name"]
        work = self.result(self.agent_with(name, body.agent), name, body)
        if (result := await unless_left(request.receive, work)) is None:
            return Response(status_code=GONE)
        return JsonReply(
            {
                "name": name,
                "content": result.content,
                "is_error": result.is_error,
                "untrusted": result.untrusted,
                "media": [save_media(each) for each in result.media],
            }
        )

    def agent_with(self, name: str, agent: str | None) -> str:
        """The agent that has a tool; where only one has it, it need not be said.

        Raises:
            Problem: There is none.
        """
        having = [each for each, known in self._desk.agents.items() if name in known.toolbox]
        where = self._desk.named(agent) if agent or len(having) > 1 else None
        if not having or (where and where not in having):
            raise not_found(f"There is no tool {name!r}.", "tool_not_found")
        return where or having[0]

    async def result(self, agent: str, name: str, body: CallTool) -> ResultMessage:
        """What a call by hand gives.

        Raises:
            Problem: It must be approved first.
        """
        gate = self._desk.agents[agent].gate
        call = FunctionCall(name, json.dumps(body.arguments))
        context = Context(self._deps)
        verdict = gate.judge(call, lambda: context, ())
        if isinstance(verdict, ResultMessage):
            return verdict
        if verdict and not body.approved:
            raise Problem(409, f"This call must be approved: {verdict}.", "approval_needed")
        try:
            return await carried(gate.toolbox.acall(call, context))
        except Ended as ended:
            raise problem_of(ended.cause) from None

    def operations(self) -> list[Operation]:
        """The operations."""
        return [
            Operation(
                method="GET", path="/api/agents", name="listAgents", handler=self.agents,
                says="List the agents.", gives="Agents",
            ),
            Operation(
                method="GET", path="/api/tools", name="listTools", handler=self.tools,
                says="List the tools.", gives="Tools", query={"agent": "Only those of an agent."},
                refuses=(404,),
            ),
            Operation(
                method="POST", path="/api/tools/{name}/call", name="callTool", handler=self.call,
                says="Call a tool by hand. One that must be approved answers 409 until it is.",
                body=CallTool, gives="Result", refuses=(404, 409),
            ),
        ]  # fmt: skip

"""An agent as one tool: a prompt goes in, its answer comes out."""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

from agentkit.agent import Agent
from agentkit.context import Context, Progress
from agentkit.errors import AgentkitError, ToolError
from agentkit.events import CallEnded, CallStarted, Event, RunEnded
from agentkit.function_tool import Tool
from agentkit.mcp.serving.calls import CANNOT_ASK, question
from agentkit.mcp.serving.talk import asking
from agentkit.messages import Wait
from agentkit.redact import redact
from agentkit.run import Run, shown


def agent_tool(agent: Agent[Any], name: str = "", description: str = "") -> Tool[..., Any]:
    """A tool that asks an agent, tells of its calls as progress, and gives its answer.

    What the agent's tools may do is what this one may do. Where calls of the agent need approval,
    the user of the MCP client is asked; elsewhere they are an error.

    Args:
        agent: The agent; its limits, its approval and its journal hold.
        name: What the tool is called; the agent's own name, or `ask_agent`.
        description: What it is good for; if not given, it names the agent's tools.

    Raises:
        DefinitionError: The name cannot be one of a tool.
    """

    async def ask(prompt: str, context: Context[Any]) -> Any:
        try:
            run = await _followed(agent, context, prompt=prompt, deps=context.deps)
            while run.pending:
                run = await _decided(run)
                run = await _followed(agent, context, after=run, deps=context.deps)
        except AgentkitError as error:
            raise (
                error if isinstance(error, ToolError) else ToolError(redact(str(error)))
            ) from error
        return run.output

    ask.__annotations__["return"] = agent.output or str
    known = agent.toolbox.values() if agent.toolbox.is_ready else ()
    unknown = not agent.toolbox.is_ready  # and then anything may be among them
    return Tool(
        ask,
        name=name or agent.name or "ask_agent",
        description=description or _description(agent),
        read_only=not unknown and all(each.read_only for each in known),
        destructive=unknown or any(each.destructive for each in known),
        open_world=unknown or any(each.open_world for each in known),
        approve=False,  # its calls are asked about, one by one
        max_chars=None,
    )


def _description(agent: Agent[Any]) -> str:
    names = ", ".join(agent.toolbox) if agent.toolbox.is_ready else ""
    tools = f" Its tools: {names}." if names else ""
    return f"Give an agent a task, with all that it needs to know, and get its answer.{tools}"


async def _followed(agent: Agent[Any], context: Context[Any], **given: Any) -> Run[Any]:
    async with aclosing(agent.aiter(**given)) as events:
        async for event in events:
            if isinstance(event, RunEnded):
                return event.run
            if words := _words(event):
                context.progress(words)
    raise AssertionError("a run ends with RunEnded")


def _words(event: Event) -> str:
    match event:
        case CallStarted():
            return f"{event.call.name} runs"
        case CallEnded():
            return f"{event.call.name} {'failed' if event.result.is_error else 'is done'}"
        case Progress():
            return f"{event.tool}: {event.message}"
        case Wait():
            return f"waits {event.seconds:.0f} s for the model's server"
    return ""


async def _decided(run: Run[Any]) -> Run[Any]:
    """The run with a decision on each of its pending calls."""
    questions = [question(shown(call), call.waits) for call in run.pending]
    ask = asking.get()
    answers = await ask(questions) if ask else None
    if answers is None:
        call = run.pending[0]
        raise ToolError(f"The agent wants to call {call.name}: {call.waits}, and {CANNOT_ASK}")
    for call, allowed in zip(run.pending, answers, strict=True):
        run = run.approve(call) if allowed else run.deny(call)
    return run

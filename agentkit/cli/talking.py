"""The commands `run` and `chat`."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import typer

from agentkit.cli.options import (
    Approve,
    Conversation,
    InterfaceName,
    JournalPath,
    Json,
    MaxSteps,
    Mcp,
    Model,
    Options,
    Stream,
    System,
    Tools,
    TracePath,
)

Prompt = Annotated[
    str | None,
    typer.Argument(
        show_default=False,
        help="What to ask; - or nothing reads it from stdin. With both, what stdin brings "
        "follows the prompt.",
    ),
]


def run(
    prompt: Prompt = None,
    *,
    tools: Tools = None,
    mcp: Mcp = None,
    interface: InterfaceName = None,
    model: Model = "agent",
    option: Options = None,
    system: System = None,
    stream: Stream = None,
    json: Json = False,
    max_steps: MaxSteps = None,
    approval: Approve = "ask_for_destructive",
    journal: JournalPath = None,
    trace: TracePath = None,
    conversation: Conversation = None,
) -> None:
    """Ask once, with tools, and print the answer.

    On a terminal the calls show as they happen. In a pipe the answer comes alone on stdout, and
    all else on stderr.

    \b
    agentkit run "What is 17 * 23?"
    git diff | agentkit run "What changed here?" --tools none
    agentkit run "Book the kitchen" --tools house.py --json
    agentkit run "What time is it in Tokyo?" --mcp "uvx mcp-server-time"
    """
    from agentkit.cli.prompts import read_prompt
    from agentkit.cli.running import build_agent, follow, read_options
    from agentkit.cli.screen import screen_for

    asked = read_prompt(prompt)
    options = read_options(option or [], stream, json)
    more: dict[str, Any] = {"system": system, "max_steps": max_steps, "journal": journal}
    more |= {"approval": approval, "trace": trace}
    agent = build_agent(tools, mcp, interface, model, options=options, **more)
    screen = screen_for(json=json, stream="stream" in options)
    follow(agent, screen, asked, conversation=conversation)


def chat(
    *,
    tools: Tools = None,
    mcp: Mcp = None,
    interface: InterfaceName = None,
    model: Model = "agent",
    option: Options = None,
    system: System = None,
    stream: Stream = None,
    json: Json = False,
    max_steps: MaxSteps = None,
    approval: Approve = "ask_for_destructive",
    journal: JournalPath = None,
    trace: TracePath = None,
    conversation: Conversation = None,
) -> None:
    """Hold a conversation, a line at a time.

    /tools lists the tools, /undo takes the last exchange back, /compact has the model sum up what
    was said before it, /help lists the commands, /quit or Ctrl-D leaves. Ctrl-C stops a reply, and
    the conversation goes on. What goes wrong in one exchange is shown and ends nothing: the exit
    code is 0.
    """
    from agentkit.cli.chat import Chat
    from agentkit.cli.running import build_agent, read_options
    from agentkit.cli.screen import screen_for

    options = read_options(option or [], stream, json)
    more: dict[str, Any] = {"system": system, "max_steps": max_steps, "journal": journal}
    more |= {"approval": approval, "trace": trace}
    agent = build_agent(tools, mcp, interface, model, options=options, **more)
    screen = partial(screen_for, json=json, stream="stream" in options)
    Chat(agent, screen, conversation).talk()

"""Our client in front of our server: what an agent knows of a tool goes there and back."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from agentkit import Agent, FunctionCall
from agentkit.context import Progress
from agentkit.events import CallEnded
from agentkit.mcp import mcp
from agentkit.media import Image
from agentkit.testing import ScriptedInterface

TOOLS = '''
from typing import Any

from agentkit import Context, ToolError, tool
from agentkit.media import Image


@tool(read_only=True, idempotent=True)
def draw(word: str, context: Context[Any]) -> list[Any]:
    """Draw a word.

    Args:
        word: The word.
    """
    context.progress("drawing", 0.5)
    return [f"This is {word}:", Image(word.encode())]


@tool(destructive=True, approve=True)
def burn(word: str) -> str:
    """Burn a word."""
    if word == "stone":
        raise ToolError("A stone does not burn.")
    return f"{word} is ash"
'''


def test_an_agent_has_our_tools_over_the_protocol(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(TOOLS, encoding="utf-8")
    asked: list[str] = []

    def yes(question: str, schema: dict[str, Any]) -> dict[str, Any]:
        asked.append(question)
        return {}

    async def main() -> list[Any]:
        command = [sys.executable, "-m", "agentkit", "mcp", "serve", "--tools", "mine.py"]
        async with mcp(command, cwd=tmp_path, pins=False, elicit=yes) as tools:
            script = [
                FunctionCall("draw", '{"word": "tree"}'),
                FunctionCall("burn", '{"word": "tree"}'),
                FunctionCall("burn", '{"word": "stone"}'),
                "It is ash.",
            ]
            agent = Agent(tools, ScriptedInterface(*script), approval="never")
            effects = [(e.read_only, e.destructive, e.idempotent) for e in tools.values()]
            told = [
                event
                async for event in agent.aiter("Go")
                if isinstance(event, CallEnded | Progress)
            ]
            return [effects, *told]

    effects, progress, draw, burn, stone = asyncio.run(main())

    assert effects == [(True, False, True), (False, True, False)]
    assert (progress.message, progress.fraction) == ("drawing", 0.5)
    assert draw.result.content == "This is tree:\n[image/png, 4 bytes]"
    assert draw.result.media == (Image(b"tree"),)
    assert burn.result.content == "tree is ash"
    assert stone.result.is_error
    assert "A stone does not burn." in stone.result.content
    assert [each.partition(".")[0] for each in asked] == ["burn asks before it does this"] * 2

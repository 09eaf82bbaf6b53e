"""Async, with the answer as it is being written and the calls as they happen."""

import asyncio
from contextlib import aclosing

from agentkit import Agent, CallEnded, Delta, Interface, RunEnded, tool


@tool(read_only=True)
async def translate(word: str) -> str:
    """Translate a word into Norwegian.

    Args:
        word: The English word.
    """
    await asyncio.sleep(0)  # a real tool would ask a service here
    return {"sun": "sol", "rain": "regn"}.get(word, "ukjent")


async def answer(interface: Interface | None) -> None:
    agent = Agent([translate], interface, options={"stream": True})
    async with aclosing(agent.aiter('Translate the word "rain".')) as events:
        async for event in events:
            match event:
                case Delta(text=text):
                    print(text, end="", flush=True)
                case CallEnded(call=call, result=result):
                    print(f"[{call.name}: {result.content}]")
                case RunEnded(run=run):
                    print(f"\n({len(run.steps)} steps)")


def main(interface: Interface | None = None) -> None:
    asyncio.run(answer(interface))


if __name__ == "__main__":
    main()

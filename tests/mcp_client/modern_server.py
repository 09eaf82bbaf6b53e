"""A server on the official package, which speaks the newest protocol."""

from typing import Annotated

from mcp.server.mcpserver import Context, Elicit, ElicitationResult, MCPServer, Resolve
from pydantic import BaseModel

app = MCPServer("modern")


class Person(BaseModel):
    name: str


@app.tool()
async def more(context: Context) -> str:
    """Have one tool more."""

    def extra() -> str:
        """Be there from now on."""
        return "extra"

    app.add_tool(extra)
    await context.notify_tools_changed()
    return "There is one more."


def ask() -> Elicit[Person]:
    return Elicit("Who?", Person)


@app.tool()
async def greet(person: Annotated[ElicitationResult[Person], Resolve(ask)]) -> str:
    """Ask who is there, and greet."""
    return f"Hello, {person.data.name}." if person.action == "accept" else "Hello, nobody."


app.run(transport="stdio")

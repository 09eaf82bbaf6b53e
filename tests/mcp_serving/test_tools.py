"""Tools as an MCP client sees them, and what it gets of their results."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

import mcp_types as types
import pytest
from mcp import MCPError
from mcp_serving.clients import MODES, connected, heard_all, text_of
from pydantic import BaseModel, Field

from agentkit import Context, DefinitionError, Tool, ToolError, tool
from agentkit.errors import ConfigError
from agentkit.mcp import MCPServer, mcp
from agentkit.mcp.serving.shown import output_schema
from agentkit.media import Audio, Image, Resource


class Weather(TypedDict):
    place: str
    degrees: float


@dataclass
class Box:
    content: bytes
    picture: Image


class Page(BaseModel):
    title_of_page: str = Field(alias="title")
    next: Page | None = None


@tool(read_only=True, open_world=True)
def get_weather(
    place: str, unit: Literal["C", "F"] = "C", days: list[int] | None = None
) -> Weather:
    """Tell the weather.

    It is a guess.

    Args:
        place: A town.
    """
    return {"place": place, "degrees": 17.5}


@tool(destructive=True, idempotent=True)
def remove(path: str) -> str:
    """Remove a file."""
    return f"removed {path}"


async def _listed(tools: Any, **given: Any) -> list[dict[str, Any]]:
    async with connected(tools, **given) as client:
        listed = await client.list_tools()
        return [each.model_dump(by_alias=True, exclude_none=True) for each in listed.tools]


async def _called(
    tools: Any, name: str, arguments: dict[str, Any], **given: Any
) -> types.CallToolResult:
    async with connected(tools, **given) as client:
        return await client.call_tool(name, arguments)


def called(
    tools: Any, name: str, arguments: dict[str, Any] | None = None, **given: Any
) -> types.CallToolResult:
    return asyncio.run(_called(tools, name, arguments or {}, **given))


@pytest.mark.parametrize("mode", MODES)
def test_a_client_is_told_all_of_a_tool(mode: str) -> None:
    assert asyncio.run(_listed([get_weather, remove], mode=mode)) == [
        {
            "name": "get_weather",
            "title": "Get weather",
            "description": "Tell the weather.\n\nIt is a guess.",
            "inputSchema": {
                "type": "object",
                "properties": {
                    "place": {"description": "A town.", "type": "string"},
                    "unit": {"default": "C", "enum": ["C", "F"], "type": "string"},
                    "days": {
                        "anyOf": [{"items": {"type": "integer"}, "type": "array"}, {"type": "null"}]
                    },
                },
                "required": ["place"],
            },
            "outputSchema": {
                "type": "object",
                "properties": {"place": {"type": "string"}, "degrees": {"type": "number"}},
                "required": ["place", "degrees"],
            },
            "annotations": {
                "readOnlyHint": True,
                "destructiveHint": False,
                "idempotentHint": True,
                "openWorldHint": True,
            },
        },
        {
            "name": "remove",
            "title": "Remove",
            "description": "Remove a file.",
            "inputSchema": {
                "type": "object",
                "properties": {"path": {"type": "string"}},
                "required": ["path"],
            },
            "annotations": {
                "readOnlyHint": False,
                "destructiveHint": True,
                "idempotentHint": True,
                "openWorldHint": False,
            },
        },
    ]


@pytest.mark.parametrize("mode", MODES)
def test_a_typed_result_comes_as_text_and_as_a_value(mode: str) -> None:
    result = called(get_weather, "get_weather", {"place": "Ulm", "days": None}, mode=mode)

    assert text_of(result) == '{"place":"Ulm","degrees":17.5}'
    assert result.structured_content == {"place": "Ulm", "degrees": 17.5}
    assert not result.is_error


def test_values_are_as_their_schema_says() -> None:
    def box() -> Box:
        return Box(b"\xff", Image(b"1234"))

    def page() -> Page:
        return Page(title="A", next=Page(title="B"))

    def counts() -> dict[str, int]:
        return {"a": 1}

    assert called(box, "box").structured_content == {
        "content": {"type": "base64", "data": "/w=="},
        "picture": "[image/png, 4 bytes]",
    }
    assert called(counts, "counts").structured_content == {"a": 1}
    assert text_of(called(page, "page")) == '{"title":"A","next":{"title":"B","next":null}}'


@pytest.mark.parametrize("kind", [str, int, list[int], Image, bytes, Weather | None, Any, None])
def test_what_is_no_object_has_no_schema(kind: Any) -> None:
    def give() -> Any: ...

    give.__annotations__["return"] = kind

    assert output_schema(tool(give)) is None


def test_a_result_against_its_own_annotation_is_an_error(caplog: pytest.LogCaptureFixture) -> None:
    def odd() -> Weather:
        return {"place": "Ulm"}  # type: ignore[typeddict-item]

    def other() -> Weather:
        return "sunny"  # type: ignore[return-value]

    assert "'degrees' is a required property" in text_of(called(odd, "odd"))
    assert "no object" in text_of(called(other, "other"))
    assert "annotation" in caplog.text


def test_a_long_result_is_cut_in_the_text_and_whole_in_the_value() -> None:
    @tool(max_chars=100)
    def listed(count: int) -> dict[str, list[int]]:
        return {"numbers": list(range(count))}

    @tool(max_chars=100)
    def told(count: int) -> str:
        return "x" * count

    result = called(listed, "listed", {"count": 1_000})

    assert "characters left out" in text_of(result)
    assert "read_result" not in text_of(result)
    assert result.structured_content == {"numbers": list(range(1_000))}
    assert "4,900 of 5,000 characters left out" in text_of(called(told, "told", {"count": 5_000}))


def test_media_are_sent_as_what_they_are() -> None:
    def picture() -> Image:
        return Image(b"png", "image/png")

    def album() -> list[Any]:
        return ["One:", Audio(b"wav"), "Two:", Resource(b"raw", "text/csv", "file:///a.csv")]

    (image,) = called(picture, "picture").content
    one, audio, two, resource = called(album, "album").content

    assert image == types.ImageContent(data="cG5n", mime_type="image/png")
    assert (one, two) == (types.TextContent(text="One:"), types.TextContent(text="Two:"))
    assert audio == types.AudioContent(data="d2F2", mime_type="audio/wav")
    assert isinstance(resource, types.EmbeddedResource)
    assert resource.resource.uri == "file:///a.csv"


@pytest.mark.parametrize("mode", MODES)
def test_a_wrong_call_is_told_what_would_be_right(mode: str) -> None:
    result = called(remove, "remove", {"pth": "x"}, mode=mode)

    assert result.is_error
    assert "pth: no such parameter. Did you mean 'path'?" in text_of(result)


@pytest.mark.parametrize("mode", MODES)
def test_a_tool_that_there_is_not_is_refused_by_the_protocol(mode: str) -> None:
    async def main() -> MCPError:
        async with connected(remove, mode=mode) as client:
            with pytest.raises(MCPError) as caught:
                await client.call_tool("remov")
        return caught.value

    refused = asyncio.run(main())

    assert refused.code == types.INVALID_PARAMS
    assert str(refused) == (
        "There is no tool named 'remov'. Did you mean 'remove'? The tools are: remove."
    )


def _fails(kind: type[BaseException]) -> Tool[..., Any]:
    def fail() -> str:
        raise kind("sk-0123456789abcdef is bad")

    return tool(fail)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_whatever_a_tool_raises_the_server_stays() -> None:
    @tool(on_error="raise")
    def raises() -> str:
        raise ValueError("not for clients")

    @tool
    async def cancels() -> str:
        raise asyncio.CancelledError

    async def all_of_them() -> list[str]:
        found = []
        for each in (_fails(ToolError), _fails(ValueError), raises, _fails(SystemExit), cancels):
            async with connected([each, get_weather]) as client:
                result = await client.call_tool(each.name)
                assert result.is_error
                found.append(text_of(result))
                assert not (await client.call_tool("get_weather", {"place": "x"})).is_error
        return found

    assert asyncio.run(all_of_them()) == [
        "Error: sk-0123456789abcdef is bad",
        "Error: ValueError: [secret] is bad",
        "Error: The tool failed: ValueError.",
        "Error: The tool tried to end the program: SystemExit.",
        "Error: The call was cancelled.",
    ]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("threaded", [False, True], ids=["async", "sync"])
def test_progress_is_told_in_numbers_that_grow(mode: str, threaded: bool) -> None:
    steps = [(None, "one"), (0.5, "two"), (None, "\x1b[2Jthree")]

    def work(context: Context[Any]) -> str:
        for fraction, message in steps:
            context.progress(message, fraction)
        return "done"

    async def awork(context: Context[Any]) -> str:
        return work(context)

    async def main(given: Any) -> list[Any]:
        heard: list[Any] = []

        async def hear(done: float, whole: float | None, message: str | None) -> None:
            heard.append((done, whole, message))

        async with connected(tool(given, name="work"), mode=mode) as client:
            await client.call_tool("work", progress_callback=hear)
            await heard_all(heard, len(steps))
            await client.call_tool("work")  # nobody listens
        return heard

    expected = [(1.0, None, "one"), (2.0, None, "two"), (3.0, None, "three")]

    assert sorted(asyncio.run(main(work if threaded else awork))) == expected
    steps[:] = [(0.0, "a"), (0.5, "b"), (0.25, "c"), (float("nan"), "d"), (7.0, "e")]
    heard = asyncio.run(main(work if threaded else awork))
    values = sorted(value for value, _, _ in heard)
    assert values == [0.0, 0.5, pytest.approx(0.5), pytest.approx(0.5), 1.0]
    assert len({*values}) == 5
    assert {whole for _, whole, _ in heard} == {1.0}


@pytest.mark.parametrize("mode", MODES)
def test_a_cancelled_async_call_ends_and_may_clean_up(mode: str) -> None:
    async def main() -> list[str]:
        seen: list[str] = []
        begun, ended = asyncio.Event(), asyncio.Event()

        @tool
        async def wait() -> str:
            begun.set()
            try:
                await asyncio.sleep(60)
            finally:
                await asyncio.sleep(0)  # it is cancelled once, and not again here
                await asyncio.sleep(0.01)
                seen.append("cleaned up")
                ended.set()
            return "never"

        async with connected([wait, get_weather], mode=mode) as client:
            call = asyncio.ensure_future(client.call_tool("wait"))
            await begun.wait()
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await ended.wait()
            seen.append(text_of(await client.call_tool("get_weather", {"place": "Ulm"}))[:15])
        return seen

    assert asyncio.run(main()) == ["cleaned up", '{"place":"Ulm",']


def test_a_cancelled_sync_call_is_dropped_and_the_server_goes_on() -> None:
    from threading import Event

    go_on, begun = Event(), Event()

    @tool
    def block() -> str:
        begun.set()
        go_on.wait(60)
        return "late"

    async def main() -> bool:
        async with connected([block, get_weather]) as client:
            call = asyncio.ensure_future(client.call_tool("block"))
            while not begun.is_set():
                await asyncio.sleep(0.005)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            return (await client.call_tool("get_weather", {"place": "x"})).is_error

    assert not asyncio.run(main())
    go_on.set()


def test_calls_run_side_by_side_up_to_a_limit() -> None:
    async def most_at_once(limit: int) -> int:
        running = most = 0
        together = asyncio.Barrier(limit)

        @tool
        async def work() -> str:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await together.wait()
            running -= 1
            return ""

        async with connected(work, side_by_side=limit) as client:
            await asyncio.gather(*(client.call_tool("work") for _ in range(6)))
        return most

    assert asyncio.run(most_at_once(6)) == 6
    assert asyncio.run(most_at_once(2)) == 2


def test_a_server_among_the_tools_that_cannot_be_had_is_told() -> None:
    async def main() -> MCPError:
        async with connected([remove, mcp("no-such-command-anywhere", pins=False)]) as client:
            with pytest.raises(MCPError) as caught:
                await client.list_tools()
        return caught.value

    refused = asyncio.run(main())

    assert refused.code == types.INTERNAL_ERROR
    assert "no-such-command-anywhere" in str(refused)


def test_tools_find_what_the_server_was_given() -> None:
    async def who(context: Context[str]) -> list[str]:
        return [context.deps, context.call_key]

    first, second = (text_of(called(who, "who", deps="us")) for _ in range(2))

    assert "us" in first
    assert first != second


def test_what_cannot_be_served_is_told_at_once() -> None:
    with pytest.raises(ConfigError, match=r"approval is one of client, .* Did you mean 'never'"):
        MCPServer(remove, approval="nver")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="side_by_side is a number of calls from 1 on"):
        MCPServer(remove, side_by_side=0)
    with pytest.raises(DefinitionError, match="Two tools are named 'remove'"):
        MCPServer([remove, tool(lambda: "", name="remove")])


def test_importing_the_package_loads_nothing_of_mcp() -> None:
    import subprocess

    code = "import sys, agentkit.mcp; print('mcp' in sys.modules, 'starlette' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["False", "False"]

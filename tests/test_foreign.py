"""Tools of LangChain and pydantic-ai, taken as ours."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import Annotated, Any

import pytest
from langchain_core.tools import BaseTool, InjectedToolArg, StructuredTool, ToolException
from langchain_core.tools import Tool as TextTool
from langchain_core.tools import tool as langchain_tool
from pydantic import AfterValidator, BaseModel, Field
from pydantic_ai import BinaryContent, FunctionToolset, ModelRetry, RunContext, ToolReturn
from pydantic_ai import Tool as PydanticTool
from pydantic_ai.exceptions import ApprovalRequired, ToolFailed

from agentkit import Agent, Context, DefinitionError, FunctionCall, ResultMessage, Toolbox
from agentkit.adapters import from_langchain, from_pydantic_ai
from agentkit.media import Image
from agentkit.testing import ScriptedInterface


@langchain_tool
def multiply(a: int, b: int = 2) -> int:
    """Multiply two numbers."""
    return a * b


@langchain_tool
async def shout(word: str) -> str:
    """Shout a word."""
    return word.upper()


class Place(BaseModel):
    town: str = Field(description="A town.", min_length=2)


class Weather(BaseTool):
    name: str = "weather"
    description: str = "Tell the weather."
    args_schema: type[BaseModel] = Place

    def _run(self, town: str) -> dict[str, str]:
        return {"town": town, "sky": "blue"}


def raw(town: str) -> str:
    return f"raw {town}"


RAW = StructuredTool(
    name="raw",
    description="Raw.",
    func=raw,
    args_schema={
        "type": "object",
        "properties": {"town": {"type": "string"}},
        "required": ["town"],
    },
)
TEXT = TextTool(name="echo", description="Echo.", func=lambda text: f"<{text}>")


def call(given: Any, arguments: str = "{}", context: Context[Any] | None = None) -> ResultMessage:
    """What sync and async calls come to, which must be the same."""
    box = Toolbox(given)
    (name,) = box
    wanted = FunctionCall(name, arguments)
    result = box.call(wanted, context)

    assert asyncio.run(box.acall(wanted, context)) == result
    return result


@pytest.mark.parametrize(
    ("given", "arguments", "content"),
    [
        (multiply, '{"a": 3}', "6"),
        (multiply, '{"a": 3, "b": 5}', "15"),
        (shout, '{"word": "hi"}', "HI"),
        (Weather(), '{"town": "Ulm"}', '{"town":"Ulm","sky":"blue"}'),
        (RAW, '{"town": "Ulm"}', "raw Ulm"),
        (TEXT, '{"tool_input": "hi"}', "<hi>"),
    ],
)
def test_a_tool_of_langchain_is_called_as_ours(given: Any, arguments: str, content: str) -> None:
    assert call(given, arguments).content == content


def test_a_tool_of_langchain_keeps_its_definition() -> None:
    (weather,) = Toolbox(Weather()).definitions

    assert weather.description == "Tell the weather."
    assert weather.parameters == {
        "type": "object",
        "properties": {
            "town": {"title": "Town", "description": "A town.", "minLength": 2, "type": "string"}
        },
        "required": ["town"],
    }


def test_wrong_arguments_are_told_before_it_is_called() -> None:
    assert "town: 'U' is too short" in call(Weather(), '{"town": "U"}').content
    assert "'a' is a required property" in call(multiply).content


def test_content_and_artifact_give_the_content() -> None:
    @langchain_tool(response_format="content_and_artifact")
    def search(query: str) -> tuple[str, list[int]]:
        """Search."""
        return f"found {query}", [1, 2, 3]

    assert call(search, '{"query": "x"}').content == "found x"


def test_blocks_of_content_are_text_and_media() -> None:
    @langchain_tool
    def look() -> list[dict[str, str]]:
        """Look."""
        return [
            {"type": "text", "text": "Here:"},
            {"type": "image", "base64": "cG5n", "mime_type": "image/png"},
        ]

    result = call(look)

    assert result.content == "Here:\n[image/png, 3 bytes]"
    assert result.media == (Image(b"png"),)


def test_what_a_tool_of_langchain_raises_is_told() -> None:
    def fail(word: str) -> str:
        raise ToolException(f"no {word}")

    own = StructuredTool.from_function(fail, description="Fail.")
    handled = StructuredTool.from_function(fail, description="Fail.", handle_tool_error=True)

    assert call(own, '{"word": "way"}').content == "Error: no way"
    assert call(own, '{"word": "way"}').is_error
    assert call(handled, '{"word": "way"}').content == "no way"


def test_what_only_langgraph_gives_is_refused() -> None:
    @langchain_tool
    def save(text: str, user: Annotated[str, InjectedToolArg]) -> str:
        """Save."""
        return user + text

    with pytest.raises(DefinitionError, match="save: only LangGraph can give its user"):
        Toolbox(save)


def test_options_say_what_it_may_do() -> None:
    made = from_langchain(multiply, name="times", read_only=True)

    assert (made.name, made.read_only, made.destructive) == ("times", True, False)
    with pytest.raises(DefinitionError, match="int is no BaseTool"):
        from_langchain(5)
    with pytest.raises(DefinitionError, match="int is no Tool of pydantic_ai"):
        from_pydantic_ai(5)


def count(ctx: RunContext[list[str]], word: str, times: int = 1) -> str:
    """Count a word.

    Args:
        word: The word.
    """
    ctx.deps.append(word)
    return f"{ctx.tool_name} {word} {times} {ctx.tool_call_id}"


async def aplain(numbers: list[float]) -> dict[str, float]:
    """Add them."""
    return {"sum": sum(numbers)}


def test_a_tool_of_pydantic_ai_is_called_as_ours() -> None:
    heard: list[str] = []
    context = Context(heard, "key", "count")

    assert call(PydanticTool(count), '{"word": "a"}', context).content == "count a 1 key"
    assert heard == ["a", "a"]
    assert call(PydanticTool(aplain), '{"numbers": [1, 2.5]}').content == '{"sum":3.5}'
    assert (
        call(from_pydantic_ai(count), '{"word": "b", "times": 2}', context).content[:9]
        == "count b 2"
    )


def test_a_tool_of_pydantic_ai_keeps_its_definition() -> None:
    (made,) = Toolbox(PydanticTool(count, requires_approval=True, timeout=5)).values()

    assert made.definition.description == "Count a word."
    assert made.definition.parameters == {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "word": {"description": "The word.", "type": "string"},
            "times": {"default": 1, "type": "integer"},
        },
        "required": ["word"],
    }
    assert made.approve is True
    assert made.timeout == 5
    assert (
        from_pydantic_ai(PydanticTool(count, requires_approval=True), approve=False).approve
        is False
    )


def _raising(error: Exception) -> PydanticTool[Any]:
    def fail() -> str:
        raise error

    return PydanticTool(fail)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ModelRetry("Try a town."), "Error: Try a town."),
        (ToolFailed("It is gone."), "Error: It is gone."),
        (ApprovalRequired(), "Error: fail waits for somebody outside"),
        (ValueError("odd"), "Error: ValueError: odd"),
    ],
)
def test_what_a_tool_of_pydantic_ai_raises_is_told(error: Exception, words: str) -> None:
    result = call(_raising(error))

    assert result.content.startswith(words)
    assert result.is_error


def _not_eight(amount: int) -> int:
    if amount == 8:
        raise ValueError("not eight")
    return amount


class Order(BaseModel):
    amount: Annotated[int, AfterValidator(_not_eight)] = Field(multiple_of=2)


def test_its_validators_hold() -> None:
    def order(order: Order) -> str:
        """Order."""
        return str(order.amount)

    def even(ctx: RunContext[Any], order: Order) -> None:
        if order.amount > 10:
            raise ModelRetry("Too many.")

    made = PydanticTool(order, args_validator=even)

    assert call(made, '{"amount": 4}').content == "4"
    assert "not a multiple of 2" in call(made, '{"amount": 3}').content
    assert call(made, '{"amount": 12}').content == "Error: Too many."
    assert call(made, '{"amount": 8}').content.startswith("Error: Wrong arguments:\n- amount: ")


def test_what_it_returns_may_hold_media() -> None:
    def look() -> ToolReturn:
        """Look."""
        return ToolReturn("Seen:", content=[BinaryContent(b"png", media_type="image/png"), "fine"])

    result = call(PydanticTool(look))

    assert result.content == "Seen:\n[image/png, 3 bytes]\nfine"
    assert result.media == (Image(b"png"),)


def test_a_toolset_is_all_of_its_tools() -> None:
    toolset: FunctionToolset[Any] = FunctionToolset([aplain, PydanticTool(count, name="counted")])

    assert list(Toolbox(toolset, multiply)) == ["aplain", "counted", "multiply"]


def test_what_needs_a_run_of_pydantic_ai_is_refused() -> None:
    async def prepare(ctx: Any, definition: Any) -> None:
        return None

    with pytest.raises(DefinitionError, match="count: its prepare needs a run"):
        Toolbox(PydanticTool(count, prepare=prepare))
    with pytest.raises(DefinitionError, match="PrefixedToolset of pydantic-ai has its tools in"):
        Toolbox(FunctionToolset([aplain]).prefixed("x"))


def test_an_agent_takes_them_as_they_are() -> None:
    script = [FunctionCall("multiply", '{"a": 21}'), "42"]
    agent = Agent([multiply, PydanticTool(aplain), Toolbox(TEXT)], ScriptedInterface(*script))

    run = agent.run("21 times 2?")

    assert run.steps[0].results[0].content == "42"
    assert run.output == "42"


def test_nothing_of_the_libraries_is_imported_unasked() -> None:
    code = (
        "import sys; from agentkit import Toolbox, tool; Toolbox(tool(lambda: 1, name='one'));"
        "import agentkit.adapters;"
        "print([each for each in ('langchain_core', 'pydantic_ai', 'openai') if each in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"


def test_steering_a_graph_is_an_error() -> None:
    class Command:
        pass

    @langchain_tool
    def go() -> Any:
        """Go."""
        return Command()

    assert "steers a graph" in call(go).content

"""Tools of LangChain and pydantic-ai as ours. Neither is imported unless a tool of it is given."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from inspect import isawaitable
from typing import Any, Unpack

from agentkit.context import Context
from agentkit.errors import DefinitionError, ToolError
from agentkit.function_tool import Tool, ToolOptions
from agentkit.media import Audio, Image, Media

Tools = list[Tool[..., Any]]


def adapted(source: Any) -> Tools | None:
    """The tools in a tool or toolset of another library, or None where it is nothing of theirs.

    Raises:
        DefinitionError: It is of a kind that cannot be taken.
    """
    for kind in type(source).__mro__:
        match kind.__module__.partition(".")[0], kind.__name__:
            case "langchain_core", "BaseTool":
                return [from_langchain(source)]
            case "pydantic_ai", "Tool":
                return [from_pydantic_ai(source)]
            case "pydantic_ai", "FunctionToolset":
                return [from_pydantic_ai(each) for each in source.tools.values()]
            case "pydantic_ai", "AbstractToolset":
                raise DefinitionError(
                    f"{type(source).__name__} of pydantic-ai has its tools in its own runs alone; "
                    "give its functions, or a FunctionToolset. MCP servers: agentkit.mcp."
                )
    return None


def from_langchain(tool: Any, **options: Unpack[ToolOptions]) -> Tool[..., Any]:
    """A tool of LangChain, a `BaseTool`, as ours.

    Its content is the result; an artifact beside it is left out. A `ToolException` that it does not
    handle itself is told to the model.

    Args:
        tool: The tool.
        options: Those of `Tool`: LangChain does not say what a tool may do, so say it here, such as
            `read_only=True`.

    Raises:
        DefinitionError: It is none, or wants arguments that only LangGraph gives.
    """
    from langchain_core.tools import BaseTool, StructuredTool, ToolException
    from langchain_core.tools import Tool as TextTool
    from pydantic import ValidationError

    if not isinstance(tool, BaseTool):
        raise DefinitionError(f"{type(tool).__name__} is no BaseTool of langchain_core.")
    schema = _schema_of(tool)
    if missing := sorted(_injected(tool)):
        raise DefinitionError(f"{tool.name}: only LangGraph can give its {', '.join(missing)}.")

    def call(**arguments: Any) -> Any:
        try:
            return _contents(tool.invoke(arguments))
        except (ToolException, ValidationError) as error:
            raise _told(error) from error

    async def acall(**arguments: Any) -> Any:
        try:
            return _contents(await tool.ainvoke(arguments))
        except (ToolException, ValidationError) as error:
            raise _told(error) from error

    usual = {each._arun for each in (BaseTool, StructuredTool, TextTool)}
    is_async = getattr(tool, "coroutine", None) is not None or type(tool)._arun not in usual
    definition = {"name": tool.name, "description": tool.description, "parameters": schema}
    return Tool.declared(definition, acall if is_async else call, **options)


def _schema_of(tool: Any) -> dict[str, Any]:
    from langchain_core.tools import Tool as TextTool

    if isinstance(tool, TextTool) and tool.args_schema is None:
        return {"type": "object", "properties": dict(tool.args), "required": list(tool.args)}
    given = tool.tool_call_schema
    schema = dict(given) if isinstance(given, dict) else given.model_json_schema()
    return {name: value for name, value in schema.items() if name not in ("title", "description")}


def _injected(tool: Any) -> set[str]:
    """The arguments that are not the model's to give."""
    schema = tool.args_schema
    fields = getattr(schema, "model_fields", None) or {}
    given = tool.tool_call_schema
    known = getattr(given, "model_fields", None)
    hidden = set(fields) - set(known) if known is not None else set()
    return hidden | set(getattr(tool, "_injected_args_keys", ()))


def from_pydantic_ai(tool: Any, **options: Unpack[ToolOptions]) -> Tool[..., Any]:
    """A tool of pydantic-ai as ours; a function may be given too, also one with a `RunContext`.

    Of the context it has `deps`, which are `Context.deps`, `tool_name` and `tool_call_id`. What it
    says by `ModelRetry` or `ToolFailed` is told to the model.

    Args:
        tool: A `pydantic_ai.Tool`, or a function that could become one.
        options: Those of `Tool`: pydantic-ai does not say what a tool may do, so say it here, such
            as `read_only=True`. `requires_approval` is `approve`, unless it is given.

    Raises:
        DefinitionError: It is none, or it has a `prepare`, which needs a run of pydantic-ai.
    """
    from pydantic_ai import Tool as TheirTool

    if not isinstance(tool, TheirTool):
        if not callable(tool):
            raise DefinitionError(f"{type(tool).__name__} is no Tool of pydantic_ai.")
        tool = TheirTool(tool)
    if tool.prepare is not None:
        raise DefinitionError(f"{tool.name}: its prepare needs a run of pydantic-ai; leave it out.")
    own = ToolOptions(approve=True if tool.requires_approval else None)
    if tool.timeout is not None:
        own["timeout"] = tool.timeout
    definition = {
        "name": tool.name,
        "description": tool.description or "",
        "parameters": tool.function_schema.json_schema,
    }
    return Tool.declared(definition, _calling(tool), **(own | options))


def _calling(theirs: Any) -> Callable[..., Any]:
    """What calls a tool of pydantic-ai."""
    from pydantic import ValidationError
    from pydantic_ai import ModelRetry, RunContext
    from pydantic_ai.exceptions import ApprovalRequired, CallDeferred, ToolFailed
    from pydantic_ai.usage import RunUsage

    async def call(agentkit_context: Context[Any], **arguments: Any) -> Any:
        nothing: Any = None  # there is no model of pydantic-ai
        given = RunContext(
            deps=agentkit_context.deps,
            model=nothing,
            usage=RunUsage(),
            tool_name=theirs.name,
            tool_call_id=agentkit_context.call_key,
        )
        try:
            values = theirs.function_schema.validator.validate_python(arguments)
            checked = theirs.args_validator and theirs.args_validator(given, **values)
            if isawaitable(checked):
                await checked
            return _returned(await theirs.function_schema.call(values, given))
        except (ModelRetry, ToolFailed, ValidationError) as error:
            raise _told(error) from error
        except (ApprovalRequired, CallDeferred) as error:
            words = f"{theirs.name} waits for somebody outside, which only pydantic-ai can do."
            raise ToolError(words) from error

    return call


def _told(error: Exception) -> ToolError:
    """What the model is told of an error that was meant for one, or of wrong arguments."""
    if hasattr(error, "errors"):  # pydantic's
        from agentkit.problems import problems

        found: Any = error
        return ToolError("\n".join(["Wrong arguments:", *(f"- {e}" for e in problems(found, {}))]))
    return ToolError(str(getattr(error, "message", error)))


def _contents(value: Any) -> Any:
    """What LangChain's tool returned, with media in it as ours."""
    if type(value).__name__ == "Command":
        raise ToolError("This tool steers a graph of LangGraph, which there is not here.")
    if type(value).__name__ == "ToolMessage":
        return _contents(value.content)
    return [_block(each) for each in value] if isinstance(value, list) else value


def _block(value: Any) -> Any:
    """A block of content: its text, or its bytes, or what it is otherwise."""
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        return value
    data = value.get("base64") or (value.get("source_type") == "base64" and value.get("data"))
    if isinstance(data, str):
        return _media(b64decode(data), str(value.get("mime_type") or ""))
    return value["text"] if value["type"] == "text" and "text" in value else value


def _returned(value: Any) -> Any:
    """What pydantic-ai's tool returned, with media in it as ours."""
    match type(value).__name__:
        case "ToolReturn":
            content = value.content
            more = [content] if isinstance(content, str) else list(content or ())
            return _returned([value.return_value, *more] if more else value.return_value)
        case "BinaryContent" | "BinaryImage":
            return _media(value.data, value.media_type)
        case "list" | "tuple":
            return [_returned(each) for each in value]
    return value


def _media(data: bytes, mime_type: str) -> Media:
    kind = {"image": Image, "audio": Audio}.get(mime_type.partition("/")[0], Media)
    return kind(data, mime_type or "application/octet-stream")

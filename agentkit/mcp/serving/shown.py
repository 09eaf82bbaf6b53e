"""What an MCP client is told of a tool, and of a result."""

from __future__ import annotations

import json
from base64 import b64encode
from functools import lru_cache
from typing import Any

import mcp_types as types
from jsonschema import Draft202012Validator
from pydantic import PydanticSchemaGenerationError, PydanticUserError, TypeAdapter
from pydantic.errors import PydanticInvalidForJsonSchema

from agentkit.errors import DefinitionError
from agentkit.function_tool import Tool
from agentkit.log import log
from agentkit.media import Audio, Image, Media
from agentkit.messages import ResultMessage
from agentkit.profile import Schema, plain
from agentkit.results import capped
from agentkit.returns import returned
from agentkit.type_schemas import QuietSchema
from agentkit.typeddicts import portable

_BASE64: Schema = {
    "type": "object",
    "properties": {"type": {"const": "base64"}, "data": {"type": "string"}},
    "required": ["type", "data"],
}
_SHOWN = 300  # characters of what is wrong with a result


def shown_tool(tool: Tool[..., Any]) -> types.Tool:
    """The definition of a tool for a client.

    Raises:
        DefinitionError: It cannot be offered.
    """
    definition = tool.definition
    return types.Tool(
        name=tool.name,
        title=tool.name.replace("_", " ").replace("-", " ").strip().capitalize() or None,
        description=definition.description or None,
        input_schema=dict(tool.parameters.schema),
        output_schema=output_schema(tool),
        annotations=types.ToolAnnotations(
            read_only_hint=tool.read_only,
            destructive_hint=tool.destructive,
            idempotent_hint=tool.idempotent or tool.read_only,
            open_world_hint=tool.open_world,
        ),
    )


@lru_cache(1_000)
def output_schema(tool: Tool[..., Any]) -> Schema | None:
    """The schema of what a tool returns, where its annotation says that this is an object."""
    try:
        hint = returned(tool.function, tool.name)
        adapter: TypeAdapter[Any] = TypeAdapter(portable(hint))
        schema = plain(adapter.json_schema(mode="serialization", schema_generator=_Written))
    except (
        DefinitionError,  # which is of no account here: it is what comes in that must be known
        PydanticSchemaGenerationError,
        PydanticUserError,
        PydanticInvalidForJsonSchema,
    ):
        return None
    return schema if schema.get("type") == "object" and schema != _BASE64 else None


class _Written(QuietSchema):
    """The schema of JSON as `result_json` writes it."""

    def bytes_schema(self, schema: Any) -> Schema:
        """Bytes say that they are base64."""
        return dict(_BASE64)

    def dataclass_schema(self, schema: Any) -> Schema:
        """Media are told of in words."""
        kind = schema["cls"]
        return {"type": "string"} if issubclass(kind, Media) else super().dataclass_schema(schema)


def shown_result(
    tool: Tool[..., Any] | None, result: ResultMessage, schema: Schema | None
) -> types.CallToolResult:
    """A result for a client: its text, its media, and its value where the schema tells of one.

    Args:
        tool: The tool.
        result: The result; `whole`, where `content` is but a part of it.
        schema: Its `output_schema`.
    """
    if result.is_error or schema is None or tool is None:
        return types.CallToolResult(content=_content(result), is_error=result.is_error)
    text = result.whole or result.content
    value, problem = _read(text, schema)
    if problem:
        log.warning("%s returned what its annotation does not allow: %s", tool.name, problem)
        words = f"Error: {tool.name} returned something else than it says: {problem}"
        return types.CallToolResult(content=[types.TextContent(text=words)], is_error=True)
    # The text is for a model, within what the tool allows; the value is for a program, and whole.
    content = [types.TextContent(text=capped(text, tool.max_chars))]
    return types.CallToolResult(content=[*content], structured_content=value)


def _read(text: str, schema: Schema) -> tuple[Any, str]:
    """The value of a text, or what is wrong with it."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None, "it is no object, or too long."
    problem = next(Draft202012Validator(schema).iter_errors(value), None)
    return value, "" if problem is None else f"{problem.json_path}: {problem.message}"[:_SHOWN]


def _content(result: ResultMessage) -> list[types.ContentBlock]:
    """The text, with the media where it tells of them in words."""
    if not result.media:
        return [types.TextContent(text=result.content)]
    blocks: list[types.ContentBlock] = []
    lines: list[str] = []
    left = list(result.media)
    for line in [*result.content.split("\n"), None]:
        is_medium = bool(left) and line == left[0].words
        if lines and (is_medium or line is None):
            blocks.append(types.TextContent(text="\n".join(lines)))
            lines = []
        if is_medium:
            blocks.append(_block(left.pop(0), len(blocks)))
        elif line is not None:
            lines.append(line)
    return blocks + [_block(each, len(blocks)) for each in left]


def _block(media: Media, place: int) -> types.ContentBlock:
    data = b64encode(media.data).decode()
    if isinstance(media, Image):
        return types.ImageContent(data=data, mime_type=media.mime_type)
    if isinstance(media, Audio):
        return types.AudioContent(data=data, mime_type=media.mime_type)
    uri = media.uri or f"agentkit:result/{place}"
    return types.EmbeddedResource(
        resource=types.BlobResourceContents(uri=uri, mime_type=media.mime_type, blob=data)
    )

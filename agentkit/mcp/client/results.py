"""What a server gave -> what a tool returns."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

from mcp_types import (
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)

from agentkit.errors import ToolError
from agentkit.mcp.client.cleaning import clean
from agentkit.media import Audio, Image, Media, Resource
from agentkit.result_json import result_json

_ADDRESS = 300  # characters of an address that a model is told


def value_of(result: CallToolResult) -> Any:
    """Text, or a list of texts and media.

    Raises:
        ToolError: The server says that the call failed; it has the server's words.
    """
    parts = [part for block in result.content for part in _parts(block)]
    if result.is_error:
        words = [each.words if isinstance(each, Media) else each for each in parts]
        raise ToolError("\n".join(words) or "The tool failed, and does not say why.")
    if result.structured_content is not None:
        parts = _with_structured(parts, result.structured_content)
    texts = [each for each in parts if isinstance(each, str)]
    return parts if len(texts) < len(parts) else "\n".join(texts)


def _parts(block: Any) -> list[str | Media]:
    match block:
        case TextContent():
            return [block.text]
        case ImageContent() | AudioContent():
            kind = Image if isinstance(block, ImageContent) else Audio
            return [_media(kind, block.data, block.mime_type)]
        case ResourceLink():
            size = f"{block.size:,} bytes" if block.size else ""
            about = filter(None, (str(block.uri), block.name, block.mime_type or "", size))
            return [f"[a resource: {clean(', '.join(about), _ADDRESS)}]"]
        case EmbeddedResource(resource=BlobResourceContents() as held):
            mime = held.mime_type or "application/octet-stream"
            return [_media(Resource, held.blob, mime, str(held.uri))]
        case EmbeddedResource(resource=TextResourceContents() as held):
            mime, uri = clean(held.mime_type or "text/plain", 100), clean(str(held.uri), _ADDRESS)
            return [Resource(held.text.encode("utf-8", "replace"), mime, uri), held.text]
    return [f"[{type(block).__name__}]"]


def _media(kind: type[Media], data: str, mime: str, uri: str = "") -> str | Media:
    mime, uri = clean(mime, 100), clean(uri, _ADDRESS)
    try:
        return kind(b64decode(data, validate=True), mime, uri)
    except ValueError:
        return f"[{mime}, which cannot be read: it is no base64]"


def _with_structured(parts: list[str | Media], structured: Any) -> list[str | Media]:
    """The parts with the structured content once: servers repeat it as a text, or as several."""
    texts = [each for each in parts if isinstance(each, str)]
    values = list(structured.values()) if isinstance(structured, dict) else []
    if len(values) == len(texts) == 1 and _is(texts[0], values):
        return parts  # a lone value needs no name
    items = [item for each in values if isinstance(each, list) for item in each]
    held = [structured, *values, *items]
    others = [each for each in parts if isinstance(each, Media) or not _is(each, held)]
    return [result_json(structured), *others]


def _is(text: str, held: list[Any]) -> bool:
    """Whether a text is one of these values, as it is or as JSON."""
    try:
        return text in held or json.loads(text) in held
    except (ValueError, RecursionError):
        return False

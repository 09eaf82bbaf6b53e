"""The OpenAPI document, made of the operations and of the models that read their bodies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pydantic.json_schema import models_json_schema

from agentkit.clients import USER_AGENT
from agentkit.serve.operations import Operation
from agentkit.serve.shapes import SHAPES

_ALWAYS = (400, 401, 403, 408, 413, 415, 429)
_JSON = "application/json"


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """The document."""
    bodies = [each.body for each in operations if each.body]
    used = [(model, "validation") for model in (*dict.fromkeys(bodies), *SHAPES.values())]
    _, schemas = models_json_schema(used, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    paths: dict[str, Any] = {}
    for each in operations:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "agentkit",
            "version": USER_AGENT.partition("/")[2] or "0",
            "description": "Agents over HTTP: chat completions as OpenAI's API has them, and runs.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"key": []}],
    }


def _operation(given: Operation) -> dict[str, Any]:
    refuses = sorted({*([] if given.is_open else _ALWAYS), *given.refuses})
    replies = {str(status): _reply("Refused.", "Error") for status in refuses}
    found: dict[str, Any] = {
        "operationId": given.name,
        "summary": given.says.partition(". ")[0].removesuffix(".") + ".",
        "description": given.says,
        "parameters": _parameters(given),
        "responses": {str(given.status): _reply("Done.", given.gives), **replies},
    }
    if given.status == 201:
        found["responses"]["200"] = _reply("It was there already.", given.gives)
    if given.gives == "text/event-stream":
        found["responses"]["204"] = {"description": "There is nothing more to tell."}
    if given.body:
        content = {_JSON: {"schema": _reference(given.body.__name__)}}
        is_required = any(each.is_required() for each in given.body.model_fields.values())
        found["requestBody"] = {"required": is_required, "content": content}
    return found | ({"security": []} if given.is_open else {})


def _parameters(given: Operation) -> list[dict[str, Any]]:
    inside = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", given.path)
    ]
    asked = [
        {"name": name, "in": "query", "description": says, "schema": {"type": "string"}}
        for name, says in given.query.items()
    ]
    return [*inside, *asked]


def _reply(says: str, gives: str) -> dict[str, Any]:
    if "/" in gives:
        return {"description": says, "content": {gives: {"schema": {"type": "string"}}}}
    schema = _reference(gives) if gives else {}
    return {"description": says, "content": {_JSON: {"schema": schema}}}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}

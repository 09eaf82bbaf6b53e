"""The same tools in other words."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

from agentkit.errors import ConfigError, closest
from agentkit.function_tool import Tool
from agentkit.messages import FunctionDefinition
from agentkit.toolbox import Toolbox


def reworded(tools: Toolbox, wording: Mapping[str, Any], name: str = "the wording") -> Toolbox:
    """The same tools with other descriptions; what is not named keeps its own.

    Args:
        tools: The tools.
        wording: By the tools' names, a description, or an object with `description` and
            `parameters`, which has descriptions by the parameters' names.
        name: What errors call it.

    Raises:
        ConfigError: It names a tool or a parameter that there is not, or has no text for one.
    """
    for each in wording:
        if each not in tools:
            raise ConfigError(f"{name}: there is no tool {each!r}.{closest(each, tools)}")
    return Toolbox([_reworded(each, wording.get(each.name, {}), name) for each in tools.values()])


def _reworded(tool: Tool[..., Any], words: Any, name: str) -> Tool[..., Any]:
    if not words:
        return tool
    if isinstance(words, str):
        words = {"description": words}
    known = ("description", "parameters")
    if not isinstance(words, Mapping) or words.keys() - set(known):
        raise ConfigError(f"{name}: {tool.name} has a text, or {' and '.join(known)}.")
    old = tool.definition
    schema = deepcopy(dict(old.parameters))
    properties = schema.get("properties", {})
    parameters = words.get("parameters", {})
    if not isinstance(parameters, Mapping):
        raise ConfigError(f"{name}: parameters of {tool.name} are an object of texts by name.")
    for each, text in parameters.items():
        if each not in properties:
            near = closest(each, properties)
            raise ConfigError(f"{name}: {tool.name} has no parameter {each!r}.{near}")
        properties[each]["description"] = _text(text, f"{name}: {tool.name}.{each}")
    description = words.get("description", old.description)
    new = FunctionDefinition(
        old.name, _text(description, f"{name}: {tool.name}"), schema, old.strict
    )
    other = replace(tool)
    vars(other)["definition"] = new  # in the place of the one that is made when first asked for
    return other


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise ConfigError(f"{where}: a description is a text, not {value!r}.")
    return value

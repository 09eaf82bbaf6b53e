"""Words of a server, before a model or a person reads them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from agentkit.redact import plain

_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn")  # what does not show, turns the order, or means nothing
_VARIANTS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")  # 256 of them spell any byte
_WORDS = ("description", "title", "$comment")  # keywords of JSON schema that are read
_NAMED = ("properties", "$defs", "definitions", "dependentSchemas")  # hold schemas by any names
_VALUES = ("const", "default", "enum", "examples", "required", "dependentRequired")
_UNUSED = ("pattern", "patternProperties")
_OF_OTHER_NAMES = ("additionalProperties", "unevaluatedProperties")  # mean nothing without those
_DEEPEST = 40
SCHEMA_WORDS = 1_000
"""Characters of a description inside a schema."""


def clean(text: str, longest: int) -> str:
    """The text without characters that do not show, and no longer than that.

    Args:
        text: Any text.
        longest: The most characters.
    """
    cut = plain(text[: 2 * longest])
    seen = (c for c in cut if c in "\n\t" or unicodedata.category(c) not in _UNSEEN)
    left = _VARIANTS.sub("", "".join(seen)).strip()
    return left if len(left) <= longest and len(text) <= 2 * longest else f"{left[:longest]} [...]"


def clean_schema(schema: Any, depth: int = 0) -> Any:
    """The schema with its descriptions and titles cleaned, and without regular expressions.

    One of those can be made to take a process years, so that the model is told of it and the server
    itself may look whether it fits. Names and values stay as they are.

    Raises:
        RecursionError: It is deeper than any that is meant well.
    """
    if depth > _DEEPEST:
        raise RecursionError(f"it is nested more than {_DEEPEST} deep")
    if isinstance(schema, list):
        return [clean_schema(each, depth + 1) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    open_names = "patternProperties" in schema
    cleaned: dict[str, Any] = {}
    for name, value in schema.items():
        if name in _WORDS and isinstance(value, str):
            cleaned[name] = clean(value, SCHEMA_WORDS)
        elif name in _NAMED and isinstance(value, Mapping):
            cleaned[name] = {key: clean_schema(each, depth + 1) for key, each in value.items()}
        elif name not in _UNUSED and not (open_names and name in _OF_OTHER_NAMES):
            cleaned[name] = value if name in _VALUES else clean_schema(value, depth + 1)
    if isinstance(pattern := schema.get("pattern"), str):
        told = (cleaned.get("description", ""), f"Pattern: {clean(pattern, 200)}")
        cleaned["description"] = " ".join(filter(None, told))
    return cleaned

"""Replies in JSON, whatever is in them."""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import to_json
from starlette.responses import Response


def json_bytes(value: Any) -> bytes:
    """A value as JSON; what JSON has no word for, such as infinity, is null or a text."""
    try:
        return to_json(value, inf_nan_mode="null", fallback=str)
    except ValueError:  # half of a surrogate pair is in it
        return json.dumps(value, default=str).encode()


class JsonReply(Response):
    """A reply in JSON."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The body."""
        return json_bytes(content)

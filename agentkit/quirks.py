"""What a request to one server has otherwise than a request to others."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict


class Quirks(BaseModel):
    """Where a server differs from the others.

    Args:
        id_length: Ids of calls are that many letters and digits, no more, no less; 0 for any id.
        reasoning: The field of an assistant message in which it wants its reasoning back.
        echo: The field of a call that it wants back as it came.
        rename: Options that it knows under another name.
        refuses: Keywords of JSON schema that it refuses; `$ref` is written out where it can be.
        stream_usage: It names the usage of a stream only when `stream_options` asks for it.
        advised_tools: The most tools that it advises to offer at once; 0 where it says nothing.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id_length: int = 0
    reasoning: str = ""
    echo: str = ""
    rename: Mapping[str, str] = {}
    refuses: tuple[str, ...] = ()
    stream_usage: bool = False
    advised_tools: int = 0

"""A loop by hand on the SDK of Groq; it has no schemas of functions."""

from __future__ import annotations

import groq

from contenders._sdk import Loop


class Contender(Loop):
    """The SDK's async client."""

    def __init__(self, base_url: str) -> None:
        address = base_url.removesuffix("/v1")  # the SDK adds /openai/v1
        super().__init__(groq.AsyncGroq(api_key="bench", base_url=address))

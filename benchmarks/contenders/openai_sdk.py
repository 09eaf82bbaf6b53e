"""A loop by hand on the SDK of OpenAI; it has no schemas of functions."""

from __future__ import annotations

import openai

from contenders._sdk import Loop


class Contender(Loop):
    """The SDK's async client."""

    def __init__(self, base_url: str) -> None:
        super().__init__(openai.AsyncOpenAI(api_key="bench", base_url=base_url))

"""What tokens cost: by the interface's page, else by the package genai-prices where it is there."""

from __future__ import annotations

from functools import cache
from typing import Any

from agentkit.catalog import Page
from agentkit.messages import Usage

_unknown: set[tuple[str, str]] = set()  # to the library, of which it is asked once
_NAMES = {"gemini": "google", "xai": "x-ai"}  # what genai-prices calls them


def cost_of(page: Page, model: str, usage: Usage | None) -> float | None:
    """US dollars for some tokens of a model, or None where no price is known."""
    if page.local:
        return 0.0
    if usage is None or not usage.is_known:
        return None
    known = page.cost(model, usage)
    library = _library() if known is None else None
    if library is None or (page.name, model) in _unknown:
        return known
    try:
        tokens = library.Usage(
            input_tokens=usage.prompt_tokens or 0,
            output_tokens=usage.completion_tokens or 0,
            cache_read_tokens=usage.cached_tokens or 0,
        )
        name = _NAMES.get(page.name, page.name)
        price = library.calc_price(tokens, model_ref=model, provider_id=name)
    except LookupError:
        _unknown.add((page.name, model))
        return None
    except ValueError:  # the tokens make no sense
        return None
    return float(price.total_price)


@cache
def _library() -> Any:
    try:
        import genai_prices
    except ImportError:
        return None
    return genai_prices

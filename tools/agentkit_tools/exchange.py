"""Exchange rates of central banks, from Frankfurter: free, without a key.

Its API is described at https://frankfurter.dev; anybody can run it on a server of their own.
"""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, Field

from agentkit import safe, tool
from agentkit_tools._api import ask

__all__ = ["exchange_rate"]

_URL = "https://api.frankfurter.dev/v2/rate"

_Currency = Annotated[str, Field(pattern="^[A-Za-z]{3}$")]


class _Rate(BaseModel):
    date: str
    rate: Decimal = Field(gt=0, allow_inf_nan=False)


class Exchange:
    """The tool that asks Frankfurter, or a server that speaks as it does.

    Args:
        url: Where the rate of two currencies is.
        guard: What may be connected to; the host of the URL if not given.
    """

    def __init__(self, url: str = _URL, guard: safe.Guard | None = None) -> None:
        self._url = url
        self._guard = guard

    @tool(read_only=True, idempotent=True, open_world=True, cache=3_600)
    async def exchange_rate(
        self,
        base: _Currency,
        quote: _Currency,
        amount: Annotated[Decimal, Field(allow_inf_nan=False, max_digits=20)] = Decimal(1),
        date: datetime.date | None = None,
    ) -> dict[str, Any]:
        """Convert an amount of money by the reference rate of central banks, of one day.

        Args:
            base: The currency of the amount, as three letters: USD.
            quote: The currency to convert to, as three letters: EUR.
            amount: The amount to convert.
            date: The day of the rate as YYYY-MM-DD; the latest if not given.
        """
        one, other = base.upper(), quote.upper()
        if one == other:
            return {"amount": str(amount), "base": one, "quote": other, "rate": "1",
                    "result": str(amount)}  # fmt: skip
        found = await ask(f"{self._url}/{one}/{other}", _Rate, self._guard, date=date)
        return {
            "amount": str(amount),
            "base": one,
            "quote": other,
            "rate": str(found.rate),
            "result": f"{(amount * found.rate).normalize():f}",
            "date": found.date,
            "source": "Frankfurter, reference rates of central banks",
        }


exchange_rate = Exchange().exchange_rate

"""Whether a request is one of many, for which a server's limits are no reason to give up."""

from __future__ import annotations

from contextvars import ContextVar

one_of_many: ContextVar[bool] = ContextVar("one_of_many", default=False)
"""Set for the runs of `Agent.map`: they wait for their turn, and for a limit that the server names,
as long as that takes. Most of the wait is for each other, and another run would wait as long."""

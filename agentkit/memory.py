"""What the process learned of a server."""

from __future__ import annotations

from dataclasses import dataclass, field

from agentkit.catalog import Quirks
from agentkit.wire import Dialect
from agentkit.workers import per_process


@dataclass(slots=True)
class Memory:
    """What the process learned of an address with a key: by model, how to spell requests for it."""

    dialects: dict[str, Dialect] = field(default_factory=dict)
    proven: set[str] = field(default_factory=set)  # models whose dialect is beyond doubt
    moved: dict[str, str] = field(default_factory=dict)  # retired model -> the one to ask
    quirks: dict[str, Quirks] = field(default_factory=dict)
    first_model: str = ""

    def current(self, model: str) -> str:
        """The model to ask in place of one that may be retired."""
        while model in self.moved:
            model = self.moved[model]
        return model


@per_process
def memory_of(account: tuple[str, str]) -> Memory:
    """The memory of an address with a key, by what names them."""
    return Memory()

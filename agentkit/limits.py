"""When a run gives up."""

from __future__ import annotations

from dataclasses import dataclass, fields

from agentkit.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a run gives up; None for never. They are checked before each request.

    Args:
        steps: Responses of the model.
        repeats: Identical calls with the identical result.
        calls: Function calls; one more is not run and ends the run.
        tokens: Prompt and completion tokens of the whole run, as far as the server names them.
        seconds: Time since the run began.
        cost: US dollars of the whole run. A run whose price or tokens are not known ends
            with its first response, because the limit could not be held.

    Raises:
        ConfigError: A limit is not above 0.
    """

    steps: int | None = 10
    repeats: int | None = 3
    calls: int | None = None
    tokens: int | None = None
    seconds: float | None = None
    cost: float | None = None

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if value is not None and not value > 0:  # which nan is not
                raise ConfigError(f"The limit {each.name!r} must be above 0, or None for no limit.")

    def reached(self, **used: float) -> str | None:
        """The limit that what was used comes up to, in words such as "10 steps", or None."""
        for name, amount in used.items():
            if (limit := getattr(self, name)) is None or amount < limit:
                continue
            # The last call allowed may run; the other limits are spent when they are met.
            if amount > limit or name != "calls":
                return f"{limit} {'US dollars' if name == 'cost' else name}"
        return None

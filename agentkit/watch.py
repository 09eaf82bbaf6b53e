"""What a run has used up, and whether it goes in circles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from agentkit.limits import Limits
from agentkit.messages import FunctionCall, Response
from agentkit.run import Step

_GO_ON = " With a higher limit it can go on from where it stopped."


class Watch:
    """Watches one run.

    Args:
        limits: When it must end.
        clock: Seconds.
        called: The earlier steps of the run whose calls were made.
        answered: Those for which there was a response.
    """

    def __init__(
        self,
        limits: Limits,
        clock: Callable[[], float],
        called: Sequence[Step] = (),
        answered: Sequence[Step] = (),
    ) -> None:
        self._limits, self._clock, self._begun = limits, clock, clock()
        self._seen: Counter[tuple[str, str, str]] = Counter()
        self._stuck: FunctionCall | None = None
        self._called = sum(len(step.response.message.calls) for step in called)
        self._steps, self._tokens, self._cost = 0, 0, 0.0
        self._unpriced: Response | None = None
        for step in called:
            self.see(step)
        for step in answered:
            self.count(step.response)

    def count(self, response: Response) -> None:
        """Count what a response took."""
        self._steps += 1
        self._tokens += response.usage.total_tokens if response.usage else 0
        self._cost += response.cost or 0.0
        if self._unpriced is None and not response.is_priced:
            self._unpriced = response

    def too_many_calls(self) -> bool:
        """Count a call, and tell whether it is one too many."""
        self._called += 1
        return self._limits.calls is not None and self._called > self._limits.calls

    def see(self, step: Step) -> None:
        """Remember the calls of a step with their results; some may have none yet."""
        for call, result in zip(step.response.message.calls, step.results, strict=False):
            key = (call.name, call.malformed or call.arguments, result.content)
            self._seen[key] += 1
            if self._seen[key] == self._limits.repeats:
                self._stuck = call

    def verdict(self, model: str) -> str | None:
        """Why the run must end before the next request, or None."""
        unpriced = self._unpriced
        if unpriced and self._limits.cost is not None:
            known = "price is" if unpriced.usage else "number of tokens is"
            return (
                f"No {known} known for {unpriced.model or model}, so the limit of cost cannot hold."
            )
        reached = self._limits.reached(
            steps=self._steps,
            calls=self._called,
            tokens=self._tokens,
            seconds=self._clock() - self._begun,
            cost=self._cost,
        )
        if reached:
            return f"The run reached its limit of {reached} without a final answer.{_GO_ON}"
        if self._stuck:
            return (
                f"The model called {self._stuck.name} {self._limits.repeats} times with the same "
                f"arguments and got the same result; it is going in circles.{_GO_ON}"
            )
        return None

"""Several ways to a model, tried in order."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace

from agentkit.errors import AgentkitError, ConfigError, InterfaceError, MissingKeyError, StatusError
from agentkit.interface import Interface, place_of
from agentkit.messages import Request
from agentkit.notices import say_once
from agentkit.plan import Ask, Plan
from agentkit.wrapper import Wrapper

_WRONG = (400, 422)  # the request itself is wrong, so it is elsewhere too
_FAILED_CALLS = ("tool_use_failed", "json_validate_failed")


def moves_on(error: InterfaceError) -> bool:
    """Whether another interface may do better: not where the request itself was refused."""
    if isinstance(error, StatusError) and error.status in _WRONG:
        return error.no_such_model or error.code in _FAILED_CALLS
    return True


class Fallback(Wrapper):
    """Asks the first interface that answers.

    One that failed is left aside for a while. That another answered is in `Response.repairs`. One
    without a key is passed over, and so is a later one that does not take an option or alias.

    Args:
        choices: Interfaces, each with a model of its own or None for the request's.
        on: Which errors move on to the next; nothing does once text was handed out.
        rest: Seconds for which one that failed is not asked first again.
        clock: Seconds that only go forward.

    Raises:
        ConfigError: There is nothing to choose from.
    """

    def __init__(
        self,
        choices: Sequence[tuple[Interface, str | None]],
        *,
        on: Callable[[InterfaceError], bool] = moves_on,
        rest: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not choices:
            raise ConfigError("A fallback needs at least one interface.")
        super().__init__(choices[0][0])
        self.name = ", ".join(each.name for each, _ in choices)
        self.place = ", ".join(place_of(each) for each, _ in choices)
        self._choices, self._on, self._rest, self._clock = list(choices), on, rest, clock
        self._tired: dict[int, float] = {}

    def plan(self, request: Request) -> Plan:
        """Ask one after the other."""
        failures: list[tuple[str, AgentkitError]] = []
        for index in self._order():
            interface, model = self._choices[index]
            own = request if model is None else replace(request, model=model)
            try:
                interface.check(own)
                response = yield Ask(interface, own)
            except ConfigError as error:
                failures.append((interface.name, error))
            except InterfaceError as error:
                if error.handed_out or not self._on(error):
                    raise
                if not error.excess:  # else it would have answered a shorter one
                    self._tired[index] = self._clock() + self._rest
                failures.append((interface.name, error))
            else:
                assert response is not None
                told = "; ".join(f"{name}: {error}" for name, error in failures)
                notes = [f"{interface.name} answered, because {told}"] if failures else []
                for name in [name for name, error in failures if _is_about_the_key(error)]:
                    say_once(
                        f"agentkit: {interface.name} answers, because the key of {name} is missing "
                        f"or refused. `agentkit doctor` tells more."
                    )
                return replace(response, repairs=(*response.repairs, *notes))
        raise _all_told(failures)

    def check(self, request: Request) -> None:
        """Refuse what the first interface that has its key does not take.

        An option or alias with a slip in it must not pass unseen to the next.
        """
        refused = [self._refusal(request, each) for each in self._choices]
        with_key = [each for each in refused if not isinstance(each, MissingKeyError)]
        if error := (with_key or refused)[0]:
            raise error

    def excess(self, request: Request) -> float:
        """What the interface says that is asked first."""
        interface, model = self._choices[self._order()[0]]
        return interface.excess(request if model is None else replace(request, model=model))

    def quota_key(self, request: Request) -> Hashable | None:
        """None: each interface inside has limits of its own."""
        return None

    def close(self) -> None:
        """Close all of them."""
        for interface, _ in self._choices:
            interface.close()

    async def aclose(self) -> None:
        """Close all of them."""
        for interface, _ in self._choices:
            await interface.aclose()

    def __repr__(self) -> str:
        return f"Fallback({', '.join(repr(each) for each, _ in self._choices)})"

    def _order(self) -> list[int]:
        """Those that are fresh first."""
        now = self._clock()
        return sorted(range(len(self._choices)), key=lambda each: self._tired.get(each, 0.0) > now)

    @staticmethod
    def _refusal(request: Request, choice: tuple[Interface, str | None]) -> ConfigError | None:
        interface, model = choice
        try:
            interface.check(request if model is None else replace(request, model=model))
        except ConfigError as error:
            return error
        return None


def _is_about_the_key(error: AgentkitError) -> bool:
    """Whether it stays until somebody does something about it."""
    refused = isinstance(error, StatusError) and error.status in (401, 403)
    return refused or isinstance(error, MissingKeyError)


def _all_told(failures: Sequence[tuple[str, AgentkitError]]) -> AgentkitError:
    """The error to raise when nobody answered: the last of an interface that was asked."""
    asked = [each for each in failures if isinstance(each[1], InterfaceError)]
    last = (asked[-1:] or failures[:1])[0]
    if isinstance(last[1], InterfaceError):  # a shorter request may have an answer
        last[1].excess = max(getattr(error, "excess", 0.0) for _, error in failures)
    others = "; ".join(f"{name}: {error}" for name, error in failures if error is not last[1])
    if others:
        last[1].args = (f"{last[0]}: {last[1]} (others failed too: {others})",)
    return last[1]

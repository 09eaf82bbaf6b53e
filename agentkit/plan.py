"""What a plan is, and one on its way, without I/O.

A plan is a generator: it yields what is due (a question to an interface, a pause, or I/O to be
done), is sent the response or has the error thrown in, and returns the response for the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import NamedTuple

from agentkit.errors import InterfaceError
from agentkit.interface import Interface, last_piece
from agentkit.messages import Delta, Request, Response, Wait

_TOLD = 0.1  # seconds; shorter pauses are no news
# Characters of a text, but for blanks before it, from which `holds` must tell what it is.
_HEAD = 40


def never(head: str) -> bool:
    """Nothing waits."""
    return False


class Ask(NamedTuple):
    """A request for an interface; streamed text that begins as `holds` says waits to its end."""

    interface: Interface
    request: Request
    holds: Callable[[str], bool] = never


class Do(NamedTuple):
    """Something to be done that takes I/O; an `InterfaceError` of it is thrown in."""

    function: Callable[[], None]


Due = Wait | Ask | Do
Plan = Generator[Due, Response | None, Response]


class Steps:
    """A plan on its way.

    Args:
        plan: The plan.
        streams: Whether text is handed out as it comes.
    """

    _final: Response | None = None
    _waited = 0.0
    _head = ""
    _holds: Callable[[str], bool] = staticmethod(never)

    def __init__(self, plan: Plan, *, streams: bool) -> None:
        self._plan, self._streams = plan, streams
        self._outcome: Response | InterfaceError | None = None
        self._held: list[Delta] | None = []
        self.said: list[str] = []  # text that is handed out

    @property
    def holds_text(self) -> bool:
        """Whether text may have to wait."""
        return self._held is not None

    def due(self) -> Due | None:
        """What to do next; nothing when the plan has its response."""
        outcome, self._outcome = self._outcome, None
        try:
            if isinstance(outcome, InterfaceError):
                due = self._plan.throw(outcome)
                outcome.waited = 0.0  # it is counted; the same error may come once more
            else:
                due = self._plan.send(outcome)
        except StopIteration as end:
            self._final = end.value
            return None
        except InterfaceError as error:
            error.waited = self._waited
            raise
        if self._streams and isinstance(due, Ask):
            self._head, self._held, self._holds = "", [], due.holds
        return due

    def told(self, wait: Wait) -> list[Delta | Wait]:
        """A pause that the plan makes, where it is news."""
        self._waited += wait.seconds
        return [wait] if wait.seconds >= _TOLD else []

    def answered(self, response: Response) -> None:
        """The response to what was asked."""
        self._outcome = response

    def passed(self, pieces: list[Delta | Wait]) -> list[Delta | Wait]:
        """What of some pieces goes on to the caller."""
        if self._held is not None:
            pieces = [free for piece in pieces for free in self._freed(piece)]
        self.said += [piece.text for piece in pieces if isinstance(piece, Delta)]
        return pieces

    def _freed(self, piece: Delta | Wait) -> Sequence[Delta | Wait]:
        """What can go on once this piece is there; text may have to wait for what follows it."""
        if self._held is None or isinstance(piece, Wait) or not piece.text:
            return [piece]
        if len(self._head) < _HEAD:
            self._head = (self._head + piece.text).lstrip()
        self._held.append(piece)
        if self._holds(self._head):
            return []
        held, self._held = self._held, None
        return held

    def close(self) -> None:
        self._plan.close()

    def complete(self) -> None:
        """The stream has ended; it should have brought a response."""
        last_piece([self._outcome if isinstance(self._outcome, Response) else None])

    def failed(self, error: InterfaceError) -> None:
        # An interface inside may have handed text to this one, which held it.
        error.handed_out = any(self.said)
        self._waited += error.waited
        self._outcome = error

    def end(self) -> tuple[list[Delta | Wait], Response]:
        """The text that was not handed out yet, and the response."""
        final = self._final
        assert final is not None
        if self._waited:
            final = replace(final, waited=final.waited + self._waited)
        if not self._streams:
            return [], final
        text, said = final.message.content or "", "".join(self.said)
        if text == said or not text.startswith(said):
            return [], final
        rest, held = text[len(said) :], self._held or []
        # It may have come in another way than as a stream.
        is_held = "".join(each.text for each in held) == rest
        return ([*held] if is_held else [Delta(rest)]), final

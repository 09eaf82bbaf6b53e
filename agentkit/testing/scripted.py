"""A model that says what its script says."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from threading import Lock
from typing import NoReturn

from agentkit.interface import Interface, in_pieces
from agentkit.messages import Delta, Request, Response
from agentkit.testing.checking import wrong_calls
from agentkit.testing.matching import due
from agentkit.testing.replies import Reply, response_of
from agentkit.testing.rules import Line, Match, Rule
from agentkit.testing.telling import left_over, no_reply

_PLAIN = "The script has no reply to this."


class ScriptedInterface(Interface):
    """A model for tests, which says what it is told to, and keeps the requests in `requests`
    and what it failed with in `failures`.

    Replies come from rules, see `when`; what no rule matches gets the next of the listed ones. Any
    number of runs may share it, also at the same time.

    A strict script fails with an AssertionError that says what was asked and what there is: on a
    request that it has no reply to, and where a rule calls a function that the request does not
    offer, or with arguments that its schema refuses. Text that is no JSON and whole messages are
    given as they are, to see what an agent makes of a model's mistakes.

    Args:
        replies: What to reply, in order.
        lenient: Whether rules may be used again, calls may be wrong, and what has no reply gets a
            plain answer; or the interface that is asked in its place, such as the offline model.
    """

    name = "scripted"

    def __init__(self, *replies: Reply, lenient: bool | Interface = False) -> None:
        self.requests: list[Request] = []
        self._replies, self._lenient = list(replies), lenient
        self._rules: list[Rule] = []
        self.failures: list[str] = []
        self._lock = Lock()

    def when(self, match: Match = "", *, times: int = 1) -> Rule:
        """Begin a rule: what to reply when the user said something; the first that matches counts.

        Args:
            match: A part of the user's last message, in capitals or not; a pattern to be found in
                it; or a function of the request that tells. Anything if not given.
            times: How many runs it answers, and no more.
        """
        rule = Rule(match, times)
        with self._lock:
            self._rules.append(rule)
        return rule

    def send(self, request: Request) -> Response:
        """What the script says to a request.

        Raises:
            AssertionError: Nothing, or what makes no sense.
        """
        with self._lock:
            self.requests.append(request)
            number = len(self.requests)
            line = due(self._rules, request, reuse=bool(self._lenient))
            listed = self._replies.pop(0) if line is None and self._replies else None
            if line:
                line.given += 1
        if line:
            return self._checked(line, request)
        if listed is not None:
            return response_of(listed)
        if isinstance(self._lenient, Interface):
            return self._lenient.send(request)
        if not self._lenient:
            self._fail(no_reply(number, request, self._rules))
        return response_of(_PLAIN)

    async def asend(self, request: Request) -> Response:
        """`send`, awaited."""
        if isinstance(self._lenient, Interface):
            return await super().asend(request)  # in a thread, as it may take its time
        return self.send(request)

    def stream(self, request: Request) -> Iterator[Delta | Response]:
        """`send`, word by word where the option `stream` asks for that."""
        yield from _pieces(self.send(request), request)

    async def astream(self, request: Request) -> AsyncGenerator[Delta | Response, None]:
        """`stream`, awaited."""
        for piece in _pieces(await self.asend(request), request):
            yield piece

    def assert_done(self) -> None:
        """Fail when replies are left over, or when the script failed and that was lost on the way:
        a run of many has it as the error of its outcome, a tool's agent as the tool's result.

        A lenient script is always done.
        """
        if self.failures:
            raise AssertionError(self.failures[0])
        if not self._lenient and (text := left_over(self._rules, self._replies, self.requests)):
            raise AssertionError(text)

    def _checked(self, line: Line, request: Request) -> Response:
        response = line.response(request)
        if not self._lenient and not line.is_whole:
            calls = response.message.calls
            if text := wrong_calls(calls, request.definitions, line.place):
                self._fail(text)
        return response

    def _fail(self, text: str) -> NoReturn:
        self.failures.append(text)
        raise AssertionError(text)


def _pieces(response: Response, request: Request) -> Iterator[Delta | Response]:
    return in_pieces(response) if request.options.get("stream") else iter([response])

"""Each request and each call of a run as a step that is done once, whoever carries the run out."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from dbos import DBOS, StepReservation

from agentkit.approval import Gate
from agentkit.context import Context
from agentkit.durable.records import load_error, save_error, stored
from agentkit.errors import AgentkitError, ConfigError, DurableError
from agentkit.interface import Interface, aasked, last_piece, place_of
from agentkit.messages import FunctionCall, Message, Request, Response, ResultMessage
from agentkit.redact import HIDDEN
from agentkit.saving import load_messages, load_response, save_messages, save_response
from agentkit.toolbox import Toolbox
from agentkit.tracing import Target
from agentkit.transcript import LOST_SECRET, MAY_HAVE_RUN
from agentkit.workers import carried

BEGIN, REQUEST, DECISIONS, INTENT = "begin", "request", "decisions", "before {}"
"""The names of steps; that of a call is the name of its tool."""

Work = Callable[[], Awaitable[dict[str, Any]]]


class Steps:
    """Numbers the steps of a run, always in the same order, and does each once.

    A step has its number before the first `await` of whoever does it: so calls that run side by
    side have theirs in the order of the calls, and not in the order of chance.

    Args:
        unknown: The calls of which it is not known whether they ran: their keys, by the numbers of
            the steps that say that they were about to.
        leaving: Whether the run is to be left here, so that others go on with it.
        sure: Waits until it is sure that the run is still to be carried out here.
    """

    def __init__(
        self,
        unknown: Mapping[int, str],
        leaving: Callable[[], bool],
        sure: Callable[[], Awaitable[None]],
    ) -> None:
        self._unknown, self._leaving, self._sure = unknown, leaving, sure
        self._count = 0

    def reserve(self) -> StepReservation:
        """The next number."""
        self._count += 1
        return DBOS.reserve_step()

    async def do(
        self, name: str, work: Work, at: StepReservation | None = None, *, noted: bool = False
    ) -> dict[str, Any]:
        """What came of a step: of `work` if it was not done before, or of what was stored.

        Args:
            name: Names it.
            work: Gives plain values.
            at: Its number, if it is not the next.
            noted: Whether it was said before that this is about to happen: the run is not left
                between the two, which would look as if it may have happened.
        """
        step = at or self.reserve()
        if self._leaving() and not noted:
            raise Leaving
        # What was stored and what goes on from here are one and the same.
        done: dict[str, Any] = await step.run_async({"name": name}, self._done, work)
        return done

    async def _done(self, work: Work) -> dict[str, Any]:
        await self._sure()  # here, as what came before may have waited for the database
        done: dict[str, Any] = stored(await work())
        return done

    def may_have_run(self, key: str) -> bool:
        """Whether the next call is one of those; its numbers are then used up."""
        if self._unknown.get(self._count + 1) != key:
            return False
        self.reserve()
        self.reserve()
        return True


class Leaving(BaseException):
    """The run is left between two steps; nobody on the way takes it for an error of a tool."""


class StepInterface(Interface):
    """Asks another interface, each request as a step; what is stored is told in no trace.

    Args:
        inner: The interface.
        steps: The steps of the run.
    """

    asks_another = replays = True

    def __init__(self, inner: Interface, steps: Steps) -> None:
        self.name = str(place_of(inner))
        self._inner, self._steps = inner, steps
        self._known: tuple[Message, ...] = ()
        self._digest = ""

    def check(self, request: Request) -> None:
        """As the inner one does."""
        self._inner.check(request)

    def send(self, request: Request) -> Response:
        """Durable runs are awaited."""
        raise ConfigError("A durable run is awaited.")

    async def asend(self, request: Request) -> Response:
        """Ask, if it was not asked before.

        Raises:
            DurableError: The stored step belongs to another request.
            InterfaceError: The model gave no usable reply.
        """
        digest = self._digest_of(request)

        async def work() -> dict[str, Any]:
            try:
                response = await self._asked(request.with_options(stream=False))
            except AgentkitError as error:
                return {"request": digest, "error": save_error(error)}
            return {"request": digest, "response": save_response(response)}

        done = await self._steps.do(REQUEST, work)
        if done["request"] != digest:
            raise DurableError(
                "This run was begun by an agent with another model, or other tools or options, "
                "and cannot go on with this one. Give a changed agent another version, let workers "
                "of the old one finish what they began; or fork the run into the new version."
            )
        if "error" in done:
            raise load_error(done["error"])
        return load_response(done["response"])

    async def _asked(self, request: Request) -> Response:
        async with aclosing(aasked(self._inner, request)) as pieces:
            return last_piece([piece async for piece in pieces])

    def target(self, request: Request) -> Target:
        """That of the inner one."""
        return self._inner.target(request)

    def _digest_of(self, request: Request) -> str:
        """Stands for all that is sent; of a transcript that grew, only what is new is read."""
        known = self._known if request.goes_on_from(self._known) else ()
        news = save_messages(request.messages[len(known) :])
        options = {k: v for k, v in request.options.items() if k not in ("extra_headers", "stream")}
        parts = [
            self._digest if known else "",
            news,
            request.model,
            options,
            [each.to_dict() for each in request.definitions],
        ]
        text = json.dumps(parts, sort_keys=True, default=str)
        self._known = request.messages
        self._digest = sha256(text.encode()).hexdigest()[:16]
        return self._digest


class StepToolbox(Toolbox):
    """The tools of another toolbox, each call as a step.

    A call that must not run twice has a step before it, which says that it is about to run.

    Args:
        inner: The toolbox.
        steps: The steps of the run.
    """

    def __init__(self, inner: Toolbox, steps: Steps) -> None:
        super().__init__(inner)
        self._steps = steps

    async def acall(self, call: FunctionCall, context: Context[Any] | None = None) -> ResultMessage:
        """The call's result: the stored one, if it has been called before."""
        tool = self.get(call.name)
        assert context is not None  # a run gives one
        if tool is None:
            return await self._acall(call, context)  # not told in a trace: it is no step
        intent = None if tool.idempotent or tool.read_only else self._steps.reserve()
        step = self._steps.reserve()
        if intent is not None:
            await self._steps.do(INTENT.format(call.name), _said(context.call_key), intent)

        async def work() -> dict[str, Any]:
            try:
                result = await carried(Toolbox.acall(self, call, context))
            except Exception as error:  # `on_error="raise"`: it ends the run, wherever that goes on
                return {"error": save_error(error), "key": context.call_key}
            return {"result": save_messages([result])[0], "key": context.call_key}

        done = await self._steps.do(call.name, work, step, noted=intent is not None)
        if "error" in done:
            raise load_error(done["error"])
        (result,) = load_messages([done["result"]])
        assert isinstance(result, ResultMessage)
        return result


def _said(key: str) -> Work:
    async def work() -> dict[str, Any]:
        return {"key": key}

    return work


@dataclass(frozen=True, slots=True)
class StepGate(Gate):
    """A gate that also holds calls of which nobody knows whether they ran, and those whose
    arguments lost a secret."""

    steps: Steps | None = None

    def judge(
        self, call: FunctionCall, context: Callable[[], Context[Any]], messages: Sequence[Message]
    ) -> str | ResultMessage | None:
        """As `Gate.judge`."""
        if not call.waits and call.name in self.toolbox:
            if self.steps and self.steps.may_have_run(context().call_key):
                return MAY_HAVE_RUN
            if HIDDEN in call.arguments:
                return LOST_SECRET
        return Gate.judge(self, call, context, messages)

"""The spans of a run, of its requests and of its calls: what is told when."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from agentkit.events import ApprovalNeeded, RunEnded
from agentkit.messages import Delta, FunctionCall, Request, Response, ResultMessage, Wait
from agentkit.notices import complain
from agentkit.telemetry import attributes as names
from agentkit.telemetry.attributes import Asked, Called, Totals, attributes, error_type
from agentkit.telemetry.content import Content, wants_content
from agentkit.tracing import HERE, Begun, Span, Target

T = TypeVar("T")


class Happened(NamedTuple):
    """An event of a span, at nanoseconds since 1970."""

    name: str
    at: int
    attributes: Mapping[str, Any]


class Trace(ABC):
    """Where runs are told span by span.

    Args:
        content: Whether it is told what was said: prompts, answers, arguments and results. If not
            given, what OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT says, or no.
    """

    def __init__(self, *, content: bool | None = None) -> None:
        self.content = wants_content() if content is None else content
        self._failed = False

    def run(self, begun: Begun) -> Span:
        """The span of a run, which begins now: a part of what is going on, if anything is."""
        return RunSpan(self, HERE.get(), begun)

    @abstractmethod
    def begin(self, span: AnySpan) -> None:
        """A span has begun."""

    @abstractmethod
    def finish(self, span: AnySpan) -> None:
        """A span has ended."""

    def enter(self, span: AnySpan) -> Any:  # noqa: B027 - a file knows of no others
        """Make a span the current one for others as well; gives what `leave` takes."""

    def leave(self, span: AnySpan, before: Any) -> None:  # noqa: B027
        """Make current again what was so before."""

    def safely(self, function: Callable[[AnySpan], None], span: AnySpan) -> None:
        """Tell, where that can be done: a run does not end because nobody can be told of it."""
        try:
            function(span)
        except Exception as error:
            if not self._failed:
                complain(f"The trace cannot be kept: {type(error).__name__}: {error}.")
            self._failed = True
        else:
            self._failed = self._failed and not span.ended


class AnySpan(ABC):
    """Something on its way.

    Args:
        trace: Where it is told.
        parent: What it is a part of, if that is known.
        begun: The run.
        name: Its name.
        at_first: Its attributes when it begins.
    """

    def __init__(
        self, trace: Trace, parent: Span | None, begun: Begun, name: str, at_first: dict[str, Any]
    ) -> None:
        self.trace, self.parent, self.begun, self.name = trace, parent, begun, name
        self.attributes = at_first
        self.events: list[Happened] = []
        self.error = self.message = ""
        self.trace_id = self.span_id = self.parent_id = ""  # in hex; "" where nothing is told
        self.flags = 1  # it is sampled
        self.other: Any = None  # what belongs to it where it is told
        self.began, self.ended = time.time_ns(), 0
        self._clock = time.perf_counter_ns()
        self.is_told = False
        if not isinstance(self, RunSpan) or not begun.replays:
            self.tell()

    def __enter__(self) -> None:
        self._before = HERE.get(), self.trace.enter(self)
        HERE.set(self)

    def __exit__(self, *raised: object) -> None:
        before, other = self._before
        HERE.set(before)
        self.trace.leave(self, other)

    def tell(self) -> None:
        """Tell that it has begun, if that was not told."""
        if not self.is_told:
            self.is_told = True
            self.trace.safely(self.trace.begin, self)

    @property
    def traceparent(self) -> str:
        """The header `traceparent`."""
        ids = f"{self.trace_id}-{self.span_id}-{self.flags:02x}"
        return f"00-{ids}" if self.span_id else ""

    @property
    def seconds(self) -> float:
        """How long it took, or takes by now."""
        return ((self.ended or self._now()) - self.began) / 1e9

    def request(self, target: Target, request: Request) -> Span:
        """A request that is sent now."""
        self.tell()
        return RequestSpan(self, Asked(self.begun, target, request))

    def call(self, tool: Any, call: FunctionCall, key: str) -> Span:
        """A call that is run now."""
        self.tell()
        return CallSpan(self, Called(self.begun, tool, call, key))

    @abstractmethod
    def saw(self, item: object) -> None:
        """A piece, an event or an outcome came of it."""

    def note(self, error: BaseException) -> None:  # noqa: B027 - that of a call alone tells of one
        """This is the error that its outcome tells of."""

    def end(self, error: BaseException | None = None) -> None:
        """It is over; a second time means nothing."""
        if self.ended:
            return
        self.ended = self._now()
        if error is not None:
            self.error = error_type(error)
            self._say(error)
        if self.error:
            self.attributes[names.ERROR] = self.error
        if self.is_told:
            self.trace.safely(self.trace.finish, self)

    def _now(self) -> int:
        return self.began + time.perf_counter_ns() - self._clock

    def _happened(self, name: str, facts: Mapping[str, Any]) -> None:
        self.events.append(Happened(name, self._now(), facts))

    def _say(self, message: object) -> None:
        if self.trace.content:  # it may quote what was said
            self.message = Content().text(str(message))


class RunSpan(AnySpan):
    """A run, from where it begins or goes on to where it ends or waits for a person."""

    def __init__(self, trace: Trace, parent: Span | None, begun: Begun) -> None:
        name = f"{names.RUN} {begun.agent}".rstrip()
        at_first = attributes(names.RUN_BEGINS, begun)
        if trace.content:
            at_first |= Content(begun.messages, begun.definitions).of_request(begun.messages)
        super().__init__(trace, parent, begun, name, at_first)
        self.totals = Totals()

    def saw(self, item: object) -> None:
        """An event of the run."""
        match item:
            case Wait():
                reason = {names.REASON: Content().text(item.reason)} if self.trace.content else {}
                self.totals.waited += item.seconds
                self._happened(names.WAITED, {names.SECONDS: item.seconds, **reason})
            case ApprovalNeeded():
                facts = Called(self.begun, None, item.call, item.call_key)
                told = attributes(names.CALL_WAITS, facts)
                self._happened(names.NEEDS_APPROVAL, told)
            case RunEnded(run=run):
                self.totals.state = "done" if run.done else "waiting"
                if self.trace.content and run.steps:
                    last = run.steps[-1].response
                    content = Content(run.messages, self.begun.definitions)
                    self.attributes |= content.of_answer(last.message, last.finish_reason)
                self.end()  # whoever has it need not go on

    def end(self, error: BaseException | None = None) -> None:
        """The run has ended."""
        if not self.ended:
            self.attributes |= attributes(names.RUN_ENDS, self.totals)
        super().end(error)


class RequestSpan(AnySpan):
    """A request, from when it is sent to its last piece."""

    def __init__(self, parent: AnySpan, asked: Asked) -> None:
        at_first = attributes(names.CHAT_BEGINS, asked)
        request = asked.request
        self._content = None
        if parent.trace.content:
            self._content = Content(request.messages, request.definitions)
            at_first |= self._content.of_request(request.messages)
        self._streams = bool(request.options.get("stream"))
        self._run = parent if isinstance(parent, RunSpan) else None
        name = f"{names.CHAT} {asked.target.model}".rstrip()
        super().__init__(parent.trace, parent, parent.begun, name, at_first)

    def saw(self, item: object) -> None:
        """A piece of the answer, or the whole."""
        if self._streams and isinstance(item, Delta | Response):
            self._streams = False
            self.attributes[names.FIRST_CHUNK] = self.seconds
        if not isinstance(item, Response):
            return
        self.attributes |= attributes(names.CHAT_ENDS, item)
        if self._content is not None:
            self.attributes |= self._content.of_answer(item.message, item.finish_reason)
        if self._run is not None:
            totals = self._run.totals
            totals.usage += item.usage or names.NOTHING
            totals.costs += (item.cost,)
            totals.finish_reason = item.finish_reason
        self.end()  # whoever has it takes its time


class CallSpan(AnySpan):
    """A call, from when it is run to its result."""

    def __init__(self, parent: AnySpan, called: Called) -> None:
        self._content = None
        at_first = attributes(names.CALL_BEGINS, called)
        if parent.trace.content:
            definitions = [called.tool.definition] if called.tool else []
            self._content = Content.of_call(called.call, definitions)
            at_first[names.ARGUMENTS] = self._content.text(called.call.written)
        name = f"{names.TOOL} {at_first[names.TOOL_NAME]}"
        super().__init__(parent.trace, parent, parent.begun, name, at_first)

    def note(self, error: BaseException) -> None:
        """This is the error that its result tells of."""
        self.error = error_type(error)

    def saw(self, item: object) -> None:
        """The result."""
        if not isinstance(item, ResultMessage):
            return
        if not item.is_error:
            self.error = ""
        elif not self.error:
            self.error = "tool_error"
        if self._content is not None:
            self.attributes[names.RESULT] = self._content.text(item.content)
            self._say(item.content if item.is_error else "")

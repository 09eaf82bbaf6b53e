"""The agent loop without I/O: it says what is due and is fed what happened.

The transcript is its whole state, so that sync, async, streaming, cancelled and continued runs are
the same loop with another driver.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from agentkit.errors import ArgumentsError, ConfigError, LimitError
from agentkit.limits import Limits
from agentkit.messages import (
    ANSWER,
    AssistantMessage,
    FunctionCall,
    FunctionDefinition,
    Message,
    Request,
    Response,
    ResultMessage,
    UserMessage,
)
from agentkit.reading import LEFT_OUT, READING, has_whole, room_for, without_old_results
from agentkit.recorder import DueCall
from agentkit.run import Run, Step
from agentkit.transcript import (
    cut_short,
    held,
    last_assistant,
    readable_message,
    replies_in,
    settled,
)
from agentkit.watch import Watch

if TYPE_CHECKING:
    from agentkit.answer import Answer  # needs pydantic

T = TypeVar("T")
_UNSAID = (
    "Calls of this transcript wait for approval, so the prompt was not said. First decide on each "
    "of run.pending: run.approve(call), or run.deny(call, why)."
)
_CUT = ("length", "content_filter", "error")  # why a reply ended before it was complete


class Loop(Generic[T]):
    """One run.

    Args:
        messages: The transcript to begin with. Calls in it that have no result are due first.
        prompt: What the user says next, if anything.
        definitions: The functions offered.
        model: An alias or full name.
        options: Sent with each request. A `function_call` that forces a call counts for the first.
        limits: When to give up.
        answer: What the final answer must be, if not text.
        run_id: Part of each call's key.
        earlier: The run that this one goes on with: what it did counts as done in this one.
        clock: Seconds, for the time limit.

    Raises:
        ConfigError: There is nothing to do.
    """

    def __init__(
        self,
        messages: Sequence[Message],
        prompt: str | None = None,
        *,
        definitions: tuple[FunctionDefinition, ...] = (),
        model: str = "agent",
        options: Mapping[str, Any] | None = None,
        limits: Limits | None = None,
        answer: Answer[T] | None = None,
        run_id: str = "run",
        earlier: Run[Any] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._messages, self._results = settled(messages)
        self._definitions = (*definitions, answer.definition) if answer else definitions
        self._only_answer = answer is not None and not definitions
        self._model, self._options, self._answer = model, dict(options or {}), answer
        self._earlier, self.id = earlier, run_id
        self._steps: list[Step] = list(earlier.steps) if earlier else []
        self._goes_on = bool(self._results)  # and is in the middle of a step
        before = self._steps[:-1] if self._goes_on else self._steps
        self._watch = Watch(limits or Limits(), clock, before, self._steps)
        # What steps need to know of the transcript is kept, as it may be long.
        self._replies = replies_in(self._messages) + (earlier.summarized if earlier else 0)
        self._place = (last_assistant(self._messages) or (-1,))[0]  # of the model's last message
        self._can_read = has_whole(self._messages)
        self._encoded: dict[str, Any] = {}
        self._begun: set[int] = set()
        self._wants_answer = False
        self._output: Any = None
        self._finished = self._held = False
        self._notes: list[str] = []  # what was done to get the next response
        self._prompt = prompt
        if prompt is not None and any(due.call.waits for due in self.open_calls()):
            raise ConfigError(_UNSAID)  # before anything runs
        if not self._results:
            self._speak()
        self._look_at_end()

    def _look_at_end(self) -> None:
        """See whether the transcript ends with an answer: a run may be cut right behind it."""
        last = self._messages[-1] if self._messages else None
        is_text = isinstance(last, AssistantMessage) and not last.calls
        if last is None or (is_text and self._earlier is None):
            raise ConfigError("There is nothing to answer: give a prompt.")
        if is_text:
            self._take_text(last.content or "")
        if self._goes_on:
            self.settle()

    def due(self) -> Request | tuple[DueCall, ...] | None:
        """What to do next: send a request, run calls, or nothing more.

        Raises:
            LimitError: A limit is reached; its `run` can be continued.
        """
        if self._held:
            if self._prompt is not None:
                raise ConfigError(_UNSAID)
            return None
        if calls := self.open_calls():
            return calls
        if self._finished:
            return None
        if verdict := self._watch.verdict(self._model):
            error = LimitError(verdict)
            error.run = self.run()
            raise error
        return Request(
            messages=tuple(self._messages),
            definitions=(*self._definitions, READING) if self._can_read else self._definitions,
            model=self._model,
            options=self._turn_options(),
            _encoded=self._encoded,
        )

    def take(self, response: Response) -> Response:
        """Take the model's response; gives it back with its calls made readable."""
        message, repairs = readable_message(response.message, cut=response.finish_reason in _CUT)
        if message is not response.message or repairs or self._notes:
            repairs = (*response.repairs, *repairs, *self._notes)
            response = replace(response, message=message, repairs=repairs)
            self._notes.clear()
        self._place = len(self._messages)
        self._messages.append(message)
        self._steps.append(Step(response))
        self._watch.count(response)
        self._replies += 1
        self._results = [None] * len(message.calls)
        return response

    def settle(self) -> None:
        """See what follows from the last response: an answer, or calls that no tool is to run."""
        reply = self._reply
        if not reply.calls:
            self._take_text(reply.content or "")
        for index, call in enumerate(reply.calls):
            is_known = self._results[index] is not None
            if self._answer and call.name == ANSWER:
                if not is_known:
                    self._results[index] = self._take_answer(self._answer, call)
            elif self._watch.too_many_calls() and not is_known:
                text = "Error: not run, because the limit of calls is reached."
                self._results[index] = ResultMessage(call.name, text, call.id, is_error=True)
        self._close_if_complete()

    def feed_result(self, due: DueCall, result: ResultMessage) -> None:
        """Take the result of a call; a second one for the same call is ignored."""
        if due.index < len(self._results) and self._results[due.index] is None:
            self._results[due.index] = result
            self._close_if_complete()

    def begin(self, due: DueCall) -> None:
        """Take note that a call runs now: if it gets no result, nobody knows what it did."""
        self._begun.add(due.index)

    @property
    def messages(self) -> tuple[Message, ...]:
        """The transcript so far."""
        return (*self._messages, *filter(None, self._results))

    def room(self) -> int:
        """Characters that each result of this step may have, so that the next request is taken."""
        quotas = self._steps[-1].response.quotas if self._steps else ()
        return room_for(len(self._results), quotas)

    def shorten(self, characters: float) -> bool:
        """Leave out old results until so many characters are saved, and tell whether any was."""
        self._messages, count = without_old_results(self._messages, characters)
        if count:
            self._can_read = True
            self._notes.append(f"{count} {LEFT_OUT}, to fit the server's limit")
        return count > 0

    def hold(self, waiting: Mapping[int, str]) -> tuple[DueCall, ...]:
        """End the run with calls that wait for approval, and give these.

        Args:
            waiting: Why, by the place of each such call in the model's message.
        """
        message = self._reply
        waits = {index: waiting.get(index, "") for index in range(len(message.calls))}
        message, self._results = held(message, self._results, waits)
        self._messages[self._place] = message
        if self._finished:  # by an answer that came with calls that wait
            text = "Error: not taken, because other calls wait for approval. Answer after them."
            for index, call in enumerate(message.calls):
                if call.name == ANSWER:
                    self._results[index] = ResultMessage(ANSWER, text, call.id, is_error=True)
            self._output, self._finished = None, False
        self._held = True
        return tuple(each for each in self.open_calls() if each.call.waits)

    def cancel(self) -> None:
        """Close the open calls, but for those that a person decided on, or is to decide on."""
        for due in self.open_calls():
            begun = due.index in self._begun
            if begun or not (self._held or due.call.waits or due.call.approved):
                self.feed_result(due, cut_short(due.call, begun=begun))

    def run(self) -> Run[T]:
        """The run so far."""
        run: Run[T] = Run.of_steps(self.id, self._output, self.messages, tuple(self._steps))
        summarized = self._earlier.summarized if self._earlier else 0
        run = replace(run, unsaid=self._prompt, done=self._finished, summarized=summarized)
        return run if self._earlier is None or self._earlier.steps else run.after(self._earlier)

    def open_calls(self) -> tuple[DueCall, ...]:
        """The calls of the last response that have no result."""
        if None not in self._results:
            return ()
        calls, step = self._reply.calls, f"{self.id}:{self._replies}"
        open_ones = (n for n, result in enumerate(self._results) if result is None)
        return tuple(DueCall.of(calls[n], step, n) for n in open_ones)

    @property
    def _reply(self) -> AssistantMessage:
        """The model's last message; there must be one."""
        return cast(AssistantMessage, self._messages[self._place])

    def _take_answer(self, answer: Answer[T], call: FunctionCall) -> ResultMessage:
        try:
            self._output = answer.read(call)
        except ArgumentsError as error:
            text = f"Error: the answer does not fit:\n{error}"
            return ResultMessage(call.name, text, call.id, is_error=True)
        self._finished = True
        return ResultMessage(call.name, "Accepted.", call.id)

    def _take_text(self, text: str) -> None:
        if self._answer is None:
            self._output, self._finished = text, True
            return
        try:
            self._output, self._finished = self._answer.read_text(text), True
        except ArgumentsError as error:
            self._wants_answer = True
            problem = f"Give the final answer by calling {ANSWER}. Your text does not fit:\n{error}"
            self._messages.append(UserMessage(problem))

    def _close_if_complete(self) -> None:
        results = [result for result in self._results if result is not None]
        if len(results) < len(self._results):
            return
        self._messages += results
        self._can_read = self._can_read or has_whole(results)
        self._results = []
        self._begun.clear()
        if self._steps:
            response, reply = self._steps[-1].response, self._reply
            if reply is not response.message:  # a call of it was decided on
                response = replace(response, message=reply)
            self._steps[-1] = Step(response, tuple(results))
            self._watch.see(self._steps[-1])
        self._speak()

    def _speak(self) -> None:
        """Say the prompt, once no call is open before it."""
        if self._prompt is not None:
            self._messages.append(UserMessage(self._prompt))
            self._prompt = None

    def _turn_options(self) -> dict[str, Any]:
        options = dict(self._options)
        forced = options.get("function_call") not in (None, "none", "auto")
        if forced and (self._steps or self._goes_on):
            del options["function_call"]  # else the model could never answer
        if self._only_answer or self._wants_answer:
            options["function_call"] = ANSWER
        return options

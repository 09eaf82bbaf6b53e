"""Agent: an interface, a toolbox and the loop."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, cast, overload

from agentkit.agent_settings import (
    AgentSettings,
    ResumeOptions,
    RunOptions,
    answer_of,
    check_names,
    check_options,
    journal_of,
    replay_of,
    trace_of,
)
from agentkit.approval import Approval, Gate
from agentkit.beginning import Beginning
from agentkit.calls import Calls
from agentkit.errors import ConfigError, DefinitionError, JournalError
from agentkit.interface import Interface, place_of
from agentkit.interfaces import names_model, open_interface
from agentkit.limits import Limits
from agentkit.loop import Loop
from agentkit.messages import ANSWER, FunctionDefinition, Request
from agentkit.reading import READ
from agentkit.recorder import Record, Store
from agentkit.run import Run
from agentkit.runner import Runner
from agentkit.summary import Summary
from agentkit.toolbox import Toolbox, ToolSource
from agentkit.tracing import Begun, Trace, beginning

if TYPE_CHECKING:
    from agentkit.answer import Answer  # needs pydantic
    from agentkit.replay import Replay  # heavy, and rarely used

T = TypeVar("T")
InterfaceChoice = Interface | str | Sequence[Interface | str] | None


class Agent(Runner[T]):
    """Asks a model, runs the function calls that come back, and repeats until the final answer.

    It holds no state of a run: one agent serves any number of them, also at the same time.

    Args:
        tools: Tools, functions, toolboxes, modules or objects with tools, or a list of these.
        interface: An interface, its name, or several that are tried in order; `open_interface`
            tells which names there are, and what is taken if none is given.
        model: An alias of the interface, a model's full name, or several that are tried in order.
        instructions: What the model is told first.
        options: Sent to the model, such as `temperature`; `stream=True` streams the answer;
            `function_call` is "none", "auto", "required" or a tool's name. A forced call counts
            for the first request of a run.
        limits: When a run gives up.
        approval: Which calls a person must approve, where a tool does not say so itself:
            "ask_for_destructive"; "ask_after_untrusted", those that may change something once
            text of an `open_world` tool came in; "always"; "never". A run that meets one ends
            with it in `Run.pending`.
        journal: A file in which runs are kept step by step, so that `resume` can go on with one; if
            not given, AGENTKIT_JOURNAL, or none. "" is none in any case.
        replay: A recording that answers in place of the model; a `Replay` says more.
        trace: Where runs are told span by span: a file; "otel", what the process has of it; or one
            of `agentkit.telemetry`. If not given, that of the run whose tool begins it, else
            AGENTKIT_TRACE, or none. "" is none in any case.
        output: The type of the answer; text if not given. The answer is validated, and a wrong one
            is fed back to the model.
        name: What it is called among others, as by an `Engine`.

    Raises:
        DefinitionError: Two tools have one name, or the output type cannot be validated.
    """

    @overload
    def __init__(
        self: Agent[str],
        tools: ToolSource = (),
        interface: InterfaceChoice = None,
        *,
        output: None = None,
        **settings: Unpack[AgentSettings],
    ) -> None: ...
    @overload
    def __init__(
        self,
        tools: ToolSource = (),
        interface: InterfaceChoice = None,
        *,
        output: type[T],
        **settings: Unpack[AgentSettings],
    ) -> None: ...
    @overload
    def __init__(
        self: Agent[Any],
        tools: ToolSource = (),
        interface: InterfaceChoice = None,
        *,
        output: Any,
        **settings: Unpack[AgentSettings],
    ) -> None: ...
    def __init__(
        self,
        tools: ToolSource = (),
        interface: InterfaceChoice = None,
        *,
        model: str | Sequence[str] = "agent",
        instructions: str | None = None,
        options: Mapping[str, Any] | None = None,
        limits: Limits | None = None,
        approval: Approval = "ask_for_destructive",
        journal: Store | str | os.PathLike[str] | None = None,
        replay: Replay | str | os.PathLike[str] | None = None,
        trace: Trace | str | os.PathLike[str] | None = None,
        output: Any = None,
        name: str = "",
    ) -> None:
        self.toolbox, self.name = Toolbox(tools), name
        self._replay = replay_of(replay)
        self.gate = Gate(self.toolbox, approval, self._replay.waited if self._replay else None)
        self._models = [] if isinstance(model, str) else list(model)
        if not isinstance(model, str) and not self._models:
            raise ConfigError("model= names no model.")
        self.model = model if isinstance(model, str) else self._models[0]
        self.instructions = instructions
        self.options = dict(options or {})
        self.limits = limits or Limits()
        self.approval, self.output = approval, output
        self._given, self._journal, self._trace = interface, journal, trace
        self._answer: Answer[T] | None = answer_of(output)
        if self.toolbox.is_ready:
            self._check_names()

    @cached_property
    def interface(self) -> Interface:
        """The way to the model; opened when first needed."""
        return self._replay.around(self._opened) if self._replay else self._opened()

    def _opened(self) -> Interface:
        twice = self.model != "agent" and names_model(self._given)
        return open_interface(self._given, models=[self.model] if twice else self._models)

    @cached_property
    def journal(self) -> Store | None:
        """Where runs are kept, if anywhere."""
        return journal_of(self._journal)

    @cached_property
    def trace(self) -> Trace | None:
        """Where its runs are told, if anywhere, as far as no other run begins them."""
        return trace_of(self._trace)

    def stored(self, run_id: str) -> Run[T]:
        """A run of the journal, so that `run(after=...)` can go on with it; see `resume`.

        Raises:
            ConfigError: Its answer does not fit `output`.
            JournalError: There is no journal, or no such run in it.
        """
        if self.journal is None:
            raise JournalError("There is no journal: Agent(journal=...), or AGENTKIT_JOURNAL.")
        safe = [each.name for each in self.toolbox.values() if each.idempotent or each.read_only]
        run: Run[Any] = self.journal.run(run_id, repeat=safe)
        return self.typed(run)

    def _check_names(self) -> None:
        if self._answer and ANSWER in self.toolbox:
            raise DefinitionError(f"{ANSWER!r} is the name of the typed answer; rename the tool.")
        if READ in self.toolbox:
            raise DefinitionError(f"{READ!r} is how a model reads on; rename the tool.")

    def _definitions(self) -> tuple[FunctionDefinition, ...]:
        self._check_names()  # again, as those of a server may not have been known before
        return self.toolbox.definitions

    async def aready(self) -> None:
        """Ask the servers among its tools what they offer, if there are any; each run does so.

        Raises:
            AgentkitError: One cannot be asked.
        """
        await self.toolbox.aready()

    def check(self) -> None:
        """Refuse, before anything is sent, what would be wrong with every run.

        Raises:
            ConfigError: There is no key, or the model's alias or an option does not fit.
            DefinitionError: A tool cannot be offered.
        """
        _ = self._definitions(), self.trace
        check_options(self.options, self.toolbox)
        self.interface.check(Request(messages=(), model=self.model, options=self.options))

    def typed(self, run: Run[Any]) -> Run[T]:
        """A stored run with its answer as `output` has it, if it has one.

        Raises:
            ConfigError: Its answer does not fit `output`.
        """
        return replace(run, output=self._answer.given_in(run)) if self._answer and run.done else run

    def around(self, interface: Interface, gate: Gate) -> Agent[T]:
        """The same agent with another way to the model and to its tools, and without a journal."""
        other = self.with_journal("")
        other.toolbox, other.gate = gate.toolbox, gate
        vars(other)["interface"] = interface
        return other

    def with_journal(self, journal: Store | str | os.PathLike[str]) -> Agent[T]:
        """The same agent, whose runs are kept there; "" is nowhere."""
        other = copy(self)
        other._journal = journal
        vars(other).pop("journal", None)  # it is kept once it is made
        return other

    def summarize(self, run: Run[Any]) -> Run[T]:
        """The run with a summary by the model in place of all but its last exchange, to make room.

        Go on with `agent.run("...", after=summarized)`. Calls keep their results: what is summed up
        ends before the last exchange, or before the last step of a long one. A summary of results
        that may hold anybody's text counts as such a text. The run's usage and cost have the
        summary's in them; its first steps cannot be forked from any more.

        Args:
            run: A run, also one that was too long to go on: `error.run`.

        Raises:
            ConfigError: There is nothing before the last exchange, or calls wait for approval.
            InterfaceError: The model gave no usable reply.
        """
        summary = Summary.of(run, self.toolbox)
        return summary.put(self._summarizer().run(summary.prompt(self.interface, self.model)))

    async def asummarize(self, run: Run[Any]) -> Run[T]:
        """`summarize`, awaited."""
        await self.aready()
        summary = Summary.of(run, self.toolbox)
        prompt = summary.prompt(self.interface, self.model)
        return summary.put(await self._summarizer().arun(prompt))

    def _summarizer(self) -> Agent[str]:
        return Agent((), self.interface, model=self.model, journal=self.journal, trace=self._trace)

    def _prepared(self, prompt: str | None, given: RunOptions) -> tuple[Loop[T], Calls, Interface]:
        begin = Beginning.of(prompt, given, self.instructions, self.journal)
        loop = self._loop(begin, given.get("options"))
        begin_span = beginning(self._trace is None, self.trace, lambda: self._begun(loop, given))
        record: Record | None = None
        if self.journal is not None:
            place = place_of(self.interface)
            start = begin.start(prompt, place, self.model, given.get("conversation"))
            record = self.journal.begin(loop.run(), start)
        recorded = self._replay.results_of_calls if self._replay else None
        calls = Calls(loop, self.gate, given.get("deps"), record, recorded, begin_span)
        return loop, calls, self.interface

    def _begun(self, loop: Loop[T], given: RunOptions) -> Begun:
        """What is told of a run at its beginning."""
        target = self.interface.target(Request(messages=(), model=self.model))
        facts = (loop.messages, self.toolbox.definitions, given.get("conversation"))
        return Begun(loop.id, self.name, target, *facts, replays=self.interface.replays)

    def _check(self, given: ResumeOptions) -> None:
        check_names(cast(RunOptions, given))
        self._options(given.get("options"))
        if self.toolbox.is_ready:  # who awaits the runs is not to wait for servers here
            self._definitions()
        _ = self.journal, self.trace

    def _options(self, given: Mapping[str, Any] | None) -> dict[str, Any]:
        """What is sent to the model, checked."""
        options = {**self.options, **(given or {})}
        options["stream"] = options.get("stream") or False
        check_options(options, self.toolbox)
        self.interface.check(Request(messages=(), model=self.model, options=options))
        return options

    def _loop(self, begin: Beginning, given: Mapping[str, Any] | None) -> Loop[T]:
        options, run_id = self._options(given), begin.run_id
        if not run_id and self._replay and self.journal is None:
            run_id = self._replay.run_id(begin.prompt, begin.messages) or ""
        return Loop(
            begin.messages,
            begin.prompt,
            definitions=self._definitions(),
            model=self.model,
            options=options,
            limits=self.limits,
            answer=self._answer,
            run_id=run_id or os.urandom(16).hex(),
            earlier=begin.earlier,
        )

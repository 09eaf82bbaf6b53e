"""Asking the person at the terminal whether a call may run."""

from __future__ import annotations

import json
import sys
from typing import Any

from agentkit import FunctionCall, Run
from agentkit.cli.errors import NotApprovedError
from agentkit.cli.output import note, say
from agentkit.cli.text import exact, one_line

_CHOICES = "[y]es, [n]o, [a]lways for {name}, [e]dit the arguments? "


class Asker:
    """Asks for each call, and remembers the tools that may always run."""

    def __init__(self) -> None:
        self._always: set[str] = set()

    def decide(self, run: Run[str]) -> Run[str]:
        """The run with a decision on each of its pending calls.

        Raises:
            NotApprovedError: There is no terminal, or its end was reached.
        """
        while run.pending:
            call = run.pending[0]
            if call.name in self._always:
                run = run.approve(call)
                continue
            if not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
                raise NotApprovedError(run)
            _show(call)
            try:
                run = self._decided(run, call)
            except EOFError:
                say("")
                raise NotApprovedError(run) from None
        return run

    def _decided(self, run: Run[str], call: FunctionCall) -> Run[str]:
        while True:
            match _asked(_CHOICES.format(name=one_line(call.name))).lower():
                case "y" | "yes":
                    return run.approve(call)
                case "n" | "no":
                    return run.deny(call, _asked("Why, for the model (may be left empty)? "))
                case "a" | "always":
                    self._always.add(call.name)
                    return run.approve(call)
                case "e" | "edit":
                    if (arguments := _edited()) is not None:
                        return run.approve(call, arguments)


def _show(call: FunctionCall) -> None:
    """The exact arguments, in full: what is approved is what is seen."""
    say(f"{one_line(call.name)} wants to run ({one_line(call.waits)}) with")
    say(exact(json.loads(call.arguments)))


def _edited() -> dict[str, Any] | None:
    try:
        arguments = json.loads(_asked("The new arguments, as a JSON object on one line? "))
    except ValueError as error:
        note(f"that is no JSON: {error}.")
        return None
    if isinstance(arguments, dict):
        return arguments
    note("that is no JSON object.")
    return None


def _asked(question: str) -> str:
    print(question, end="", file=sys.stderr, flush=True)  # input() would write it to stdout
    return input().strip()

"""Asking the person at the terminal whether a call may run, or whether it ran."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agentkit import AgentkitError, FunctionCall, Run
from agentkit.arguments import read_arguments
from agentkit.cli.errors import NotApprovedError
from agentkit.cli.output import note, say
from agentkit.cli.text import exact, one_line
from agentkit.transcript import LOST_SECRET, may_have_run

if TYPE_CHECKING:
    from agentkit.cli.options import Unfinished

_CHOICES = "Run {name}? [y]es, [n]o, [a]lways, with any arguments, or [e]dit the arguments: "
_WHY = "Why, for the model (may be left empty)? "
_UNFINISHED = "[r]epeat {name}, [g]ive its result, or [s]kip it: "


class Asker:
    """Asks for each call, and remembers the tools that may always run.

    Args:
        unfinished: What to do with calls of which nobody knows whether they ran.
    """

    def __init__(self, unfinished: Unfinished = "ask") -> None:
        self._always: set[str] = set()
        self._unfinished = unfinished

    def decide(self, run: Run[str]) -> Run[str]:
        """The run with a decision on each of its pending calls.

        Raises:
            NotApprovedError: There is no terminal, or its end was reached.
        """
        for call in run.pending:
            if known := self._known(run, call):
                run = known
                continue
            if not (sys.stdin and sys.stdin.isatty() and sys.stderr.isatty()):
                raise NotApprovedError(run)
            try:
                run = _finished(run, call) if may_have_run(call) else self._decided(run, call)
            except EOFError:
                say("")
                raise NotApprovedError(run) from None
        return run

    def _known(self, run: Run[str], call: FunctionCall) -> Run[str] | None:
        """The run with a decision that needs no question."""
        lost = LOST_SECRET in call.waits  # its arguments are to be given anew
        if not may_have_run(call):
            return run.approve(call) if call.name in self._always and not lost else None
        match self._unfinished:
            case "repeat" if not lost:
                return run.approve(call)
            case "skip":
                return run.deny(call)
        return None

    def _decided(self, run: Run[str], call: FunctionCall) -> Run[str]:
        arguments: dict[str, Any] | None = None
        _show(call)
        while True:
            match _asked(_CHOICES.format(name=one_line(call.name))).lower():
                case "y" | "yes" | "a" | "always" if LOST_SECRET in call.waits and not arguments:
                    note(f"{LOST_SECRET}.")
                case "y" | "yes":
                    return run.approve(call, arguments)
                case "n" | "no":
                    return run.deny(call, _asked(_WHY))
                case "a" | "always":
                    self._always.add(call.name)
                    return run.approve(call, arguments)
                case "e" | "edit":
                    edited = _edited()
                    if edited is not None:
                        arguments = edited
                        _show(replace(call, arguments=json.dumps(arguments)))


def _finished(run: Run[str], call: FunctionCall) -> Run[str]:
    """The run in which a call that may have run is repeated, has its result, or is left."""
    _show(call)
    while True:
        match _asked(_UNFINISHED.format(name=one_line(call.name))).lower():
            case "r" | "repeat" if LOST_SECRET not in call.waits:
                return run.approve(call)
            case "r" | "repeat":
                note(f"{LOST_SECRET}.")
                if (arguments := _edited()) is not None:
                    return run.approve(call, arguments)
            case "g" | "give":
                return run.answer(call, _asked("Its result, on one line: "))
            case "s" | "skip":
                return run.deny(call, _asked(_WHY))


def _show(call: FunctionCall) -> None:
    """The exact arguments, in full: what is approved is what is seen."""
    wants = f"wants to run ({one_line(call.waits)})"
    if may_have_run(call):
        wants = "may have run before the run was cut short,"
    say(f"{one_line(call.name)} {wants} with")
    arguments = json.loads(call.arguments)
    say(shown := exact(arguments))
    if not shown.isascii():  # letters may look like others, and stand in another order
        say(f"which is {json.dumps(arguments)}")


def _edited() -> dict[str, Any] | None:
    try:
        arguments, repairs = read_arguments(_asked("The new arguments, as JSON on one line: "))
        json.dumps(arguments, allow_nan=False)
    except (AgentkitError, ValueError) as error:
        note(f"that is no JSON object: {one_line(str(error))}")
        return None
    if repairs:
        note(f"read as it was meant: {', '.join(repairs)}.")
    return arguments


def _asked(question: str) -> str:
    _forget_typed()
    print(question, end="", file=sys.stderr, flush=True)  # input() would write it to stdout
    return input().strip()


def _forget_typed() -> None:
    """Drop what was typed or pasted before the question was there: it is no answer to it."""
    if sys.platform == "win32":
        import msvcrt

        while msvcrt.kbhit():
            msvcrt.getwch()
    else:
        import termios

        with suppress(termios.error, ValueError):  # no terminal after all
            termios.tcflush(sys.stdin, termios.TCIFLUSH)

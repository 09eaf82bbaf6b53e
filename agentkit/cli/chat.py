"""`agentkit chat`: a conversation, line by line."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress

from agentkit import Agent, Message, UserMessage
from agentkit.cli.asking import Asker
from agentkit.cli.errors import OUTPUT_CLOSED, outcome
from agentkit.cli.output import note, say
from agentkit.cli.running import follow
from agentkit.cli.screen import Screen
from agentkit.cli.tools import listing
from agentkit.errors import closest

_HELP = """\
/tools  list the tools
/undo   take the last exchange back
/help   this list
/quit   leave; so does Ctrl-D
Ctrl-C stops a reply."""
_COMMAND = re.compile(r"/[a-z]+\Z")


class Chat:
    """A conversation with an agent.

    Args:
        agent: Who answers.
        new_screen: Makes the screen for each answer.
    """

    def __init__(self, agent: Agent[str], new_screen: Callable[[], Screen]) -> None:
        self._agent = agent
        self._new_screen = new_screen
        self._asker = Asker()
        self._past: list[tuple[Message, ...]] = [()]  # the transcript after each exchange
        self._commands = {"/tools": self._tools, "/undo": self._undo, "/help": self._help}

    def talk(self) -> None:
        """Answer line after line until `/quit` or the end of the input."""
        for line in _lines():
            word = line.strip()
            if word == "/quit":
                return
            if word in self._commands:
                self._commands[word]()
            elif _COMMAND.match(word):
                note(f"there is no {word}.{closest(word, [*self._commands, '/quit'])} Try /help.")
            elif word:
                self._turn(line)

    def _turn(self, prompt: str) -> None:
        """One exchange. What goes wrong in it is shown, and the conversation goes on."""
        try:
            screen = self._new_screen()
            run = follow(self._agent, screen, prompt, self._past[-1], self._asker)
            messages = run.messages
        except BaseException as error:
            found = outcome(error)
            if found is None or found[0] == OUTPUT_CLOSED:
                raise
            note(found[1])
            if (so_far := getattr(error, "run", None)) is None:
                return
            for call in so_far.pending:
                so_far = so_far.deny(call, "nobody was there to approve it")
            messages = so_far.messages
        self._past.append(messages)

    def _tools(self) -> None:
        say(listing(self._agent.toolbox))

    def _undo(self) -> None:
        if len(self._past) == 1:
            note("there is nothing to take back.")
            return
        gone = self._past.pop()[len(self._past[-1]) :]
        said = next((each.content for each in gone if isinstance(each, UserMessage)), "")
        note(f"taken back: {said}")

    def _help(self) -> None:
        say(_HELP)


def _lines() -> Iterator[str]:
    """The user's lines: asked for on a terminal, else just read."""
    if not (sys.stdin and sys.stdin.isatty() and sys.stdout.isatty()):
        yield from (line.rstrip("\r\n") for line in sys.stdin or ())
        return
    with suppress(ImportError):
        import readline  # noqa: F401 - gives input() its editing and history
    say("Say something; /help lists the commands.")
    while True:
        try:
            yield input("> ")
        except KeyboardInterrupt:
            say("\n(/quit or Ctrl-D leaves)")
        except EOFError:
            say("")
            return

"""`agentkit chat`: a conversation, line by line."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress

from agentkit import Agent, AgentkitError, Message, Run, UserMessage
from agentkit.cli.asking import Asker
from agentkit.cli.errors import OUTPUT_CLOSED, outcome
from agentkit.cli.output import note, say
from agentkit.cli.running import follow
from agentkit.cli.screen import Screen
from agentkit.cli.tools import listing
from agentkit.conversation import keep_turn, next_turn
from agentkit.errors import closest

_HELP = """\
/tools    list the tools
/undo     take the last exchange back
/compact  have the model sum up what was said before the last exchange
/help     this list
/quit     leave; so does Ctrl-D
Ctrl-C stops a reply."""
_COMMAND = re.compile(r"/[a-z]+\Z")


class Chat:
    """A conversation with an agent.

    Args:
        agent: Who answers.
        new_screen: Makes the screen for each answer.
        conversation: The one of the agent's journal to go on with.

    Raises:
        ConfigError: The agent has no journal to keep a conversation in, or calls of it wait.
        JournalError: The last turn has not ended.
    """

    def __init__(
        self, agent: Agent[str], new_screen: Callable[[], Screen], conversation: str | None = None
    ) -> None:
        self._agent = agent
        self._conversation = conversation
        self._new_screen = new_screen
        self._asker = Asker()
        turn, kept = next_turn(agent.journal, conversation) if conversation else (1, ())
        self._past: list[tuple[Message, ...]] = [tuple(kept)]  # the transcript after each exchange
        if turn > 1:
            note(f"going on with {conversation!r}; it had {turn - 1} turns.")
        self._commands = {
            "/tools": self._tools,
            "/undo": self._undo,
            "/compact": self._compact,
            "/help": self._help,
        }

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
            past, named = self._past[-1], self._conversation
            run = follow(self._agent, screen, prompt, past, asker=self._asker, conversation=named)
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
        now = self._past.pop()
        if not self._past:  # what was said before this chat
            said = [n for n, each in enumerate(now) if isinstance(each, UserMessage)]
            self._past.append(now[: said[-1]] if said else now)
        if self._past[-1] == now:
            note("there is nothing to take back.")
            return
        gone = now[len(self._past[-1]) :]
        text = next((each.content for each in gone if isinstance(each, UserMessage)), "")
        self._keep("/undo")
        note(f"taken back: {text}" if text else "taken back.")

    def _compact(self) -> None:
        try:
            shorter = self._agent.summarize(Run(id="", output="", messages=self._past[-1]))
        except (AgentkitError, KeyboardInterrupt) as error:
            note((outcome(error) or (0, ""))[1])
            return
        self._past.append(shorter.messages)
        self._keep("/compact")
        note(f"summed up, for {shorter.usage.total_tokens:,} tokens; /undo takes it back.")

    def _keep(self, why: str) -> None:
        """Have the conversation go on from how it stands now, also in another process."""
        if self._conversation and self._agent.journal:
            try:
                keep_turn(self._agent.journal, self._conversation, self._past[-1], why)
            except AgentkitError as error:
                note(f"{error} The next process will not know of it.")

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

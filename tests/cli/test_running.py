"""Following a run: whatever ends it carries the run, also what comes while an event is shown."""

from __future__ import annotations

import pytest

from agentkit import Agent, CallStarted, ConfigError, Event, ResultMessage, tool
from agentkit.cli.output import OutputClosedError
from agentkit.cli.running import follow, read_options
from agentkit.cli.screen import Screen
from agentkit.testing import ScriptedInterface, call


@tool
def look() -> str:
    """Look around."""
    return "grass"


class Interrupted(Screen):
    """Is interrupted while it shows a call."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error
        self.closed = False

    def show(self, event: Event) -> None:
        if isinstance(event, CallStarted):
            raise self.error

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OutputClosedError()])
def test_an_interruption_while_a_call_is_shown_leaves_a_transcript_to_send(error):
    screen = Interrupted(error)
    agent = Agent(look, ScriptedInterface(call("look"), "Green."))
    with pytest.raises(type(error)) as caught:
        follow(agent, screen, "Look!")
    messages = caught.value.run.messages

    assert screen.closed
    assert isinstance(messages[-1], ResultMessage)
    assert follow(agent, Screen(), "And now?", messages).output == "Green."


@pytest.mark.parametrize(
    ("given", "stream", "options"),
    [
        (["temperature=1"], True, {"temperature": 1, "stream": True}),
        (["stream=true"], None, {"stream": True}),
        (["stream=true"], False, {}),
        (["stop=a=b", "user=", "seed=null"], None, {"stop": "a=b", "user": "", "seed": None}),
        (['stop=["a", "b"]'], False, {"stop": ["a", "b"]}),
    ],
)
def test_options_are_json_or_text_and_the_flag_goes_before_the_option(given, stream, options):
    assert read_options(given, stream, as_json=True) == options


@pytest.mark.parametrize("text", ["temperature", "=1", ""])
def test_an_option_without_a_name_or_value_is_refused(text):
    with pytest.raises(ConfigError, match="name=value"):
        read_options([text], None, as_json=False)

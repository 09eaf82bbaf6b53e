"""Long results: the model gets a part and can read the rest."""

import json
import re

import pytest

from agentkit import (
    Agent,
    AssistantMessage,
    CallEnded,
    DefinitionError,
    Response,
    ResultMessage,
    Toolbox,
    load_messages,
    save_messages,
    tool,
)
from agentkit.messages import Quota
from agentkit.reading import LONGEST
from agentkit.testing import ScriptedInterface, call

LONG = "".join(f"line {number}\n" for number in range(2_000))


@tool(max_chars=1_000)
def long() -> str:
    """Give a long text."""
    return LONG


@tool(open_world=True)
def page() -> str:
    """Give a long text from outside."""
    return LONG


def handle(result: ResultMessage) -> str:
    return re.search(r'handle="(\w+)"', result.content)[1]


def cut_run(source=long, **settings):
    return Agent([source], ScriptedInterface(call(source.name), "Done."), **settings).run("Go")


def read_on(run, *calls, source=long):
    """The results of the calls in a run that goes on."""
    model = ScriptedInterface(list(calls), "Done.")
    messages = load_messages(json.loads(json.dumps(save_messages(run.messages))))
    later = Agent([source], model).run("Go on", messages=messages)
    return model.requests[0], later.steps[0].results


def test_the_function_to_read_on_is_offered_only_once_something_was_cut():
    model = ScriptedInterface(call("long"), "Done.")
    Agent([long], model).run("Go")
    offered = [[each.name for each in request.definitions] for request in model.requests]

    assert offered == [["long"], ["long", "read_result"]]


def test_the_rest_of_a_result_can_be_read_part_by_part():
    run = cut_run()
    result = run.steps[0].results[0]
    text, offset = "", 0
    while offset < len(LONG):
        _, (part,) = read_on(run, call("read_result", handle=handle(result), offset=offset))
        text += part.content.partition("\n")[2]
        offset = len(text)

    assert result.content.startswith(LONG[:800])
    assert "offset=800" in result.content
    assert text == LONG
    assert "this is the end" in part.content


def test_reading_on_shows_in_the_events_like_any_call():
    first = cut_run()
    on = call("read_result", handle=handle(first.steps[0].results[0]))
    agent = Agent([long], ScriptedInterface(on, "Done."))
    ended = [e for e in agent.iter("Go on", messages=first.messages) if isinstance(e, CallEnded)]

    assert [each.call.name for each in ended] == ["read_result"]
    assert LONG[:100] in ended[0].result.content


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"handle": "nope"}, "no such handle; the handles are: [0-9a-f]{8}"),
        ({}, "no such handle"),
        ({"offset": -1}, "offset is a number from 0 to"),
        ({"offset": 10**9}, "offset is a number from 0 to"),
        ({"offset": "many"}, "offset is a number from 0 to"),
        ({"offset": True}, "offset is a number from 0 to"),
        ("{", "not valid JSON"),
    ],
)
def test_a_wrong_handle_or_offset_is_told(arguments, problem):
    run = cut_run()
    if "offset" in arguments:
        arguments["handle"] = handle(run.steps[0].results[0])
    _, (result,) = read_on(run, call("read_result", arguments))

    assert result.is_error
    assert re.search(problem, result.content)


def test_what_was_read_of_text_from_outside_is_untrusted_too():
    run = cut_run(page)
    _, (result,) = read_on(
        run, call("read_result", handle=handle(run.steps[0].results[0])), source=page
    )

    assert result.untrusted


def test_without_a_run_a_result_is_cut_and_names_no_function():
    result = Toolbox(long).call(call("long"))

    assert "read_result" not in result.content
    assert result.whole == ""


def test_a_very_long_result_is_kept_up_to_a_limit():
    @tool
    def huge() -> str:
        return "x" * (LONGEST + 5)

    result = cut_run(huge).steps[0].results[0]

    assert len(result.whole) == LONGEST
    assert f"of {LONGEST + 5:,} characters" in result.content


def limited(tokens, *calls):
    quota = Quota("tokens", tokens, tokens, 60.0)
    return Response(message=AssistantMessage(calls=calls), quotas=(quota,))


@pytest.mark.parametrize(("tokens", "number"), [(4_000, 1), (8_000, 2), (2_500, 2)])
def test_the_results_of_a_step_fit_a_quarter_of_the_servers_tokens(tokens, number):
    asked = limited(tokens, *[call("page")] * number)
    run = Agent([page], ScriptedInterface(asked, "Done.")).run("Go")
    lengths = [len(each.content) for each in run.steps[0].results]

    assert all(tokens // number <= length < tokens // number + 120 for length in lengths)


def test_a_tool_of_that_name_is_refused():
    with pytest.raises(DefinitionError, match="read_result"):
        Agent([tool(lambda: 1, name="read_result")])

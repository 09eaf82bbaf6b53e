"""Broken calls and empty answers: read, asked for once more, or an error with the model's words."""

import json
from dataclasses import replace

import pytest
from staged import ASKED, Staged, pieces, response, said

from agentkit import (
    AssistantMessage,
    ConfigError,
    Delta,
    FunctionCall,
    FunctionDefinition,
    InterfaceError,
    Response,
    StatusError,
    Usage,
)
from agentkit.errors import ConnectError, ReplyError
from agentkit.recovering import Recovering
from agentkit.retrying import Retrying

LOOK = FunctionDefinition("look", "", {"type": "object", "properties": {}})
OFFERED = replace(ASKED, definitions=(LOOK,))
CALL = '<function=look>{"at": 1}</function>'
LOOKS = FunctionCall("look", '{"at": 1}')
FROM_FAILED = "call read from failed_generation"


def broken(
    generation=None, message="Failed to call a function.", code="tool_use_failed", status=400
):
    body = {"message": message, "code": code}
    body |= {} if generation is None else {"failed_generation": generation}
    return StatusError(f"The server answered: {message}", status=status, code=code, body=body)


def streamed(text, *more):
    return [*(Delta(text[at : at + 3]) for at in range(0, len(text), 3)), *more]


def calls(*made, text=None, **more):
    return Response(message=AssistantMessage(text, made), **more)


def test_what_makes_sense_goes_through_as_it_is(mode, stream):
    request = OFFERED.with_options(stream=stream, temperature=0.3)
    recovering = Recovering(Staged(streamed("Hello.", said())))

    assert pieces(recovering, mode, request) == streamed("Hello.", said())
    assert recovering.inner.requests == [request]


@pytest.mark.parametrize(
    "generation",
    [
        CALL,
        f"I look.\n{CALL}",
        '{"name": "look", "arguments": {"at": 1}}',
        {"name": "look", "arguments": {"at": 1}},
    ],
    ids=["tag", "prose before", "JSON", "object"],
)
def test_a_refused_call_that_can_be_read_is_a_call(generation, mode, stream):
    recovering = Recovering(Staged(broken(generation)))
    *_, last = pieces(recovering, mode, OFFERED.with_options(stream=stream))

    assert last.message.calls == (LOOKS,)
    assert last.repairs == (FROM_FAILED,)
    assert len(recovering.inner.requests) == 1


def test_a_call_of_an_unknown_function_is_a_call_to_be_told_so(mode):
    last = response(Recovering(Staged(broken('<function=lok>{"at": 1}</function>'))), mode, OFFERED)

    assert last.message.calls == (FunctionCall("lok", '{"at": 1}'),)


def test_prose_where_no_call_was_forced_is_the_answer(mode, stream):
    request = OFFERED.with_options(stream=stream, function_call="auto")
    *text, last = pieces(Recovering(Staged(broken("It is noon."))), mode, request)

    assert last == said("It is noon.", repairs=("answer read from failed_generation",))
    assert text == ([Delta("It is noon.")] if stream else [])


@pytest.mark.parametrize("forced", ["required", "look", {"name": "look"}])
def test_prose_where_a_call_was_forced_is_asked_again(forced, mode):
    recovering = Recovering(Staged(broken("It is noon."), calls(LOOKS)))
    last = response(recovering, mode, OFFERED.with_options(function_call=forced))

    assert last.message.calls == (LOOKS,)
    assert len(recovering.inner.requests) == 2


@pytest.mark.parametrize(
    "error",
    [
        broken("Tool call validation failed: no such tool"),
        broken("Failed to call a function."),
        broken("at = 1", message="Failed to parse tool call arguments as JSON"),
        broken("<function=look>{"),
        broken("  "),
        broken(None),
        broken(CALL, code="json_validate_failed"),
    ],
    ids=lambda error: str(error.body.get("failed_generation")),
)
def test_what_cannot_be_read_is_asked_again_and_told(error, mode):
    told = str(error)
    recovering = Recovering(Staged(error, said()))
    last = response(recovering, mode, OFFERED)

    assert last.message == said().message
    assert len(last.repairs) == 1
    assert last.repairs[0].startswith(f"asked again, because: {told}")


@pytest.mark.parametrize(
    ("given", "second"), [(None, 0.2), (0, 0.8), (0.49, 0.8), (0.5, 0.2), (2, 0.2)]
)
def test_the_second_time_is_at_another_temperature(given, second, mode):
    recovering = Recovering(Staged(broken(), said()))
    request = OFFERED.with_options(temperature=given, max_tokens=9, stream=True)
    response(recovering, mode, request)

    assert recovering.inner.requests == [request, request.with_options(temperature=second)]


def test_the_second_failure_is_an_error_with_the_models_words(mode):
    recovering = Recovering(Staged(broken("<function=look>{1"), broken("<function=look>{2")))
    with pytest.raises(StatusError, match=r"The model wrote: <function=look>\{2"):
        response(recovering, mode, OFFERED)
    assert len(recovering.inner.requests) == 2


def test_a_model_that_takes_no_temperature_fails_with_what_was_first(mode):
    refused = StatusError("temperature does not support 0.2", status=400)
    with pytest.raises(StatusError, match="Failed to call a function"):
        response(Recovering(Staged(broken(), refused)), mode, OFFERED)


@pytest.mark.parametrize(
    "error", [StatusError("busy", status=503), ConnectError("cut"), ValueError("odd")]
)
def test_another_error_of_the_second_request_is_raised(error, mode):
    with pytest.raises(type(error)) as raised:
        response(Recovering(Staged(broken(), error)), mode, OFFERED)
    assert raised.value is error


@pytest.mark.parametrize(
    "error",
    [
        StatusError("no", status=400),
        StatusError("busy", status=503),
        ConnectError("cut"),
        ReplyError("odd"),
        ConfigError("no"),
        KeyboardInterrupt(),
    ],
    ids=repr,
)
def test_what_is_no_broken_call_is_not_touched(error, mode):
    recovering, told = Recovering(Staged(error)), str(error)
    with pytest.raises(type(error)) as raised:
        response(recovering, mode, OFFERED)

    assert raised.value is error
    assert (str(error), len(recovering.inner.requests)) == (told, 1)


def test_a_call_in_the_text_of_an_answer_is_a_call_and_never_shown(mode, stream):
    inner = Staged(streamed(CALL, said(CALL))) if stream else Staged(said(CALL))
    last = pieces(Recovering(inner), mode, OFFERED.with_options(stream=stream))

    assert last == [calls(LOOKS, repairs=("call read from the text",))]


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{"at": 1}',
        "[1] A source.",
        "```python\nx\n```",
        '<function=other>{"a": 1}</function>',
    ],
)
def test_text_that_only_looks_like_a_call_comes_out_whole(text, mode):
    inner = Staged(streamed(text, said(text)))

    assert pieces(Recovering(inner), mode, OFFERED) == streamed(text, said(text))


def test_without_functions_nothing_is_a_call_and_nothing_is_held(mode):
    inner = Staged(streamed(CALL, ConnectError("cut")))

    assert pieces(Recovering(inner), mode, ASKED, most=2) == streamed(CALL)[:2]


def test_names_are_cleaned_and_that_is_told(mode):
    odd = FunctionCall("functions.look<|channel|>", '{"at": 1}', "call_1")
    last = response(Recovering(Staged(calls(odd))), mode, OFFERED)

    assert last.message.calls == (FunctionCall("look", '{"at": 1}', "call_1"),)
    assert last.repairs == ("look: name was written 'functions.look<|channel|>'",)


@pytest.mark.parametrize("text", [None, "", " \n"])
def test_an_empty_answer_is_asked_for_again(text, mode, stream):
    recovering = Recovering(Staged(said(text), streamed("Hello.", said())))
    *_, last = pieces(recovering, mode, OFFERED.with_options(stream=stream))

    assert last.message == said().message
    assert "neither text nor a call" in last.repairs[0]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"finish_reason": "stop"}, r"finish_reason stop\)\.$"),
        ({"finish_reason": "content_filter"}, "content filter held it back"),
        ({"finish_reason": "length"}, "All of its tokens .* raise max_tokens"),
        ({"finish_reason": "stop", "usage": Usage(9, 50, reasoning_tokens=50)}, "50 of its tokens"),
    ],
)
def test_two_empty_answers_are_an_error_that_says_why(more, words, mode):
    recovering = Recovering(Staged(said(None, **more)))
    with pytest.raises(InterfaceError, match=words):
        response(recovering, mode)
    assert len(recovering.inner.requests) == 2


def test_a_call_without_text_is_no_empty_answer(mode):
    assert response(Recovering(Staged(calls(LOOKS))), mode, OFFERED) == calls(LOOKS)


def test_nothing_is_asked_again_once_text_was_handed_out(mode):
    error = broken("<function=look>{")
    recovering = Recovering(Staged(streamed("I look. ", error)))
    with pytest.raises(StatusError, match="The model wrote"):
        pieces(recovering, mode, OFFERED)

    assert len(recovering.inner.requests) == 1


def test_a_call_that_fails_behind_text_keeps_the_text(mode):
    error = broken(CALL)
    error.partial = AssistantMessage("I look. ", reasoning="hm")
    *text, last = pieces(Recovering(Staged(streamed("I look. ", error))), mode, OFFERED)

    assert text == streamed("I look. ")
    assert last.message == AssistantMessage("I look. ", (LOOKS,), "hm")


def test_held_text_of_a_broken_call_is_asked_again(mode):
    played = streamed("<function=look>{", broken())
    recovering = Recovering(Staged(played, calls(LOOKS)))
    *text, last = pieces(recovering, mode, OFFERED)

    assert (text, last.message.calls) == ([], (LOOKS,))


def test_held_text_of_a_broken_call_is_asked_again_through_other_wrappers(mode):
    played = streamed("<function=look>{", broken())
    recovering = Recovering(Retrying(Staged(played, calls(LOOKS))))
    *_, last = pieces(recovering, mode, OFFERED)

    assert last.message.calls == (LOOKS,)


def test_the_tokens_of_an_answer_that_was_of_no_use_count_too(mode):
    spent = {"usage": Usage(10, 5), "cost": 0.25}
    last = response(Recovering(Staged(said(None, **spent), said(**spent))), mode)

    assert (last.usage, last.cost) == (Usage(20, 10), 0.5)


@pytest.mark.parametrize("most", [1, 2])
def test_left_early_nothing_stays_open(mode, most):
    recovering = Recovering(Staged(streamed("Hello.", said())))
    pieces(recovering, mode, OFFERED, most)

    assert (recovering.inner.open, recovering.inner.closed) == (0, 1)


def test_what_the_error_shows_of_the_models_words_has_an_end():
    long = json.dumps({"look": "x" * 5000})[:-1]
    with pytest.raises(StatusError) as raised:
        response(Recovering(Staged(broken(long))), "sync", OFFERED)

    assert 1000 < len(str(raised.value)) < 1100


def test_where_there_is_no_other_temperature_the_first_error_counts(mode):
    class WithoutTemperature(Staged):
        def check(self, request):
            if "temperature" in request.options:
                raise ConfigError("house has no option 'temperature'.")

    inner = WithoutTemperature(said(""))
    with pytest.raises(ReplyError, match="neither text nor a call"):
        response(Recovering(inner), mode)
    assert len(inner.requests) == 1


def test_text_that_was_begun_and_then_refused_is_streamed_to_its_end(mode):
    inner = Staged([Delta("Let me"), broken("Let me think.", code="tool_use_failed")])
    *deltas, last = pieces(Recovering(inner), mode, OFFERED)

    assert "".join(each.text for each in deltas) == last.message.content == "Let me think."


def test_blanks_of_an_empty_answer_are_not_handed_out(mode):
    blank = [Delta("\n\n"), Delta(" "), said("\n\n ")]
    full = [Delta("\n"), Delta("Hi"), said("\nHi")]
    *deltas, last = pieces(Recovering(Staged(blank, full)), mode)

    assert [each.text for each in deltas] == ["\n", "Hi"]
    assert last.message.content == "\nHi"


def test_text_behind_many_blanks_is_streamed(mode):
    played = [Delta("\n" * 60), Delta("One"), Delta(" two."), said("\n" * 60 + "One two.")]
    inner = Staged(played)
    first_two = pieces(Recovering(inner), mode, OFFERED, most=2)

    assert [each.text for each in first_two] == ["\n" * 60, "One"]
    assert inner.closed == 1

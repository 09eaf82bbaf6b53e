"""The loop, driven by hand: it does no I/O, so nothing else is needed."""

import pytest

from agentkit import (
    AssistantMessage,
    ConfigError,
    FunctionCall,
    FunctionDefinition,
    LimitError,
    Limits,
    Request,
    Response,
    ResultMessage,
    SystemMessage,
    Usage,
    UserMessage,
)
from agentkit.answer import Answer
from agentkit.loop import Loop

ADD = FunctionDefinition("add", "", {"type": "object", "properties": {}})


def fed(loop, response):
    """The response with its calls made readable, once the loop has taken it."""
    taken = loop.take(response)
    loop.settle()
    return taken


def said(*calls, text=None, usage=None):
    return Response(message=AssistantMessage(text, tuple(calls)), usage=usage)


def add(a, its_id=""):
    return FunctionCall("add", f'{{"a": {a}}}', its_id)


def result(content, its_id=""):
    return ResultMessage("add", content, its_id)


def settle(loop, *contents):
    for due, content in zip(loop.due(), contents, strict=True):
        loop.feed_result(due, result(content, due.call.id))


def test_a_prompt_is_asked_and_a_text_ends_the_run():
    loop = Loop([SystemMessage("Be brief.")], "Hi", definitions=(ADD,), options={"temperature": 0})

    assert loop.due() == Request(
        messages=(SystemMessage("Be brief."), UserMessage("Hi")),
        definitions=(ADD,),
        model="agent",
        options={"temperature": 0},
    )
    fed(loop, said(text="Hello."))
    assert loop.due() is None
    assert loop.run().output == "Hello."


def test_calls_are_due_until_each_has_its_result():
    loop = Loop([], "Go", definitions=(ADD,))
    fed(loop, said(add(1), add(2)))
    first, second = loop.due()

    loop.feed_result(second, result("b"))
    assert loop.due() == (first,)
    loop.feed_result(first, result("a"))

    assert [m.content for m in loop.due().messages[-2:]] == ["a", "b"]


def test_a_second_result_for_a_call_is_ignored():
    loop = Loop([], "Go")
    fed(loop, said(add(1), add(2)))
    first, second = loop.due()
    loop.feed_result(first, result("a"))
    loop.feed_result(first, result("again"))
    loop.feed_result(second, result("b"))
    loop.feed_result(second, result("late"))

    assert [m.content for m in loop.run().messages[-2:]] == ["a", "b"]


def test_call_keys_name_run_response_and_place_and_stay_the_same_when_continued():
    loop = Loop([], "Go", run_id="r")
    fed(loop, said(add(1)))
    settle(loop, "1")
    fed(loop, said(add(2), add(3)))
    keys = [due.key for due in loop.due()]

    again = Loop(loop.run().messages, run_id="r")

    assert keys == ["r:2:0", "r:2:1"]
    assert [due.key for due in again.due()] == keys


def test_repeated_ids_and_finish_reasons_do_not_matter():
    loop = Loop([], "Go")
    fed(loop, said(add(1, "call_0")))
    settle(loop, "1")
    fed(loop, said(add(2, "call_0")))

    assert [due.call for due in loop.due()] == [add(2, "call_0")]


def test_unreadable_arguments_never_enter_the_transcript():
    loop = Loop([], "Go")
    response = fed(loop, said(FunctionCall("add", '{"a": "cu'), FunctionCall("add", "{'a': 1}")))

    broken, mended = response.message.calls
    assert (broken.arguments, broken.malformed) == ("{}", '{"a": "cu')
    assert (mended.arguments, mended.malformed) == ('{"a": 1}', None)
    assert loop.run().repairs == ("add: single quotes",)


def test_cancelling_closes_the_open_calls():
    loop = Loop([], "Go")
    fed(loop, said(add(1), add(2), add(3)))
    loop.begin(loop.due()[0])
    loop.feed_result(loop.due()[1], result("b"))
    loop.cancel()

    cut, kept, not_begun = loop.run().messages[-3:]
    assert cut.is_error
    assert "may or may not have run" in cut.content
    assert kept == result("b")
    assert "not run, because the run ended before its turn" in not_begun.content


def test_open_calls_of_a_transcript_come_before_the_prompt():
    begun = [UserMessage("Go"), AssistantMessage(None, (add(1), add(2))), result("1")]
    loop = Loop(begun, "And now?")

    (due,) = loop.due()
    loop.feed_result(due, result("2"))

    assert due.call == add(2)
    assert loop.due().messages == (*begun, result("2"), UserMessage("And now?"))


def test_results_of_a_transcript_are_matched_by_id_and_put_in_call_order():
    begun = [
        UserMessage("Go"),
        AssistantMessage(None, (add(1, "a"), add(2, "b"))),
        result("2", "b"),
        result("1", "a"),
        ResultMessage("stranger", "?"),
    ]

    assert Loop(begun).due().messages[2:] == (result("1", "a"), result("2", "b"))


def test_a_call_without_a_result_inside_a_transcript_gets_one():
    begun = [UserMessage("Go"), AssistantMessage(None, (add(1),)), UserMessage("Hm"), result("?")]

    messages = Loop(begun, "Now?").due().messages

    assert [m.role for m in messages] == ["user", "assistant", "function", "user", "user"]
    assert messages[2].is_error


@pytest.mark.parametrize(
    "messages", [[], [UserMessage("Hi"), AssistantMessage("Hello.")]], ids=["empty", "answered"]
)
def test_nothing_to_answer_is_refused(messages):
    with pytest.raises(ConfigError, match="give a prompt"):
        Loop(messages)


def run_until_limit(loop, *responses):
    for response in responses:
        assert isinstance(loop.due(), Request)
        fed(loop, response)
        settle(loop, "same")
    with pytest.raises(LimitError) as reached:
        loop.due()
    return reached.value


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (Limits(steps=2), "limit of 2 steps"),
        (Limits(tokens=20), "limit of 20 tokens"),
        (Limits(repeats=2), "called add 2 times"),
    ],
)
def test_a_limit_is_checked_before_the_next_request(limits, words):
    loop = Loop([], "Go", limits=limits)
    error = run_until_limit(loop, said(add(1), usage=Usage(5, 5)), said(add(1), usage=Usage(5, 5)))

    assert words in str(error)
    assert len(error.run.steps) == 2
    assert error.run.messages[-1] == result("same")


def test_the_time_limit_reads_the_given_clock():
    now = [0.0]
    loop = Loop([], "Go", limits=Limits(seconds=5), clock=lambda: now[0])
    assert isinstance(loop.due(), Request)
    now[0] = 5.0

    with pytest.raises(LimitError, match="limit of 5 seconds"):
        loop.due()


def test_a_call_over_the_limit_is_not_run():
    loop = Loop([], "Go", limits=Limits(calls=1))
    fed(loop, said(add(1), add(2)))

    (due,) = loop.due()
    loop.feed_result(due, result("1"))

    assert due.call == add(1)
    assert "not run" in loop.run().messages[-1].content
    with pytest.raises(LimitError, match="limit of 1 calls"):
        loop.due()


def test_as_many_calls_as_the_limit_allows_can_be_answered():
    loop = Loop([], "Go", limits=Limits(calls=1))
    fed(loop, said(add(1)))
    settle(loop, "1")

    assert isinstance(loop.due(), Request)


@pytest.mark.parametrize("name", ["steps", "repeats", "calls", "tokens", "seconds"])
def test_a_limit_of_zero_is_refused(name):
    with pytest.raises(ConfigError, match=f"'{name}'"):
        Limits(**{name: 0})


def test_no_limits_are_no_limits():
    endless = Limits(steps=None, repeats=None)
    loop = Loop([], "Go", limits=endless)
    for _ in range(30):
        loop.due()
        fed(loop, said(add(1)))
        settle(loop, "same")

    assert isinstance(loop.due(), Request)


@pytest.mark.parametrize(("choice", "later"), [("add", None), ("required", None), ("none", "none")])
def test_a_forced_call_counts_for_the_first_request(choice, later):
    loop = Loop([], "Go", definitions=(ADD,), options={"function_call": choice})
    assert loop.due().options["function_call"] == choice
    fed(loop, said(add(1)))
    settle(loop, "1")

    assert loop.due().options.get("function_call") == later


def test_a_typed_answer_is_offered_and_forced_where_there_is_nothing_else_to_call():
    loop = Loop([], "Go", answer=Answer(int))

    assert [d.name for d in loop.due().definitions] == ["final_answer"]
    assert loop.due().options["function_call"] == "final_answer"


def test_a_wrong_typed_answer_is_fed_back_and_a_right_one_ends_the_run():
    loop = Loop([], "Go", definitions=(ADD,), answer=Answer(int))
    fed(loop, said(FunctionCall("final_answer", '{"answer": "many"}')))
    assert "answer does not fit" in loop.due().messages[-1].content
    fed(loop, said(FunctionCall("final_answer", '{"answer": 3}')))

    assert loop.due() is None
    assert loop.run().output == 3
    assert loop.run().messages[-1].content == "Accepted."


def test_a_text_that_does_not_fit_the_type_is_answered_with_what_to_do():
    loop = Loop([], "Go", definitions=(ADD,), answer=Answer(int))
    fed(loop, said(text="about three"))

    request = loop.due()
    assert "by calling final_answer" in request.messages[-1].content
    assert request.options["function_call"] == "final_answer"
    fed(loop, said(text="3"))
    assert loop.run().output == 3


def test_other_calls_beside_the_typed_answer_still_run():
    loop = Loop([], "Go", definitions=(ADD,), answer=Answer(int))
    fed(loop, said(FunctionCall("final_answer", '{"answer": 3}'), add(1)))

    settle(loop, "1")

    assert loop.due() is None
    assert [m.content for m in loop.run().messages[-2:]] == ["Accepted.", "1"]

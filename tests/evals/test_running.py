"""Evaluations as a program has them: run, judged, kept and gone on with."""

from __future__ import annotations

import asyncio
import json

import pytest

from agentkit import (
    Agent,
    ConfigError,
    Context,
    Interface,
    Limits,
    Response,
    Toolbox,
    ToolError,
    tool,
)
from agentkit.errors import ReplyError, StatusError
from agentkit.evals import (
    Answer,
    Call,
    Case,
    Evaluation,
    OneOf,
    Turn,
    aevaluate,
    evaluate,
    reworded,
)
from agentkit.evals.rehearsal import NOT_RUN
from agentkit.messages import AssistantMessage, Usage
from agentkit.testing import ScriptedInterface, call

RAN = []


@tool(read_only=True)
def weather(city: str) -> str:
    """Tell the weather.

    Args:
        city: The city.
    """
    RAN.append(("weather", city))
    if city == "Nowhere":
        raise ToolError("There is no such city.")
    return f"{city} is dry."


@tool
def mail(to: str) -> str:
    """Send a mail.

    Args:
        to: To whom.
    """
    RAN.append(("mail", to))
    return "sent"


@tool(destructive=True)
def delete(name: str) -> str:
    """Delete a file.

    Args:
        name: Its name.
    """
    RAN.append(("delete", name))
    return "deleted"


@pytest.fixture(autouse=True)
def _nothing_ran():
    RAN.clear()


class Knowing(Interface):
    """Calls what a prompt says, such as `weather Oslo`, and answers with the results."""

    name = "knowing"

    def __init__(self, cost=0.001):
        self.asked, self.cost = [], cost

    def send(self, request):
        *_, last = request.messages
        self.asked.append(last.content)
        if last.role != "user":
            return self._said(last.content)
        if last.content.startswith("fail"):
            raise ReplyError("The reply makes no sense.")
        if last.content.startswith("deny"):
            raise StatusError("Wrong key.", status=401)
        tools = {each.name: each for each in request.definitions}
        words = last.content.split()
        calls = [
            call(name, {next(iter(tools[name].parameters["properties"])): value})
            for name, value in zip(words[::2], words[1::2], strict=False)
            if name in tools
        ]
        return self._said(None, *calls) if calls else self._said("Hello.")

    def _said(self, text, *calls):
        message = AssistantMessage(content=text, calls=calls)
        return Response(message=message, model="m", usage=Usage(100, 10), cost=self.cost)


OSLO = Case("weather Oslo", [Call("weather", {"city": "Oslo"})], id="oslo", answer="dry")
HELLO = Case("Hello!", [], id="hello")
ROME = Case("weather Bern", [Call("weather", {"city": "Rome"})], id="rome")


def agent(interface=None, tools=(weather, mail, delete), **settings):
    return Agent(list(tools), interface or Knowing(), journal="", **settings)


def test_what_a_model_did_is_told_with_all_that_it_cost():
    report = evaluate([OSLO, HELLO, ROME], agent())
    oslo, hello, rome = report.outcomes

    assert [each.passed for each in report.outcomes] == [True, True, False]
    assert [(each.name, each.arguments, each.failed) for each in oslo.calls] == [
        ("weather", '{"city": "Oslo"}', False)
    ]
    assert (oslo.answers, oslo.steps, oslo.prompt_tokens, oslo.cost) == (
        ("Oslo is dry.",),
        2,
        200,
        0.002,
    )
    assert oslo.latency >= 0
    assert oslo.seconds >= oslo.latency
    assert (hello.wanted, hello.steps) == ((), 1)
    assert rome.failures[0].why == 'city: "Bern", not "Rome"'
    assert report.variants[0].name == "knowing:agent"
    assert not report.met


def test_awaited_it_comes_to_the_same():
    report = asyncio.run(aevaluate([OSLO, HELLO, ROME], agent(), repeat=2))

    assert [each.passed for each in report.outcomes] == [True, True, True, True, False, False]
    assert [each.repeat for each in report.outcomes] == [0, 1] * 3


RUN_TOOLS = {
    "none": [],
    "read_only": [("weather", "Oslo")],
    "all": [("weather", "Oslo"), ("mail", "Ann")],
}


@pytest.mark.parametrize("which", RUN_TOOLS)
def test_only_those_tools_run_that_may_and_all_calls_are_judged(which):
    names = [("weather", {"city": "Oslo"}), ("mail", {"to": "Ann"}), ("delete", {"name": "a"})]
    case = Case("weather Oslo mail Ann delete a", [Call(*each) for each in names])
    report = evaluate([case], agent(), run_tools=which)

    assert RUN_TOOLS[which] == RAN
    assert report.met


def test_a_call_that_is_not_run_is_answered_and_one_with_wrong_arguments_is_told():
    script = ScriptedInterface(call("mail", {"whom": "Ann"}), call("mail", {"to": "Ann"}), "Done.")
    case = Case("Mail Ann.", [Call("mail", {"to": "Ann"})], extra=("mail",))
    (outcome,) = evaluate([case], agent(script)).outcomes
    wrong, right = (each.messages[-1] for each in script.requests[1:])

    assert "Wrong arguments for mail" in wrong.content
    assert right.content == NOT_RUN
    assert [each.failed for each in outcome.calls] == [True, False]
    assert outcome.passed
    assert RAN == []


def test_results_of_a_case_stand_for_those_of_tools():
    case = Case(
        "weather Oslo", [Call("weather")], results={"weather": {"rain": 3}}, answer='"rain":3'
    )
    (outcome,) = evaluate([case], agent()).outcomes

    assert outcome.passed, outcome.failures
    assert RAN == []


def test_a_stand_in_is_never_kept_for_a_tool_that_caches():
    @tool(read_only=True, idempotent=True, cache=60)
    def now() -> str:
        """Tell the time."""
        return "noon"

    case = Case("now x", [Call("now")], results={"now": "midnight"}, answer="midnight")
    own = agent(ScriptedInterface(call("now"), "midnight", call("now"), "noon"), [now])

    assert evaluate([case], own).met
    assert own.run("now?").steps[0].results[0].content == "noon"


def test_turns_are_those_of_one_conversation():
    case = Case(
        id="talk",
        turns=[
            Turn("weather Oslo", [Call("weather", {"city": "Oslo"})], Answer(("Oslo",))),
            Turn("Hello!", [], Answer(("Hello",))),
            Turn("weather Rome", [Call("weather", {"city": "Rome"})], Answer(("Rome",))),
        ],
    )
    (outcome,) = evaluate([case], agent()).outcomes

    assert outcome.passed, outcome.failures
    assert [each.turn for each in outcome.calls] == [0, 2]
    assert (outcome.steps, outcome.prompt_tokens) == (5, 500)
    assert outcome.answers == ("Oslo is dry.", "Hello.", "Rome is dry.")


def test_a_turn_that_fails_ends_its_case():
    case = Case(turns=[Turn("fail", ()), Turn("weather Rome", [Call("weather")])])
    (outcome,) = evaluate([case], agent()).outcomes

    assert outcome.error == "ReplyError: The reply makes no sense."
    assert [each.kind for each in outcome.failures] == ["missing", "error"]


def test_an_error_is_a_failure_of_its_case_and_of_no_other():
    report = evaluate([Case("fail", []), HELLO], agent())

    assert [bool(each.error) for each in report.outcomes] == [True, False]
    assert report.figures(report.variants[0].name).passed.total == 2


def test_what_would_go_wrong_with_all_is_raised_and_what_came_is_kept(tmp_path):
    cases = [HELLO, Case("deny", [])]

    with pytest.raises(StatusError):
        evaluate(cases, agent(), concurrency=1, results=tmp_path / "out.jsonl")
    again = Evaluation(cases, agent(), results=tmp_path / "out.jsonl")
    assert [each.case for each in again.known] == ["hello"]


def test_a_limit_that_is_reached_is_an_error():
    (outcome,) = evaluate([OSLO], agent(limits=Limits(steps=1))).outcomes

    assert outcome.error.startswith("LimitError: ")
    assert not outcome.passed


def test_the_first_reply_alone_takes_one_request_and_runs_nothing():
    model = Knowing()
    case = Case("weather Oslo mail Ann", [Call("weather"), Call("mail")])
    report = evaluate([case, HELLO], agent(model), first_reply=True)

    assert report.met, [each.failures for each in report.outcomes]
    assert len(model.asked) == 2
    assert RAN == []


@pytest.mark.parametrize("case", [OSLO, Case(turns=[Turn("a", ()), Turn("b", ())])])
def test_a_case_that_needs_more_than_the_first_reply_is_refused(case):
    with pytest.raises(ConfigError, match="needs more than the first reply"):
        evaluate([case], agent(), first_reply=True)


def test_tools_have_what_their_context_brings():
    @tool(read_only=True)
    def whose(context: Context[str]) -> str:
        """Tell whose it is."""
        return context.deps

    script = ScriptedInterface(call("whose"), "It is Ann's.")
    own = agent(script, [whose])

    assert evaluate([Case("Whose?", [Call("whose")])], own, deps="Ann").met
    assert script.requests[1].messages[-1].content == "Ann"


def test_a_typed_answer_is_no_call_and_is_judged_as_json():
    own = Agent(
        [weather], ScriptedInterface(call("final_answer", {"answer": 3})), output=int, journal=""
    )
    (outcome,) = evaluate([Case("How many?", [], answer="3")], own).outcomes

    assert outcome.passed, outcome.failures
    assert outcome.answers == ("3",)


# What is kept


def test_what_is_kept_is_not_asked_again(tmp_path):
    path, model = tmp_path / "out.jsonl", Knowing()
    first = evaluate([OSLO, HELLO, ROME], agent(model), results=path)
    count = len(model.asked)
    again = evaluate([OSLO, HELLO, ROME], agent(model), results=path)

    assert len(model.asked) == count
    assert again.outcomes == first.outcomes
    assert len(path.read_text().splitlines()) == 3


def test_what_is_kept_is_judged_by_the_cases_as_they_are_now(tmp_path):
    path, model = tmp_path / "out.jsonl", Knowing()
    evaluate([ROME], agent(model), results=path)
    mended = Case(ROME.prompt, [Call("weather", {"city": "Bern"})], id="rome")
    count = len(model.asked)

    assert evaluate([mended], agent(model), results=path).met
    assert len(model.asked) == count


@pytest.mark.parametrize(
    ("case", "settings"),
    [
        (Case("weather Oslo and more", OSLO.calls, id="oslo", answer="dry"), {}),
        (Case(OSLO.prompt, OSLO.calls, id="oslo", answer="dry", results={"weather": "dry"}), {}),
        (OSLO, {"model": "large"}),
        (OSLO, {"instructions": "Be brief."}),
        (OSLO, {"options": {"temperature": 0}}),
        (OSLO, {"tools": (weather,)}),
    ],
)  # fmt: skip
def test_what_a_model_would_see_otherwise_is_asked_again(tmp_path, case, settings):
    path, model = tmp_path / "out.jsonl", Knowing()
    evaluate([OSLO], {"one": agent(model)}, results=path)
    count = len(model.asked)

    assert evaluate([case], {"one": agent(model, **settings)}, results=path).met
    assert len(model.asked) == 2 * count


def test_more_repeats_cases_and_variants_are_added_to_what_is_kept(tmp_path):
    path, model = tmp_path / "out.jsonl", Knowing()
    evaluate([HELLO], {"one": agent(model)}, results=path)
    agents = {"one": agent(model), "two": agent(model, model="other")}
    report = evaluate([HELLO, OSLO], agents, results=path, repeat=3)

    assert len(report.outcomes) == 12
    assert model.asked.count("Hello!") == 6


def test_a_line_that_was_cut_short_is_asked_again(tmp_path):
    path, model = tmp_path / "out.jsonl", Knowing()
    evaluate([OSLO, HELLO], agent(model), results=path, concurrency=1)
    whole = path.read_bytes()
    for cut in (1, 40, len(whole.splitlines()[1])):
        path.write_bytes(whole[:-cut])
        count = len(model.asked)

        assert evaluate([OSLO, HELLO], agent(model), results=path).met
        assert len(model.asked) == count + 1
        assert [json.loads(line)["case"] for line in path.read_text().splitlines()] == [
            "oslo",
            "hello",
        ]


@pytest.mark.parametrize(
    "line", ["{}", "[]", "x", '{"case": "a", "variant": "b", "passed": true, "more": 1}']
)
def test_a_file_of_something_else_is_refused_and_left_alone(tmp_path, line):
    path = tmp_path / "out.jsonl"
    path.write_text(f"{line}\n")

    with pytest.raises(
        ConfigError, match=r"out\.jsonl, line 1: .* Give --results a file of its own"
    ):
        Evaluation([HELLO], agent(), results=path)
    assert path.read_text() == f"{line}\n"


def test_a_file_that_cannot_be_used_is_one_error(tmp_path):
    (tmp_path / "gone").mkdir()
    evaluation = Evaluation([HELLO], agent(), results=tmp_path / "gone" / "out.jsonl")
    (tmp_path / "gone").rmdir()

    with pytest.raises(ConfigError, match=r"out\.jsonl cannot be written: No such file"):
        list(evaluation.outcomes())
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        Evaluation([HELLO], agent(), results=tmp_path)


def test_errors_stay_unless_they_are_to_be_tried_again(tmp_path):
    path, model = tmp_path / "out.jsonl", Knowing()
    for expected, settings in ((1, {}), (1, {}), (2, {"retry_errors": True})):
        evaluate([Case("fail", [])], agent(model), results=path, **settings)

        assert len(model.asked) == expected


def test_secrets_are_kept_nowhere_and_change_no_verdict(tmp_path, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "correct-horse")
    path = tmp_path / "out.jsonl"
    case = Case("mail correct-horse", [Call("mail", {"to": "correct-horse"})])
    first = evaluate([case], agent(), results=path)
    again = evaluate([case], agent(), results=path)

    assert first.met
    assert again.met
    assert "correct-horse" not in path.read_text()


def test_to_leave_early_keeps_what_came(tmp_path):
    cases = [Case("Hello!", [], id=f"c{n}") for n in range(20)]
    evaluation = Evaluation(cases, agent(), results=tmp_path / "out.jsonl", concurrency=2)
    for _ in evaluation.outcomes():
        if len(evaluation.known) == 5:
            break
    assert len(evaluation.report().outcomes) == 5

    rest = list(evaluation.outcomes())
    assert len(rest) == 15
    assert evaluation.report().met


# What is wrong before anything is asked


WRONG = [
    ([], {}, "There are no cases."),
    ([HELLO, HELLO], {}, "case 'hello': its id is 'hello', as another has."),
    ([Case("Hi.")], {}, "case 'case-1': it judges nothing"),
    ([Case("Hi.", [Call("wether")])], {}, "case 'case-1': there is no tool 'wether'. Did you mean 'weather'?"),
    ([Case("Hi.", [], forbidden=["mial"])], {}, "there is no tool 'mial'. Did you mean 'mail'?"),
    ([Case("Hi.", [], results={"x": 1})], {}, "there is no tool 'x'."),
    ([Case("Hi.", [], extra=["x"])], {}, "there is no tool 'x'."),
    ([Case("Hi.", [Call("weather", {"town": "a"})])], {}, "weather has no parameter 'town'."),
    ([Case("Hi.", [Call("weather", {})])], {}, "weather cannot be called without 'city'"),
    ([Case("Hi.", ["weather"])], {}, "case 'case-1': calls are made with Call(...) or OneOf, not 'weather'."),
    ([HELLO], {"repeat": 0}, "repeat= is a whole number above 0, not 0."),
    ([HELLO], {"concurrency": 0}, "concurrency= is a whole number above 0, not 0."),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_mistakes_are_told_before_anything_is_asked(number):
    cases, settings, why = WRONG[number]
    model = Knowing()

    with pytest.raises(ConfigError) as raised:
        evaluate(cases, agent(model), **settings)
    assert why in str(raised.value)
    assert model.asked == []


def test_a_case_is_one_thing_or_the_other():
    with pytest.raises(ConfigError, match="either a prompt or turns"):
        Case()
    with pytest.raises(ConfigError, match="belong into its turns"):
        Case(turns=[Turn("a")], calls=[])
    with pytest.raises(ConfigError, match="OneOf takes at least one call"):
        OneOf(())
    with pytest.raises(ConfigError, match="There is no agent"):
        evaluate([HELLO], {})


# Other words for the same tools


def test_other_words_change_what_a_model_is_told_and_nothing_else():
    words = {"weather": {"description": "Say how warm it is.", "parameters": {"city": "A town."}}}
    script = ScriptedInterface(call("weather", {"city": "Oslo"}), "It is dry.")
    tools = reworded(Toolbox(weather, mail), words)

    assert evaluate([OSLO], agent(script, [tools])).met
    one, two = script.requests[0].definitions
    assert one.description == "Say how warm it is."
    assert one.parameters["properties"]["city"]["description"] == "A town."
    assert two == mail.definition
    assert weather.definition.description == "Tell the weather."
    assert RAN == [("weather", "Oslo")]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"wether": "x"}, "words.json: there is no tool 'wether'. Did you mean 'weather'?"),
        ({"weather": {"parameters": {"town": "x"}}}, "words.json: weather has no parameter 'town'."),
        ({"weather": {"text": "x"}}, "words.json: weather has a text, or description and parameters."),
        ({"weather": {"parameters": ["x"]}}, "words.json: parameters of weather are an object of texts"),
        ({"weather": {"description": 3}}, "words.json: weather: a description is a text, not 3."),
        ({"weather": {"parameters": {"city": None}}}, "words.json: weather.city: a description is a"),
    ],
)  # fmt: skip
def test_words_that_fit_no_tool_are_refused(words, why):
    with pytest.raises(ConfigError) as raised:
        reworded(Toolbox(weather), words, "words.json")
    assert str(raised.value).startswith(why)

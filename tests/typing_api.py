"""The public API as users write it. Never run: mypy checks that the types are as promised."""

import re
from collections.abc import Mapping
from typing import Any, assert_type

from pydantic import BaseModel

from agentkit import (
    Agent,
    Context,
    Event,
    FunctionCall,
    HTTPInterface,
    Interface,
    Limits,
    Message,
    Request,
    Response,
    ResultMessage,
    Run,
    RunEnded,
    Tool,
    Toolbox,
    load_messages,
    open_interface,
    save_messages,
    tool,
)
from agentkit.evals import (
    Call,
    Case,
    Evaluation,
    Like,
    OneOf,
    Outcome,
    Report,
    evaluate,
    read_cases,
)
from agentkit.offline import OfflineInterface
from agentkit.testing import Rule, ScriptedInterface, call


class City(BaseModel):
    name: str


@tool
def bare(a: int, b: str = "x") -> float:
    return a * float(b)


@tool(name="other", read_only=True, timeout=2.0, on_error="hide", max_chars=None)
def with_options(a: int) -> list[str]:
    return [str(a)]


@tool
async def awaited(a: int) -> str:
    return str(a)


@tool
def with_context(a: int, context: Context[City]) -> str:
    assert_type(context.deps, City)
    assert_type(context.call_key, str)
    context.progress("half", 0.5)
    return context.deps.name


class House:
    @tool
    def heat(self, degrees: float) -> str:
        return f"{degrees}"


def tools_keep_their_signatures() -> None:
    assert_type(bare(1), float)
    assert_type(bare(1, b="2"), float)
    assert_type(with_options(1), list[str])
    assert_type(House().heat(21.5), str)
    bare("1")  # type: ignore[arg-type]  # the signature is still checked
    House().heat()  # type: ignore[call-arg]  # as that of a method is
    tool(nane="x")  # type: ignore[call-overload]  # and the options are


def declared_tools_take_anything() -> None:
    made = Tool.declared({"name": "f"}, bare, read_only=True)
    assert_type(made(1), float)


def toolboxes_are_mappings() -> None:
    box = Toolbox(bare, House()) + with_options
    mapping: Mapping[str, Tool[..., Any]] = box.prefixed("x_").only("x_bare").without()
    assert_type(len(mapping), int)
    assert_type(box.call(FunctionCall("bare")), ResultMessage)


def agents_know_the_type_of_their_answer() -> None:
    assert_type(Agent(), Agent[str])
    assert_type(Agent([bare]).run("Hi"), Run[str])
    assert_type(Agent(output=City).run("Hi").output, City)
    for outcome in Agent(output=City).map(["Hi", {"prompt": "Ho", "run_id": "r"}], concurrency=2):
        assert_type(outcome.output, City)
    assert_type(Agent(output=list[int]).run("Hi").output, list[int])
    assert_type(Agent(interface="offline", model="large", limits=Limits(steps=3)), Agent[str])


async def runs_can_be_awaited_and_watched() -> None:
    agent = Agent([bare], output=City, options={"temperature": 0})
    assert_type((await agent.arun("Hi", deps=1, run_id="r")).output, City)
    async for event in agent.aiter("Hi"):
        kept: Event = event
    for each in agent.iter(messages=load_messages(save_messages(()))):
        kept = each
        if isinstance(kept, RunEnded):
            assert_type(kept.run.messages, tuple[Message, ...])


class Echo(Interface):
    name = "echo"

    def send(self, request: Request) -> Response:
        return ScriptedInterface("Hi", call("f", x=1)).send(request)


def rules_of_a_script_are_written_in_a_row() -> None:
    script = ScriptedInterface("Hi", lenient=Echo())
    rule = script.when("a").call("f", x=1).then.call("g", {"y": 2}).then("Done.")
    assert_type(rule, Rule)
    assert_type(script.when(re.compile("b"), times=2).then(ValueError()), Rule)
    assert_type(script.when(lambda request: not request.options).then([call("f")]), Rule)
    assert_type(script.when().then(lambda request: request.model), Rule)


def interfaces_fit_where_they_are_wanted() -> None:
    for each in (Echo(), OfflineInterface(), HTTPInterface("groq"), open_interface("offline")):
        assert_type(Agent(interface=each), Agent[str])


def evaluations_take_cases_and_agents() -> None:
    case = Case("Hi", [Call("f", {"x": Like("a"), "y": lambda y: y > 1}), OneOf((Call("g"),))])
    report = evaluate([case], Agent([bare]), repeat=2, run_tools="none", results="out.jsonl")
    assert_type(report, Report)
    assert_type(report.figures("a").passed.value, float | None)
    assert_type(evaluate([case], {"a": Agent(), "b": Agent([bare])}).met, bool)
    assert_type(Evaluation(read_cases("cases.jsonl"), Agent()).known, tuple[Outcome, ...])

import json
from datetime import date

from pydantic import BaseModel

from agentkit import Agent, FunctionCall, tool
from agentkit.run import shown
from agentkit.testing import ScriptedInterface, call


class Trip(BaseModel):
    day: date


@tool
def add(a: int, b: int) -> str:
    return "x" * 200 if a > 9 else str(a + b)


def run(*replies, **settings):
    return Agent([add], ScriptedInterface(*replies), **settings).run("Go.", run_id="r")


def test_a_printed_run_shows_calls_answer_and_usage():
    printed = str(run([call("add", a=1, b=2), call("add", a=10, b=2)], "Three."))

    assert printed == (
        "→ add(a=1, b=2)\n  3\n→ add(a=10, b=2)\n  " + "x" * 99 + "…\nThree.\n(2 steps)"
    )


def test_a_run_becomes_plain_values():
    plain = run("{'a'", call("final_answer", day="2026-01-02"), output=Trip).to_dict()

    assert json.loads(json.dumps(plain)) == plain
    assert (plain["id"], plain["output"], plain["steps"]) == ("r", {"day": "2026-01-02"}, 2)
    assert plain["models"] == ["scripted"]
    assert plain["usage"]["prompt_tokens"] == 0
    assert plain["messages"][0] == {"role": "user", "content": "Go."}


def test_a_call_is_shown_as_python_spells_it():
    assert shown(FunctionCall("f", '{"city": "Zürich", "n": null}')) == 'f(city="Zürich", n=null)'
    assert shown(FunctionCall("f", "[1]")) == "f([1])"

"""Odd input at the edges: typed answers as text, saved transcripts, settings and options."""

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field
from signatures_models import Address, Movie, Point, Tree

from agentkit import Agent, ConfigError, Limits, load_messages
from agentkit.answer import Answer
from agentkit.catalog import page
from agentkit.settings import read_settings
from agentkit.testing import ScriptedInterface, call

FENCED = "```json\n[1, 2]\n```"
ANSWERS = [
    (Point, "{'x': 1, 'y': None,}", Point(x=1)),
    (Tree, '{"value": 1, "children": null}', Tree(value=1)),
    (Movie, '{"title": "M", "year": null}', {"title": "M"}),
    (Point | Address, '{"x": 1, "y": null}', Point(x=1)),
    (Point | Address, '{"answer": {"x": 1, "y": null}}', Point(x=1)),
    (Point | None, "null", None),
    (list[int], "[1, 2]", [1, 2]),
    (list[int], FENCED, [1, 2]),
    (list[Point], '[{"x": 1, "y": null}]', [Point(x=1)]),
    (dict[str, int], '{"a": 1}', {"a": 1}),
    (dict[str, int], '{"answer": {"a": 1}}', {"a": 1}),
    (dict[str, int], '{"answer": 1}', {"answer": 1}),
    (int, " 5\n", 5),
    (Literal["red", "blue"], "red", "red"),
    (Literal["2024", "2025"], "2024", "2024"),
    (Annotated[str, Field(pattern="^[0-9]+$")], "007", "007"),
    (Annotated[str, Field(pattern="^[0-9]+$")], "7", "7"),
]


@pytest.mark.parametrize(
    ("annotation", "text", "expected"), ANSWERS, ids=lambda value: str(value)[:50]
)
def test_a_text_that_fits_the_type_is_the_answer(annotation: Any, text: str, expected: Any):
    assert Answer[Any](annotation).read_text(text) == expected


@pytest.mark.parametrize(
    ("annotation", "sent", "expected"),
    [
        (Point, {"x": 1, "y": None}, Point(x=1)),
        (Tree, {"answer": {"value": 1, "children": None}}, Tree(value=1)),
        (Point | Address, {"answer": {"street": "S", "number": None}}, Address("S")),
        (list[Point], {"answer": [{"x": 1, "y": None}]}, [Point(x=1)]),
        (Point | None, {"answer": None}, None),
    ],
    ids=lambda value: str(value)[:50],
)
def test_the_answer_of_a_call_takes_null_for_what_may_be_left_out(
    annotation: Any, sent: Any, expected: Any
):
    assert Answer[Any](annotation).read(call("final_answer", sent)) == expected


@pytest.mark.parametrize(
    "saved",
    [
        *({"role": "user", "content": 5}, {"role": "user", "content": None}),
        *({"role": "system", "content": ["x"]}, {"role": "assistant", "content": [1]}),
        {"role": "assistant", "calls": [{"name": 5}]},
        {"role": "assistant", "calls": [{"name": "f", "arguments": {"a": 1}}]},
        {"role": "function", "name": "f", "content": "x", "repairs": "abc"},
        {"role": "function", "name": "f", "content": "x", "is_error": "no"},
    ],
    ids=str,
)
def test_a_saved_message_with_values_of_the_wrong_type_is_refused(saved: dict[str, Any]):
    with pytest.raises(ConfigError, match="not a message that save_messages wrote"):
        load_messages([saved])


@pytest.mark.parametrize("text", ["tool = 1", "tool = []", '[tool]\nother = "x"'])
def test_a_pyproject_without_our_table_has_no_settings(tmp_path: Path, text: str):
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")

    assert read_settings(tmp_path).interface is None


@pytest.mark.parametrize("inside", ["agentkit = 5", "agentkit.interfaces = 1", "agentkit"])
def test_a_table_of_the_wrong_shape_is_a_config_error(tmp_path: Path, inside: str):
    (tmp_path / "pyproject.toml").write_text(f"[tool]\n{inside}\n", encoding="utf-8")

    with pytest.raises(ConfigError, match=r"pyproject\.toml"):
        read_settings(tmp_path)


def test_a_file_that_is_no_text_is_a_config_error(tmp_path: Path):
    (tmp_path / "agentkit.toml").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ConfigError, match=r"agentkit\.toml cannot be read"):
        read_settings(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("temperature", float("nan")),
            ("top_p", float("inf")),
            ("logit_bias", {"1": float("nan")}),
        ),
        *(("logit_bias", {"1": 101}), ("logit_bias", {"1": -100.5}), ("logit_bias", {1: 5})),
    ],
    ids=str,
)
def test_a_number_that_no_server_takes_is_refused(name: str, value: Any):
    with pytest.raises(ConfigError, match=f"The option '{name}' takes"):
        page("groq").check_options({name: value})


@pytest.mark.parametrize("wrong", ["model", "stream", "dep", "option", "limit"])
def test_an_argument_that_a_run_does_not_have_is_refused(wrong: str):
    with pytest.raises(
        TypeError, match=f"A run has no argument '{wrong}'.*deps, options, after, messages"
    ):
        Agent(interface=ScriptedInterface("Hi.")).run("Hi", **{wrong: 1})


def test_the_option_stream_is_off_where_it_is_none():
    model = ScriptedInterface("Hi.")
    Agent(interface=model, options={"stream": True}).run("Hi", options={"stream": None})

    assert model.requests[0].options["stream"] is False


def test_a_limit_that_is_no_number_is_refused():
    with pytest.raises(ConfigError, match="'cost' must be above 0"):
        Limits(cost=float("nan"))

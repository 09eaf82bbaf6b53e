"""Signatures in a module whose annotations are evaluated at once."""

from typing import Annotated, NotRequired, TypedDict

from pydantic import BaseModel, Field
from signature_case import INTEGER, NUMBER, STRING, Cases, array, keep, null_or, opened

CASES = Cases()
case = CASES.add


class Step(TypedDict):
    name: str
    then: NotRequired["Step"]


@case(
    opened("text", text={**STRING, "description": "Words."}, most=null_or(INTEGER)),
    {"text": "x", "most": 2},
    lambda: ("x", 2),
)
def plain_scalars(text: Annotated[str, "Words."], most: int | None = None):
    return keep(text, most)


@case(
    opened("box", box=opened("size", size=NUMBER)), {"box": {"size": 1}}, lambda: (Box(size=1.0),)
)
def plain_forward_reference(box: "Box"):
    return keep(box)


class Box(BaseModel):
    size: float


@case(
    {
        **opened("step", step={"$ref": "#/$defs/Step"}),
        "$defs": {"Step": opened("name", name=STRING, then=null_or({"$ref": "#/$defs/Step"}))},
    },
    {"step": {"name": "a", "then": {"name": "b", "then": None}}},
    lambda: ({"name": "a", "then": {"name": "b"}},),
)
def plain_typed_dict(step: Step):
    return keep(step)


@case(
    opened(
        "at_least", at_least={**INTEGER, "minimum": 2}, tags=null_or(array(STRING), default=["x"])
    ),
    {"at_least": 2},
    lambda: (2, ["x"]),
)
def plain_field(at_least: int = Field(ge=2), tags: list[str] = Field(["x"])):  # noqa: B008
    return keep(at_least, tags)


def _inside_a_function():
    class Local(BaseModel):
        x: int

    @case(opened("local", local=opened("x", x=INTEGER)), {"local": {"x": 1}}, lambda: (Local(x=1),))
    def plain_local_class(local: Local):
        return keep(local)


_inside_a_function()

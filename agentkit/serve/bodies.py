"""The bodies of our own API; what does not fit is told by the name of the part."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from agentkit.serve.problems import Problem

_Id = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\w:@-][\w.:@-]*$")]
_Call = Annotated[
    str | int,
    Field(description="The call's key or id, or its place among those that wait, from 0."),
]
M = TypeVar("M", bound=BaseModel)


class Body(BaseModel):
    """A body in which nothing may stand that is not known."""

    model_config = ConfigDict(extra="forbid", strict=True)


class StartRun(Body):
    """A run to begin."""

    prompt: str = Field(min_length=1, description="What the user says.")
    agent: str | None = Field(None, description="May be left out where there is one.")
    id: _Id | None = Field(None, description="The run's id: the same again gives the same run.")
    conversation: str | None = Field(
        None, min_length=1, max_length=200, description="The run is the next turn of it."
    )
    after: str | None = Field(None, description="The id of a run: this one goes on from it.")
    options: dict[str, Any] | None = Field(None, description="Sent to the model.")


class Approve(Body):
    """A call that may run."""

    call: _Call
    arguments: dict[str, Any] | None = Field(None, description="To call it with, instead.")


class Deny(Body):
    """A call that may not run."""

    call: _Call
    why: str = Field("", description="What the model is told.")


class Answer(Body):
    """A call that has this result and does not run."""

    call: _Call
    result: str = Field(description="What the model is told as its result.")


class CallTool(Body):
    """A tool to call by hand."""

    arguments: dict[str, Any] = Field(default_factory=dict)
    agent: str | None = Field(None, description="May be left out where one has the tool.")
    approved: bool = Field(False, description="Whether a call that must be approved is.")


_ROLES = ("system", "developer", "user", "assistant", "tool", "function")


async def read(request: Request, model: type[M]) -> M:
    """The body of a request.

    Raises:
        Problem: It is none, and where.
    """
    try:
        return model.model_validate_json(await request.body() or b"{}")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        param = path_of(first["loc"])
        said = f"{param}: {first['msg']}." if param else f"{first['msg']}."
        raise Problem(400, said, first["type"], param=param or None) from None


def path_of(steps: tuple[int | str, ...]) -> str:
    """Where something stands, as `messages[0].content`."""
    text = ""
    for place, step in enumerate(steps):
        if place and isinstance(steps[place - 1], int) and step in _ROLES:
            continue  # which of several kinds it is
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text

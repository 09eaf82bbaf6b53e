"""What the API gives, for its document."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

State = Literal["running", "waiting", "done", "failed", "cancelled", "interrupted"]


class ErrorDetails(BaseModel):
    """What is wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class Error(BaseModel):
    """An error, as OpenAI's API tells it."""

    error: ErrorDetails


class Usage(BaseModel):
    """Tokens; null where nobody said."""

    prompt_tokens: int | None
    completion_tokens: int | None
    total_tokens: int


class Summary(BaseModel):
    """A run in a list. Times are seconds since 1970, costs US dollars."""

    id: str
    agent: str | None
    state: State
    prompt: str | None
    output: Any
    error: str | None
    begun: float
    ended: float | None
    model: str | None
    interface: str | None
    steps: int | None
    usage: Usage | None
    cost: float | None
    conversation: str | None
    turn: int | None


class Pending(BaseModel):
    """A call that waits for a decision; its arguments are the text of a JSON object."""

    key: str
    id: str
    name: str
    arguments: str
    why: str


class Run(Summary):
    """A run with its transcript."""

    messages: list[dict[str, Any]]
    pending: list[Pending]


class Runs(BaseModel):
    """A page of runs; `next` goes into the query as `before`."""

    runs: list[Summary]
    next: str | None


class AgentShape(BaseModel):
    """An agent."""

    name: str
    model: str
    interface: str
    instructions: str | None
    tools: list[str]


class Agents(BaseModel):
    """The agents."""

    agents: list[AgentShape]


class ToolShape(BaseModel):
    """A tool."""

    name: str
    description: str
    parameters: dict[str, Any]
    read_only: bool
    destructive: bool
    idempotent: bool
    open_world: bool
    agent: str


class Tools(BaseModel):
    """The tools."""

    tools: list[ToolShape]


class Result(BaseModel):
    """What a call came to."""

    name: str
    content: str
    is_error: bool
    untrusted: bool
    media: list[dict[str, Any]]


class Model(BaseModel):
    """An agent as a model."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class Models(BaseModel):
    """The agents as models."""

    object: Literal["list"]
    data: list[Model]


class ChatCompletion(BaseModel):
    """OpenAI's chat completion; `agentkit` has the run, its calls, and what waits."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[dict[str, Any]]
    usage: dict[str, Any]
    agentkit: dict[str, Any]


class Health(BaseModel):
    """How the service is."""

    status: str
    running: int | None = None


SHAPES = {
    shape.__name__: shape
    for shape in (Agents, ChatCompletion, Error, Health, Model, Models, Result, Run, Runs, Tools)
}
"""The shapes by the names that operations give."""

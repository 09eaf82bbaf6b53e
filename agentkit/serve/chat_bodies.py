"""The body of a chat completion, and what becomes of it: a transcript, a prompt and options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from agentkit.agent import Agent
from agentkit.errors import ConfigError
from agentkit.messages import (
    AssistantMessage,
    FunctionCall,
    Message,
    Request,
    ResultMessage,
    SystemMessage,
    UserMessage,
)
from agentkit.serve.problems import Problem
from agentkit.transcript import open_calls


def _joined(value: Any) -> Any:
    """The text of parts; only text can be read."""
    if not isinstance(value, list):
        return value
    texts: list[str] = []
    for place, part in enumerate(value):
        kind = part.get("type") if isinstance(part, dict) else None
        text = part.get(kind) if kind in ("text", "refusal") else None
        if not isinstance(text, str):
            raise PydanticCustomError(
                "unsupported_content",
                "Part {place} is no text: only text can be read",
                {"place": place},
            )
        texts.append(text)
    return "\n".join(texts)


_PART = {
    "type": "object",
    "properties": {"type": {"const": "text"}, "text": {"type": "string"}},
    "required": ["type", "text"],
}
Text = Annotated[
    str,
    BeforeValidator(_joined),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": _PART}]}),
]


class _Lenient(BaseModel):
    """A part of a body in which more may stand than is known."""

    model_config = ConfigDict(extra="ignore", strict=True)


class Called(_Lenient):
    """The function of a call."""

    name: str
    arguments: str = "{}"


class ToolCall(_Lenient):
    """A call of an earlier turn."""

    id: str
    function: Called


class FromSystem(_Lenient):
    """Instructions, which come after the agent's own."""

    role: Literal["system", "developer"]
    content: Text


class FromUser(_Lenient):
    """What the user said."""

    role: Literal["user"]
    content: Text


class FromAssistant(_Lenient):
    """What the model said."""

    role: Literal["assistant"]
    content: Text | None = None
    tool_calls: list[ToolCall] | None = None
    function_call: Called | None = None


class FromTool(_Lenient):
    """The result of a call."""

    role: Literal["tool"]
    content: Text
    tool_call_id: str


class FromFunction(_Lenient):
    """The result of a call, in the old dialect."""

    role: Literal["function"]
    content: Text | None = None
    name: str


ChatMessage = Annotated[
    FromSystem | FromUser | FromAssistant | FromTool | FromFunction, Field(discriminator="role")
]


class StreamOptions(_Lenient):
    """What a stream has beside the answer."""

    include_usage: bool | None = None


_Tokens = Annotated[int | None, Field(ge=1)]
_Penalty = Annotated[float | None, Field(ge=-2, le=2)]


class ChatBody(_Lenient):
    """A chat completion, as OpenAI's API has it.

    Tools run on the server. What the agent's model does not take of the options is left out, and
    what is not known here is ignored.
    """

    model: str = Field(description="The agent's name.")
    messages: list[ChatMessage] = Field(min_length=1)
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    max_tokens: _Tokens = None
    max_completion_tokens: _Tokens = None
    frequency_penalty: _Penalty = None
    presence_penalty: _Penalty = None
    seed: int | None = None
    stop: str | list[str] | None = None
    reasoning_effort: str | None = None
    user: str | None = None
    n: int | None = None
    tools: list[Any] | None = None
    tool_choice: Any = None
    functions: list[Any] | None = None
    response_format: dict[str, Any] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    modalities: list[str] | None = None
    audio: dict[str, Any] | None = None

    def check(self) -> None:
        """Refuse what would make another answer than is given here.

        Raises:
            Problem: There is something.
        """
        kind = (self.response_format or {}).get("type", "text")
        own = "The agent's own tools run on the server; it takes none of the client's."
        refused = {
            "n": (self.n not in (None, 1), "There is one answer: n is 1."),
            "tools": (self.tools, own),
            "functions": (self.functions, own),
            "response_format": (kind != "text", "The agent says what its answers are like."),
            "logprobs": (self.logprobs or self.top_logprobs, "There are no logprobs."),
            "modalities": (set(self.modalities or ["text"]) != {"text"}, "An answer is text."),
            "audio": (self.audio, "An answer is text."),
        }
        for param, (is_wrong, why) in refused.items():
            if is_wrong:
                raise Problem(400, why, "unsupported_parameter", param=param)

    def options(self, agent: Agent[Any]) -> tuple[dict[str, Any], list[str]]:
        """What the agent's model is sent, and the names of what it does not take."""
        options: dict[str, Any] = {"stream": True} if self.stream else {}
        left_out: list[str] = []
        for name in _OPTIONS:
            if (value := getattr(self, name)) is None:
                continue
            more = {**options, name: value}
            try:
                agent.interface.check(Request(messages=(), model=agent.model, options=more))
            except ConfigError:
                left_out.append(name)
            else:
                options = more
        return options, left_out


_OPTIONS = (
    "temperature",
    "top_p",
    "max_completion_tokens",
    "max_tokens",
    "frequency_penalty",
    "presence_penalty",
    "seed",
    "stop",
    "reasoning_effort",
    "user",
)


def transcript(
    messages: Sequence[ChatMessage], instructions: str | None
) -> tuple[list[Message], str | None]:
    """The transcript that is meant, and the prompt if it ends in one.

    Args:
        messages: Those of the client.
        instructions: The agent's own: the client's come after them and replace nothing.

    Raises:
        Problem: Calls in it have no results: it is not for the client to say what is called.
    """
    names: dict[str, str] = {}
    found: list[Message] = []
    told = [instructions] if instructions else []
    for each in messages:
        if isinstance(each, FromSystem) and not found:
            told.append(each.content)
            continue
        found.append(_message(each, names))
    if open_calls(found):
        said = "The last calls have no results; the agent itself says what it calls."
        raise Problem(400, said, "open_calls", param=f"messages[{len(messages) - 1}]")
    if told:
        found.insert(0, SystemMessage("\n\n".join(told)))
    if found and isinstance(last := found[-1], UserMessage):
        return found[:-1], last.content
    return found, None


def _message(given: ChatMessage, names: dict[str, str]) -> Message:
    """One message; results are marked as anybody's text, which they may be."""
    match given:
        case FromSystem():
            return SystemMessage(given.content)
        case FromUser():
            return UserMessage(given.content)
        case FromTool():
            name = names.get(given.tool_call_id, "tool")
            return ResultMessage(name, given.content, given.tool_call_id, untrusted=True)
        case FromFunction():
            return ResultMessage(given.name, given.content or "", untrusted=True)
    calls = [(each.function, each.id) for each in given.tool_calls or ()]
    calls += [(given.function_call, "")] if given.function_call else []
    names.update({call_id: called.name for called, call_id in calls})
    made = tuple(FunctionCall(called.name, called.arguments, call_id) for called, call_id in calls)
    return AssistantMessage(given.content, made)

"""Pure values that travel between agent, tools and model.

They are neutral: nothing here knows how a server spells them. `agentkit.wire` does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from agentkit.media import Media

ANSWER = "final_answer"
"""The name of the function by which a model gives a typed answer."""


def _hidden(*, init: bool = False) -> Any:
    """A field in which the wire keeps the JSON of a thing, so that it is encoded once."""
    return field(default_factory=dict, init=init, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """The model's wish to call a tool.

    Args:
        name: The tool's name as the model wrote it.
        arguments: The text of a JSON object, as the model wrote it.
        id: The server's name for the call. It need not be unique in a transcript and may be empty.
        malformed: The model's text where it could not be read; `arguments` is then `{}`, so that
            the transcript can still be sent.
        extra: What the server wants back with the call, such as Gemini's thought signatures.
        waits: Why a person must approve the call before it runs, where one must.
        approved: The `digest` of what was approved.
        edited: Whether a person gave it other arguments than the model.
    """

    name: str
    arguments: str = "{}"
    id: str = ""
    malformed: str | None = None
    extra: Mapping[str, Any] | None = None
    waits: str = ""
    approved: str = ""
    edited: bool = False

    @property
    def written(self) -> str:
        """The arguments as the model wrote them, readable or not."""
        return self.arguments if self.malformed is None else self.malformed

    @property
    def digest(self) -> str:
        """Stands for the name and the exact arguments: an approval holds for these alone."""
        from hashlib import sha256

        return sha256(json.dumps([self.name, self.written]).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class SystemMessage:
    """Instructions for the model."""

    content: str
    role: Literal["system"] = field(default="system", init=False)
    _encoded: dict[str, Any] = _hidden()  # noqa: RUF009 - it makes a field, no value


@dataclass(frozen=True, slots=True)
class UserMessage:
    """What the user said.

    `untrusted` tells whether it may hold anybody's text, as a summary of results does.
    """

    content: str
    untrusted: bool = False
    role: Literal["user"] = field(default="user", init=False)
    _encoded: dict[str, Any] = _hidden()  # noqa: RUF009 - it makes a field, no value


@dataclass(frozen=True, slots=True)
class AssistantMessage:
    """What the model said: text, function calls, or both.

    `reasoning` is sent back to models that want it and is never part of an answer.
    """

    content: str | None = None
    calls: tuple[FunctionCall, ...] = ()
    reasoning: str | None = None
    role: Literal["assistant"] = field(default="assistant", init=False)
    _encoded: dict[str, Any] = _hidden()  # noqa: RUF009 - it makes a field, no value


@dataclass(frozen=True, slots=True)
class ResultMessage:
    """The result of one function call, as the model reads it.

    Args:
        name: The tool's name.
        content: Text or JSON.
        id: The call's id.
        is_error: Whether the call failed; `content` then says why and what would be right.
        repairs: What was mended in the call's arguments before they were used.
        untrusted: Whether it may hold anybody's text, as what an `open_world` tool brings does.
        whole: The whole text, where `content` is but a part of it.
        handle: The name by which `content` tells the model how to read the rest.
        media: Images and the like, of which `content` tells in a few words; no server is sent them.
    """

    name: str
    content: str
    id: str = ""
    is_error: bool = False
    repairs: tuple[str, ...] = ()
    untrusted: bool = False
    whole: str = field(default="", repr=False)
    handle: str = ""
    media: tuple[Media, ...] = ()
    role: Literal["function"] = field(default="function", init=False)
    _encoded: dict[str, Any] = _hidden()  # noqa: RUF009 - it makes a field, no value


Message = SystemMessage | UserMessage | AssistantMessage | ResultMessage
"""Any message of a transcript."""


@dataclass(frozen=True, slots=True)
class FunctionDefinition:
    """What the model is told of a tool; `parameters` is a JSON schema of type object."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    strict: bool = False
    _encoded: dict[str, Any] = _hidden()  # noqa: RUF009 - it makes a field, no value

    def to_dict(self) -> dict[str, Any]:
        """The definition in the form of chat completions."""
        plain: dict[str, Any] = {"name": self.name}
        if self.description:
            plain["description"] = self.description
        return plain | {"parameters": self.parameters} | ({"strict": True} if self.strict else {})


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that one or more responses cost; None where the server did not say."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None

    @property
    def total_tokens(self) -> int:
        """Prompt and completion together, as far as known."""
        return (self.prompt_tokens or 0) + (self.completion_tokens or 0)

    @property
    def is_known(self) -> bool:
        """Whether the server named any tokens."""
        return self.prompt_tokens is not None or self.completion_tokens is not None

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            _sum(self.prompt_tokens, other.prompt_tokens),
            _sum(self.completion_tokens, other.completion_tokens),
            _sum(self.cached_tokens, other.cached_tokens),
            _sum(self.reasoning_tokens, other.reasoning_tokens),
        )


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None and other is None else (one or 0) + (other or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of a model.

    Args:
        messages: The transcript so far.
        definitions: The functions that the model may call.
        model: An alias of the interface, or a model's full name.
        options: Sent to the model, such as `temperature`; `agentkit interfaces show` lists them.
    """

    messages: tuple[Message, ...]
    definitions: tuple[FunctionDefinition, ...] = ()
    model: str = "default"
    options: Mapping[str, Any] = field(default_factory=dict)
    _encoded: dict[str, Any] = _hidden(init=True)  # noqa: RUF009 - the requests of a run share it

    def goes_on_from(self, known: tuple[Message, ...]) -> bool:
        """Whether it begins with these messages; for those of one run that is quick to see."""
        return self.messages[: len(known)] == known

    def with_options(self, **options: Any) -> Request:
        """The same request with some options changed."""
        return replace(self, options={**self.options, **options})


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What the model replied.

    Args:
        message: The (first) answer.
        model: The model that gave it, in the server's words.
        usage: Its tokens, or None where the server did not say.
        finish_reason: The server's word for why it stopped.
        id: The server's name for the reply.
        repairs: What was mended to make sense of it, or done to get it.
        alternatives: The other answers, where the option `n` asked for several.
        quotas: What is left of the server's limits, as far as its headers say, and a limit of
            tokens that was set by hand.
        cost: US dollars, or None where no price is known.
        waited: Seconds spent waiting for a limit, or before asking again.
    """

    message: AssistantMessage
    model: str = ""
    usage: Usage | None = None
    finish_reason: str | None = None
    id: str = ""
    repairs: tuple[str, ...] = ()
    alternatives: tuple[AssistantMessage, ...] = ()
    quotas: tuple[Quota, ...] = ()
    cost: float | None = None
    waited: float = 0.0

    @property
    def is_priced(self) -> bool:
        """Whether its cost is known; a refused reply, which is read all the same, has no price."""
        return self.cost is not None or any(FROM_REFUSED in each for each in self.repairs)

    def after(self, useless: Response) -> Response:
        """The same response, with what an earlier one cost that was of no use."""
        own, other = self.usage, useless.usage
        return replace(
            self,
            usage=own + other if own and other else own or other,
            cost=None if self.cost is None or useless.cost is None else self.cost + useless.cost,
            waited=self.waited + useless.waited,
        )


FROM_REFUSED = "read from failed_generation"  # in repairs: made of what came with a refusal


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a streamed reply: answer text, or reasoning."""

    text: str = ""
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """A pause before a request is sent, in seconds, and why."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Quota:
    """A limit of the server, as a reply's headers tell it; it is full again in `reset` seconds."""

    kind: Literal["requests", "tokens"]
    limit: float
    remaining: float
    reset: float

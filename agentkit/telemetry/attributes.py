"""Every name that spans and metrics have, and where its value comes from.

The names are those of OpenTelemetry's semantic conventions for generative AI, as of their version
1.41.0 (https://github.com/open-telemetry/semantic-conventions/tree/v1.41.0/docs/gen-ai), which
version 0.1.0 of the repository that they moved to has as well
(https://github.com/open-telemetry/semantic-conventions-genai). The metrics of runs and calls are
from there. What begins with `agentkit.` is agentkit's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from agentkit.errors import RequestTimeoutError, StatusError, ToolError
from agentkit.messages import FunctionCall, Request, Response, Usage
from agentkit.tracing import Begun, Target

T = TypeVar("T")
Table = Mapping[str, Callable[[T], Any]]
"""Attributes by name, and what gives the value; None is left out."""

RUN, CHAT, TOOL = "invoke_agent", "chat", "execute_tool"
"""The operations."""

OPERATION, ERROR, CALL_KEY = "gen_ai.operation.name", "error.type", "agentkit.call.key"
PROVIDER, MODEL, ANSWERED_BY = (
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "gen_ai.response.model",
)
ADDRESS, PORT = "server.address", "server.port"
AGENT, TOOL_NAME, TOOL_TYPE = "gen_ai.agent.name", "gen_ai.tool.name", "gen_ai.tool.type"
CALL_ID, RUN_ID, CONVERSATION = "gen_ai.tool.call.id", "agentkit.run.id", "gen_ai.conversation.id"
INPUT_TOKENS, OUTPUT_TOKENS = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"
FIRST_CHUNK, TOKEN_TYPE = "gen_ai.response.time_to_first_chunk", "gen_ai.token.type"

SYSTEM, SAID, ANSWERED, TOOLS, ARGUMENTS, RESULT = CONTENT = (
    "gen_ai.system_instructions",
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.tool.definitions",
    "gen_ai.tool.call.arguments",
    "gen_ai.tool.call.result",
)
"""What was said, as JSON: only where it is asked for."""

OTHER = "_OTHER"
"""The name of a tool that there is not: what a model makes up tells nothing apart."""

WAITED, NEEDS_APPROVAL = "agentkit.wait", "agentkit.approval_needed"
"""The events of a run."""
SECONDS, REASON = "agentkit.wait.seconds", "agentkit.wait.reason"

_PROVIDERS = {
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "xai": "x_ai",
}  # where the conventions have another name than the page
NOTHING = Usage()


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of a run, on its way to where it goes."""

    run: Begun
    target: Target
    request: Request

    def number(self, option: str) -> float | None:
        """An option that is a number with a fraction."""
        value = self.request.options.get(option)
        return float(value) if isinstance(value, int | float) else None

    @property
    def most_tokens(self) -> Any:
        """The longest answer that is asked for."""
        options = self.request.options
        return options.get("max_completion_tokens", options.get("max_tokens"))

    @property
    def stops(self) -> list[str] | None:
        """What ends the answer."""
        stop = self.request.options.get("stop")
        known = [stop] if isinstance(stop, str) else stop
        return list(map(str, known)) if known and isinstance(known, list | tuple) else None

    @property
    def kind_of_output(self) -> str | None:
        """What kind of text is asked for, where that is said."""
        wanted = self.request.options.get("response_format")
        kind = str(wanted.get("type")) if isinstance(wanted, Mapping) else ""
        return "json" if kind.startswith("json") else "text" if kind == "text" else None


@dataclass(frozen=True, slots=True)
class Called:
    """A call of a run; `tool` is None where there is no such tool."""

    run: Begun
    tool: Any
    call: FunctionCall
    key: str


@dataclass(slots=True)
class Totals:
    """What the requests of a run came to. Those of an earlier part of it are not in it."""

    state: str = "failed"
    usage: Usage = NOTHING
    costs: tuple[float | None, ...] = ()
    waited: float = 0.0
    finish_reason: str | None = None

    @property
    def cost(self) -> float | None:
        """US dollars, where each is known."""
        known = [each for each in self.costs if each is not None]
        return sum(known) if known and len(known) == len(self.costs) else None


def _summary(called: Called) -> str | None:
    """The first line of what a model is told of the tool."""
    told: str = called.tool.definition.description if called.tool else ""
    return told.partition("\n")[0] or None


def provider_of(target: Target) -> str:
    """The conventions' name for a provider."""
    return _PROVIDERS.get(target.provider, target.provider)


_USAGE: Table[Response | Totals] = {
    INPUT_TOKENS: lambda it: it.usage and it.usage.prompt_tokens,
    OUTPUT_TOKENS: lambda it: it.usage and it.usage.completion_tokens,
    "gen_ai.usage.cache_read.input_tokens": lambda it: it.usage and it.usage.cached_tokens,
    "gen_ai.usage.reasoning.output_tokens": lambda it: it.usage and it.usage.reasoning_tokens,
    "gen_ai.response.finish_reasons": lambda it: [it.finish_reason] if it.finish_reason else None,
    "agentkit.cost": lambda it: it.cost,  # US dollars
}
RUN_BEGINS: Table[Begun] = {
    OPERATION: lambda _: RUN,
    PROVIDER: lambda begun: provider_of(begun.target),
    MODEL: lambda begun: begun.target.model,
    AGENT: lambda begun: begun.agent or None,
    CONVERSATION: lambda begun: begun.conversation,
    RUN_ID: lambda begun: begun.run_id,
}
RUN_ENDS: Table[Totals] = {
    **_USAGE,
    "agentkit.run.state": lambda totals: totals.state,  # done, waiting or failed
    "agentkit.run.waited": lambda totals: totals.waited or None,  # seconds
}
CHAT_BEGINS: Table[Asked] = {
    OPERATION: lambda _: CHAT,
    PROVIDER: lambda asked: provider_of(asked.target),
    MODEL: lambda asked: asked.target.model,
    ADDRESS: lambda asked: asked.target.address or None,
    PORT: lambda asked: asked.target.port,
    CONVERSATION: lambda asked: asked.run.conversation,
    "gen_ai.request.temperature": lambda asked: asked.number("temperature"),
    "gen_ai.request.top_p": lambda asked: asked.number("top_p"),
    "gen_ai.request.top_k": lambda asked: asked.request.options.get("top_k"),
    "gen_ai.request.max_tokens": lambda asked: asked.most_tokens,
    "gen_ai.request.frequency_penalty": lambda asked: asked.number("frequency_penalty"),
    "gen_ai.request.presence_penalty": lambda asked: asked.number("presence_penalty"),
    "gen_ai.request.seed": lambda asked: asked.request.options.get("seed"),
    "gen_ai.request.stop_sequences": lambda asked: asked.stops,
    "gen_ai.request.stream": lambda asked: True if asked.request.options.get("stream") else None,
    "gen_ai.output.type": lambda asked: asked.kind_of_output,
}
CHAT_ENDS: Table[Response] = {
    **_USAGE,
    ANSWERED_BY: lambda response: response.model or None,
    "gen_ai.response.id": lambda response: response.id or None,
}
CALL_BEGINS: Table[Called] = {
    OPERATION: lambda _: TOOL,
    TOOL_NAME: lambda called: called.tool.name if called.tool else OTHER,
    TOOL_TYPE: lambda _: "function",
    "gen_ai.tool.description": _summary,
    CALL_ID: lambda called: called.call.id or None,
    AGENT: lambda called: called.run.agent or None,
    CALL_KEY: lambda called: called.key or None,
}
CALL_WAITS: Table[Called] = {
    TOOL_NAME: lambda called: called.call.name,
    CALL_ID: CALL_BEGINS[CALL_ID],
    CALL_KEY: CALL_BEGINS[CALL_KEY],
}


def attributes(table: Table[T], thing: T) -> dict[str, Any]:
    """The attributes of a table, as they are for something."""
    found = {name: value(thing) for name, value in table.items()}
    return {name: value for name, value in found.items() if value is not None}


def error_type(error: BaseException) -> str:
    """What `error.type` says of an error: a status of HTTP, a word, or the name of its class."""
    match error:
        case StatusError():
            return str(error.status)
        case RequestTimeoutError() | TimeoutError():
            return "timeout"
        case ToolError():
            return "tool_error"
        case Exception() | KeyboardInterrupt() | SystemExit():
            return type(error).__name__
    return "cancelled"  # asyncio.CancelledError, GeneratorExit, and a durable run that is left


_TO_82, _TO_410 = tuple(0.01 * 2**n for n in range(14)), tuple(0.1 * 2**n for n in range(13))


@dataclass(frozen=True, slots=True)
class Metric:
    """A histogram of what spans of one operation show.

    Args:
        name: Its name.
        unit: The unit.
        about: What is measured.
        buckets: The bounds that the conventions recommend.
        labels: The attributes of the span that tell the measurements apart.
    """

    name: str
    unit: str
    about: str
    buckets: tuple[float, ...]
    labels: tuple[str, ...]


_OF_REQUESTS = (OPERATION, PROVIDER, MODEL, ANSWERED_BY, ADDRESS, PORT, ERROR)
DURATIONS = {
    RUN: Metric(
        "gen_ai.invoke_agent.duration", "s", "How long a run took.", _TO_410, (AGENT, MODEL, ERROR)
    ),
    CHAT: Metric(
        "gen_ai.client.operation.duration", "s", "How long a request took.", _TO_82, _OF_REQUESTS
    ),
    TOOL: Metric(
        "gen_ai.execute_tool.duration",
        "s",
        "How long a call took.",
        _TO_82,
        (TOOL_NAME, TOOL_TYPE, AGENT, ERROR),
    ),
}
"""Seconds that spans took, by their operation."""
TOKENS = Metric(
    "gen_ai.client.token.usage",
    "{token}",
    "Tokens of a request and of its answer.",
    tuple(4**n for n in range(14)),
    _OF_REQUESTS[:-1],
)
TIME_TO_FIRST_CHUNK = Metric(
    "gen_ai.client.operation.time_to_first_chunk",
    "s",
    "Seconds to the first piece of a streamed answer.",
    _TO_82,
    _OF_REQUESTS[:-1],
)

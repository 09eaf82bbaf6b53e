"""For a loop of your own: our tools as OpenAI, Groq and others have them, and calls that come back.

Tools of LangChain and of pydantic-ai are taken by `Toolbox` and `Agent` as they are;
`from_langchain` and `from_pydantic_ai` take them with options, such as `read_only=True`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

from agentkit.approval import Approval, Gate
from agentkit.context import Context
from agentkit.errors import ConfigError
from agentkit.foreign import from_langchain, from_pydantic_ai
from agentkit.job import failed
from agentkit.messages import FunctionCall, ResultMessage
from agentkit.toolbox import Toolbox, ToolSource
from agentkit.wire.decode import call_of
from agentkit.wire.untrusted import delimited

__all__ = [
    "acall_tools",
    "call_tools",
    "chat_tools",
    "from_langchain",
    "from_pydantic_ai",
    "functions",
    "responses_tools",
]

Json = dict[str, Any]
Approve = Callable[[FunctionCall, str], bool]
"""Is given a call and why it needs approval, and says whether it may run."""


def chat_tools(tools: ToolSource) -> list[Json]:
    """The tools for `chat.completions.create(tools=...)` of OpenAI, Groq and others.

    Raises:
        DefinitionError: One of them cannot be offered.
    """
    return [{"type": "function", "function": each} for each in functions(tools)]


def functions(tools: ToolSource) -> list[Json]:
    """The tools for the older `functions=...`.

    Raises:
        DefinitionError: One of them cannot be offered.
    """
    return [each.to_dict() for each in _toolbox(tools).definitions]


def responses_tools(tools: ToolSource) -> list[Json]:
    """The tools for `responses.create(tools=...)` of OpenAI.

    Raises:
        DefinitionError: One of them cannot be offered.
    """
    return [{"type": "function", "strict": False, **each} for each in functions(tools)]


def call_tools(
    tools: ToolSource,
    message: Any,
    *,
    deps: Any = None,
    approval: Approval = "ask_for_destructive",
    approve: Approve | None = None,
) -> list[Json]:
    """Run the calls of a reply, in order, and give the messages to send back behind it.

    What the model did wrong is such a message too, as is what a tool raises. Results of
    `open_world` tools are marked as text from outside.

    Args:
        tools: The tools.
        message: The message with the calls, its `tool_calls` or `function_call`, or a response of
            OpenAI's Responses API or its `output`; objects of their packages, or dicts.
        deps: What tools find as `Context.deps`.
        approval: Which calls need approval, as for an `Agent`; tools may say so themselves.
        approve: Is asked for these; without it they do not run, and the model is told so.
    """
    box = _toolbox(tools)
    gate = Gate(box, approval)

    def run(call: FunctionCall) -> ResultMessage:
        refused = _refused(gate, call, deps, approve)
        return refused or box.call(call, _context(call, deps))

    return [_answer(form, call, run(call)) for form, call in _calls(message)]


async def acall_tools(
    tools: ToolSource,
    message: Any,
    *,
    deps: Any = None,
    approval: Approval = "ask_for_destructive",
    approve: Approve | None = None,
) -> list[Json]:
    """`call_tools`, awaited; where all the calls are of `read_only` tools they run side by side."""
    box = _toolbox(tools)
    await box.aready()
    gate = Gate(box, approval)

    async def run(call: FunctionCall) -> ResultMessage:
        refused = _refused(gate, call, deps, approve)
        return refused or await box.acall(call, _context(call, deps))

    calls = list(_calls(message))
    if all(call.name in box and box[call.name].read_only for _, call in calls):
        results = await asyncio.gather(*(run(call) for _, call in calls))
        return [_answer(*each, result) for each, result in zip(calls, results, strict=True)]
    return [_answer(form, call, await run(call)) for form, call in calls]


def _toolbox(tools: ToolSource) -> Toolbox:
    return tools if isinstance(tools, Toolbox) else Toolbox(tools)


def _context(call: FunctionCall, deps: Any) -> Context[Any]:
    return Context(deps, call.id, call.name)


def _refused(
    gate: Gate, call: FunctionCall, deps: Any, approve: Approve | None
) -> ResultMessage | None:
    verdict = gate.judge(call, lambda: _context(call, deps), ())
    if not isinstance(verdict, str):
        return verdict
    if approve is None:
        return failed(call, f"The call was not run: {verdict}, and nobody could be asked.")
    return None if approve(call, verdict) else failed(call, "The user did not allow this call.")


def _calls(message: Any) -> Iterator[tuple[str, FunctionCall]]:
    """The calls of a message, each with the form that its result must have."""
    for each in _items(message):
        custom = each.get("custom")
        if each.get("type") == "function_call":
            yield "function_call_output", call_of({"id": each.get("call_id"), "function": each})
        elif each.get("function"):
            yield "tool", call_of(each)
        elif custom:  # it has text for arguments, which none of our tools takes
            named = {"name": custom.get("name"), "arguments": custom.get("input")}
            yield "tool", call_of({**each, "function": named})
        elif "arguments" in each and "type" not in each:
            yield "function", call_of({"function": each})


def _items(given: Any) -> list[Json]:
    """What may be calls in a message, a list of calls, or a response."""
    if isinstance(given, list | tuple):
        return [_plain(each) for each in given]
    plain = _plain(given)
    if isinstance(plain.get("output"), list):
        return [_plain(each) for each in plain["output"]]
    for name in ("choices", "message", "tool_calls", "function_call"):
        if found := plain.get(name):
            return _items(found[0] if name == "choices" else found)
    return [plain]


def _plain(value: Any) -> Json:
    if hasattr(value, "model_dump"):  # of openai's and groq's packages
        return cast(Json, value.model_dump())
    if not isinstance(value, Mapping):
        raise ConfigError(
            f"A message with calls, its calls or a response is wanted, not {type(value).__name__}."
        )
    return dict(value)


def _answer(form: str, call: FunctionCall, result: ResultMessage) -> Json:
    text = delimited(result.content) if result.untrusted else result.content
    match form:
        case "tool":
            return {"role": "tool", "tool_call_id": call.id, "content": text}
        case "function":
            return {"role": "function", "name": call.name, "content": text}
    return {"type": form, "call_id": call.id, "output": text}

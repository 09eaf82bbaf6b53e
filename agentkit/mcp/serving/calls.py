"""Calls of MCP clients, carried out with our tools."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import anyio
import mcp_types as types
from mcp import MCPError
from mcp.server import ServerRequestContext
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from agentkit.approval import Gate
from agentkit.context import Context
from agentkit.errors import AgentkitError, ConfigError, closest
from agentkit.job import failed
from agentkit.log import log
from agentkit.mcp.serving.shown import output_schema, shown_result, shown_tool
from agentkit.mcp.serving.talk import Answers, Parked, Talk
from agentkit.messages import FunctionCall, ResultMessage
from agentkit.reading import LONGEST
from agentkit.redact import plain, redact, spelled, without
from agentkit.results import capped
from agentkit.run import shown
from agentkit.toolbox import Toolbox
from agentkit.workers import Ended

Approval = Literal["client", "ask_for_destructive", "always", "never"]
"""Which calls are asked about, beside what the client asks its user by itself."""

_SHOWN = 4_000  # characters of a call that is asked about
_TOLD = 1_000  # characters of a word of progress


@dataclass
class Calls:
    """Answers what clients ask for, as long as one server lives.

    Args:
        toolbox: The tools.
        approval: Which calls are asked about.
        deps: What tools find in their context.
        side_by_side: Calls that run at once; others wait for their turn.
    """

    toolbox: Toolbox
    approval: Approval
    deps: Any
    side_by_side: int
    _parked: Parked = field(default_factory=Parked)

    def __post_init__(self) -> None:
        self._turns = asyncio.Semaphore(self.side_by_side)
        policy = "never" if self.approval == "client" else self.approval
        self._gate = Gate(self.toolbox, policy)

    @staticmethod
    def check(approval: str, side_by_side: int) -> None:
        """Refuse settings that cannot be.

        Raises:
            ConfigError: So it is.
        """
        if side_by_side < 1:
            raise ConfigError("side_by_side is a number of calls from 1 on.")
        known = get_args(Approval)
        if approval not in known:
            raise ConfigError(
                f"approval is one of {', '.join(known)}, not {approval!r}."
                f"{closest(str(approval), known)}"
            )

    async def list_tools(self) -> types.ListToolsResult:
        """The tools as they are now."""
        await self._ready()
        return types.ListToolsResult(tools=[shown_tool(each) for each in self.toolbox.values()])

    async def call_tool(
        self, context: ServerRequestContext[Any, Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        """Carry out a call, or go on with one whose questions come back answered."""
        await self._ready()
        if params.name not in self.toolbox:
            names = ", ".join(self.toolbox) or "none"
            said = f"There is no tool named {params.name!r}.{closest(params.name, self.toolbox)}"
            raise MCPError(types.INVALID_PARAMS, f"{capped(said, _SHOWN)} The tools are: {names}.")
        call = FunctionCall(params.name, json.dumps(params.arguments or {}))
        if talk := self._parked.take(params.request_state, call.digest):
            talk.answer(_said(talk.questions, params.input_responses or {}))
        else:
            talk = Talk(
                lambda t: self._run(call, t), call.digest, self._turns, can_ask=_can_ask(context)
            )
        kept = False
        try:
            result = await self._attend(talk, context)
            kept = isinstance(result, types.InputRequiredResult)
            return result
        finally:
            if not kept:
                with anyio.CancelScope(shield=True):  # so that the call is cancelled once
                    await talk.end()

    async def close(self) -> None:
        """End the calls that wait for answers."""
        await self._parked.close()

    async def _ready(self) -> None:
        try:
            await self.toolbox.aready()
        except AgentkitError as error:  # of a server whose tools are among these
            raise MCPError(types.INTERNAL_ERROR, redact(str(error))) from error

    async def _attend(
        self, talk: Talk, context: ServerRequestContext[Any, Any]
    ) -> types.CallToolResult | types.InputRequiredResult:
        while True:
            await talk.stirred()
            for done, whole, message in talk.news():
                await context.session.report_progress(done, whole, plain(message)[:_TOLD])
            if talk.is_over:
                return self._settled(talk)
            if talk.questions and context.protocol_version in MODERN_PROTOCOL_VERSIONS:
                asked = {str(place): _question(text) for place, text in enumerate(talk.questions)}
                return types.InputRequiredResult(
                    input_requests={**asked}, request_state=self._parked.put(talk)
                )
            if talk.questions:
                talk.answer([await _yes(context, text) for text in talk.questions])

    async def _run(self, call: FunctionCall, talk: Talk) -> types.CallToolResult:
        tool = self.toolbox[call.name]
        schema = output_schema(tool)
        # Room makes the whole result come along where its value is wanted too.
        room = None if schema is None else LONGEST
        key = f"mcp/{os.urandom(16).hex()}"
        context = Context(self.deps, key, call.name, talk.tell, room)
        result = await self._refused(call, context, talk)
        if result is None:
            result = await self.toolbox.acall(call, context)
        return shown_result(tool, result, schema)

    async def _refused(
        self, call: FunctionCall, context: Context[Any], talk: Talk
    ) -> ResultMessage | None:
        """The result of a call that may not run, or None."""
        verdict = self._gate.judge(call, lambda: context, ())
        if not isinstance(verdict, str) or self.approval == "never":
            return None if isinstance(verdict, str) else verdict
        answers = await talk.ask([self._asked(call, context, verdict)])
        if answers is None:
            return failed(call, f"{verdict}, and {CANNOT_ASK}{_ADVICE}")
        return None if all(answers) else failed(call, "The user did not allow this call.")

    def _asked(self, call: FunctionCall, context: Context[Any], why: str) -> str:
        text = shown(call)
        if self.toolbox[call.name].takes_secrets:
            from agentkit.safe.secrets import secrets_in

            job = self.toolbox.prepare(call, context)
            text = "" if isinstance(job, ResultMessage) else without(text, secrets_in(job.bound))
        return question(text or call.name, why)

    def _settled(self, talk: Talk) -> types.CallToolResult:
        try:
            result: types.CallToolResult = talk.job.result()
            return result
        except asyncio.CancelledError:
            words = "The call was cancelled."
        except Ended as ended:  # sys.exit in a tool is no end of the server
            words = f"The tool tried to end the program: {type(ended.cause).__name__}."
        except Exception as error:  # of a tool that says on_error="raise"
            log.warning("a tool raised", exc_info=error)
            words = f"The tool failed: {type(error).__name__}."
        text = types.TextContent(text=f"Error: {words}")
        return types.CallToolResult(content=[text], is_error=True)


CANNOT_ASK = "this client cannot ask its user, as it does not offer elicitation."
_ADVICE = " Where it asks before each call anyway, serve with the approval 'never'."


def question(call: str, why: str) -> str:
    """What the client's user is asked."""
    return f"{spelled(why)}. Run it?\n\n{capped(spelled(call), _SHOWN)}"


def _question(text: str) -> types.ElicitRequest:
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    params = types.ElicitRequestFormParams(message=text, requested_schema=schema)
    return types.ElicitRequest(params=params)


async def _yes(context: ServerRequestContext[Any, Any], text: str) -> bool:
    params = _question(text).params
    assert isinstance(params, types.ElicitRequestFormParams)
    try:
        answer = await context.session.elicit_form(
            params.message, params.requested_schema, context.request_id
        )
    except (MCPError, ValueError):  # it offers to ask, and does not
        return False
    return answer.action == "accept"


def _said(questions: Sequence[str], responses: types.InputResponses) -> Answers:
    found = [responses.get(str(place)) for place in range(len(questions))]
    return [isinstance(e, types.ElicitResult) and e.action == "accept" for e in found]


def _can_ask(context: ServerRequestContext[Any, Any]) -> bool:
    offered = context.session.client_capabilities
    if offered is None or offered.elicitation is None:
        return False
    by_form = offered.elicitation.form is not None or offered.elicitation.url is None
    return by_form and (
        context.session.can_send_request or context.protocol_version in MODERN_PROTOCOL_VERSIONS
    )

"""Chat completions, for OpenAI's clients and whoever speaks like them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from agentkit.agent_settings import RunOptions
from agentkit.errors import JournalError, StoppedError
from agentkit.messages import Message, UserMessage
from agentkit.serve.bodies import read
from agentkit.serve.chat_bodies import ChatBody, transcript
from agentkit.serve.chat_replies import DONE, Reply, encoded
from agentkit.serve.desk import CHAT, Desk
from agentkit.serve.json_reply import JsonReply
from agentkit.serve.live import LiveRun
from agentkit.serve.operations import Operation
from agentkit.serve.problems import Problem, conflict, not_found, problem_of
from agentkit.serve.sse import GONE, EventStream, unless_left
from agentkit.serve.telling import Teller, Told

_SOON = 10.0  # seconds in which a run that fails is told as a status, and not in the stream
_SILENT = ("run_started", "run_resumed", "decided", "request_sent", "waiting")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a client asks for.

    Args:
        agent: The name of the agent.
        run_id: The run that it is, or is to be.
        messages: The transcript before the prompt.
        prompt: What the user says.
        options: Those of the model.
        may_be_there: Whether the id is not one by chance.
    """

    agent: str
    run_id: str
    messages: Sequence[Message]
    prompt: str | None
    options: dict[str, Any]
    may_be_there: bool


class ChatApi:
    """The operations of OpenAI's API that chat windows use.

    Args:
        desk: Who carries runs out.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def complete(self, request: Request) -> Response:
        """Answer a chat."""
        body = await read(request, ChatBody)
        body.check()
        if body.model not in self._desk.agents:
            raise _no_model(body.model, self._desk)
        agent = self._desk.agents[body.model]
        options, left_out = body.options(agent)
        messages, prompt = transcript(body.messages, agent.instructions)
        key = request.headers.get("idempotency-key")
        run_id = CHAT + (sha256(key.encode()).hexdigest()[:32] if key else os.urandom(16).hex())
        asked = _Asked(body.model, run_id, messages, prompt, options, bool(key))
        live = await self._found_or_begun(asked)
        if live is not None:
            live.callers += 1
        reply = Reply(run_id, body.model, str(request.base_url).rstrip("/"), left_out)
        if body.stream:
            with_usage = bool(body.stream_options and body.stream_options.include_usage)
            if live is not None:
                await _begun_to_speak(live)
            leave = partial(_leave, live) if live else None
            return EventStream(self._stream(reply, live, with_usage), leave)
        if live is not None:
            await unless_left(request.receive, live.over())
            if not live.ended:
                _leave(live)
                return Response(status_code=GONE)
        return JsonReply(reply.whole([each async for each in self._events(run_id, live)]))

    async def _found_or_begun(self, asked: _Asked) -> LiveRun | None:
        """The run, if it is being carried out: one that is there already is not begun anew."""
        state = self._state(asked) if asked.may_be_there else None
        if live := self._desk.live(asked.run_id):
            return live
        if state in ("done", "waiting"):
            return None
        if state is None:
            given = RunOptions(messages=asked.messages, run_id=asked.run_id, options=asked.options)
            return await self._desk.begin(asked.agent, asked.prompt, given)
        await self._desk.resume(asked.run_id)
        return self._desk.live(asked.run_id)

    def _state(self, asked: _Asked) -> str | None:
        """The state of the run, if it is there and the same was asked."""
        try:
            listed = self._desk.journal.listed(asked.run_id)
        except JournalError:
            return None
        prompt = [] if asked.prompt is None else [UserMessage(asked.prompt)]
        wanted = (*asked.messages, *prompt)
        begun = self._desk.journal.run(asked.run_id).messages[: len(wanted)]
        if listed.agent != asked.agent or begun != wanted:
            raise conflict("This Idempotency-Key came with another request.", "id_taken")
        return listed.state

    async def _events(self, run_id: str, live: LiveRun | None) -> AsyncIterator[Told]:
        """What is told of the run, to its end.

        Raises:
            Problem: The run failed, or was stopped.
        """
        if live is None:
            listed = self._desk.listed(run_id)
            told = Teller(run_id, listed.agent)
            for each in told.replay(self._desk.journal.events(run_id), listed.output):
                yield each
            return
        async for each in live.watch():
            yield each
        if live.error is not None:
            raise problem_of(live.error)

    async def _stream(
        self, reply: Reply, live: LiveRun | None, with_usage: bool
    ) -> AsyncGenerator[bytes, None]:
        yield reply.first()
        events: list[Told] = []
        try:
            async for told in self._events(reply.run_id, live):
                events.append(told)
                for chunk in reply.chunks(events, told):
                    yield chunk
        except Problem as problem:
            yield encoded(problem.body)
            return
        if with_usage:
            yield reply.usage(events[-1].data["usage"])
        yield DONE

    async def models(self, request: Request) -> Response:
        """List the agents as models."""
        return JsonReply({"object": "list", "data": [_model(name) for name in self._desk.agents]})

    async def model(self, request: Request) -> Response:
        """Show an agent as a model."""
        name = request.path_params["model"]
        if name not in self._desk.agents:
            raise _no_model(name, self._desk)
        return JsonReply(_model(name))

    def operations(self) -> list[Operation]:
        """The operations."""
        return [
            Operation(
                method="POST", path="/v1/chat/completions", name="createChatCompletion",
                handler=self.complete, body=ChatBody, gives="ChatCompletion",
                refuses=(404, 409, 422, 502, 503, 504),
                says="Answer a chat, as OpenAI's API does: whole, or with `stream` in chunks. "
                "The agent's tools run on the server; the key `agentkit` tells of their calls. "
                "The same header `Idempotency-Key` again gives the same run.",
            ),
            Operation(
                method="GET", path="/v1/models", name="listModels", handler=self.models,
                says="List the agents as models.", gives="Models",
            ),
            Operation(
                method="GET", path="/v1/models/{model}", name="getModel", handler=self.model,
                says="Show an agent as a model.", gives="Model", refuses=(404,),
            ),
        ]  # fmt: skip


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "agentkit"}


def _no_model(name: str, desk: Desk) -> Problem:
    known = ", ".join(desk.agents)
    return not_found(f"There is no model {name!r}, only {known}.", "model_not_found", "model")


def _leave(live: LiveRun) -> None:
    """Somebody who waited on the line is gone; with the last one the run ends."""
    live.callers -= 1
    if not live.callers:
        live.stop(StoppedError("the client went away", for_good=True))


async def _begun_to_speak(live: LiveRun) -> None:
    """Wait a while for the first that is to be seen of a run.

    Raises:
        Problem: It failed before that.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(_SOON):
            async for told in live.watch():
                if told.type == "run_ended" and told.data["state"] in ("failed", "cancelled"):
                    await live.over()
                    raise problem_of(live.error or StoppedError("it ended", for_good=True))
                if told.type not in _SILENT:
                    return

"""Runs over HTTP: begin, list, watch, decide, cancel, go on."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response

from agentkit.agent_settings import RunOptions
from agentkit.errors import JournalError
from agentkit.journal import StoredRun
from agentkit.journal.stored import STATES
from agentkit.redact import environment_secrets, hide
from agentkit.run import Run
from agentkit.serve.bodies import Answer, Approve, Body, Deny, StartRun, read
from agentkit.serve.desk import STREAMED, Desk
from agentkit.serve.json_reply import JsonReply
from agentkit.serve.live import LiveRun
from agentkit.serve.operations import Handler, Operation, query_number
from agentkit.serve.problems import Problem, conflict
from agentkit.serve.sse import EventStream
from agentkit.serve.telling import Place, Teller, read_place
from agentkit.serve.views import details, summary
from agentkit.workers import in_thread_awaited

_MOST = 500  # runs of one page


class RunsApi:
    """The operations on runs.

    Args:
        desk: Who carries them out.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def start(self, request: Request) -> Response:
        """Begin a run."""
        body = await read(request, StartRun)
        name = self._desk.named(body.agent)
        if body.id and (there := self._there(body.id)):
            self._check_same(there, name, body.prompt)
            return self._shown(body.id)
        given: RunOptions = {"options": {**STREAMED, **(body.options or {})}}
        if body.id:
            given["run_id"] = body.id
        if body.conversation:
            given["conversation"] = body.conversation
        if body.after:
            given["messages"] = self._ended(body.after).messages
        try:
            live = await self._desk.begin(name, body.prompt, given)
        except JournalError:
            if not body.id or not (there := self._there(body.id)):
                raise
            self._check_same(there, name, body.prompt)  # somebody asked for it at the same time
            return self._shown(body.id)
        return self._shown(live.id, 201)

    def _there(self, run_id: str) -> StoredRun | None:
        with suppress(JournalError):
            return self._desk.journal.listed(run_id)
        return None

    def _check_same(self, there: StoredRun, agent: str, prompt: str) -> None:
        if (there.agent, there.prompt) != (agent, hide(prompt, environment_secrets())):
            raise conflict(f"There is another run {there.id!r}.", "id_taken")

    def _ended(self, run_id: str) -> Run[Any]:
        self._desk.listed(run_id)
        run = self._desk.journal.run(run_id)
        if not run.done:
            raise conflict(f"The run {run_id!r} has no answer yet to go on from.")
        return run

    async def index(self, request: Request) -> Response:
        """List runs."""
        asked = request.query_params
        only = {name: asked[name] for name in _FILTERS if asked.get(name)}
        if only.get("state", "done") not in STATES:
            said = f"A state is one of {', '.join(STATES)}."
            raise Problem(400, said, "invalid_value", param="state")
        limit = query_number(request, "limit", 50, _MOST)
        journal = self._desk.journal
        found: Sequence[StoredRun] = await in_thread_awaited(
            lambda: journal.runs(limit=limit + 1, **cast(Any, only))
        )
        page = found[:limit]
        shown = [summary(each, self._desk.live(each.id)) for each in page]
        more = page[-1].id if len(found) > limit else None
        return JsonReply({"runs": shown, "next": more})

    async def show(self, request: Request) -> Response:
        """Show a run."""
        return await in_thread_awaited(self._shown, request.path_params["id"])

    async def events(self, request: Request) -> Response:
        """Watch a run."""
        run_id, after = request.path_params["id"], request.headers.get("last-event-id")
        place = read_place(after or request.query_params.get("after", ""))
        if live := self._desk.live(run_id):
            return EventStream(_live(live, place))
        told = await in_thread_awaited(self._stored_events, run_id, place)
        # Upon 204 an EventSource does not come again: it is to, where another process runs it.
        if not told and after and self._desk.listed(run_id).state != "running":
            return Response(status_code=204)
        return EventStream(_all(told))

    def _stored_events(self, run_id: str, place: Place) -> list[bytes]:
        listed = self._desk.listed(run_id)
        teller = Teller(run_id, listed.agent)
        told = teller.replay(self._desk.journal.events(run_id), listed.output)
        return [each.encoded for each in told if each.place > place]

    async def approve(self, request: Request) -> Response:
        """Let a call run."""
        body = await read(request, Approve)
        return await self._decided(
            request, body.call, lambda run, call: run.approve(call, body.arguments)
        )

    async def deny(self, request: Request) -> Response:
        """Refuse a call."""
        body = await read(request, Deny)
        return await self._decided(request, body.call, lambda run, call: run.deny(call, body.why))

    async def answer(self, request: Request) -> Response:
        """Give a call its result."""
        body = await read(request, Answer)
        return await self._decided(
            request, body.call, lambda run, call: run.answer(call, body.result)
        )

    async def _decided(self, request: Request, call: str | int, decision: Any) -> Response:
        run_id = request.path_params["id"]
        await self._desk.decide(run_id, call, decision)
        return self._shown(run_id)

    async def cancel(self, request: Request) -> Response:
        """End a run."""
        run_id = request.path_params["id"]
        await self._desk.cancel(run_id, "cancelled over the API")
        return self._shown(run_id)

    async def resume(self, request: Request) -> Response:
        """Go on with a run."""
        run_id = request.path_params["id"]
        await self._desk.resume(run_id)
        return self._shown(run_id)

    def _shown(self, run_id: str, status: int = 200) -> Response:
        listed, live = self._desk.listed(run_id), self._desk.live(run_id)
        # What a live run has begun is on its way, and waits for nobody.
        on_its_way = list(self._desk.agents[live.agent].toolbox) if live else ()
        run = self._desk.journal.run(run_id, repeat=on_its_way)
        return JsonReply(summary(listed, live) | details(run), status)

    def operations(self) -> list[Operation]:
        """The operations."""
        return [*self._first_operations(), *self._later_operations()]

    def _first_operations(self) -> list[Operation]:
        one = "/api/runs/{id}"
        return [
            Operation(
                method="POST", path="/api/runs", name="startRun", handler=self.start,
                says="Begin a run.", body=StartRun, gives="Run", status=201,
                refuses=(404, 409, 503),
            ),
            Operation(
                method="GET", path="/api/runs", name="listRuns", handler=self.index,
                says="List runs, the newest first.", gives="Runs", query=_FILTERS | _PAGE,
            ),
            Operation(
                method="GET", path=one, name="getRun", handler=self.show,
                says="Show a run with its transcript.", gives="Run", refuses=(404,),
            ),
            Operation(
                method="GET", path=f"{one}/events", name="watchRun", handler=self.events,
                says="Watch a run: server-sent events, from the beginning or after the last seen.",
                gives="text/event-stream", refuses=(404,),
                query={"after": "The id of the last event that was seen."},
            ),
        ]  # fmt: skip

    def _later_operations(self) -> list[Operation]:
        later: dict[str, tuple[Handler, type[Body] | None, str]] = {
            "approve": (self.approve, Approve, "Let a call run that waits for approval."),
            "deny": (self.deny, Deny, "Refuse a call that waits; the model is told why."),
            "answer": (self.answer, Answer, "Give a call that waits its result; it does not run."),
            "cancel": (self.cancel, None, "End a run for good, as far as it came."),
            "resume": (self.resume, None, "Go on with a run that failed or was stopped."),
        }
        return [
            Operation(
                method="POST", path=f"/api/runs/{{id}}/{name}", name=f"{name}Run",
                handler=handler, says=says, body=body, gives="Run", refuses=(404, 409, 503),
            )
            for name, (handler, body, says) in later.items()
        ]  # fmt: skip


_FILTERS = {
    "agent": "Only those of an agent.",
    "state": f"Only those that are {', '.join(STATES)}.",
    "conversation": "Only those of a conversation.",
    "text": "Only those with it in their prompt, output or error.",
    "before": "Only those that come after this one, by its id: `next` of the last page.",
}
_PAGE = {"limit": f"The most runs, up to {_MOST}."}


async def _live(live: LiveRun, place: Place) -> AsyncGenerator[bytes, None]:
    async for each in live.watch(place):
        yield each.encoded


async def _all(told: Sequence[bytes]) -> AsyncGenerator[bytes, None]:
    for each in told:
        yield each

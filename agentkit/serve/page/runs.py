"""The runs at `/runs`, and each of them at `/runs/{id}`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from agentkit.errors import AgentkitError
from agentkit.journal.chart import chart
from agentkit.journal.page import STATES, told
from agentkit.journal.sheet import facts
from agentkit.journal.timeline import timeline
from agentkit.messages import FunctionCall
from agentkit.run import Run
from agentkit.serve.page.chat import turn_of
from agentkit.serve.page.render import page, typed_in
from agentkit.serve.page.shown import sums_of, to_decide_on
from agentkit.serve.problems import Problem

if TYPE_CHECKING:
    from agentkit.serve.service import Service

_PAGE = 30  # runs on a page
_ASKED = ("text", "state", "agent", "conversation")


def runs(service: Service, request: Request) -> Response:
    """The list, newest first."""
    asked = {name: request.query_params.get(name, "") for name in _ASKED}
    before = request.query_params.get("before")
    wanted: Any = {name: each for name, each in asked.items() if each}
    found = service.journal.runs(limit=_PAGE + 1, before=before, **wanted)
    more = urlencode({**wanted, "before": found[_PAGE - 1].id}) if len(found) > _PAGE else ""
    known = {
        "runs": [(each, sums_of(each)) for each in found[:_PAGE]],
        "asked": asked,
        "is_asked": bool(wanted),
        "states": list(STATES),
        "agents": list(service.agents),
        "older": f"?{more}" if more else "",
        "newest": f"?{urlencode(wanted)}" if before else "",
    }
    return page(request, service, "runs", known)


def run(service: Service, request: Request, problem: str = "") -> Response:
    """A run: what was said and called, and its timeline."""
    stored = service.desk.listed(request.path_params["id"])
    drawn = chart(service.journal.events(stored.id))
    known = {
        "run": stored,
        "turn": turn_of(service, stored, whole=True),
        "problem": problem,
        "explained": STATES.get(stored.state, ""),
        "pending": to_decide_on(service.journal.run(stored.id))
        if stored.state == "waiting"
        else [],
        "facts": Markup(facts(told(stored, drawn))),
        "timeline": Markup(timeline(drawn)),
    }
    return page(request, service, "run", known, 409 if problem else 200)


async def decide(service: Service, request: Request) -> Response:
    """Do what a button of a run's page says, and show the run again."""
    typed, run_id = await typed_in(request), request.path_params["id"]
    try:
        match typed.get("decision"):
            case "cancel":
                await service.desk.cancel(run_id, "somebody stopped it on the page")
            case "resume":
                await service.desk.resume(run_id)
            case _:
                await service.desk.decide(
                    run_id, typed.get("call", ""), lambda run, call: _decided(run, call, typed)
                )
    except (AgentkitError, Problem, ValueError) as error:
        return run(service, request, str(error))
    return RedirectResponse(request.url.path, 303)


def _decided(run: Run[Any], call: FunctionCall, typed: Mapping[str, str]) -> Run[Any]:
    match typed["decision"]:
        case "approve":
            return run.approve(call)
        case "edit":
            return run.approve(call, json.loads(typed["arguments"]))
        case "deny":
            return run.deny(call, typed.get("why", ""))
        case "answer":
            return run.answer(call, typed.get("result", ""))
    raise ValueError("There is no such decision.")

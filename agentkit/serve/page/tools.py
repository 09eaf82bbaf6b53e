"""The tools at `/tools`, and a form to call each of them by hand at `/tools/{name}`."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from agentkit.function_tool import Tool
from agentkit.journal.figures import duration, written
from agentkit.serve.bodies import CallTool
from agentkit.serve.page.form import Field, form_of
from agentkit.serve.page.render import page, typed_in
from agentkit.serve.page.shown import exact, images
from agentkit.serve.problems import Problem

if TYPE_CHECKING:
    from agentkit.serve.service import Service

_HINTS = (
    ("read_only", "reads only", ""),
    ("destructive", "may destroy", "warns"),
    ("idempotent", "may be repeated", ""),
    ("open_world", "reaches outside", ""),
)


@dataclass(frozen=True, slots=True)
class ShownTool:
    """A tool as a page tells of it."""

    name: str
    description: str
    hints: tuple[tuple[str, str], ...]


def tools(service: Service, request: Request) -> Response:
    """All tools, by agent."""
    agents = [
        {"name": name, "tools": [_shown(each) for each in agent.toolbox.values()]}
        for name, agent in service.agents.items()
    ]
    return page(request, service, "tools", {"agents": agents})


def tool(service: Service, request: Request) -> Response:
    """A tool with an empty form."""
    found, agent = _found(service, request, request.query_params.get("agent"))
    return _page(request, service, found, agent, form_of(found.definition.parameters))


async def call(service: Service, request: Request) -> Response:
    """What a button of the form says: mostly, call the tool and show what came back."""
    typed = await typed_in(request)
    found, agent = _found(service, request, typed.get("agent") or None)
    change = typed.get("change", "call")
    by_json, calls = change.startswith("json"), change in ("call", "sure", "json", "json-sure")
    form = form_of(found.definition.parameters, typed, tells=calls and not by_json)
    more: dict[str, Any] = {"json": typed.get("json", ""), "by_json": by_json or change == "show"}
    arguments, wrong = form.value, bool(form.problems)
    if by_json:
        arguments, more["json_problem"] = _read(more["json"])
        wrong = bool(more["json_problem"])
    elif change == "show":
        more["json"] = exact(form.value)
    if calls and not wrong:
        more |= await _called(service, found, agent, arguments, change.endswith("sure"))
    return _page(request, service, found, agent, form, **more)


def _read(text: str) -> tuple[Any, str]:
    """A JSON object, or what is wrong with the text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        return None, f"This is no JSON: {error}."
    return (value, "") if isinstance(value, dict) else (None, "This is no JSON object.")


async def _called(
    service: Service, tool: Tool[..., Any], agent: str, arguments: Any, sure: bool
) -> dict[str, Any]:
    """What came back, or what to ask before."""
    begun = time.monotonic()
    if tool.destructive and not sure:  # whatever the agent's policy is: a person calls it now
        return {"confirms": f"{tool.name} may destroy something. Call it with these arguments?"}
    try:
        body = CallTool(agent=agent, arguments=arguments, approved=sure)
        result = await service.by_hand.result(agent, tool.name, body)
    except Problem as problem:
        if problem.code != "approval_needed":
            raise
        return {"confirms": f"{problem} Call it with these arguments?"}
    took = duration(time.monotonic() - begun)
    return {"answer": result, "took": took, "images": images(result.media)}


def _found(service: Service, request: Request, agent: str | None) -> tuple[Tool[..., Any], str]:
    """A tool, and the agent whose it is: the first one, where it is not said."""
    name = request.path_params["name"]
    first = next((each for each, has in service.agents.items() if name in has.toolbox), None)
    agent = service.by_hand.agent_with(name, agent or first)
    return service.agents[agent].toolbox[name], agent


def _shown(tool: Tool[..., Any]) -> ShownTool:
    hints = tuple((words, kind) for name, words, kind in _HINTS if getattr(tool, name))
    return ShownTool(tool.name, tool.definition.description, hints)


def _page(
    request: Request, service: Service, tool: Tool[..., Any], agent: str, form: Field, **more: Any
) -> Response:
    known = {
        "json": "",
        "json_problem": "",
        "by_json": False,
        "confirms": "",
        "answer": None,
        "took": "",
        "images": [],
    }
    known |= {"tool": _shown(tool), "agent": agent, "form": form}
    schema = written(tool.definition.parameters)
    return page(request, service, "tool", {**known, **more, "schema": schema})

"""The tools at `/tools`, and a form to call each of them by hand at `/tools/{name}`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from agentkit.function_tool import Tool
from agentkit.journal.figures import written
from agentkit.serve.page.form import Field, form_of
from agentkit.serve.page.render import page, typed_in
from agentkit.serve.page.shown import exact
from agentkit.serve.problems import not_found

_HINTS = (
    ("read_only", "reads only", ""),
    ("destructive", "may destroy", "warns"),
    ("idempotent", "may be repeated", ""),
    ("open_world", "reaches outside", ""),
)
_NEEDED = "approval_needed"


@dataclass(frozen=True, slots=True)
class ShownTool:
    """A tool as a page tells of it."""

    name: str
    description: str
    hints: tuple[tuple[str, str], ...]


def tools(service: Any, request: Request) -> Response:
    """All tools, by agent."""
    agents = [
        {"name": name, "tools": [_shown(each) for each in agent.toolbox.values()]}
        for name, agent in service.desk.agents.items()
    ]
    return page(request, "tools", service, agents=agents)


def tool(service: Any, request: Request) -> Response:
    """A tool with an empty form."""
    found, agent = _found(service, request, request.query_params.get("agent"))
    return _page(request, service, found, agent, form_of(found.definition.parameters))


async def call(service: Any, request: Request) -> Response:
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
    service: Any, found: Tool[..., Any], agent: str, arguments: Any, sure: bool
) -> dict[str, Any]:
    """What came back, or what to ask before."""
    raise NotImplementedError


def _found(service: Any, request: Request, name: str | None) -> tuple[Tool[..., Any], str]:
    tool, desk = request.path_params["name"], service.desk
    having = [each for each, agent in desk.agents.items() if tool in agent.toolbox]
    agent = name if name is not None else (having[0] if having else "")
    if agent not in having:
        raise not_found(f"There is no tool {tool!r} of an agent {agent!r}.", "tool_not_found")
    return desk.agents[agent].toolbox[tool], agent


def _shown(tool: Tool[..., Any]) -> ShownTool:
    hints = tuple((words, kind) for name, words, kind in _HINTS if getattr(tool, name))
    return ShownTool(tool.name, tool.definition.description, hints)


def _page(
    request: Request, service: Any, tool: Tool[..., Any], agent: str, form: Field, **more: Any
) -> Response:
    known = {"json": "", "json_problem": "", "by_json": False, "confirms": "", "answer": None}
    known |= {"tool": _shown(tool), "agent": agent, "form": form}
    schema = written(tool.definition.parameters)
    return page(request, "tool", service, schema=schema, **{**known, **more})

"""The chat at `/`: a conversation with an agent, and the other conversations beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from secrets import token_hex
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from agentkit.agent_settings import RunOptions
from agentkit.journal.chart import chart
from agentkit.journal.figures import dollars, moment, several
from agentkit.journal.stored import StoredRun
from agentkit.serve.desk import STREAMED
from agentkit.serve.page.render import page, typed_in
from agentkit.serve.page.shown import Called, Said, steps_of, sums_of, tokens_of
from agentkit.serve.views import agent_view

if TYPE_CHECKING:
    from agentkit.serve.service import Service

_RUNS = 200  # the newest, of which the list of conversations is made
_MOST = 10_000  # turns of a conversation that are counted
_TURNS = 50  # of these that are shown, the newest
_ALIVE = ("running", "waiting")  # the script draws them, from their events
_RESUMED = ("failed", "cancelled", "interrupted")  # they can be gone on with


@dataclass(frozen=True, slots=True)
class Turn:
    """A run as a turn of its conversation shows it."""

    id: str = ""
    state: str = "running"
    prompt: str = ""
    agent: str = ""
    error: str = ""
    sums: str = ""
    steps: tuple[Said | Called, ...] = ()
    is_live: bool = False

    @property
    def can_resume(self) -> bool:
        """Whether it can be gone on with."""
        return self.state in _RESUMED


def turn_of(service: Service, run: StoredRun, *, whole: bool = False) -> Turn:
    """A run as a turn of its conversation.

    Args:
        service: The service.
        run: The run.
        whole: Whether to draw one too that is not over, which a script does otherwise.
    """
    turn = Turn(run.id, run.state, run.prompt or "", run.agent or "")
    if run.state in _ALIVE and not whole:
        return replace(turn, is_live=True)
    return replace(
        turn,
        error="Stopped." if run.state == "cancelled" else run.error or "",
        sums=sums_of(run),
        steps=tuple(steps_of(chart(service.journal.events(run.id)))),
    )


def chat(service: Service, request: Request) -> Response:
    """The page of a conversation, or of none yet."""
    name, journal = request.query_params.get("conversation", ""), service.journal
    runs = journal.runs(limit=_MOST, conversation=name) if name else ()
    turns = [turn_of(service, each) for each in reversed(runs[:_TURNS])]
    over = [each for each in runs if each.state not in _ALIVE]
    tokens, costs = sum(map(tokens_of, over)), [each.cost for each in over]
    cost = None if None in costs or not costs else sum(filter(None, costs))
    told = [several(len(over), "run"), several(tokens, "token"), *_dollars(cost)]
    known = {
        "conversation": name,
        "title": (runs[-1].prompt or name) if runs else "Chat",
        "has_earlier": len(runs) > _TURNS,
        "turns": turns,
        "talks": _talks(journal.runs(limit=_RUNS)),
        "agents": [agent_view(name, each) for name, each in service.agents.items()],
        "agent": turns[-1].agent if turns else "",
        "sums": json.dumps({"runs": len(over), "tokens": tokens, "cost": cost}),
        "totals": " · ".join(filter(None, told)),
        "blank_turn": Turn(),
        "blank_call": Called("", "running"),
    }
    return page(request, service, "chat", known)


async def say(service: Service, request: Request) -> Response:
    """Begin a run without scripts, and show it."""
    typed = await typed_in(request)
    root = request.scope.get("root_path", "")
    if not (prompt := typed.get("prompt", "").strip()):
        return RedirectResponse(f"{root}/", 303)
    name = service.desk.named(typed.get("agent"))
    conversation = typed.get("conversation") or token_hex(8)
    given: RunOptions = {"conversation": conversation, "options": STREAMED}
    live = await service.desk.begin(name, prompt, given)
    return RedirectResponse(f"{root}/runs/{quote(live.id)}", 303)


def _dollars(cost: float | None) -> list[str]:
    return [] if cost is None else [dollars(cost)]


def _talks(runs: Sequence[StoredRun]) -> list[dict[str, str]]:
    """The conversations of these runs, which are the newest first."""
    found: dict[str, dict[str, str]] = {}
    for each in runs:
        if name := each.conversation:
            new = {"name": name, "when": moment(each.begun)[:16], "state": each.state}
            found.setdefault(name, new)["title"] = each.prompt or name
    return list(found.values())

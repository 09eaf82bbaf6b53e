"""Cases from the runs of a journal: what ended well is what is expected from now on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from agentkit.evals.writing import Written, written_call
from agentkit.journal import Journal, StoredRun
from agentkit.messages import ANSWER, AssistantMessage
from agentkit.reading import READ
from agentkit.run import Run

_OWN = (ANSWER, READ)  # which the loop itself answers
_WORDS = 6  # of a prompt, in a case's id
_TURNS = 1_000  # of a conversation


def past_cases(journal: Journal, *, limit: int = 100, **only: Any) -> Iterator[Written]:
    """A case for each prompt, the oldest first, and one for each conversation.

    Of several runs with the same prompt the newest counts. Calls whose result was an error are not
    expected of anybody, nor is a call twice. A run that goes on with a transcript from elsewhere is
    left out, as its prompt alone says too little. What the journal hid may be anything.

    Args:
        journal: The journal.
        limit: The most runs to look at, the newest first.
        only: Which of them, as `Journal.runs` takes it.

    Raises:
        JournalError: The file cannot be used.
    """
    found: dict[str, Written] = {}
    for stored in journal.runs(limit=limit, **{**only, "state": "done"}):
        key = json.dumps(
            [stored.conversation, stored.prompt if stored.conversation is None else ""]
        )
        if key not in found and (case := _case(journal, stored)):
            found[key] = case
    ids: dict[str, int] = {}
    for case in reversed(found.values()):
        again = ids[case["id"]] = ids.get(case["id"], 0) + 1
        yield case if again == 1 else {**case, "id": f"{case['id']}-{again}"}


def _case(journal: Journal, stored: StoredRun) -> Written | None:
    runs = [stored] if stored.conversation is None else _turns(journal, stored.conversation)
    turns = [turn for each in runs if (turn := _turn(each, journal.run(each.id), len(runs) > 1))]
    if not turns or len(turns) < len(runs):
        return None
    words = re.findall(r"\w+", turns[0]["prompt"].lower())[:_WORDS]
    said = turns[0] if len(turns) == 1 else {"turns": turns}
    return {"id": "-".join(words) or stored.id, **said, "tags": ["journal"], "draft": True}


def _turns(journal: Journal, conversation: str) -> list[StoredRun]:
    """The turns of a conversation until the first that did not end well."""
    stored = journal.runs(conversation=conversation, limit=_TURNS)
    turns: list[StoredRun] = []
    for each in sorted(stored, key=lambda run: run.turn or 0):
        if each.state != "done" or each.turn != len(turns) + 1:
            break
        turns.append(each)
    return turns


def _turn(stored: StoredRun, run: Run[Any], is_known: bool) -> Written | None:
    """What was asked in a run, and what was called; None where that is not all that was said.

    Args:
        stored: The run in its list.
        run: The run.
        is_known: Whether the case has what was said before it.
    """
    replies = sum(isinstance(each, AssistantMessage) for each in run.messages)
    if not stored.prompt or (replies > len(run.steps) and not is_known):
        return None
    return {"prompt": stored.prompt, "calls": list(_calls(run))}


def _calls(run: Run[Any]) -> Iterator[Written]:
    """The calls that came to something, each once."""
    seen: list[Written] = []
    for step in run.steps:
        for call, result in zip(step.response.message.calls, step.results, strict=False):
            if result.is_error or call.name in _OWN:
                continue
            made = written_call(call.name, json.loads(call.arguments))
            if made not in seen:
                seen.append(made)
                yield made

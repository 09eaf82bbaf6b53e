"""Which functions change something in the world, by their names, and whether a text says so."""

from __future__ import annotations

from agentkit.offline.schemas import Function
from agentkit.offline.words import COMMANDS, DEEDS, related, stem_set

__all__ = ["is_allowed"]

_CHANGES = stem_set(
    "delete remove erase drop wipe discard destroy purge cancel write save overwrite append send "
    "email mail forward reply notify create insert register buy purchase order pay transfer donate "
    "sell withdraw book reserve rent update edit modify set rename replace move reschedule post "
    "publish upload"
)


def is_allowed(function: Function, spoken: frozenset[str]) -> bool:
    """Whether a function only reads, or the text says that something is to be changed so.

    What is declared of a tool's effects is not part of a request, so the verb of the name decides.
    """
    first, last = function.own[:1], function.own[-1:]
    verbs = _CHANGES.intersection(first if COMMANDS.intersection(first) else first + last)
    return not verbs or any(_means(verb, word) for verb in verbs for word in spoken)


def _means(verb: str, word: str) -> bool:
    return related(verb, word) or (verb in DEEDS and DEEDS[verb] == DEEDS.get(word))

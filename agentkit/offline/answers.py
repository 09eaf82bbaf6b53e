"""What the offline model says: sentences made of results, and typed final answers."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from agentkit.offline.fill import fill
from agentkit.offline.plan import Call
from agentkit.offline.results import from_results, plain, read_json
from agentkit.offline.schemas import Function, Parameter
from agentkit.offline.talk import ASKING, Done
from agentkit.offline.words import STOP, stem

__all__ = ["fill_answer", "no_call", "question", "sentences"]

_SMALL_TALK = tuple(
    (re.compile(rf"\W*(?:{pattern})(?:,?\s+\w+){{0,4}}\W*", re.IGNORECASE), line)
    for pattern, line in (
        ("hello|hi|hey|good (?:morning|afternoon|evening)", "Hello! {this} {able}."),
        ("(?:many )?thank(?:s| you)", "You are welcome."),
        ("good ?bye|bye|see you|good night", "Goodbye!"),
        ("how are you", "All my rules are in order. {able}."),
        (
            "(?:(?:who|what) )?are you|what(?:'s| is) your name|(?:what|how) can you|help",
            "{this} {able}.",
        ),
    )
)
_SUM = re.compile(r"[\w\s.,+*/%()-]*\d[\w\s.,+*/%()-]*")
_IS = "I am agentkit's offline model: rules, no weights."
_SHOWN = 8  # functions that are named
_WORD = re.compile(r"[^\W\d_]{2,}")
_FOREIGN = frozenset(
    _WORD.findall(
        "el la los las un una que es en de del por para con como cual cuál qué quiero le les des "
        "une dans pour avec quel quelle je vous der die das und ist nicht ein eine wie für mit ich "
        "il lo gli che di per non sono os as uma em não het een van voor wat ik och att jag"
    )
)
_SENTENCE = 3  # words from which on a result is said as it is


def no_call(text: str, functions: tuple[Function, ...]) -> str:
    """What to say where no function fits: small talk, or that this is beyond a rule-based model."""
    names = ", ".join(f"`{each.name}`" for each in functions[:_SHOWN])
    more = ", ..." if len(functions) > _SHOWN else ""
    able = f"I can call {names}{more}" if names else "I can call the functions I am given"
    for pattern, line in _SMALL_TALK:
        if pattern.fullmatch(text.strip()):
            return line.format(this=_IS, able=able)
    beyond = "I read English only" if is_foreign(text) else "I cannot answer this from knowledge"
    return f"{_IS} {able}; {beyond}."


def is_foreign(text: str) -> bool:
    """Whether a text is in another script, or has common words of another language."""
    letters = [each for each in text if each.isalpha()]
    if sum(each > "\u024f" for each in letters) > len(letters) / 2:
        return True
    words = _WORD.findall(text.lower())
    english = sum(stem(word) in STOP for word in words)
    return sum(word in _FOREIGN for word in words) > max(english, 1)


def question(calls: list[Call]) -> str:
    """What the user must say before the calls can be made."""
    return "\n".join(
        f"{ASKING}{call.function.name}` I need: {'; '.join(map(_described, call.missing))}."
        for call in calls
    )


def _described(parameter: Parameter) -> str:
    about = parameter.description.strip().rstrip(".")
    return f"{parameter.name} ({about})" if about else parameter.name


def sentences(done: tuple[Done, ...]) -> str:
    """The results in plain words, one a line."""
    return "\n".join(
        _sentence(each, each.content.strip()) for each in done if each.content is not None
    )


def _sentence(done: Done, text: str) -> str:
    if done.failed:
        why = text.removeprefix("Error").lstrip(": ") or "no reason was given."
        return f"`{done.name}` failed: {why}"
    given = list(done.arguments.values()) if isinstance(done.arguments, dict) else []
    about = f" of {', '.join(map(plain, given))}" if given else ""
    value = read_json(text)
    if isinstance(value, str) and ("=" in value or len(_WORD.findall(value)) >= _SENTENCE):
        return value
    if type(value) in (int, float) and len(given) == 1 and _SUM.fullmatch(str(given[0])):
        return f"{given[0]} = {text}"
    if isinstance(value, dict):
        return f"The `{done.name}`{about}: {plain(value)}."
    return f"The `{done.name}`{about} is {plain(value) or 'empty'}."


def fill_answer(function: Function, done: tuple[Done, ...], text: str, now: datetime) -> Call:
    """The call that gives a typed final answer, from the results and else from the user's words."""
    values = [
        read_json(each.content) for each in done if each.content is not None and not each.failed
    ]
    said = fill(function, text, now=now).arguments
    found: dict[str, Any] = {}
    for each in function.parameters:
        alone = len(function.parameters) == 1 or each.kind not in ("string", "any")
        value = from_results(each, values, alone=alone)
        value = said.get(each.name) if value is None else value
        value = from_results(each, values, alone=True) if value is None else value
        found |= {} if value is None else {each.name: value}
    missing = tuple(e for e in function.parameters if e.required and e.name not in found)
    return Call(function, found, missing)

"""What in a text speaks for a function, as a few numbers for `rank` to weigh."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache

from agentkit.offline.fill import Filled
from agentkit.offline.heard import Heard
from agentkit.offline.schemas import Function
from agentkit.offline.words import DEEDS, GENERIC, STOP, groups

__all__ = ["FEATURES", "Reading", "by_arguments", "by_words", "read", "read_vocabulary"]

FEATURES = (
    "name", "summary", "words", "head", "deed",
    "missing", "given", "weakest", "optional", "empty", "left",
)  # fmt: skip
"""What `by_words` and then `by_arguments` give, in their order.

name: the share of the function's name that the text says.
summary: that of the first words of its description, the first counting most.
words: how much is said of all its words; those that few of the functions have tell more.
head: how much the function speaks of the thing that the text names first.
deed: 1 where the text asks for another kind of deed than the function's.
missing: how many required parameters have no value.
given: the share of the required ones that have one.
weakest: how well the weakest of these suits.
optional: how well the other arguments suit, together.
empty: 1 where there are no arguments.
left: how many numbers, quotations, paths and dates of the text are in no argument.
"""

_COMMON = 0.3  # what a word that speaks for all functions tells of a name
_UNSURE, _SURE = 2.0, 5.0  # how well a piece suits, in the points of `fill`
_LEAST = 0.5  # what optional arguments must suit, lest they say nothing
_WEAK = 0.25  # a word that says little, such as "get"
_ABBREVIATED, _ALIKE, _MISSPELT = 0.7, 0.6, 0.8  # how much a word counts that is only near
_MUTE = re.compile(r"(?<=.)[aeiou]|(.)(?=\1)")  # what is often misspelt: vowels, doubled letters


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """The words of all functions that are offered.

    Args:
        rare: How few of the functions each word speaks for, from 0 to 1.
        near: The words that begin alike, under their first four letters.
        alike: The words of each small group of meaning.
        clipped: Short words without a vowel, which may stand for longer ones.
        spelt: The longer words, under what is left of them without vowels.
    """

    rare: dict[str, float]
    near: dict[str, list[str]]
    alike: dict[int, list[str]]
    clipped: list[str]
    spelt: dict[str, list[str]]

    def kin(self, word: str) -> dict[str, float]:
        """The words that mean nearly what a word of the text does, each with how much it counts."""
        found = {word: 1.0} if word in self.rare else {}
        begin = [o for o in self.near.get(word[:4], ()) if o.startswith(word) or word.startswith(o)]
        group = [other for each in groups(word) for other in self.alike[each]]
        clipped = [other for other in self.clipped if _stands_for(other, word)]
        for others, much in ((begin, _ABBREVIATED), (group, _ALIKE), (clipped, _ABBREVIATED)):
            for other in others:
                found.setdefault(other, much)
        return found or dict.fromkeys(self.spelt.get(_MUTE.sub("", word), ()), _MISSPELT)


@lru_cache(8)
def read_vocabulary(functions: tuple[Function, ...]) -> Vocabulary:
    """Index the words of the functions; those of one conversation are the same each time."""
    counts: dict[str, int] = defaultdict(int)
    for function in functions:
        for word in function.speaks:
            counts[word] += 1
    near, alike, spelt = defaultdict(list), defaultdict(list), defaultdict(list)
    for word in counts:
        if len(word) >= 4:
            near[word[:4]].append(word)
        if len(word) >= 5:
            spelt[_MUTE.sub("", word)].append(word)
        for group in groups(word):
            alike[group].append(word)
    clipped = [word for word in counts if 1 < len(word) < 5 and not set("aeiou") & set(word)]
    most = math.log((len(functions) + 1) / 1.5)
    rare = {w: math.log((len(functions) + 1) / (n + 0.5)) / most for w, n in counts.items()}
    return Vocabulary(rare, near, alike, clipped, spelt)


def _stands_for(short: str, word: str) -> bool:
    """Whether a longer word has a short one's letters, in their order: "cmd" for "command"."""
    if short[0] != word[0] or len(word) < 5:
        return False
    letters = iter(word)
    return all(letter in letters for letter in short)


@dataclass(frozen=True, slots=True)
class Reading:
    """A text beside the functions that are offered.

    Args:
        kin: For each of its words those of the functions that mean nearly the same.
        said: How nearly the text says each of the functions' words, from 0 to 1; weak ones less.
    """

    heard: Heard
    vocabulary: Vocabulary
    kin: dict[str, dict[str, float]]
    said: dict[str, float]


def read(heard: Heard, vocabulary: Vocabulary) -> Reading:
    """Compare a text's words with those of all functions, once for all of them."""
    kin = {word: vocabulary.kin(word) for word in heard.words}
    said = dict.fromkeys((word for word in heard.spoken if word in vocabulary.rare), 1.0)
    for near in kin.values():
        for word, nearness in near.items():
            said[word] = max(nearness, said.get(word, 0.0))
    return Reading(heard, vocabulary, kin, {w: much * _weight(w) for w, much in said.items()})


def by_words(reading: Reading, function: Function) -> tuple[float, ...]:
    """What the words of a text say for a function."""
    said, rare = reading.said, reading.vocabulary.rare
    telling = {word: _COMMON + rare[word] for word in function.own}
    last = {word: telling[word] for word in function.own[-2:]}  # the others may name a module
    fading = {word: 1 / (1 + place / 6) for place, word in enumerate(function.summary)}
    told = sum(rare[w] * said[w] * much for w, much in function.speaks.items() if w in said)
    return (
        max(_share(said, telling), _share(said, last)),
        _share(said, fading),
        math.log1p(told),
        _head(reading, function),
        float(_other_deed(reading, function)),
    )


def _share(said: dict[str, float], words: dict[str, float]) -> float:
    """The share of words that a text says, each counting as it weighs."""
    most = sum(much * _weight(word) for word, much in words.items())
    return sum(much * said.get(word, 0.0) for word, much in words.items()) / (most or 1.0)


def _weight(word: str) -> float:
    return _WEAK if word in GENERIC or word in STOP else 1.0


def _speaks(word: str, reading: Reading, function: Function) -> float:
    """How much a word of the text speaks for a function."""
    near = reading.kin.get(word, {}).items()
    return max((much * function.speaks.get(other, 0.0) for other, much in near), default=0.0)


def _head(reading: Reading, function: Function) -> float:
    """How much of the thing that the text names first the function speaks of, its noun twice."""
    told = [(word, _speaks(word, reading, function) ** 3) for word in reading.heard.head]
    heads = [much for word, much in told if much or word not in reading.heard.values]
    return sum(heads + heads[-1:]) / (len(heads) + 1)


def _other_deed(reading: Reading, function: Function) -> bool:
    """Whether a text asks for another kind of deed: to delete what the function only finds."""
    verb = reading.heard.verb
    asked = DEEDS.get(verb)
    does = next((DEEDS[word] for word in function.own if word in DEEDS), asked)
    return asked not in (None, does) and not _speaks(verb, reading, function)


def by_arguments(function: Function, filled: Filled) -> tuple[float, ...]:
    """What the arguments that a text gives say for a function."""
    required = [each.name for each in function.parameters if each.required]
    suits = {name: max(0.0, match.score) for name, match in filled.matches.items()}
    weakest = min((suits[name] for name in required if name in suits), default=_UNSURE)
    optional = sum(suits.values()) - sum(suits.get(name, 0.0) for name in required)
    return (
        min(3, len(filled.missing)),
        1 - len(filled.missing) / len(required) if required else 0.0,
        min(_SURE, weakest) ** 2 / 10,
        optional,
        float(not filled.arguments or (not required and optional < _LEAST)),
        min(3, filled.left),
    )

"""English words as the offline model compares them: stems, stop words, opposites, numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

__all__ = [
    "GENERIC",
    "OPPOSITES",
    "STOP",
    "name_words",
    "number_value",
    "related",
    "stem",
    "stem_set",
    "stems",
]

_SUFFIXES = (
    ("ations", ""), ("ation", ""), ("ators", ""), ("ator", ""), ("ating", ""), ("ated", ""),
    ("ates", ""), ("ate", ""), ("ions", ""), ("ion", ""), ("ings", ""), ("ing", ""), ("ies", "y"),
    ("sses", "ss"), ("ed", ""), ("es", ""), ("ly", ""), ("ss", "ss"), ("us", "us"), ("is", "is"),
    ("s", ""), ("e", ""),
)  # fmt: skip
_KEPT = 4_096  # words; those of the tools come with each request
_WORD = re.compile(r"[A-Za-z]+(?:'[a-z]+)?|\d+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Za-z])(?=\d)")


@lru_cache(_KEPT)
def stem(word: str) -> str:
    """The part of a word that its plural, participle and noun share, roughly."""
    plain = word.lower().removesuffix("'s").replace("'", "")
    for suffix, instead in _SUFFIXES:
        least = 4 if len(suffix) > 3 else 3
        if plain.endswith(suffix) and len(plain) - len(suffix) >= least:
            plain = plain.removesuffix(suffix) + instead
            break
    doubled = len(plain) > 3 and plain[-1] == plain[-2] and plain[-1] in "bdgmnprt"
    return plain[:-1] if doubled else plain


def stems(text: str) -> tuple[str, ...]:
    """The stems of a text's words, in order."""
    return tuple(stem(word) for word in _WORD.findall(text))


def name_words(name: str) -> tuple[str, ...]:
    """The stems of an identifier's words: `turn_on_light`, `turnOnLight`, `light.turnOn`."""
    return stems(_CAMEL.sub(" ", name).replace("_", " "))


def stem_set(text: str) -> frozenset[str]:
    """The stems of a text's words."""
    return frozenset(stems(text))


STOP = stem_set(
    "a an the this that these those i me my we our you your he she it its they them their us "
    "is are was were be been am do does did done has have had will would can could should may "
    "might must shall what which who whom whose when where why how and or but if then than so "
    "as of in on at to for from by with about into over under between near up down out off per "
    "please want need like know there here some any all each both not no yes also just now very "
    "let's i'd i'm what's it's is's given based specified such e.g etc using used use"
)
"""Words that say nothing of what is wanted."""

GENERIC = stem_set(
    "get find calculate compute determine retrieve fetch search show give list provide return "
    "check tell look lookup query obtain help information info detail data value number result "
    "function user specific particular name type kind amount different various certain"
)
"""Words that many functions share: weak evidence for any one of them."""

OPPOSITES = tuple(
    (stem(a), stem(b))
    for a, b in (
        ("on", "off"), ("open", "close"), ("start", "stop"), ("add", "remove"), ("buy", "sell"),
        ("create", "delete"), ("enable", "disable"), ("lock", "unlock"), ("increase", "decrease"),
        ("up", "down"), ("show", "hide"), ("play", "pause"), ("encode", "decode"),
        ("encrypt", "decrypt"), ("mute", "unmute"), ("login", "logout"), ("first", "last"),
    )
)  # fmt: skip
"""Pairs of which one rules the other out."""

_GROUPS = tuple(
    stem_set(group)
    for group in (
        "weather forecast rain snow sunny temperature",
        "send message email mail write",
        "buy purchase order",
        "remove delete erase",
        "create make generate",
        "translate translation",
        "convert conversion exchange",
        "price cost",
        "movie film",
        "cheap expensive price",
        "weekday day",
        "current today",
        "play music song",
        "book reserve reservation",
        "schedule meeting appointment event calendar",
        "remind reminder",
        "distance far",
        "near nearest nearby closest",
        "recipe cook",
        "stock share",
    )
)


def related(one: str, other: str) -> bool:
    """Whether two stems abbreviate each other or belong to the same small group of meaning."""
    short, long = sorted((one, other), key=len)
    if len(short) >= 4 and long.startswith(short):
        return True
    return any(one in group and other in group for group in _GROUPS)


_SMALL = re.findall(
    r"\w+",
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen",
)
_ROUND = re.findall(r"\w+", "twenty thirty forty fifty sixty seventy eighty ninety")
_UNITS = {w: i for i, w in enumerate(_SMALL)} | {"once": 1, "twice": 2, "dozen": 12}
_TENS = {word: 10 * i for i, word in enumerate(_ROUND, 2)}
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}


def number_value(words: Iterable[str]) -> int | None:
    """The number that words such as "twenty", "five" spell, or None where one is no number word."""
    total = current = 0
    for word in words:
        plain = word.lower()
        if plain in _UNITS:
            current += _UNITS[plain]
        elif plain in _TENS:
            current += _TENS[plain]
        elif plain == "hundred":
            current = max(current, 1) * 100
        elif plain in _SCALES:
            total, current = total + max(current, 1) * _SCALES[plain], 0
        else:
            return None
    return total + current


NUMBER_WORDS = tuple((*_UNITS, *_TENS, *_SCALES))
"""Every word that `number_value` knows."""

"""English words as the offline model compares them: stems, stop words, opposites, numbers."""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = [
    "COMMANDS",
    "DEEDS",
    "GENERIC",
    "OPPOSITES",
    "STARTERS",
    "STOP",
    "groups",
    "name_words",
    "related",
    "stem",
    "stem_set",
    "stems",
]

_ENDING = re.compile(
    r"(?<=.{4})(?:at(?:ions?|ors?|ing|ed|es)|ions|ings|ors?|ly)$"
    r"|(?<=.{3})(?:ate|ion|ing|e[sd]?|(?<![su])s)$"
)
_KEPT = 4_096  # words; those of the tools come with each request
_WORD = re.compile(r"[A-Za-z]+(?:'[a-z]+)?|\d+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Za-z])(?=\d)")


@lru_cache(_KEPT)
def stem(word: str) -> str:
    """The part of a word that its plural, participle and noun share, roughly."""
    plain = _ENDING.sub("", word.lower().removesuffix("'s").replace("'", ""))
    if len(plain) > 3 and plain[-1] == "y" and plain[-2] not in "aeiou":
        plain = plain[:-1] + "i"
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
    "please want need like know same again there here some any all each both not no yes also "
    "just now very "
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
    (stem_set(a), stem_set(b))
    for a, b in (
        ("on", "off"), ("open", "close shut"), ("start", "stop"), ("add", "remove"),
        ("create add", "delete remove erase"), ("buy", "sell"), ("enable", "disable"),
        ("lock", "unlock"), ("increase", "decrease reduce"), ("up", "down"), ("show", "hide"),
        ("play", "pause"), ("encode", "decode"), ("encrypt", "decrypt"), ("mute", "unmute"),
        ("login", "logout"), ("first", "last"), ("send", "receive"), ("upload", "download"),
        ("high highest max maximum largest", "low lowest min minimum smallest"),
    )
)  # fmt: skip
"""Words that rule each other out."""

DEEDS = {
    stem(word): deed
    for deed, words in (
        ("read", "get find search look lookup fetch retrieve list show view check tell read query"),
        ("read", "display obtain know see provide locate identify give"),
        ("count", "calculate compute determine estimate evaluate solve"),
        ("make", "create add make new generate build register insert open write save"),
        ("drop", "delete remove erase cancel drop clear"),
        ("edit", "update change modify edit set adjust rename replace"),
        ("send", "send share post submit email text message"),
        ("book", "book reserve buy order purchase rent"),
        ("play", "play stream listen"),
        ("turn", "convert translate encode decode transform"),
    )
    for word in words.split()
}
"""What kind of deed a verb asks for."""

_GROUPS = tuple(
    stem_set(group)
    for group in (
        "weather forecast climate rain snow sunny humidity temperature", "movie film cinema",
        "watch see view movie video film", "actor actress cast star starring featuring",
        "director directed", "music song track tune", "hear listen play stream music song",
        "singer artist band musician", "painting artwork", "picture photo image",
        "recipe cook ingredient", "restaurant dining food meal eat dish",
        "hotel accommodation lodging room", "house home apartment flat property residence estate",
        "car vehicle automobile", "cab taxi ride", "trip travel journey tour",
        "flight fly airline plane", "road route direction way", "country nation",
        "book reserve reservation", "schedule appointment meeting event calendar",
        "remind reminder", "job work occupation career employment", "company business firm",
        "store shop", "buy purchase order", "price cost fee charge fare", "cheap expensive price",
        "money fund payment pay transfer", "account bank balance", "stock share",
        "send message email mail write", "author writer written book novel",
        "translate translation language english french german spanish",
        "remove delete erase cancel", "create make generate build new write save",
        "change modify update edit alter set replace", "start begin initiate launch",
        "stop end finish halt terminate kill", "run execute perform", "save store record log",
        "contain include mention", "read show display view", "find search look locate contain",
        "suggest recommend advice guidance", "compare versus difference",
        "rank standing top best", "convert conversion exchange", "sum add plus total",
        "subtract minus difference", "multiply times product", "divide quotient",
        "power raise exponent", "number count many", "high maximum max large highest most",
        "low minimum min small lowest least", "near nearest nearby close around", "distance far",
        "speed velocity fast quick", "surface area", "age old", "height tall", "length long",
        "weight heavy", "size big large", "current now today latest recent",
        "hour minute second time clock date", "weekday day", "history historical past",
        "pattern regex regexp", "occurrence appear often times", "entry row record",
        "folder directory", "people population person individual", "user profile account",
        "game sport match team player", "win winner victory", "teach course class lesson",
        "student school university college", "doctor physician", "disease illness symptom",
        "law legal court lawsuit case", "error bug issue problem",
    )
)  # fmt: skip

_GROUPS_OF = {
    word: tuple(number for number, group in enumerate(_GROUPS) if word in group)
    for word in frozenset().union(*_GROUPS)
}


def groups(word: str) -> tuple[int, ...]:
    """The numbers of the small groups of meaning that a stem belongs to."""
    return _GROUPS_OF.get(word, ())


@lru_cache(16 * _KEPT)
def related(one: str, other: str) -> bool:
    """Whether two stems are the same, abbreviate each other, or mean nearly the same."""
    short, long = (one, other) if len(one) <= len(other) else (other, one)
    if one == other or (len(short) >= 4 and long.startswith(short)):
        return True
    return not set(groups(one)).isdisjoint(groups(other))


COMMANDS = frozenset(DEEDS) | stem_set(
    "analyze answer apply arrange ask assist bring call choose close compare compile compose "
    "confirm connect copy count cut describe design detect discuss divide double download draw "
    "execute explain explore extract fill filter fix format go halve hear help if import include "
    "increase install invest join launch learn let load measure mix move multiply name organize "
    "pay perform pick place plan plot predict prepare print pull push put recommend record reduce "
    "refund remind repeat report request reset resize return reverse review roll rotate run say "
    "schedule select sell simulate sort split square start stop store subtract suggest summarize "
    "switch take test track transfer triple turn upload use verify visit want watch withdraw"
)
"""Verbs that a request begins with."""

STARTERS = COMMANDS | stem_set(
    "latest recent current best top people person like hi hello hey thanks thank sure ok okay "
    "please need"
)
"""Words that a request begins with; their capital makes them no name."""

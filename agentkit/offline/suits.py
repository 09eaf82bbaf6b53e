"""How much a piece looks like a value of a parameter, by its kind and the parameter's name."""

from __future__ import annotations

import re

from agentkit.offline.schemas import Parameter
from agentkit.offline.spans import Span
from agentkit.offline.words import stem_set

__all__ = ["FOLDER", "PLACES", "suits"]

FOLDER = stem_set("folder directory dir")
PLACES = stem_set(
    "city country location place zone region state town area destination origin address street "
    "where venue airport district province county neighborhood loc from to departure arrival"
)
"""Words of names of parameters that are places."""

_CITIES = stem_set("city location country state region province destination origin area")
_TEXTS = stem_set(
    "text message content body question sentence prompt comment note answer command script sql "
    "request instruction description reason"
)
_PEOPLE = stem_set(
    "person author artist actor director player user name contact cast singer composer team "
    "company brand title movie song album book band organization event"
)
_NONE = frozenset[str]()
_STRINGS = {
    "quoted": (2.6, 1.5, _TEXTS),
    "place": (1.7, 1.7, PLACES),
    "name": (1.6, 1.1, _PEOPLE | PLACES),
    "code": (1.5, 1.7, stem_set("pattern regex expression id identifier code number key sku "
                                "ticket reference serial symbol version")),
    "run": (0.8, 0.0, _NONE),
    "tail": (0.6, 2.5, _TEXTS),
    "object": (0.3, 2.9, _TEXTS),
    "number": (0.3, 0.0, _NONE),
    "formula": (0.5, 3.5, stem_set("func function equation expression polynomial formula")),
    "date": (0.2, 4.0, stem_set("date day start end deadline birthday birthdate when month")),
    "time": (0.2, 4.0, stem_set("time hour clock start end when")),
    "uri": (0.2, 4.0, stem_set("host hostname uri url link website site page address")),
    "email": (0.2, 4.0, stem_set("email mail recipient address sender to")),
    "path": (0.3, 3.9, stem_set("path file filename document database script") | FOLDER),
    "glob": (0.0, 4.2, stem_set("pattern glob file path include exclude")),
    "sql": (0.0, 4.2, stem_set("sql query statement command")),
}  # fmt: skip
"""What each kind is worth for a text, how much more where a name has one of the words."""

_MUST = (
    (stem_set("url uri link endpoint"), re.compile("[./]")),
    (stem_set("email"), re.compile("@")),
    (stem_set("id uuid"), re.compile(r"\d|^[A-Z]")),
    (stem_set("year phone zip postal"), re.compile(r"\d")),
    (stem_set("date"), re.compile(r"\d\D")),
)  # what bare words must have to be values of such parameters
_PATHS = {"path": 4.2, "glob": 1.0, "name": 1.4, "run": 1.4, "code": 1.4, "quoted": 1.4}
_BEFORE_PLACES = stem_set("in at near from to for of around is between and")
_NUMBERS = {"number": 1.0, "spelled": 0.7}
_CHOSEN, _MEANT, _EXAMPLE, _BRACKETS, _LIST = 4.5, 4.0, 3.0, 6.0, 3.5
_DATED = 7.0  # a date with its time, where both are asked for
_WHOLER = 0.15  # what "Oslo, Norway" gains beside "Oslo"
_UNTOLD = 0.5  # what "today" and "May 4" lose beside a whole date


def suits(parameter: Parameter, span: Span) -> float | None:
    """How well a piece looks like a value of the parameter; None where it cannot be one."""
    subject = parameter.item if parameter.kind == "array" and parameter.item else parameter
    textual, numeric = subject.kind in ("string", "any"), subject.kind in ("integer", "number")
    if subject.choices:
        return _choice_base(span) if span.kind == "choice" else None
    if span.kind == "example":
        return _EXAMPLE if textual else None
    if span.kind == "list":
        return _list_base(span, numeric=numeric) if parameter.kind == "array" else None
    if span.kind == "object" and parameter.kind == "object":
        return _BRACKETS
    if numeric:
        return _NUMBERS.get(span.kind)
    return _text_base(subject, span) if textual else None


def _choice_base(span: Span) -> float:
    said = bool(span.items) or span.text.lower() == str(span.value).lower()
    return _CHOSEN if said else _MEANT


def _list_base(span: Span, *, numeric: bool) -> float | None:
    if not span.items:
        return _BRACKETS
    fits = not numeric or all(each.kind in ("number", "spelled") for each in span.items)
    return _LIST if fits else None


def _text_base(parameter: Parameter, span: Span) -> float | None:
    form, told = parameter.format, span.moment is None or span.moment.told
    if form in ("date", "date-time", "time", "email", "uri"):
        whole = form == "date-time" and span.kind == "datetime"
        if not form.startswith(span.kind) and not whole:
            return None
        return _DATED if whole else 4.0 if told else 2.0
    if _lacks_form(parameter, span):
        return None
    if form == "path":
        return _path_base(parameter, span)
    base, more, names = _STRINGS.get(span.kind, (None, 0.0, _NONE))
    if base is None or names.isdisjoint(parameter.name_stems):
        return base
    if span.kind == "place" and parameter.name == "city" and not parameter.takes_region:
        return base
    return base + more + _WHOLER * span.text.count(",") - _UNTOLD * (not told)


def _lacks_form(parameter: Parameter, span: Span) -> bool:
    """Whether a piece cannot be what a parameter is by its name: a link without a dot."""
    bare = span.kind in ("run", "name", "place", "tail", "number")
    if "*." in parameter.description and span.kind in ("run", "name", "quoted"):
        return re.search(r"[*?.]", span.text) is None
    if not _CITIES.isdisjoint(parameter.name_stems):
        placed = span.kind != "run" or span.before in _BEFORE_PLACES
        return not placed or span.kind in ("date", "time", "number")
    wanted = (form for names, form in _MUST if not names.isdisjoint(parameter.name_stems))
    return bare and any(not form.search(span.text) for form in wanted)


def _path_base(parameter: Parameter, span: Span) -> float | None:
    """How well a piece suits a path; words are one only after "in" or beside "folder"."""
    about = parameter.description.lower()
    if span.kind == "path" and "director" in about and "file" not in about:
        return None if "." in span.text.strip("./") else _PATHS["path"]
    placed = span.before in _BEFORE_PLACES or not FOLDER.isdisjoint(span.near)
    return _PATHS.get(span.kind) if placed or span.kind in ("path", "glob") else None

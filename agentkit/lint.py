"""What is wrong with a set of tools before any model sees it, and what each of them costs.

An error means that a tool will be refused, or cannot do its work; a warning, that a model will use
it worse than it could. Nothing is called and nothing is sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations
from math import ceil
from typing import Any

from agentkit.addresses import is_address
from agentkit.catalog import Page, page, page_of
from agentkit.errors import DefinitionError
from agentkit.estimate import CHARS_PER_TOKEN
from agentkit.finding import Finding as Finding  # noqa: PLC0414 - its public place
from agentkit.function_tool import Tool
from agentkit.messages import ANSWER, Request
from agentkit.profile import plain
from agentkit.reading import READ
from agentkit.returns import unwritable
from agentkit.ticket import characters_of

Tools = Mapping[str, Tool[..., Any]]

_ALIKE = 0.95  # of the words of two descriptions: one in twenty may differ
_STEM = 6  # letters of a word that count: document, documents and documentation are one
_SAYS_LITTLE = (None, True, False)  # as a value of additionalProperties
_REPLACED = ("$schema", "$defs", "const")  # noise, or written in another way
_VALUES = ("const", "default", "enum", "examples")  # what stands there is no schema
_SHARE = 2  # definitions should leave room for two requests a minute
_WORD = re.compile(r"[^\W_]+")
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_COPY = re.compile(r"[-_]\d+\Z")  # what a second one of a name is often given


@dataclass(frozen=True, slots=True)
class _Refusals:
    """What a server refuses beside the keywords that its page names."""

    name: str = ".+"
    parameter: str = ".+"
    choice_at_top: bool = False
    lists_of_types: bool = False


# Gemini: "Must start with a letter or an underscore" (its FunctionDeclaration), and the page's
# sources. Anthropic: https://github.com/n8n-io/n8n/issues/30590 and
# https://github.com/anthropics/claude-code/issues/5878. OpenAI: its error text, as in
# https://github.com/langchain-ai/langchainjs/issues/9804.
_REFUSALS = {
    "anthropic": _Refusals(parameter=r"[a-zA-Z0-9_.-]{1,64}", choice_at_top=True),
    "gemini": _Refusals(name=r"[a-zA-Z_].*", lists_of_types=True),
    "openai": _Refusals(choice_at_top=True),
}


def lint(tools: Tools, interface: str | None = None) -> list[Finding]:
    """What to put right in a set of tools.

    Args:
        tools: Tools by name, such as a `Toolbox`.
        interface: The name or address of the interface whose refusals and limits count;
            groq if not given. The offline model refuses nothing.

    Raises:
        ConfigError: There is no such interface.
    """
    facts = _facts(interface or "groq")
    sound, found = [], []
    for each in tools.values():
        if problem := _broken(each):
            found.append(problem)
        else:
            sound.append(each)
            found += [*_told(each), *_returned(each), *_refused(each, facts)]
    found += [finding for pair in combinations(sound, 2) for finding in _confused(*pair)]
    return found + list(_set(sound, facts))


def tokens(tool: Tool[..., Any]) -> int:
    """What a tool's definition costs in each request, in tokens, as pacing estimates them.

    Raises:
        DefinitionError: It cannot be offered.
    """
    request = Request(messages=(), definitions=(tool.definition,))
    return ceil(characters_of(request) / CHARS_PER_TOKEN)


def _facts(interface: str) -> Page | None:
    if is_address(interface):
        return page_of(interface)
    name = interface.partition(":")[0]
    return None if name == "offline" else page(name)


def _broken(tool: Tool[..., Any]) -> Finding | None:
    try:
        _ = tool.definition
    except DefinitionError as error:
        return Finding(tool.name, "error", "broken-definition", str(error))
    return None


def _told(tool: Tool[..., Any]) -> Iterator[Finding]:
    """What the model is not told."""
    definition = tool.definition
    if not definition.description.strip():
        text = "No description: say in its docstring what it does and when to use it."
        yield Finding(tool.name, "error", "missing-description", text)
    parameters = definition.parameters.get("properties", {})
    silent = [n for n, schema in parameters.items() if not _described(schema)]
    if silent:
        names, one = _listed(silent), len(silent) == 1
        text = f"{names} {'has' if one else 'have'} no description: add one under Args:."
        yield Finding(tool.name, "warning", "missing-parameter-description", text)
    if tool.name == READ:
        text = f"{READ} is how a model reads on, and agents refuse it: give it another name."
        yield Finding(tool.name, "error", "reserved-name", text)
    if tool.name == ANSWER:
        text = f"{ANSWER} is the name of the typed answer, and agents with output= refuse it."
        yield Finding(tool.name, "warning", "reserved-name", text)


def _described(schema: Any) -> bool:
    return isinstance(schema, Mapping) and bool(str(schema.get("description", "")).strip())


def _returned(tool: Tool[..., Any]) -> Iterator[Finding]:
    try:
        kind = unwritable(tool.function, tool.name)
    except DefinitionError:  # a declared tool's function may have any annotations
        return
    if kind:
        text = f"It returns {kind}, which has no JSON form: return text, or values JSON can carry."
        yield Finding(tool.name, "error", "unserialisable-result", text)


def _refused(tool: Tool[..., Any], facts: Page | None) -> Iterator[Finding]:
    """What the interface refuses, or what is left out for it."""
    if facts is None:
        return
    rules, schema = _REFUSALS.get(facts.name, _Refusals()), tool.definition.parameters
    if not re.fullmatch(rules.name, tool.name):
        text = f"{facts.title} refuses this name: begin it with a letter."
        yield Finding(tool.name, "error", "refused-name", text)
    odd = [name for name in schema.get("properties", {}) if not re.fullmatch(rules.parameter, name)]
    if odd:
        text = f"{facts.title} refuses {_listed(odd)}: use letters, digits, _ . and -, at most 64."
        yield Finding(tool.name, "error", "refused-parameter-name", text)
    choices = [key for key in ("anyOf", "oneOf", "allOf", "not", "enum") if key in schema]
    if rules.choice_at_top and choices:
        text = f"{facts.title} refuses {choices[0]} at the top: put it inside a parameter."
        yield Finding(tool.name, "error", "refused-schema", text)
    if rules.lists_of_types and any(isinstance(s.get("type"), list) for s in _schemas(schema)):
        text = f"{facts.title} refuses lists of types: write them as anyOf."
        yield Finding(tool.name, "error", "refused-schema", text)
    if lost := _lost(schema, facts.quirks.refuses):
        text = (
            f"{facts.title} refuses {_listed(lost)}, so the model is not told of it: use a type "
            "that does without, or say it in the description."
        )
        yield Finding(tool.name, "warning", "lost-schema", text)


def _lost(schema: Mapping[str, Any], refused: tuple[str, ...]) -> list[str]:
    """The refused keywords that go without anything in their place."""
    whole = plain(dict(schema)) if "$ref" in refused else schema
    used = {key for each in _schemas(whole) for key in refused if each.get(key) not in _SAYS_LITTLE}
    return sorted(used - {*_REPLACED})


def _schemas(value: Any) -> Iterator[Mapping[str, Any]]:
    """All objects of a schema that may be schemas."""
    if isinstance(value, Mapping):
        yield value
        for key, inner in value.items():
            if key not in _VALUES:
                yield from _schemas(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _schemas(inner)


def _confused(one: Tool[..., Any], other: Tool[..., Any]) -> Iterator[Finding]:
    """Why a model would take one tool for the other.

    Names are the same when they have the same words in whatever order, case and spelling; a number
    at the end, as in `search_2`, does not count. Descriptions are near-identical when the
    parameters have the same names and at most one word in twenty differs, in its first six letters:
    one other word in a short text, such as "on" for "off", is enough to tell two tools apart.
    """
    name, first, second = one.name, _words(one), _words(other)
    if sorted(_parts(one.name)) == sorted(_parts(other.name)):
        text = f"Its name differs from {other.name} only in spelling: rename one by what it does."
        yield Finding(name, "warning", "similar-names", text)
    if not first or not second:
        return
    if first == second:
        text = f"{other.name} has the same description: say in both what sets them apart."
        yield Finding(name, "warning", "duplicate-description", text)
    elif _parameters(one) == _parameters(other) and _alike(_stems(first), _stems(second)):
        text = (
            f"{other.name} has nearly the same description and parameters: make one tool of them, "
            "or say first in both what sets them apart."
        )
        yield Finding(name, "warning", "near-identical", text)


def _words(tool: Tool[..., Any]) -> list[str]:
    return _WORD.findall(tool.definition.description.lower())


def _stems(words: list[str]) -> list[str]:
    return [word[:_STEM] for word in words]


def _parts(name: str) -> list[str]:
    return [part.lower() for part in _PART.findall(_COPY.sub("", name))]


def _parameters(tool: Tool[..., Any]) -> set[str]:
    return set(tool.definition.parameters.get("properties", {}))


def _alike(one: list[str], other: list[str]) -> bool:
    match = SequenceMatcher(None, one, other, autojunk=False)
    return match.quick_ratio() >= _ALIKE and match.ratio() >= _ALIKE


def _set(tools: list[Tool[..., Any]], facts: Page | None) -> Iterator[Finding]:
    """What is wrong with the set as a whole."""
    if facts is None:
        return
    most = facts.options["functions"].most if "functions" in facts.options else None
    if most is not None and len(tools) > most:
        text = f"{facts.title} takes at most {most} tools, not {len(tools)}: offer fewer."
        yield Finding("", "error", "too-many-tools", text)
    elif 0 < (advised := facts.quirks.advised_tools) < len(tools):
        text = f"{facts.title} advises {advised} tools at most, not {len(tools)}: offer fewer."
        yield Finding("", "warning", "too-many-tools", text)
    total = sum(map(tokens, tools))
    least = min((plan.tokens_per_minute for plan in facts.plans), default=None)
    if least is not None and total > least // _SHARE:
        text = (
            f"Each request spends about {total:,} tokens on definitions, and {facts.title}'s "
            f"smallest plan has {least:,} a minute: offer fewer tools, or describe them in less."
        )
        yield Finding("", "warning", "costly-definitions", text)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"

"""What a server lists -> tools that a model can be offered."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from hashlib import sha256
from typing import Any

from agentkit.context import Context
from agentkit.errors import DefinitionError
from agentkit.function_tool import Tool, ToolOptions
from agentkit.mcp.client.cleaning import clean, clean_schema
from agentkit.mcp.client.pins import Definition
from agentkit.mcp.client.remote import Remote
from agentkit.mcp.client.results import value_of
from agentkit.mcp.client.spoken import Listing

_UNFIT = re.compile(r"[^a-zA-Z0-9_-]")
_LONGEST_NAME = 64
_DESCRIPTION = 4_000  # characters of a description that a model is told
_DEFINITION = 64_000  # characters of a definition as JSON
_ALL = 1_000_000  # characters of all definitions of a server
_TOLD = 1_000  # times that a call may tell its progress

Approve = Callable[..., bool | str | None] | None


def definitions(listing: Listing) -> tuple[dict[str, Definition], list[str]]:
    """The definitions by name, as they came, and what is wrong with others, which are left out."""
    found: dict[str, Definition] = {}
    problems: list[str] = []
    size = 0
    for each in listing:
        name, length = each["name"], len(json.dumps(each))
        if name in found:
            problems.append(f"{_shown(name)} is listed twice; the first one counts")
        elif length > _DEFINITION or size + length > _ALL:
            problems.append(f"{_shown(name)} is left out: its definition is too long")
        else:
            found[name] = each
            size += length
    return found, problems


def names(known: Iterable[str], prefix: str) -> dict[str, str]:
    """The names that a model is told, by the server's own: those that fit stay as they are."""
    given: dict[str, str] = {}
    taken: set[str] = set()
    fits = {name: _UNFIT.sub("_", prefix + name) for name in known}
    for name in sorted(known, key=lambda each: fits[each] != prefix + each):  # in order, else
        fit = fits[name]
        mark = name
        while len(fit) > _LONGEST_NAME or fit in taken:  # a server may have meant it so
            mark = sha256(mark.encode("utf-8", "replace")).hexdigest()
            fit = f"{fits[name][: _LONGEST_NAME - 9]}_{mark[:8]}"
        given[name] = fit
        taken.add(fit)
    return {name: given[name] for name in known}


def offered(
    remote: Remote,
    known: Mapping[str, Definition],
    prefix: str,
    trust_hints: bool | None,
    approve: Callable[[str], Approve],
) -> tuple[list[Tool[..., Any]], list[str]]:
    """Tools for the definitions, and what is wrong with those that cannot be offered.

    Args:
        remote: The server.
        known: The definitions.
        prefix: Goes before each name.
        trust_hints: See `mcp`.
        approve: Gives what decides, for a name of the server, whether a call must be approved.
    """
    tools: list[Tool[..., Any]] = []
    problems: list[str] = []
    for name, fit in names(known, prefix).items():
        try:
            effects = effects_of(known[name].get("annotations", {}), trust_hints)
            effects["approve"] = approve(name)
            tools.append(_tool(remote, fit, known[name], effects))
        except (DefinitionError, RecursionError, ValueError) as error:
            problems.append(f"{_shown(name)} is left out: {clean(str(error), 300)}")
    return tools, problems


def _tool(remote: Remote, fit: str, definition: Definition, options: ToolOptions) -> Tool[..., Any]:
    if definition.get("execution", {}).get("taskSupport") == "required":
        raise DefinitionError("it runs as a task of the server, and tasks are not supported")
    title = definition.get("title") or definition.get("annotations", {}).get("title") or ""
    text = clean(definition.get("description") or title, _DESCRIPTION)
    schema = clean_schema(definition["inputSchema"])
    ours = {"name": fit, "description": text, "parameters": schema}
    function = _function(remote, definition["name"], options["idempotent"])
    return Tool.declared(ours, function, **options)


def effects_of(hints: Mapping[str, Any], trust: bool | None) -> ToolOptions:
    """The effects that a server's hints tell of, with the protocol's own defaults for the others.

    Args:
        hints: `annotations` of a definition.
        trust: None believes what the tool does to the world, and takes its results for anybody's
            text all the same; True believes that too; False believes nothing.
    """
    told = hints if trust is not False else {}
    read_only = told.get("readOnlyHint") is True
    return ToolOptions(
        read_only=read_only,
        destructive=not read_only and told.get("destructiveHint") is not False,
        idempotent=read_only or told.get("idempotentHint") is True,
        open_world=not (trust and told.get("openWorldHint") is False),
    )


def _function(remote: Remote, name: str, safe: bool) -> Callable[..., Any]:
    async def call(*, agentkit_context: Context[Any], **arguments: Any) -> Any:
        told = _telling(agentkit_context, remote)
        return value_of(await remote.call(name, arguments, told, safe=safe))

    return call


def _telling(context: Context[Any], remote: Remote) -> Callable[[str, float | None], None]:
    """Tells the run a call's progress, as long as there is not too much of it."""
    left = iter(range(_TOLD))

    def tell(message: str, fraction: float | None) -> None:
        if next(left, None) is not None:
            with suppress(RuntimeError):  # the loop of the run is closed
                context.progress(clean(message, 500), fraction)

    return tell


def _shown(name: str) -> str:
    return repr(clean(name, 100))

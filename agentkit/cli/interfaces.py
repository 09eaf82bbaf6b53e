"""`agentkit interfaces`: the ways to a model, from their pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from textwrap import fill
from typing import Annotated

import typer

from agentkit import ConfigError
from agentkit.catalog import FIRST, Page, names, page
from agentkit.cli.lazy import new_app
from agentkit.cli.output import write
from agentkit.cli.text import columns
from agentkit.offline import OfflineInterface
from agentkit.settings import Settings, aliases_for, read_settings

_COMMANDS = {
    "add": (
        "agentkit.cli.pages:add",
        "Add an interface: write a page for a server that speaks chat completions.",
    ),
    "remove": ("agentkit.cli.pages:remove", "Remove a page of your own."),
}


app = new_app(_COMMANDS)

_NO_KEY = "none needed"
_OFFLINE = """\
Offline rules

The offline model is part of agentkit. It is no language model: it goes by rules, needs no key and
no network, and gives the same reply to the same request. It understands English requests that name
what a tool does and the values to use, calls the tools that fit, asks for a value that is missing,
and repeats the results. Take it to try agentkit out, and to test tools and programs, not to get
knowledge or text.

Interface name: offline

Model: {model}, for every alias and name

Features
  Streaming: true
  Functions: true
"""
_DIALECTS = {
    "auto": "auto: functions, and tools where the server refuses or ignores those",
    "functions": "functions",
    "tools": "tools",
}


@app.callback(invoke_without_command=True)
def interfaces(context: typer.Context) -> None:
    """List the interfaces, show all about one, or add and remove pages of your own."""
    if context.invoked_subcommand is None:
        list_interfaces()


@app.command("list")
def list_interfaces() -> None:
    """List the interfaces: name, title, the model for agents, the key and whether it is set."""
    settings = read_settings()
    rows = [("NAME", "TITLE", "AGENT MODEL", "KEY", "KEY SET")]
    rows += (_row(name, settings) for name in names())
    rows.append(("offline", "Offline rules", OfflineInterface.model, _NO_KEY, ""))
    write(columns(rows) + "\n")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="The interface's name.", show_default=False)],
) -> None:
    """Show all about an interface: models, prices, options, features, and how to get a key."""
    if name == "offline":
        write(_OFFLINE.format(model=OfflineInterface.model))
        return
    sections = _sections(page(name), read_settings())
    write("\n\n".join("\n".join(lines) for lines in sections if lines) + "\n")


def _row(name: str, settings: Settings) -> tuple[str, str, str, str, str]:
    try:
        each = page(name)
    except ConfigError as error:  # one bad page of the user's own hides no other
        return (name, str(error), "", "", "")
    model = aliases_for(name, each.aliases, settings).get("agent", "")
    if not each.key_variable:
        return (name, each.title, model, _NO_KEY, "")
    is_set = "yes" if os.environ.get(each.key_variable) else "no"
    return (name, each.title, model, each.key_variable, is_set)


def _sections(page: Page, settings: Settings) -> Iterator[list[str]]:
    yield [page.title]
    yield [_wrapped(page.about), page.home]
    yield [f"Interface name: {page.name}", f"Address: {page.base_url}{_moved(page)}"]
    aliases = aliases_for(page.name, page.aliases, settings)
    yield ["Aliases", *_aliases(page, aliases, settings)]
    models = list(dict.fromkeys(aliases.values()))
    yield _titled("Retired models", _retired(page, models))
    yield _titled("Prices, in US dollars for a million tokens", _prices(page, models))
    yield ["Options", *_options(page)]
    yield _titled(
        "Features",
        [f"  {name.capitalize()}: {str(has).lower()}" for name, has in page.features.items()],
    )
    yield [f"Dialect: {_DIALECTS[page.dialect]}", *_quirks(page)]
    yield list(_key(page))
    yield [f"Documentation: {page.documentation}"] if page.documentation else []


def _titled(title: str, lines: list[str]) -> list[str]:
    return [title, *lines] if lines else []


def _moved(page: Page) -> str:
    is_set = os.environ.get(page.base_url_variable)  # its value may hold a password
    return f" ({page.base_url_variable} is set and replaces it)" if is_set else ""


def _aliases(page: Page, aliases: dict[str, str], settings: Settings) -> list[str]:
    own = settings.interfaces[page.name].aliases if page.name in settings.interfaces else {}
    rows = []
    for alias, model in aliases.items():
        usual = page.aliases.get(alias)
        origin = "a settings file" if model == own.get(alias) else "the environment"
        instead = f", instead of {usual}" if usual else ""
        told = "" if model == usual else f"(from {origin}{instead})"
        first = "(the first that the server lists)" if model == FIRST else ""
        rows.append((f"  {alias}", model, told or first))
    return columns(rows).splitlines() if rows else []


def _retired(page: Page, models: list[str]) -> list[str]:
    found = [each for each in map(page.successor, models) if each]
    rows = [
        (
            f"  {each.model}",
            f"since {each.date}",
            f"{page.current(each.model)} is asked instead, where the server refuses it",
        )
        for each in found
    ]
    return columns(rows).splitlines() if rows else []


def _prices(page: Page, models: list[str]) -> list[str]:
    """What the aliases' models cost, or those that are asked instead."""
    wanted = {name for model in models for name in (model, page.current(model))}
    rows = [
        (
            f"  {each.model}",
            f"{each.input:g} in",
            f"{each.output:g} out",
            "" if each.cached is None else f"{each.cached:g} cached",
            f"on {each.date}",
        )
        for each in page.prices
        if each.model in wanted
    ]
    return columns(rows).splitlines() if rows else []


def _options(page: Page) -> Iterator[str]:
    for name, option in page.options.items():
        yield f"  {name}: {option.type}{option.range}"
        yield _wrapped(option.description, "      ")


def _quirks(page: Page) -> Iterator[str]:
    """What of the server's own ways shows from outside."""
    for name, other in page.quirks.rename.items():
        yield f"The option {name} is sent as {other}."
    if page.quirks.refuses:
        refused = ", ".join(page.quirks.refuses)
        yield _wrapped(f"Left out of schemas, because the server refuses them: {refused}.")


def _key(page: Page) -> Iterator[str]:
    """How to get a key, or how to start a server that needs none."""
    yield "API key" if page.key_variable or not page.local else "How to start it"
    told = [page.key[part] for part in ("price", "steps", "address") if page.key.get(part)]
    yield from (f"  {part}" if part.startswith("http") else _wrapped(part, "  ") for part in told)
    if page.key_variable:
        is_set = "set" if os.environ.get(page.key_variable) else "not set"
        yield f"  {page.key_variable} is {is_set}."
    elif not told:
        yield f"  {_NO_KEY}"


def _wrapped(text: str, indent: str = "") -> str:
    width = min(shutil.get_terminal_size((100, 24)).columns, 100)
    return fill(
        text,
        max(width, 40),
        initial_indent=indent,
        subsequent_indent=indent,
        break_on_hyphens=False,  # names and commands stay whole
    )

"""`agentkit interfaces`: the ways to a model, from their pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from textwrap import fill
from typing import Annotated

import typer

import agentkit
from agentkit.catalog import Page, names, page
from agentkit.cli.output import write
from agentkit.cli.text import columns
from agentkit.settings import Settings, aliases_for, read_settings

app = typer.Typer(rich_markup_mode=None)

_OFFLINE = """\
Offline rules

The offline model is part of agentkit. It is no language model: it has rules and no weights, needs
no key and no network, and gives the same reply to the same request. It understands simple English
requests that name what a tool does and the values to use, calls the tools that fit, and repeats
their results. Take it to try agentkit out and to test programs, not to get knowledge or text.

Interface name: offline

Model: {model}, for every alias and name

Features
  Streaming: true
  Functions: true
"""


@app.callback(invoke_without_command=True)
def interfaces(context: typer.Context) -> None:
    """List the interfaces, or show all about one."""
    if context.invoked_subcommand is None:
        list_interfaces()


@app.command("list")
def list_interfaces() -> None:
    """List the interfaces: name, title, the model for agents, the key and whether it is set."""
    settings = read_settings()
    rows = [("NAME", "TITLE", "AGENT MODEL", "KEY", "KEY SET")]
    for each in map(page, names()):
        model = aliases_for(each.name, each.aliases, settings).get("agent", "")
        is_set = "yes" if os.environ.get(each.key_variable) else "no"
        rows.append((each.name, each.title, model, each.key_variable, is_set))
    rows.append(("offline", "Offline rules", agentkit.OfflineInterface.model, "none needed", ""))
    write(columns(rows) + "\n")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="The interface's name.", show_default=False)],
) -> None:
    """Show all about an interface: models, options, features, and how to get a key."""
    if name == "offline":
        write(_OFFLINE.format(model=agentkit.OfflineInterface.model))
        return
    sections = _sections(page(name), read_settings())
    write("\n\n".join("\n".join(lines) for lines in sections) + "\n")


def _sections(page: Page, settings: Settings) -> Iterator[list[str]]:
    yield [page.title]
    yield [_wrapped(page.about), page.home]
    yield [f"Interface name: {page.name}", f"Address: {page.base_url}{_moved(page)}"]
    yield ["Aliases", *_aliases(page, settings)]
    yield ["Options", *_options(page)]
    yield [
        "Features",
        *(f"  {name.capitalize()}: {str(has).lower()}" for name, has in page.features.items()),
    ]
    is_set = "set" if os.environ.get(page.key_variable) else "not set"
    yield [
        "API key",
        *(_wrapped(page.key[part], "  ") for part in ("price", "steps")),
        f"  {page.key['address']}",
        f"  {page.key_variable} is {is_set}.",
    ]
    yield [f"Documentation: {page.documentation}"]


def _moved(page: Page) -> str:
    is_set = page.base_url_variable in os.environ  # its value may hold a password
    return f" ({page.base_url_variable} is set and replaces it)" if is_set else ""


def _aliases(page: Page, settings: Settings) -> list[str]:
    own = settings.interfaces[page.name].aliases if page.name in settings.interfaces else {}
    rows = []
    for alias, model in aliases_for(page.name, page.aliases, settings).items():
        usual = page.aliases.get(alias)
        origin = "a settings file" if model == own.get(alias) else "the environment"
        instead = f", instead of {usual}" if usual else ""
        rows.append((f"  {alias}", model, "" if model == usual else f"(from {origin}{instead})"))
    return columns(rows).splitlines()


def _options(page: Page) -> Iterator[str]:
    for name, option in page.options.items():
        yield f"  {name}: {option.type}{option.range}"
        yield _wrapped(option.description, "      ")


def _wrapped(text: str, indent: str = "") -> str:
    width = min(shutil.get_terminal_size((100, 24)).columns, 100)
    return fill(text, max(width, 40), initial_indent=indent, subsequent_indent=indent)

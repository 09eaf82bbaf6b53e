"""`agentkit interfaces add` and `remove`: pages of the user's own."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import typer

from agentkit import ConfigError, catalog
from agentkit.addresses import is_address
from agentkit.catalog import FIRST, own_pages, page_of, read_page
from agentkit.cli.output import write
from agentkit.errors import closest
from agentkit.redact import redact

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}\Z")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")  # keys that TOML takes without quotes
_TAKEN = ("offline", "local")
_ALIASES = ("default", "large", "small", "agent")
_ENDPOINT = "/chat/completions"


Name = Annotated[str, typer.Argument(help="The interface's name.", show_default=False)]
Url = Annotated[
    str, typer.Option("--url", show_default=False, help=f"The address up to {_ENDPOINT}.")
]
KeyVariable = Annotated[
    str,
    typer.Option(
        "--key-variable",
        metavar="VARIABLE",
        show_default=False,
        help="The environment variable that holds the key. Default: no key is needed.",
    ),
]
Model = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        show_default=False,
        help="The model of all aliases. Default: the first that the server lists.",
    ),
]
Aliases = Annotated[
    list[str] | None,
    typer.Option(
        "--alias",
        metavar="ALIAS=MODEL",
        show_default=False,
        help="The model of one alias, such as large=big-model. Repeat it for more.",
    ),
]
Dialect = Annotated[
    Literal["tools", "functions", "auto"],
    typer.Option("--dialect", help="How the server spells function calls."),
]
Title = Annotated[str, typer.Option("--title", show_default=False, help="Its name for people.")]
Force = Annotated[bool, typer.Option("--force", help="Replace a page that is there.")]


def add(
    name: Name,
    *,
    url: Url,
    key_variable: KeyVariable = "",
    model: Model = FIRST,
    alias: Aliases = None,
    dialect: Dialect = "tools",
    title: Title = "",
    force: Force = False,
) -> None:
    """Add an interface: write a page for a server that speaks chat completions.

    \b
    agentkit interfaces add here --url http://localhost:8080/v1
    agentkit interfaces add work --url https://llm.example.org/v1 --key-variable WORK_KEY
    agentkit run "What is 17 * 23?" --interface work
    """
    path = own_pages() / f"{_free(name)}.toml"
    if path.exists() and not force:
        raise ConfigError(f"There is a page {name!r} already, {path}: --force replaces it.")
    address = _address(url)
    values: dict[str, Any] = {
        "title": title or name,
        "about": "A server that speaks chat completions.",
        "home": _origin(address),
        "base_url": address,
        "key_variable": _variable(key_variable),
        "dialect": dialect,
        "aliases": dict.fromkeys(_ALIASES, model or FIRST) | _pairs(alias or []),
        "features": {"streaming": True, "functions": True},
        "key": _how(name, address, key_variable),
        "options": {"common": list(page_of(address).options)},
    }
    text = _toml(values)
    read_page(name, text)
    _save(path, text)
    write(f"{path}\n")


def remove(name: Name) -> None:
    """Remove a page of your own."""
    own = {each.name.removesuffix(".toml"): each for each in own_pages().glob("*.toml")}
    if name not in own:
        if _is_ours(name):
            raise ConfigError(f"{name!r} is one of agentkit's own interfaces, which stay.")
        known = ", ".join(sorted(own)) or "none"
        raise ConfigError(f"There is no own page {name!r}.{closest(name, own)} There are: {known}.")
    try:
        own[name].unlink()
    except OSError as error:
        raise ConfigError(f"{own[name]} cannot be removed: {error.strerror}.") from error
    _forget()
    write(f"{own[name]} is removed.\n")


def _free(name: str) -> str:
    if not _NAME.match(name):
        raise ConfigError(
            f"{name!r} is no name for an interface: take small letters, digits, - and _."
        )
    if _is_ours(name):
        raise ConfigError(f"{name!r} is one of agentkit's own interfaces: take another name.")
    return name


def _is_ours(name: str) -> bool:
    inside = {each.name for each in files(catalog).iterdir()}
    return name in _TAKEN or f"{name}.toml" in inside


def _address(url: str) -> str:
    """The address without the end that agentkit puts there itself.

    Raises:
        ConfigError: It is none, or has parts that no address of a server needs.
    """
    url = url.strip()
    if not is_address(url):
        raise ConfigError("--url takes an address such as https://llm.example.org/v1.")
    parts = urlsplit(url)
    if "@" in parts.netloc:
        raise ConfigError("--url takes no password: put it into a variable for --key-variable.")
    if parts.query or parts.fragment:
        raise ConfigError(f"--url takes an address up to {_ENDPOINT}, without ? and #.")
    return url.rstrip("/").removesuffix(_ENDPOINT).rstrip("/")


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _variable(name: str) -> str:
    if redact(name) != name:
        raise ConfigError("--key-variable takes the name of a variable, not the key itself.")
    if name and not _VARIABLE.match(name):
        raise ConfigError("--key-variable takes the name of a variable, such as WORK_KEY.")
    return name


def _pairs(given: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for text in given:
        alias, equals, model = (part.strip() for part in text.partition("="))
        if not (alias and equals and model):
            raise ConfigError(f"--alias {text!r} is not of the form ALIAS=MODEL.")
        pairs[alias] = model
    return pairs


def _how(name: str, address: str, variable: str) -> dict[str, str]:
    if not variable:
        return {"price": f"No key is needed for {name}."}
    return {"steps": f"Put the key of {name} into {variable}.", "address": _origin(address)}


def _toml(values: Mapping[str, Any]) -> str:
    """Texts, truths, lists of texts, and tables of them."""
    tables = {key: value for key, value in values.items() if isinstance(value, dict)}
    lines = [f"{key} = {_spelled(value)}" for key, value in values.items() if key not in tables]
    for table, inside in tables.items():
        lines += ["", f"[{table}]"]
        lines += [f"{_key(key)} = {_spelled(value)}" for key, value in inside.items()]
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return name if _BARE.match(name) else _spelled(name)


def _spelled(value: str | bool | list[str]) -> str:
    """A value as TOML, which spells texts as JSON does but for one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _save(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode(errors="replace"))
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error}.") from error
    _forget()


def _forget() -> None:
    """Let the process see the pages anew."""
    catalog.names.cache_clear()
    catalog.page.cache_clear()

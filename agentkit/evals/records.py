"""What stands in a file of cases, not yet read: JSON lines, JSON or YAML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from json import JSONDecodeError
from pathlib import Path
from typing import Any

from agentkit.errors import ConfigError
from agentkit.strict_json import DEEP, is_deep, strict

_YAML = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Record:
    """A case as it stands in its file.

    Args:
        place: Where it is, such as `cases.jsonl, line 3`.
        value: What is there.
    """

    place: str
    value: Any


def records(path: Path) -> Iterator[Record]:
    """The cases of a file as they stand there.

    Raises:
        ConfigError: It cannot be read.
    """
    text = text_of(path)
    if path.suffix.lower() in _YAML:
        yield from _of_yaml(text, path)
    elif path.suffix.lower() == ".json":
        document = _json(text, str(path))
        cases, defaults = _parts(document, str(path))
        for number, value in enumerate(cases, 1):
            yield _with(defaults, Record(f"{path}, case {number}", value))
    else:
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                place = f"{path}, line {number}"
                yield Record(place, _json(line, place))


def text_of(path: Path) -> str:
    """The text of a file.

    Raises:
        ConfigError: There is none, or it is no UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is no UTF-8: `iconv -t utf-8` makes it so.") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}.") from error


def document(path: Path) -> Any:
    """What a file of JSON or YAML holds.

    Raises:
        ConfigError: It cannot be read.
    """
    text = text_of(path)
    if path.suffix.lower() not in _YAML:
        return _json(text, str(path))
    node, construct = _composed(text, path)
    return construct(node)


def _json(text: str, place: str) -> Any:
    try:
        return strict(text, unique=True)
    except ValueError as error:
        raise ConfigError(f"{place}: it is no JSON: {_said(error)}.") from None


def _said(error: ValueError) -> str:
    """Without the line, where the place names it already."""
    if isinstance(error, JSONDecodeError):
        line = f"line {error.lineno}, " if error.lineno > 1 else ""
        return f"{error.msg} ({line}column {error.colno})"
    return str(error)


def _parts(found: Any, place: str) -> tuple[list[Any], dict[str, Any]]:
    """The cases of a document, and what holds for all that do not say it themselves."""
    if isinstance(found, list):
        return found, {}
    if not isinstance(found, dict) or not isinstance(found.get("cases"), list):
        raise ConfigError(f"{place}: it is a list of cases, or an object with a list `cases`.")
    if more := sorted(found.keys() - {"cases", "defaults"}):
        raise ConfigError(f"{place}: beside cases there is only `defaults`, not {more[0]!r}.")
    defaults = found.get("defaults", {})
    if not isinstance(defaults, dict):
        raise ConfigError(f"{place}: defaults is an object with what all cases share.")
    return found["cases"], defaults


def _with(defaults: Mapping[str, Any], record: Record) -> Record:
    if not defaults or not isinstance(record.value, dict):
        return record
    return Record(record.place, {**defaults, **record.value})


def _of_yaml(text: str, path: Path) -> Iterator[Record]:
    node, construct = _composed(text, path)
    cases, defaults = _parts(construct(node), str(path))
    for value, line in zip(cases, _lines(node), strict=True):
        yield _with(defaults, Record(f"{path}, line {line}", value))


def _lines(node: Any) -> list[int]:
    """The lines in which the cases of a document begin."""
    if isinstance(node.value, list) and node.id == "mapping":
        node = next(value for name, value in node.value if name.value == "cases")
    return [each.start_mark.line + 1 for each in node.value]


def _composed(text: str, path: Path) -> tuple[Any, Any]:
    """A YAML document as nodes, and what makes values of them."""
    try:
        yaml: Any = import_module("yaml")
    except ImportError:
        raise ConfigError(
            f'{path}: YAML needs PyYAML: pip install "agentkit[yaml]". JSON lines need nothing.'
        ) from None
    loader = _loader(yaml)(text)
    try:
        node = loader.get_single_node()
        if node is None:
            raise ConfigError(f"{path} is empty.")

        def construct(node: Any) -> Any:
            try:
                value = loader.construct_object(node, deep=True)
                if is_deep(value):
                    raise ValueError(f"it is nested more than {DEEP} levels deep")
            except (yaml.YAMLError, ValueError, RecursionError) as error:
                raise ConfigError(f"{path}: it is no YAML that JSON can hold: {error}.") from None
            return value

        return node, construct
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        said = getattr(error, "problem", None) or error
        raise ConfigError(f"{path}{line}: it is no YAML: {said}.") from None


_SCALARS = {
    "bool": ("tf", r"(?:true|false)\Z"),
    "int": ("-+0123456789", r"(?:[-+]?(?:0|[1-9][0-9]*)|0x[0-9a-fA-F]+)\Z"),
    "float": ("-+0123456789", r"[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?\Z"),
}
"""What is no text in a YAML file, by the characters that it begins with."""


def _loader(yaml: Any) -> Any:
    """Reads YAML with the types of JSON: `no` is a text, and so are a date, 12:30 and 007."""
    kept = ("tag:yaml.org,2002:null", "tag:yaml.org,2002:merge")
    base = yaml.SafeLoader
    resolvers = {
        first: [(tag, pattern) for tag, pattern in each if tag in kept]
        for first, each in base.yaml_implicit_resolvers.items()
    }
    loader: Any = type("Loader", (base,), {"yaml_implicit_resolvers": resolvers})
    for name, (first, pattern) in _SCALARS.items():
        loader.add_implicit_resolver(f"tag:yaml.org,2002:{name}", re.compile(pattern), first)
    return loader

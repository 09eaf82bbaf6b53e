"""Keep out of what models, logs and people read what is not fit for them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any

_KEYS = re.compile(r"\b(?:gsk_|sk-|xai-|AIza)[A-Za-z0-9_-]{8,}|(?<=Bearer )[^\s'\"\\]{8,}")
_NAMES = re.compile(r"(?:API_?KEY|_KEY|TOKEN|SECRET|PASSWORD|PASSWD)\Z")
_FREE = ("parameters", "extra")  # whose own fields may have any name
_UNFIT = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours and cursor movements, whole
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f]"  # what is left of C0 and C1, but not \t and \n
)
_DELETE = "\x7f"  # which JSON leaves as it is
HIDDEN = "[secret]"
"""What stands in the place of a secret."""

SHORTEST = 8
"""Characters of a secret; hiding a shorter one would also hide ordinary words."""


def redact(text: str, *secrets: str) -> str:
    """The text without API keys, values of secret environment variables, and the given secrets."""
    return hide(text, (*environment_secrets(), *secrets))


def environment_secrets() -> list[str]:
    """The values of environment variables whose names say that they are secret."""
    return secret_values(os.environ)


def secret_values(variables: Mapping[str, str]) -> list[str]:
    """The values of those variables whose names say that they are secret."""
    return [value for name, value in variables.items() if _NAMES.search(name.upper())]


def hide(text: str, secrets: Iterable[str]) -> str:
    """The text without API keys and the given secrets, but for short ones."""
    return _KEYS.sub(HIDDEN, without(text, (s for s in secrets if len(s) >= SHORTEST)))


def without(text: str, secrets: Iterable[str]) -> str:
    """The text without these secrets, however short, in any of the forms that JSON gives them."""
    for form in _forms(tuple(secrets)):
        text = text.replace(form, HIDDEN)
    return text


@lru_cache(maxsize=32)
def _forms(secrets: tuple[str, ...]) -> tuple[str, ...]:
    """What to look for, the longest secrets first."""
    return tuple(
        dict.fromkeys(
            form
            for secret in sorted(filter(None, secrets), key=len, reverse=True)
            for form in (
                secret,
                json.dumps(secret, ensure_ascii=False)[1:-1],
                json.dumps(secret)[1:-1],
            )
        )
    )


def hide_all(value: Any, secrets: Iterable[str]) -> Any:
    """`hide_in`, also in the names of fields, and in numbers."""
    secrets = list(secrets)
    return _numbers(value, lambda text: hide(text, secrets))


def hide_in(value: Any, secrets: Iterable[str], kept: Collection[str] = ()) -> Any:
    """A plain value in whose texts API keys and the given secrets are hidden.

    Args:
        value: As JSON has it. Arguments of calls, which are JSON in a text, stay JSON.
        secrets: What to hide.
        kept: Names of fields that stay as they are, such as the role of a message.
    """
    secrets = list(secrets)
    return _each(value, lambda text: hide(text, secrets), kept)


def _each(value: Any, hidden: Callable[[str], str], kept: Collection[str] = ()) -> Any:
    match value:
        case str():
            return hidden(value)
        case dict():
            return {
                name: each
                if name in kept and isinstance(each, str)
                else _arguments(each, hidden)
                if name == "arguments" and isinstance(each, str)
                else _each(each, hidden, () if name in _FREE else kept)
                for name, each in value.items()
            }
        case list() | tuple():
            return [_each(each, hidden, kept) for each in value]
    return value


def _arguments(text: str, hidden: Callable[[str], str]) -> str:
    new = hidden(text)
    if new == text or is_json(new) or not is_json(text):
        return new
    return json.dumps(_numbers(json.loads(text), hidden))  # the secret is a number


def is_json(text: str | bytes) -> bool:
    """Whether a text is JSON."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _numbers(value: Any, hidden: Callable[[str], str]) -> Any:
    """The values with numbers hidden too."""
    if isinstance(value, dict):
        return {hidden(name): _numbers(each, hidden) for name, each in value.items()}
    if isinstance(value, list):
        return [_numbers(each, hidden) for each in value]
    text = value if isinstance(value, str) else json.dumps(value)
    return value if hidden(text) == text else hidden(text)


def spelled(text: str) -> str:
    """The text with each character that does not show spelled out, but for line ends."""
    return "".join(each if each.isprintable() or each == "\n" else _spelled(each) for each in text)


def _spelled(character: str) -> str:
    return json.dumps(character)[1:-1] if character != _DELETE else "\\u007f"


def plain(text: str) -> str:
    """The text without escape sequences and control characters; line ends and tabs stay."""
    return _UNFIT.sub("", text)

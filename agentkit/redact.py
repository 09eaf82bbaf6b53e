"""Keep out of what models, logs and people read what is not fit for them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable

_KEYS = re.compile(r"\b(?:gsk_|sk-|xai-|AIza)[A-Za-z0-9_-]{8,}|(?<=Bearer )[^\s'\"]{8,}")
_NAMES = re.compile(r"(?:API_?KEY|_KEY|TOKEN|SECRET|PASSWORD|PASSWD)\Z")
_UNFIT = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours and cursor movements, whole
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f]"  # what is left of C0 and C1, but not \t and \n
)
SHORTEST = 8
"""Characters of a secret; hiding a shorter one would also hide ordinary words."""


def redact(text: str, *secrets: str) -> str:
    """The text without API keys, values of secret environment variables, and the given secrets."""
    return hide(text, (*environment_secrets(), *secrets))


def environment_secrets() -> list[str]:
    """The values of environment variables whose names say that they are secret."""
    return [value for name, value in os.environ.items() if _NAMES.search(name.upper())]


def hide(text: str, secrets: Iterable[str]) -> str:
    """The text without API keys and the given secrets."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SHORTEST:
            text = text.replace(secret, "[secret]")
    return _KEYS.sub("[secret]", text)


def without(text: str, secrets: Iterable[str]) -> str:
    """The text without these secrets, however short, in any of the forms that JSON gives them."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        forms = (secret, json.dumps(secret, ensure_ascii=False)[1:-1], json.dumps(secret)[1:-1])
        for form in forms:
            text = text.replace(form, "[secret]")
    return text


def plain(text: str) -> str:
    """The text without escape sequences and control characters; line ends and tabs stay."""
    return _UNFIT.sub("", text)

"""Keep secrets out of what models, logs and people read."""

from __future__ import annotations

import os
import re

_KEYS = re.compile(r"\b(?:gsk_|sk-|xai-|AIza)[A-Za-z0-9_-]{8,}|(?<=Bearer )[^\s'\"]{8,}")
_NAMES = re.compile(r"(?:API_?KEY|_KEY|TOKEN|SECRET|PASSWORD|PASSWD)\Z")
SHORTEST = 8
"""Characters of a secret; hiding a shorter one would also hide ordinary words."""


def redact(text: str, *secrets: str) -> str:
    """The text without API keys, values of secret environment variables, and the given secrets."""
    known = [value for name, value in os.environ.items() if _NAMES.search(name.upper())]
    for secret in sorted((*known, *secrets), key=len, reverse=True):
        if len(secret) >= SHORTEST:
            text = text.replace(secret, "[secret]")
    return _KEYS.sub("[secret]", text)

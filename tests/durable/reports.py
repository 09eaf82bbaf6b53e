"""What campaigns measured: printed, and kept in the file that AGENTKIT_DURABLE_REPORT names."""

from __future__ import annotations

import json
import os

FILE = os.environ.get("AGENTKIT_DURABLE_REPORT")


def report(name: str, **figures: object) -> None:
    """Tell what came of a campaign."""
    line = json.dumps({"campaign": name, **figures})
    print(line)
    if FILE:
        with open(FILE, "a") as file:
            file.write(line + "\n")

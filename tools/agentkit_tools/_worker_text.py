"""Does one piece of work that comes in as JSON on standard input; `_apart` starts it.

It imports only Python's own, and jmespath from where it is told to look.
"""

import json
import re
import sys
from collections.abc import Callable
from difflib import unified_diff
from itertools import islice
from typing import Any

_MOST_GROUPS = 20
_SHOWN = 200  # characters of what a library says is wrong


def find(pattern: str, text: str, limit: int, longest: int) -> list[list[object]]:
    """Line number, match and groups of the first matches, and one more than the limit."""
    found: list[list[object]] = []
    number, counted = 1, 0
    for match in islice(re.finditer(pattern, text, re.MULTILINE), limit + 1):
        number += text.count("\n", counted, match.start())
        counted = match.start()
        groups = [each for each in match.groups()[:_MOST_GROUPS] if each is not None]
        found.append([number, _cut(match[0], longest), [_cut(each, longest) for each in groups]])
    return found


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}[...]"


def diff(old: str, new: str, old_name: str, new_name: str) -> str:
    """A unified diff."""
    lines = unified_diff(old.splitlines(), new.splitlines(), old_name, new_name, lineterm="")
    return "\n".join(lines)


def query(expression: str, text: str, path: list[str]) -> object:
    """The value of a JMESPath expression."""
    value = json.loads(text)
    sys.path += path
    import jmespath

    try:
        return jmespath.search(expression, value)
    except (RecursionError, MemoryError):
        raise
    except Exception as error:  # of jmespath, or of Python inside it
        # Its first line says what is wrong, further ones show the whole expression again.
        said = (str(error) or type(error).__name__).splitlines()[0]
        said = said.rstrip(": ").removesuffix(", for expression")
        raise ValueError(said[:_SHOWN]) from None


_WORK: dict[str, Callable[..., Any]] = {"find": find, "diff": diff, "query": query}


def main() -> None:
    """Read the work, do it, and write its value or what is wrong."""
    asked = json.load(sys.stdin)
    try:
        text = json.dumps({"value": _WORK[asked.pop("work")](**asked)})
    except RecursionError:
        text = json.dumps({"error": "It is nested too deeply."})
    except (ValueError, OverflowError, re.error) as error:
        text = json.dumps({"error": f"{str(error).rstrip('.')}."})
    sys.stdout.write(text)


if __name__ == "__main__":
    main()

"""`agentkit eval init`: cases to begin with, from tools and from past runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from agentkit import ConfigError
from agentkit.cli.kept import opened
from agentkit.cli.loading import load_tools
from agentkit.cli.options import Mcp, Tools
from agentkit.cli.output import note, write
from agentkit.cli.text import json_text
from agentkit.journal.figures import several
from agentkit.redact import environment_secrets, hide_in

_LINES = (".jsonl", ".ndjson")

Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        show_default=False,
        help="The file to write, NAME.jsonl; nothing is overwritten. Default: stdout.",
    ),
]
Runs = Annotated[
    str | None,
    typer.Option(
        "--runs",
        metavar="FILE",
        show_default=False,
        help="A journal: each prompt in it becomes a case that expects the calls of its newest "
        "run that ended well. With --tools too, cases of both are written.",
    ),
]
Limit = Annotated[int, typer.Option(min=1, help="The most runs of the journal, the newest first.")]


def init(
    tools: Tools = None,
    mcp: Mcp = None,
    runs: Runs = None,
    limit: Limit = 100,
    output: Output = None,
) -> None:
    """Write cases to begin with, as lines of JSON.

    They are drafts, and say so: edit their prompts into what your users would say, put right what
    is expected, and take "draft" away. No model is asked.
    """
    if output is not None and output.suffix.lower() not in _LINES:
        raise ConfigError(f"Cases are written as lines of JSON: -o {output.with_suffix('.jsonl')}.")
    cases = list(_cases(tools, mcp, runs, limit))
    if not cases:
        raise ConfigError("There is no run in the journal that ended well and can be asked again.")
    secrets = environment_secrets()
    lines = [json_text(hide_in(each, secrets), ascii_only=False) for each in cases]
    text = "".join(f"{line}\n" for line in lines)
    if output is None:
        write(text)
        return
    try:
        with output.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ConfigError(f"{output} is there already, and nothing is overwritten.") from None
    except OSError as error:
        raise ConfigError(f"{output} cannot be written: {error.strerror or error}.") from error
    note(f"wrote {several(len(cases), 'case')} to {output}: edit the prompts, they are drafts")


def _cases(
    tools: Sequence[str] | None, mcp: Sequence[str] | None, runs: str | None, limit: int
) -> Iterator[dict[str, Any]]:
    if runs is None or tools or mcp:
        from agentkit.evals.drafts import drafts

        yield from drafts(load_tools(tools, mcp))
    if runs is not None:
        from agentkit.evals.past import past_cases

        yield from past_cases(opened(runs), limit=limit)

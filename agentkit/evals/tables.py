"""Tables of a page, which are moved sidewards where there is no room for them."""

from __future__ import annotations

from collections.abc import Iterable

from agentkit.journal.sheet import text


def wide(label: str, kind: str, head: str, body: str) -> str:
    """A table with its rows as HTML.

    Args:
        label: What it is of, which may be anybody's text.
        kind: Its classes.
        head: The cells of its head.
        body: Its other rows.
    """
    told = text(label)
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{told}"><table class="{kind}">'
        f"<caption>{told}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def listed(label: str, heads: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    """A table of cells that are HTML already; the first of a row names it."""
    body = "".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{each}</td>" for each in rest)}</tr>'
        for first, *rest in rows
    )
    head = "".join(f'<th scope="col">{each}</th>' for each in heads)
    return wide(label, "figures", head, body)

"""The web: pages as readable text, JSON, and as a pack of its own, downloads.

Only public addresses are reached, whatever a model asks for: see `agentkit.safe`, whose parts are
loaded when a tool is called.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field

from agentkit import ToolError, safe, tool
from agentkit.safe import Root, SafePath
from agentkit_tools._apart import apart, libraries

__all__ = ["fetch_json", "fetch_page"]

_MAX_BYTES = 5_000_000
_MAX_DOWNLOAD = 50_000_000  # bytes
_MOST_HTML = 2_000_000  # characters that are made readable
_READ_SECONDS = 15.0

_META = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w-]{1,40})", re.IGNORECASE)

# Not `SafeUrl`: which URLs are safe is what the guard says that the user gave.
_Url = Annotated[str, Field(json_schema_extra={"format": "uri"})]


class _Fetching:
    """What tools that fetch have in common: see `Web`."""

    def __init__(
        self, guard: safe.Guard | None = None, *, seconds: float = 20.0, max_bytes: int = _MAX_BYTES
    ) -> None:
        self._guard = guard
        self._seconds = seconds
        self._max_bytes = max_bytes

    async def _page(self, url: str) -> safe.Page:
        page = await safe.afetch(
            url, guard=self._guard, seconds=self._seconds, max_bytes=self._max_bytes
        )
        if not page.ok:
            raise ToolError(f"The server answers with status {page.status}; there is no such page.")
        return page


class Web(_Fetching):
    """The tools that read.

    Args:
        guard: What may be connected to; public hosts if not given.
        seconds: How long a page may take to come.
        max_bytes: The most that a page may have.
    """

    @tool(read_only=True, idempotent=True, open_world=True, max_chars=20_000)
    async def fetch_page(self, url: _Url, links: bool = False) -> str:
        """Read a web page: its main text as Markdown, without menus and scripts.

        It cannot log in, click, or run JavaScript. Text that is no HTML comes as it is.

        Args:
            url: The address of the page, with https:// or http://.
            links: Also show where links lead, to follow them.
        """
        page = await self._page(url)
        if page.kind in ("text/html", "application/xhtml+xml", ""):
            return await _readable(page, links)
        if page.kind.startswith("text/") or page.kind.endswith(("json", "xml", "javascript")):
            return f"{page.url}\n\n{page.text}"
        raise ToolError(f"That is {page.kind} and no text; it can be downloaded, not read.")

    @tool(read_only=True, idempotent=True, open_world=True)
    async def fetch_json(self, url: _Url) -> Any:
        """Get JSON from a web address by GET, such as from an open API.

        Args:
            url: The address, with https:// or http:// and the query in it.
        """
        page = await self._page(url)
        try:
            return json.loads(page.text)
        except RecursionError:
            raise ToolError("The JSON is nested too deeply.") from None
        except ValueError as error:
            raise ToolError(f"That is {page.kind or 'something'} and no JSON: {error}.") from None


class Downloads(_Fetching):
    """The tool that saves what is fetched.

    Args:
        roots: The directories that files are saved in; the working directory if not given.
        guard: What may be connected to; public hosts if not given.
        seconds: How long a file may take to come.
        max_bytes: The most that a file may have.
    """

    def __init__(
        self,
        *roots: str | os.PathLike[str],
        guard: safe.Guard | None = None,
        seconds: float = 60.0,
        max_bytes: int = _MAX_DOWNLOAD,
    ) -> None:
        super().__init__(guard, seconds=seconds, max_bytes=max_bytes)
        self._root = Root(*roots) if roots else None

    @tool(destructive=True, open_world=True)
    async def download(self, url: _Url, path: SafePath, overwrite: bool = False) -> str:
        """Download a file from the web and save it.

        Args:
            url: The address of the file, with https:// or http://.
            path: Where to save it, relative to the root, such as data/report.pdf.
            overwrite: Replace the file where there is one already.
        """
        place = path.under(self._root) if self._root else path
        if not overwrite and place.kind() is not None:
            raise ToolError(f"{path} exists already; give another path, or overwrite.")
        page = await self._page(url)
        place.write_bytes(
            page.content, overwrite=overwrite, make_parents=True, max_bytes=self._max_bytes
        )
        return f"Saved {len(page.content):,} bytes ({page.kind or 'of unknown kind'}) to {path}."


async def _readable(page: safe.Page, links: bool) -> str:
    import asyncio

    path = libraries("trafilatura", "fetch_page")
    found = await asyncio.to_thread(
        apart,
        "_worker_web.py",
        seconds=_READ_SECONDS,
        html=_html(page)[:_MOST_HTML],
        url=page.url,
        links=links,
        path=path,
    )
    text = found["text"].strip() or "There is no text in this page; it may need JavaScript."
    return "\n".join(filter(None, (found["title"], page.url, "", text)))


def _html(page: safe.Page) -> str:
    """The page's text; where the server names no charset, the page itself may."""
    from agentkit.safe import known_charset

    named = None if page.charset else _META.search(page.content[:4_000])
    return replace(page, charset=known_charset(named[1].decode())).text if named else page.text


_reading = Web()
fetch_page = _reading.fetch_page
fetch_json = _reading.fetch_json

saving = Downloads()
"""The tool that saves, as a pack of its own: it is there only for those who ask for it."""

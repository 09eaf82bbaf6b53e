"""`fetch` and `afetch`: what stands at a URL that a model chose, within bounds."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Unpack

import httpx

from agentkit.errors import ToolError
from agentkit.safe.transport import AsyncGuardedTransport, Bounds, until
from agentkit.safe.urls import Guard, port_of
from agentkit.workers import on_own_loop

_AGENT = "agentkit (a tool of a language model)"
_NO_CHARSETS = ("idna", "punycode", "unicode-escape", "raw-unicode-escape", "utf-7")
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Page:
    """What a server answered.

    Args:
        url: Where it was found in the end, behind all redirects.
        status: The status of HTTP, such as 200 or 404.
        kind: The media type in lower case, such as `text/html`; empty where none was named.
        content: The body.
        charset: The encoding that the server named; empty where it named none that is known.
    """

    url: str
    status: int
    kind: str
    content: bytes
    charset: str = ""

    @property
    def ok(self) -> bool:
        """Whether the status tells of success."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body as text: in the encoding that was named, otherwise in UTF-8 or Latin-1."""
        if self.charset:
            return self.content.decode(self.charset, "replace")
        try:
            return self.content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return self.content.decode("latin-1")


class FetchOptions(Bounds, total=False):
    """What `afetch` takes beside the URL; it describes these."""

    guard: Guard | None
    headers: Mapping[str, str] | None
    max_redirects: int


async def afetch(
    url: str,
    *,
    guard: Guard | None = None,
    headers: Mapping[str, str] | None = None,
    max_redirects: int = 5,
    **bounds: Unpack[Bounds],
) -> Page:
    """Get what stands at a URL. No cookies, no proxy and no credentials of the machine are used.

    Args:
        url: Where it stands.
        guard: What may be connected to; public hosts if not given. It judges each redirect too.
        headers: Sent to the origin of the URL; a redirect to another origin does not get them.
        max_redirects: How many redirects are followed.
        bounds: Those of `Bounds`; the time is for all redirects together.

    Raises:
        ToolError: It may not be fetched, is too large, takes too long, or cannot be had.
    """
    guard = guard or Guard()
    transport = AsyncGuardedTransport(guard, **bounds)
    at = guard.check(url)
    own = dict(headers or {})
    async with until(transport.end(), transport.seconds), transport:
        for _ in range(max_redirects + 1):
            page, to = await _got(transport, at, own)
            if to is None:
                return page
            following = guard.check(to)
            if at.scheme == "https" and following.scheme == "http":
                raise ToolError(f"{_host(at)} redirects from https to http, which is not followed.")
            own = own if _origin(at) == _origin(following) else {}
            at = following
    raise ToolError(f"{_host(at)} redirects more than {max_redirects} times.")


def fetch(url: str, **options: Unpack[FetchOptions]) -> Page:
    """`afetch`, with the same arguments and errors, for functions that are not async."""
    page = on_own_loop(afetch(url, **options))
    try:
        return page.result()
    finally:
        page.cancel()


async def _got(
    transport: AsyncGuardedTransport, url: httpx.URL, headers: Mapping[str, str]
) -> tuple[Page, str | None]:
    """What stands there, and where a redirect leads."""
    sent = httpx.Headers({"user-agent": _AGENT, "accept": "*/*"})
    sent.update(headers)
    request = httpx.Request("GET", url, headers=sent)
    try:
        response = await transport.handle_async_request(request)
        try:
            content = b"" if response.status_code in _REDIRECTS else await response.aread()
        finally:
            await response.aclose()
    except httpx.HTTPError as error:
        raise ToolError(f"{_host(url)} cannot be read: {_reason(error)}.") from None
    to = response.headers.get("location") if response.status_code in _REDIRECTS else None
    kind, charset = _media(response.headers.get("content-type", ""))
    page = Page(str(url), response.status_code, kind, content, charset)
    return page, None if to is None else _joined(url, to)


def _joined(url: httpx.URL, to: str) -> str:
    """Where a redirect leads, as text, so that all of it is judged like any URL of a model."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", to):
        return to
    try:
        return str(url.join(to))
    except (httpx.InvalidURL, ValueError):
        raise ToolError(f"{_host(url)} redirects to what is no URL.") from None


def _host(url: httpx.URL) -> str:
    return url.raw_host.decode("ascii")  # url.host would decode IDNA, which may fail


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, _host(url), port_of(url)


def known_charset(name: str) -> str:
    """The name if it is one of an encoding of text that reads any bytes in reasonable time.

    It is empty for others, also for those that are Python's own, such as `punycode`.
    """
    try:
        "".encode(name)  # unlike codecs.lookup, this knows encodings of text alone
        return "" if codecs.lookup(name).name in _NO_CHARSETS else name
    except (LookupError, UnicodeError, ValueError):
        return ""


def _media(content_type: str) -> tuple[str, str]:
    kind, _, rest = content_type.partition(";")
    found = re.search(r"charset\s*=\s*[\"']?([A-Za-z0-9._:-]{1,40})", rest, re.IGNORECASE)
    kind = kind.strip().lower()
    # It goes into messages, where nobody wants a server's prose.
    known = kind if re.fullmatch(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,80}", kind) else ""
    return known, known_charset(found[1]) if found else ""


def _reason(error: httpx.HTTPError) -> str:
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return "its certificate is not valid for it"
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return "no connection"
    return "it breaks off or does not speak HTTP"

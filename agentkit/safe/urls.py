"""`SafeUrl` and `Guard`: which addresses on the network a model may choose.

The text is judged before anything is connected, and so strictly that no two programs can read it
differently. What a name resolves to is judged when it is connected to (`transport`), as it may be
another address each time.
"""

from __future__ import annotations

import re
import socket
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Annotated, Any

import httpx
from pydantic import GetCoreSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

from agentkit.errors import ToolError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_LONGEST = 4_000  # characters
_SCHEMES = {"http": 80, "https": 443}
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_INNER = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "home.arpa")

# What is not for everybody, by IANA's registries of special-purpose addresses
# (iana.org/assignments/iana-ipv4-special-registry and -ipv6-), and 168.63.129.16, which is Azure's
# own in every virtual network. Python's `is_global` differs from release to release.
_SPECIAL_4 = (
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 168.63.129.16/32 169.254.0.0/16 172.16.0.0/12 "
    "192.0.0.0/24 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 "
    "192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3"
)
# Also tunnels, as Teredo and 6to4 are, in which any address can be hidden.
_SPECIAL_6 = "2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20"
_NOT_PUBLIC_4 = tuple(map(IPv4Network, _SPECIAL_4.split()))
_NOT_PUBLIC_6 = tuple(map(IPv6Network, _SPECIAL_6.split()))
_PUBLIC_6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


def system_addresses(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, as the system resolves it.

    Raises:
        OSError: There is no such host, or nobody can be asked.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


@dataclass(frozen=True, kw_only=True)
class Guard:
    """Which addresses are allowed: public ones, and what is named here.

    `Annotated[str, Guard(hosts=["*.example.com"])]` is an argument of a tool.

    Args:
        hosts: The only hosts that are allowed; `*.example.com` stands for all below it. Any host if
            not given, and none if empty.
        ports: The ports that are allowed.
        networks: Networks that are allowed though not public, such as `10.1.0.0/16`.
        resolve: Gives the addresses of a host and port; the system's own way if not given.

    Raises:
        ValueError: A network is none.
    """

    hosts: Sequence[str] | None = None
    ports: Sequence[int] = (80, 443)
    networks: Sequence[str] = ()
    resolve: Callable[[str, int], Sequence[str]] = system_addresses
    _networks: tuple[Network, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        given = (self.hosts, self.networks)
        if any(isinstance(each, str) for each in given):
            raise TypeError('Hosts and networks are lists, such as hosts=["example.com"].')
        object.__setattr__(self, "_networks", tuple(map(ip_network, self.networks)))

    def check(self, url: str) -> httpx.URL:
        """The URL, if it may be asked for as far as its text tells.

        Raises:
            ToolError: It may not, or it is none.
        """
        parsed = _parsed(url)
        host = parsed.raw_host.decode("ascii")
        if (address := _literal(host)) is None:
            self._check_name(host)
        else:
            self.check_address(address, host)
        if self.hosts is not None and not any(_matches(host, e.lower()) for e in self.hosts):
            allowed = ", ".join(self.hosts) or "none"
            raise ToolError(f"{host} is not among the hosts allowed: {allowed}.")
        port = port_of(parsed)
        if port not in self.ports:
            allowed = ", ".join(map(str, self.ports))
            raise ToolError(f"Port {port} is not allowed; allowed are {allowed}.")
        return parsed

    def check_address(self, address: Address, host: str) -> None:
        """Let an address pass that may be connected to.

        Raises:
            ToolError: It may not.
        """
        if address.version == 6 and address.scope_id:
            raise ToolError(f"{host} is an address of one network interface, and not a public one.")
        inner = _inside(address)
        if is_public(inner) or any(inner in network for network in self._networks):
            return
        what = "" if host == str(address) else f" leads to {address}, which"
        raise ToolError(f"{host}{what} is not a public address; only public ones are allowed.")

    def addresses(self, host: str, port: int) -> list[Address]:
        """The addresses of a host, all of which may be connected to.

        Raises:
            ToolError: One of them may not, or there is none.
        """
        literal = _literal(host)
        if literal is not None:
            found = [literal]
        else:
            try:
                found = [ip_address(each) for each in self.resolve(host, port)]
            except (OSError, ValueError):
                found = []
        if not found:
            raise ToolError(f"There is no host {host!r}, or its address cannot be found now.")
        for address in found:
            self.check_address(address, host)
        return list(dict.fromkeys(found))

    def _check_name(self, host: str) -> None:
        inner = any(host == each or host.endswith(f".{each}") for each in _INNER)
        if not self._networks and self.hosts is None and (inner or "." not in host):
            raise ToolError(f"{host} is a name inside a network; only public ones are allowed.")

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        return core_schema.no_info_after_validator_function(self._validated, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        return {**handler(schema), "format": "uri"}

    def _validated(self, value: Any) -> Any:
        if isinstance(value, str):
            try:
                self.check(value)
            except ToolError as error:
                reason = {"reason": str(error).rstrip(".")}
                raise PydanticCustomError("url", "{reason}", reason) from None
        elif value is not None:
            raise TypeError(
                "Guard judges texts: write list[Annotated[str, Guard()]], and no HttpUrl."
            )
        return value


SafeUrl = Annotated[str, Guard()]
"""An argument of a tool: an http or https URL on a public host, on port 80 or 443.

It is still a text. Fetch it by `fetch`, `afetch` or a client with a guarded transport: only these
know which address its host turns out to have.
"""


def is_public(address: Address) -> bool:
    """Whether an address is one that everybody on the internet can reach."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    return address in _PUBLIC_6 and not any(address in each for each in _NOT_PUBLIC_6)


def port_of(url: httpx.URL) -> int:
    """The port, also where it is the scheme's own."""
    return _SCHEMES[url.scheme] if url.port is None else url.port


def _parsed(text: str) -> httpx.URL:
    """The URL that a text is for every reader.

    Raises:
        ToolError: There are none, or several.
    """
    if len(text) > _LONGEST:
        raise ToolError(f"The URL is too long: {len(text):,} characters, at most {_LONGEST:,}.")
    for character in text:
        if character in "\\ " or unicodedata.category(character)[0] in "CZ":
            name = f"U+{ord(character):04X}"
            raise ToolError(f"A URL holds no {name}, which readers take differently; encode it.")
    scheme, found, rest = text.partition("://")
    if not found or scheme.lower() not in _SCHEMES:
        raise ToolError("A URL begins with https:// or http://, and nothing else is fetched.")
    authority = rest.partition("/")[0]
    if "@" in authority or "%" in re.split("[?#]", authority)[0]:
        raise ToolError("Before its path a URL has a host alone: no user, no password, no % and @.")
    try:
        url = httpx.URL(text)
        _ = url.host  # which httpx decodes again and again, and not every name can be
    except (httpx.InvalidURL, UnicodeError, ValueError):
        raise ToolError("That is no URL that can be read; write it as https://host/path.") from None
    port = re.split("[?#]", authority)[0].rpartition(":")[2]
    if url.port is not None and not re.fullmatch("[0-9]{1,5}", port):
        raise ToolError("The port of the URL is no plain number.")
    return url


def _literal(host: str) -> Address | None:
    """The address that a host is; None for a name.

    Raises:
        ToolError: It is neither, or an address in a form that readers take differently.
    """
    if ":" in host:
        try:
            return IPv6Address(host)
        except ValueError:
            raise ToolError(f"[{host}] is no IPv6 address.") from None
    labels = host.split(".")
    if not all(map(_LABEL.fullmatch, labels)) or len(host) > 253:
        raise ToolError(f"{host[:80]!r} is no name of a host.")
    if labels[-1][0].isdigit():
        try:
            return IPv4Address(host)
        except ValueError:
            text = f"{host} is neither a name nor an address as four decimal numbers."
            raise ToolError(text) from None
    return None


def _inside(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, where it is one that systems translate."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _matches(host: str, pattern: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern

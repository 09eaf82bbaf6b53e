"""URLs made to slip through: whatever passes is public for every reader."""

from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

import pytest
from choosing import examples
from hypothesis import given
from hypothesis import strategies as st

from agentkit import ToolError
from agentkit.safe import Guard
from agentkit.safe.urls import is_public

PARTS = [
    "http://", "https://", "HTTP://", "//", "/", "\\", "@", ":", "#", "?", "%", "[", "]", ".", "..", "80", "443", "0x7f",
    "127.0.0.1", "127.1", "0", "localhost", "example.com", "user", "::1", "::ffff:", "7f00:1", "fe80::1%25eth0", "\t",
    "\n", " ", "\0", "%00", "%2e", "%40", "ⓔ", "。", "\uff11", "169.254.169.254", "1.1.1.1", "2130706433", "file:", ";",
]  # fmt: skip


@given(
    st.lists(st.sampled_from(PARTS), max_size=9).map("".join)
    | st.text(max_size=40).map("http://{}".format)
)
@examples(1_500)
def test_what_passes_has_one_public_host_for_two_parsers(url):
    try:
        checked = Guard().check(url)
    except ToolError:
        return

    host = checked.raw_host.decode()
    other = urlsplit(url)
    assert checked.scheme in ("http", "https")
    assert other.username is other.password is None
    assert (other.hostname or "").encode("idna" if not url.isascii() else "ascii").decode() == host
    assert (other.port or checked.port) == checked.port
    assert not host.replace(".", "").isdigit() or is_public(IPv4Address(host))


@given(st.integers(min_value=0, max_value=2**32 - 1).map(IPv4Address))
@examples(1_000)
def test_an_address_that_python_calls_private_never_passes(address):
    hosts = [str(address), f"[::ffff:{address}]", f"[64:ff9b::{address}]"]
    if address.is_global and not address.is_multicast:
        return

    for host in hosts:
        with pytest.raises(ToolError):
            Guard().check(f"http://{host}/")


@given(st.integers(min_value=0x2 << 124, max_value=(0x4 << 124) - 1).map(IPv6Address))
@examples(1_000)
def test_an_ipv6_address_that_passes_is_global_for_python_too(address):
    if not is_public(address):
        return

    assert address.is_global
    assert not address.is_multicast
    assert address.sixtofour is None
    assert address.teredo is None

"""URLs: what may be asked for, by the text alone and by the addresses of its host."""

from ipaddress import ip_address
from typing import Annotated

import pytest
from pydantic import HttpUrl

from agentkit import Toolbox, ToolError, tool
from agentkit.safe import Guard, SafeUrl
from agentkit.safe.urls import is_public
from agentkit.testing import call

LOOPBACK = ["127.0.0.1", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"]
TRANSLATED = ["[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[::127.0.0.1]"]
INNER = ["[fd00::1]", "[fe80::1]", "[fec0::1]", "10.0.0.1", "172.31.255.255", "192.168.0.1"]
CLOUD = ["169.254.169.254", "100.100.100.200", "168.63.129.16", "192.0.0.192", "[fd00:ec2::254]"]
SPECIAL = ["198.18.0.1", "100.64.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1", "[ff02::1]"]


@pytest.mark.parametrize("host", LOOPBACK + TRANSLATED + INNER + CLOUD + SPECIAL)
def test_addresses_that_are_not_public_are_refused(host):
    with pytest.raises(ToolError) as refused:
        Guard().check(f"http://{host}/latest/meta-data/")

    assert "not a public address" in str(refused.value)


@pytest.mark.parametrize(
    "host", ["1.1.1.1", "8.8.8.8", "[2606:4700:4700::1111]", "[64:ff9b::808:808]"]
)
def test_public_addresses_are_allowed(host):
    assert Guard().check(f"https://{host}/a?b=c#d")


@pytest.mark.parametrize(
    "host",
    ["0", "127.1", "2130706433", "0x7f.0.0.1", "0x7f000001", "0177.0.0.1", "127.0.0.01", "1.1.1",
     "127.0.0.1.", "017700000001", "1.2.3.4.5", "example.0x7f"],
)  # fmt: skip
def test_numbers_that_are_read_as_addresses_by_some_are_refused(host):
    with pytest.raises(
        ToolError, match=r"decimal numbers|no name of a host|no URL that can be read"
    ):
        Guard().check(f"http://{host}/")


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST", "a.localhost", "metadata.google.internal", "printer.local", "db"],
)
def test_names_inside_a_network_are_refused(host):
    with pytest.raises(ToolError, match="is a name inside a network"):
        Guard().check(f"http://{host}/")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://example.com@127.0.0.1/", "host alone"),
        ("http://user:secret@example.com/", "host alone"),
        ("http://127.0.0.1\\@example.com/", "U+005C"),
        ("http://example.com\\@127.0.0.1/", "U+005C"),
        ("http://example.com#@127.0.0.1/", "host alone"),
        ("http://example.com?@127.0.0.1/", "host alone"),
        ("http://127.0.0.1:80\t/", "U+0009"),
        ("http://exa\nmple.com/", "U+000A"),
        ("http://example.com\r\nX: y/", "U+000D"),
        ("http://example.com\0/", "U+0000"),
        (" http://example.com/", "U+0020"),
        ("http://example.com/\u202etxt.exe", "U+202E"),
        ("http://exa\u200bmple.com/", "U+200B"),
        ("http://example.com/\ud800", "U+D800"),
        ("http://\uff11\uff12\uff17.0.0.1/", "no URL that can be read"),
        ("http://①②⑦.0.0.1/", "no URL that can be read"),
        ("http://127。0。0。1/", "not a public address"),
        ("http://[fe80::1%25eth0]/", "host alone"),
        ("http://[fe80::1%eth0]/", "host alone"),
        ("http://%31%32%37.0.0.1/", "host alone"),
        ("http://localhost%00.example.com/", "host alone"),
        ("http://[::1/", "no URL that can be read"),
        ("http://[::g]/", "no URL that can be read"),
        ("http://[v1.a]/", "no URL that can be read"),
        ("http://-a.example.com/", "no name of a host"),
        ("http://a..example.com/", "no name of a host"),
        ("http://example.com./", "no name of a host"),
        ("http://a$b.example.com/", "no name of a host"),
        ("http:///example.com/", "no name of a host"),
        ("http://", "no name of a host"),
        ("http:example.com", "begins with https://"),
        ("//example.com/", "begins with https://"),
        ("", "begins with https://"),
        ("http://example.com:8a/", "no URL that can be read"),
        ("http://example.com:99999/", "Port 99999"),
        ("http://example.com:22/", "Port 22 is not allowed; allowed are 80, 443"),
        ("http://example.com:0/", "Port 0"),
        ("https://example.com:6379/", "Port 6379"),
        ("http://example.com/" + "a" * 4_000, "too long"),
    ],
)  # fmt: skip
def test_what_readers_take_differently_is_refused(url, why):
    with pytest.raises(ToolError) as refused:
        Guard().check(url)

    assert why in str(refused.value)


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "FILE:///etc/passwd", "gopher://example.com/", "ftp://example.com/",
     "data:text/plain,a", "jar:http://example.com/a.jar!/", "javascript:alert(1)", "dict://example.com/",
     "httpx://example.com/", "view-source:http://example.com/", "unix://socket/"],
)  # fmt: skip
def test_other_schemes_are_refused(url):
    with pytest.raises(ToolError, match="nothing else is fetched"):
        Guard().check(url)


@pytest.mark.parametrize(
    "url",
    ["http://example.com", "https://example.com/", "HTTPS://EXAMPLE.com/A", "https://example.com?q=1",
     "https://example.com#part", "https://bücher.example/ü?ä=ö", "https://a-b.c_d.example.org:443/x/@y",
     "https://example.com/?mail=a@b.example", "http://1.com/", "https://xn--bcher-kva.example/"],
)  # fmt: skip
def test_common_urls_are_allowed(url):
    assert Guard().check(url)


def test_only_the_hosts_that_are_named_are_allowed():
    guard = Guard(hosts=["example.com", "*.example.org"])
    allowed = [
        guard.check(f"https://{host}/")
        for host in ("example.com", "a.example.org", "a.b.example.org")
    ]

    for host in ("www.example.com", "example.org", "badexample.org", "example.com.evil.net"):
        with pytest.raises(ToolError, match="not among the hosts allowed"):
            guard.check(f"https://{host}/")
    assert len(allowed) == 3


def test_an_empty_list_of_hosts_allows_none():
    with pytest.raises(ToolError, match="not among the hosts allowed: none"):
        Guard(hosts=[]).check("https://example.com/")


@pytest.mark.parametrize("port", ["\u0668\u0660", "8_0", "+80"])
def test_a_port_is_plain_digits(port):
    with pytest.raises(ToolError, match=r"no plain number|no URL that can be read"):
        Guard(ports=[80, 8_0]).check(f"https://example.com:{port}/")


@pytest.mark.parametrize("kind", [list[str], HttpUrl])
def test_a_guard_that_would_judge_nothing_is_an_error(kind):
    @tool
    def odd(url: Annotated[kind, Guard()]) -> str:
        return "reached"

    given = ["http://127.0.0.1/"] if kind == list[str] else "http://127.0.0.1/"
    result = Toolbox(odd).call(call("odd", url=given))

    assert "Guard judges texts" in result.content


def test_networks_that_are_named_are_allowed_and_no_others():
    guard = Guard(networks=["10.1.0.0/16", "fd00:1::/32"], ports=[8000])
    guard.check("http://10.1.2.3:8000/")
    guard.check("http://[fd00:1::5]:8000/")
    guard.check("http://[::ffff:10.1.2.3]:8000/")

    with pytest.raises(ToolError, match="not a public address"):
        guard.check("http://10.2.0.1:8000/")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (["127.0.0.1"], "leads to 127.0.0.1, which is not a public address"),
        (["93.184.216.34", "10.0.0.5"], "leads to 10.0.0.5"),
        (["2606:4700::1", "::1"], "leads to ::1"),
        (["::ffff:169.254.169.254"], "not a public address"),
        (["fe80::1%eth0"], "one network interface"),
        ([], "There is no host"),
        (["nonsense"], "There is no host"),
    ],
)  # fmt: skip
def test_a_name_is_refused_for_any_of_its_addresses(answer, why):
    guard = Guard(resolve=lambda host, port: answer)

    with pytest.raises(ToolError) as refused:
        guard.addresses("127.0.0.1.nip.io", 80)

    assert why in str(refused.value)


def test_a_name_with_public_addresses_alone_gives_all_of_them_once():
    guard = Guard(resolve=lambda host, port: ["93.184.216.34", "2606:4700::1", "93.184.216.34"])

    assert [str(each) for each in guard.addresses("example.com", 443)] == [
        "93.184.216.34",
        "2606:4700::1",
    ]


def test_the_system_resolves_names_unless_told_otherwise():
    with pytest.raises(ToolError, match=r"leads to (127|::1)"):
        Guard().addresses("localhost", 80)


def test_a_name_that_cannot_be_resolved_is_one_clear_error():
    with pytest.raises(ToolError, match="There is no host"):
        Guard().addresses("nowhere.invalid", 80)


@pytest.mark.parametrize("given", [{"hosts": "example.com"}, {"networks": "10.0.0.0/8"}])
def test_a_text_instead_of_a_list_is_refused(given):
    with pytest.raises(TypeError, match="are lists"):
        Guard(**given)


@tool(read_only=True, open_world=True)
def look(url: SafeUrl, other: Annotated[str | None, Guard(hosts=["example.org"])] = None) -> str:
    """Look at a page."""
    return f"{url} {other}"


def test_a_tool_says_in_its_schema_that_it_takes_a_url():
    properties = Toolbox(look).definitions[0].parameters["properties"]

    assert properties["url"]["type"] == "string"
    assert properties["url"]["format"] == "uri"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"url": "https://example.com/"}, "https://example.com/ None"),
        ({"url": "https://example.com/", "other": "http://example.org/"}, "http://example.org/"),
        ({"url": "http://127.0.0.1/"}, "url: 127.0.0.1 is not a public address"),
        ({"url": "https://example.com/", "other": "http://example.com/"}, "not among the hosts allowed"),
    ],
)  # fmt: skip
def test_a_tool_gets_only_urls_that_may_be_asked_for(given, shown):
    assert shown in Toolbox(look).call(call("look", **given)).content


def test_no_address_of_a_private_block_is_public():
    for text in (
        "10.9.8.7",
        "172.16.0.1",
        "192.168.255.255",
        "127.255.255.255",
        "169.254.0.1",
        "fc00::1",
    ):
        assert not is_public(ip_address(text))

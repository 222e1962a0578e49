"""The decision on addresses, ports, and on what every odd spelling of them resolves to.

Nothing here dials or looks anything up: numbers are judged, and the C library's own reading of
numeric hosts (AI_NUMERICHOST, no packet) stands for the resolver.
"""

from __future__ import annotations

import ipaddress
import socket
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.addresses import (
    REASONS,
    dial_refusal,
    parse_networks,
    parse_ports,
    port_refusal,
    refusal,
)
from crawler.errors import UsageError

# First and last address of each block, and their neighbours outside.
EDGES = [
    ("0.0.0.0", "unspecified"),
    ("0.0.0.1", "reserved"),
    ("0.255.255.255", "reserved"),
    ("1.0.0.0", None),
    ("9.255.255.255", None),
    ("10.0.0.0", "private"),
    ("10.255.255.255", "private"),
    ("11.0.0.0", None),
    ("100.63.255.255", None),
    ("100.64.0.0", "shared"),
    ("100.100.100.200", "metadata"),
    ("100.127.255.255", "shared"),
    ("100.128.0.0", None),
    ("126.255.255.255", None),
    ("127.0.0.0", "loopback"),
    ("127.0.0.53", "loopback"),
    ("127.255.255.255", "loopback"),
    ("128.0.0.0", None),
    ("168.63.129.15", None),
    ("168.63.129.16", "metadata"),
    ("168.63.129.17", None),
    ("169.253.255.255", None),
    ("169.254.0.0", "link-local"),
    ("169.254.42.42", "metadata"),
    ("169.254.169.254", "metadata"),
    ("169.254.170.2", "metadata"),
    ("169.254.255.255", "link-local"),
    ("169.255.0.0", None),
    ("172.15.255.255", None),
    ("172.16.0.0", "private"),
    ("172.31.255.255", "private"),
    ("172.32.0.0", None),
    ("191.255.255.255", None),
    ("192.0.0.0", "reserved"),
    ("192.0.0.9", "reserved"),
    ("192.0.0.170", "reserved"),
    ("192.0.0.192", "metadata"),
    ("192.0.0.255", "reserved"),
    ("192.0.1.0", None),
    ("192.0.2.1", "documentation"),
    ("192.0.3.0", None),
    ("192.88.98.255", None),
    ("192.88.99.1", "transition"),
    ("192.88.100.0", None),
    ("192.167.255.255", None),
    ("192.168.0.0", "private"),
    ("192.168.255.255", "private"),
    ("192.169.0.0", None),
    ("198.17.255.255", None),
    ("198.18.0.0", "benchmark"),
    ("198.19.255.255", "benchmark"),
    ("198.20.0.0", None),
    ("198.51.100.7", "documentation"),
    ("198.51.101.0", None),
    ("203.0.113.7", "documentation"),
    ("203.0.114.0", None),
    ("223.255.255.255", None),
    ("224.0.0.1", "multicast"),
    ("239.255.255.255", "multicast"),
    ("240.0.0.0", "reserved"),
    ("255.255.255.254", "reserved"),
    ("255.255.255.255", "broadcast"),
    ("8.8.8.8", None),
    ("93.184.216.34", None),
    # IPv6
    ("::", "unspecified"),
    ("::1", "loopback"),
    ("0:0:0:0:0:0:0:1", "loopback"),
    ("1::", "reserved"),
    ("64:ff9a:ffff:ffff::", "reserved"),
    ("100::1", "discard"),
    ("100:0:0:1::1", "reserved"),
    ("200::1", "reserved"),
    ("1fff:ffff::", "reserved"),
    ("2000::1", None),
    ("2001:1::1", "reserved"),
    ("2001:2::1", "benchmark"),
    ("2001:10::1", "reserved"),
    ("2001:20::1", "reserved"),
    ("2001:1ff:ffff::", "reserved"),
    ("2001:200::1", None),
    ("2001:4860:4860::8888", None),
    ("2001:db7:ffff::", None),
    ("2001:db8::1", "documentation"),
    ("2001:db9::", None),
    ("2003::1", None),
    ("2606:2800:220:1:248:1893:25c8:1946", None),
    ("2620:4f:8000::1", None),
    ("3fff::1", "documentation"),
    ("3fff:fff:ffff::1", "documentation"),
    ("3fff:1000::1", None),
    ("4000::1", "reserved"),
    ("5f00::1", "reserved"),
    ("8000::1", "reserved"),
    ("fbff::1", "reserved"),
    ("fc00::1", "private"),
    ("fd00:ec2::254", "metadata"),
    ("fd00:ec2::253", "private"),
    ("fd20:ce::254", "metadata"),
    ("fdff:ffff::1", "private"),
    ("fe00::1", "reserved"),
    ("fe80::1", "link-local"),
    ("fe80::a9fe:a9fe", "metadata"),
    ("febf::1", "link-local"),
    ("fec0::1", "private"),
    ("feff::1", "private"),
    ("ff00::1", "multicast"),
    ("ff02::1", "multicast"),
    ("ff0e::1", "multicast"),
    # zone ids
    ("fe80::1%lo", "link-local"),
    ("fe80::1%25", "link-local"),
    ("::1%lo", "loopback"),
    ("::ffff:127.0.0.1%lo", "loopback"),
    ("2606:4700::1111%eth0", "scoped"),
]

EMBEDDED = [  # address, reason: that of the IPv4 address inside, where it has one
    ("::ffff:127.0.0.1", "loopback"),
    ("::ffff:7f00:1", "loopback"),
    ("0:0:0:0:0:ffff:7f00:0001", "loopback"),
    ("::FFFF:10.0.0.5", "private"),
    ("::ffff:169.254.169.254", "metadata"),
    ("::ffff:0.0.0.0", "unspecified"),
    ("::ffff:8.8.8.8", None),  # the kernel dials 8.8.8.8
    ("::ffff:0:127.0.0.1", "reserved"),  # IPv4-translated, RFC 2765
    ("::2", "reserved"),
    ("::127.0.0.1", "loopback"),
    ("::10.0.0.5", "private"),
    ("::7f00:1", "loopback"),
    ("::8.8.8.8", "transition"),
    ("64:ff9b::127.0.0.1", "loopback"),
    ("64:ff9b::7f00:1", "loopback"),
    ("64:ff9b::a00:5", "private"),
    ("64:ff9b::169.254.169.254", "metadata"),
    ("64:ff9b::c0a8:101", "private"),
    ("64:ff9b::224.0.0.1", "multicast"),
    ("64:ff9b::8.8.8.8", None),
    ("64:ff9b:1::7f00:1", "loopback"),
    ("64:ff9b:1::10.0.0.5", "private"),
    ("64:ff9b:1:7f00:0:100::", "unspecified"),
    ("64:ff9b:1:a9fe:a9:fe00:808:808", "metadata"),
    ("64:ff9b:1:808:8:800:808:808", "transition"),
    ("2002:7f00:1::", "loopback"),
    ("2002:7f00:0001::1", "loopback"),
    ("2002:a00:5::1", "private"),
    ("2002:a9fe:a9fe::1", "metadata"),
    ("2002:c0a8:101::", "private"),
    ("2002:808:808::1", "transition"),
    ("2001:0:7f00:1::", "loopback"),
    ("2001:0:4136:e378:8000:63bf:80ff:fffe", "loopback"),  # client 127.0.0.1, inverted
    ("2001:0:4136:e378:8000:63bf:f5ff:fffa", "private"),  # client 10.0.0.5, inverted
    ("2001:0:4136:e378:8000:63bf:3fff:fdd2", "documentation"),  # client 192.0.2.45, RFC 4380
    ("2001:0:808:808:0:0:f7f7:f7f7", "transition"),
]

# What is no literal of an address is refused as it stands: it would be resolved again.
NO_LITERALS = [
    "", " ", "localhost", "example.com", "0", "1", "127.1", "127.0.1", "2130706433", "0x7f000001",
    "0x7f.1", "0177.0.0.1", "017700000001", "127.0.0.1.", "127.0.0.01", "127.0.0.256", "127.0.0",
    " 127.0.0.1", "127.0.0.1 ", "127.0.0.1\n", "127.0.0.1/8", "127.0.0.1:80", "[::1]", "::1]",
    "１２７.0.0.1", "١٢٧.0.0.1", "①②⑦.⓪.⓪.①", "127。0。0。1", "::ffff:127.1",
    "::ffff:0x7f.0.0.1", "::ffff:127.0.0.01", ":::1", "1::1::1", "12345::", "fe80::1%", "g::1",
    "0.0.0.0.0", "-1", "+1", "1e3", "0b1", "127.0.0.1#", "127.0.0.1%00", "4294967296",
]  # fmt: skip


@pytest.mark.parametrize(("address", "reason"), EDGES + EMBEDDED)
def test_an_address_is_judged_by_the_longest_prefix(address: str, reason: str | None) -> None:
    assert refusal(address) == reason


@pytest.mark.parametrize("text", NO_LITERALS)
def test_what_is_no_literal_is_refused(text: str) -> None:
    assert refusal(text) == "unparsable"
    assert dial_refusal(text, 80) == "unparsable"


# Hosts as a URL may spell them

FULL_WIDTH = str.maketrans("0123456789.", "０１２３４５６７８９．")
CIRCLED = str.maketrans("0123456789", "⓪①②③④⑤⑥⑦⑧⑨")

REFUSED_V4 = [
    "127.0.0.1", "127.8.9.10", "10.0.0.5", "169.254.169.254", "172.16.0.1", "192.168.1.1",
    "100.64.0.1", "100.100.100.200", "0.0.0.0", "198.18.0.1", "168.63.129.16",
]  # fmt: skip
REFUSED_V6 = [
    "::1", "::", "fd00::5", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "2001:db8::1",
    "3fff::1", "100::1", "5f00::1",
]  # fmt: skip


def spellings_v4(dotted: str) -> list[str]:
    """The ways in which a URL's host may spell an IPv4 address; some are read by few parsers."""
    number = int(ipaddress.IPv4Address(dotted))
    a, b, c, d = (int(part) for part in dotted.split("."))
    high, low = number >> 16, number & 0xFFFF
    return [
        dotted,
        f"{number}",
        f"0x{number:x}",
        f"0X{number:08X}",
        f"0{number:o}",
        f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}",
        f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        f"000{a:o}.000{b:o}.000{c:o}.000{d:o}",
        f"{a}.0x{b:x}.0{c:o}.{d}",
        f"{a}.{number & 0xFFFFFF}",
        f"{a}.{b}.{low}",
        f"0x{a:x}.{b}.{low}",
        f"{dotted}.",
        dotted.translate(FULL_WIDTH),
        dotted.translate(CIRCLED),
        dotted.replace(".", "。"),
        dotted.replace(".", "%2e"),
        f"[::ffff:{dotted}]",
        f"[::FFFF:{high:x}:{low:x}]",
        f"[0:0:0:0:0:ffff:{dotted}]",
        f"[::{dotted}]",
        f"[64:ff9b::{high:x}:{low:x}]",
        f"[64:ff9b:1::{dotted}]",
        f"[2002:{high:x}:{low:x}::1]",
        f"[2001:0:{high:x}:{low:x}::1]",
    ]


def spellings_v6(address: str) -> list[str]:
    exploded = ipaddress.IPv6Address(address).exploded
    return [f"[{address}]", f"[{exploded}]", f"[{exploded.upper()}]", f"[{address}%25lo]"]


def all_spellings() -> list[str]:
    """Every spelling of every refused address: what a hostile page may put into a link."""
    found = [text for each in REFUSED_V4 for text in spellings_v4(each)]
    found += [text for each in REFUSED_V6 for text in spellings_v6(each)]
    return list(dict.fromkeys(found))


@cache
def resolved(host: str) -> tuple[str, ...]:
    """What the C library makes of a numeric host, without a lookup; empty when it is none."""
    bare = host.removeprefix("[").removesuffix("]").replace("%25", "%")
    try:
        found = socket.getaddrinfo(bare, 80, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return ()
    return tuple(str(row[4][0]) for row in found)


def test_there_are_300_spellings_and_the_resolver_reads_most_of_them() -> None:
    spellings = all_spellings()
    assert len(spellings) >= 300
    assert sum(bool(resolved(each)) for each in spellings) >= 200


@pytest.mark.parametrize("host", all_spellings())
def test_every_spelling_of_a_refused_address_is_refused(host: str) -> None:
    bare = host.removeprefix("[").removesuffix("]")
    assert refusal(bare) is not None
    for address in resolved(host):
        assert refusal(address) is not None


# Allowed networks and ports


@pytest.mark.parametrize(
    ("network", "address", "reason"),
    [
        ("127.0.0.0/8", "127.0.0.1", None),
        ("127.0.0.0/8", "::ffff:127.0.0.1", None),
        ("127.0.0.0/8", "::1", "loopback"),
        ("127.0.0.0/8", "::127.0.0.1", "loopback"),  # another machine, by its gateway
        ("127.0.0.0/8", "64:ff9b::7f00:1", "loopback"),
        ("127.0.0.0/8", "127.1", "unparsable"),
        ("127.0.0.2", "127.0.0.1", "loopback"),
        ("::1", "::1", None),
        ("::1", "::1%lo", None),
        ("fe80::/10", "fe80::1%eth0", None),
        ("::ffff:10.0.0.0/104", "10.1.2.3", None),
        ("10.1.0.0/16", "10.2.0.1", "private"),
        ("10.0.0.0/8", "169.254.169.254", "metadata"),
        ("2002::/16", "2002:7f00:1::", None),
    ],
)
def test_an_allowed_network_opens_itself_only(
    network: str, address: str, reason: str | None
) -> None:
    assert refusal(address, allowed=parse_networks([network])) == reason


@pytest.mark.parametrize(
    ("port", "reason"),
    [(80, None), (443, None), (8000, None), (8080, None), (8443, None), (8999, None)]
    + [(p, "port") for p in (0, 1, 21, 22, 25, 53, 81, 442, 444, 3306, 6379, 7999, 9000, 11211)],
)
def test_only_web_ports_are_dialled(port: int, reason: str | None) -> None:
    assert port_refusal(port) == reason
    assert dial_refusal("8.8.8.8", port) == reason


def test_an_allowed_port_or_address_opens_other_ports() -> None:
    ports = parse_ports(["9000-9010", "22"])
    assert port_refusal(9010, allowed=ports) is None
    assert port_refusal(9011, allowed=ports) == "port"
    assert dial_refusal("8.8.8.8", 22, ports=ports) is None
    assert dial_refusal("10.0.0.1", 22, ports=ports) == "private"
    assert dial_refusal("10.0.0.1", 6379, allowed=parse_networks(["10.0.0.0/8"])) is None
    assert dial_refusal("8.8.8.8", 6379, allowed=parse_networks(["8.8.8.8"])) is None


def test_the_address_is_named_before_the_port() -> None:
    assert dial_refusal("127.0.0.1", 22) == "loopback"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("10.1.2.3/8", "did you mean 10.0.0.0/8"),
        ("localhost", "is no network"),
        ("10.0.0.0/33", "is no network"),
        ("127.1/8", "is no network"),
        ("::1/129", "is no network"),
        ("*", "is no network"),
    ],
)
def test_a_network_that_is_none_is_said_in_a_sentence(text: str, hint: str) -> None:
    with pytest.raises(UsageError, match=hint):
        parse_networks(["127.0.0.0/8", text])


@pytest.mark.parametrize("text", ["http", "0", "65536", "9010-9000", "80-", "-80", "1-70000"])
def test_a_port_that_is_none_is_said_in_a_sentence(text: str) -> None:
    with pytest.raises(UsageError, match="is no port"):
        parse_ports([text])


def test_the_first_and_the_last_port_can_be_allowed() -> None:
    assert parse_ports(["1", "65535", "1-65535"]) == (
        range(1, 2), range(65535, 65536), range(1, 65536),
    )  # fmt: skip


def test_all_mapped_addresses_are_all_of_ipv4() -> None:
    assert parse_networks(["::ffff:0:0/96"]) == (ipaddress.ip_network("0.0.0.0/0"),)
    with pytest.raises(UsageError, match="is no network"):
        parse_networks(["::ffff:0:0/95"])


def test_empty_texts_name_nothing() -> None:
    assert parse_networks(["", " "]) == ()
    assert parse_ports([" "]) == ()


# The standard library as an oracle, where it is right

# Called global by ``is_global`` of some Python from 3.11 to 3.14, and refused by us.
STRICTER = parse_networks([
    "192.88.99.0/24", "192.0.0.0/24", "168.63.129.16", "224.0.0.0/4", "ff00::/8", "fec0::/10",
    "3fff::/20", "5f00::/16", "2002::/16", "64:ff9b:1::/48", "::/96", "2001::/23", "100:0:0:1::/64",
])  # fmt: skip
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_global(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """``is_global`` with its known errors corrected from the text of the registries."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return is_global(address.ipv4_mapped)
        if address in NAT64:
            return is_global(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if address not in GLOBAL_UNICAST:
            return False
    return address.is_global and not any(address in network for network in STRICTER)


BLOCKS = [ipaddress.ip_network(block) for block in REASONS]
near_a_block = st.sampled_from(BLOCKS).flatmap(
    lambda block: st.integers(
        max(int(block.network_address) - 2, 0),
        min(int(block.broadcast_address) + 2, 2**block.max_prefixlen - 1),
    ).map(ipaddress.IPv6Address if block.version == 6 else ipaddress.IPv4Address)
)


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6), near_a_block))
def test_the_standard_library_agrees(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    assert (refusal(str(address)) is None) == is_global(address)


@given(st.text(max_size=40))
def test_no_text_raises(text: str) -> None:
    refusal(text)

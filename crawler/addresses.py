"""Which addresses and ports may be dialled: a decision on numbers, never a lookup.

An address may be dialled only when it is global by the table below, or covered by a network that
the user allowed. ``ipaddress.is_global`` is not asked: in Python 3.11 it calls fec0::1, 3fff::1,
192.88.99.1, 224.0.0.1 and every address with a private IPv4 address inside (64:ff9b::7f00:1,
2002:7f00:1::) global.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from crawler.errors import UsageError

IPNetwork = IPv4Network | IPv6Network
IPAddress = IPv4Address | IPv6Address

# The IANA special-purpose address registries (RFC 6890 and its successors), compiled on 2026-11-22
# up to the row of RFC 9780 (2025), and the addresses at which clouds tell a machine its own secrets
# ("metadata"). The longest prefix decides. The few entries inside 192.0.0.0/24 and 2001::/23 that
# the registries call globally reachable are anycast protocol addresses (PCP, TURN, AMT, AS112,
# ORCHID), never a source's web server: the whole blocks stay refused.
REASONS = {
    "0.0.0.0/8": "reserved",  # "this network", RFC 791 §3.2
    "0.0.0.0/32": "unspecified",  # Linux takes it for 127.0.0.1
    "10.0.0.0/8": "private",  # RFC 1918
    "100.64.0.0/10": "shared",  # carrier-grade NAT, RFC 6598
    "100.100.100.200/32": "metadata",  # Alibaba Cloud
    "127.0.0.0/8": "loopback",
    "168.63.129.16/32": "metadata",  # Azure's wire server: a public address, answered by the host
    "169.254.0.0/16": "link-local",  # RFC 3927
    "169.254.42.42/32": "metadata",  # Scaleway
    "169.254.169.254/32": "metadata",  # AWS, Azure, Google, Oracle, OpenStack, DigitalOcean
    "169.254.170.2/32": "metadata",  # AWS, containers
    "169.254.170.23/32": "metadata",  # AWS, Kubernetes pods
    "172.16.0.0/12": "private",
    "192.0.0.0/24": "reserved",  # IETF protocol assignments, RFC 6890 §2.1
    "192.0.0.192/32": "metadata",  # Oracle Cloud, older machines
    "192.0.2.0/24": "documentation",
    "192.88.99.0/24": "transition",  # 6to4 relays, withdrawn by RFC 7526
    "192.168.0.0/16": "private",
    "198.18.0.0/15": "benchmark",  # RFC 2544
    "198.51.100.0/24": "documentation",
    "203.0.113.0/24": "documentation",
    "224.0.0.0/4": "multicast",
    "240.0.0.0/4": "reserved",
    "255.255.255.255/32": "broadcast",
    # Only 2000::/3 is given out as global unicast (RFC 4291 §2.4, RFC 3587): the rest is refused.
    "::/0": "reserved",
    "2000::/3": None,
    "::/96": "transition",  # IPv4-compatible, withdrawn by RFC 4291 §2.5.5.1
    "::/128": "unspecified",
    "::1/128": "loopback",
    "64:ff9b::/96": None,  # NAT64, RFC 6052: what the IPv4 address inside is
    "64:ff9b:1::/48": "transition",  # NAT64 of a local network, RFC 8215
    "100::/64": "discard",  # RFC 6666
    "100:0:0:1::/64": "reserved",  # dummy prefix, RFC 9780
    "2001::/23": "reserved",  # IETF protocol assignments, RFC 2928
    "2001::/32": "transition",  # Teredo, RFC 4380
    "2001:2::/48": "benchmark",  # RFC 5180
    "2001:db8::/32": "documentation",
    "2002::/16": "transition",  # 6to4, RFC 3056
    "3fff::/20": "documentation",  # RFC 9637
    "5f00::/16": "reserved",  # segment routing, RFC 9602
    "fc00::/7": "private",  # RFC 4193
    "fd00:ec2::23/128": "metadata",  # AWS, Kubernetes pods
    "fd00:ec2::254/128": "metadata",  # AWS
    "fd20:ce::254/128": "metadata",  # Google
    "fe80::/10": "link-local",
    "fe80::a9fe:a9fe/128": "metadata",  # OpenStack
    "fec0::/10": "private",  # site-local, withdrawn by RFC 3879, still routed in places
    "ff00::/8": "multicast",
}
_TABLE: tuple[tuple[IPNetwork, str | None], ...] = tuple(
    sorted(
        ((ip_network(block), reason) for block, reason in REASONS.items()),
        key=lambda row: -row[0].prefixlen,
    )
)

# What the web is served on, and what a test or staging server listens on. A cited port 22, 25 or
# 6379 is an attack on that protocol, not a page.
PORTS = (range(80, 81), range(443, 444), range(8000, 9000))


def refusal(address: str, *, allowed: Sequence[IPNetwork] = ()) -> str | None:
    """Return why an address must not be dialled, as a reason code; None when it may be.

    The address is one literal as a resolver gives it. Any other spelling (2130706433, 127.1, a
    name) is "unparsable" and so refused. The codes are those of ``REASONS``, "unparsable", and
    "scoped" for a global address with a zone id.
    """
    parsed = _parse(address)
    if parsed is None:
        return "unparsable"
    if _is_covered(parsed, allowed):
        return None
    reason = _reason(parsed)
    if reason is None and isinstance(parsed, IPv6Address) and parsed.scope_id is not None:
        return "scoped"
    return reason


def port_refusal(port: int, *, allowed: Sequence[range] = ()) -> str | None:
    """Return "port" when no web server is expected on a port; None when it may be dialled."""
    return None if any(port in ports for ports in (*PORTS, *allowed)) else "port"


def dial_refusal(
    address: str,
    port: int,
    *,
    allowed: Sequence[IPNetwork] = (),
    ports: Sequence[range] = (),
) -> str | None:
    """Return why an address and port must not be dialled, as a reason code; None when they may be.

    An address that the user allowed may be dialled on every port.
    """
    parsed = _parse(address)
    if parsed is not None and _is_covered(parsed, allowed):
        return None
    return refusal(address) or port_refusal(port, allowed=ports)


def parse_networks(texts: Iterable[str]) -> tuple[IPNetwork, ...]:
    """Return the networks that texts such as ``10.1.0.0/16`` or ``::1`` name. Raises UsageError.

    Empty texts are skipped. An IPv4-mapped network becomes the IPv4 network that it stands for.
    """
    return tuple(_parse_network(text.strip()) for text in texts if text.strip())


def parse_ports(texts: Iterable[str]) -> tuple[range, ...]:
    """Return the ports that texts such as ``8443`` or ``9000-9010`` name. Raises UsageError."""
    return tuple(_parse_port(text.strip()) for text in texts if text.strip())


def _parse(address: str) -> IPAddress | None:
    try:
        return ip_address(address)
    except ValueError:
        return None


def _is_covered(address: IPAddress, allowed: Sequence[IPNetwork]) -> bool:
    """Tell whether the user allowed an address, or the IPv4 address that the kernel makes of it."""
    dialled = (address, _mapped(address))
    return any(form in network for network in allowed for form in dialled if form is not None)


def _reason(address: IPAddress) -> str | None:
    """Return the reason of the table, or that of an IPv4 address inside, which says more."""
    if (mapped := _mapped(address)) is not None:
        return _reason(mapped)
    outer = next((reason for network, reason in _TABLE if address in network), None)
    if outer not in (None, "transition"):
        return outer
    inner = (_reason(each) for each in _embedded(address))
    return next((reason for reason in inner if reason), outer)


def _mapped(address: IPAddress) -> IPv4Address | None:
    return address.ipv4_mapped if isinstance(address, IPv6Address) else None


def _embedded(address: IPAddress) -> tuple[IPv4Address, ...]:
    """Return the IPv4 addresses that a gateway would take out of an IPv6 address."""
    if isinstance(address, IPv4Address):
        return ()
    if address.teredo is not None:
        return address.teredo  # server and client, RFC 4380 §4
    if address.sixtofour is not None:
        return (address.sixtofour,)
    number = int(address)
    last = IPv4Address(number & 0xFFFF_FFFF)
    if address in _LOCAL_NAT64:  # RFC 6052 §2.2: a /48 prefix parts the address around bits 64-71
        high, low = number >> 64 & 0xFFFF, number >> 40 & 0xFFFF
        return (last, IPv4Address(high << 16 | low))
    return (last,) if number >> 32 in _LAST_32_BITS else ()


_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
_LAST_32_BITS = (0, int(IPv6Address("64:ff9b::")) >> 32)  # IPv4-compatible, NAT64


def _parse_network(text: str) -> IPNetwork:
    try:
        network = ip_network(text)
    except ValueError as exc:
        raise UsageError(
            f"{text!r} is no network{_suggestion(text)}:"
            " write an address or a CIDR such as 10.1.0.0/16 or fd00::/8"
        ) from exc
    mapped = _mapped(network.network_address)
    if mapped is not None:  # ::ffff:0:0/96 or less: a shorter prefix would leave bits to its right
        return IPv4Network((mapped, network.prefixlen - 96))
    return network


def _suggestion(text: str) -> str:
    """Return a hint where only bits to the right of the prefix are set, as in 10.1.2.3/8."""
    try:
        return f" (did you mean {ip_network(text, strict=False)}?)"
    except ValueError:
        return ""


def _parse_port(text: str) -> range:
    first, dash, last = text.partition("-")
    try:
        ports = range(int(first), int(last if dash else first) + 1)
    except ValueError:
        ports = range(0)
    if not ports or ports[0] < 1 or ports[-1] > 65_535:
        raise UsageError(f"{text!r} is no port: write a number such as 8443, or 9000-9010")
    return ports

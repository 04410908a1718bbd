"""Where a look may go: a camera's address, and the policy that every address and redirect must pass."""

from __future__ import annotations

import asyncio
import re
import socket
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit

from base.errors import InvalidInputError
from ingest.failure import LookFailedError
from models.look import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

DEFAULT_PORTS: Final = {"rtsp": 554, "http": 80, "https": 443}
SNAPSHOT_SCHEMES: Final = frozenset({"http", "https"})

PRIVATE_NETWORKS: Final = (
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "fc00::/7",
    "127.0.0.0/8",
    "::1/128",
)
"""Private and loopback networks. Link-local is left out: clouds serve credentials at 169.254.169.254."""

# No blanks and no control characters: a URL is written into a request line as it stands.
_URL: Final = re.compile(r"[\x21-\x7e]{1,2048}")
_CREDENTIAL: Final = re.compile(r"[^\x00-\x1f\x7f]{0,256}")


@dataclass(frozen=True, slots=True)
class CameraAddress:
    """A camera's URL, and the credentials that are never part of it.

    Raises:
        InvalidInputError: The URL cannot be used, or carries credentials. The message never repeats the URL.
    """

    url: str
    username: str = ""
    password: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        split_url(self.url)
        if ":" in self.username or not _CREDENTIAL.fullmatch(self.username):
            raise InvalidInputError(
                "the camera's user name holds a colon or a control character, or is too long"
            )
        if not _CREDENTIAL.fullmatch(self.password):
            raise InvalidInputError("the camera's password holds a control character or is too long")


@dataclass(frozen=True, slots=True)
class Location:
    """A URL taken apart, before anything has been resolved."""

    scheme: str
    host: str
    port: int
    url: str


@dataclass(frozen=True, slots=True)
class Target:
    """A checked place to connect to: ``ip`` is the very address that passed the policy."""

    location: Location
    ip: str


def split_url(url: str) -> Location:
    """Take a camera's URL apart.

    Raises:
        InvalidInputError: It has no scheme or host, a bad port, blanks, or credentials inside.
    """
    if not _URL.fullmatch(url):
        raise InvalidInputError(
            "a camera's URL must be printable ASCII without blanks, at most 2048 characters",
            remedy="Percent-encode other characters.",
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as err:
        raise InvalidInputError("the camera's URL has a bad host or port") from err
    if "@" in parts.netloc:
        raise InvalidInputError(
            "a camera's URL must not carry credentials",
            remedy="Give the user name and the password separately.",
        )
    if not parts.scheme or not parts.hostname:
        raise InvalidInputError(
            "the camera's URL needs a scheme and a host", remedy="Such as rtsp://host/path."
        )
    return Location(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port or DEFAULT_PORTS.get(parts.scheme, 0),
        url=parts._replace(fragment="").geturl(),
    )


@dataclass(frozen=True, slots=True)
class TargetPolicy:
    """Which schemes and networks may be looked at. Closed by default: no network, no look."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    schemes: frozenset[str] = frozenset(DEFAULT_PORTS)

    @classmethod
    def of(cls, networks: Iterable[str]) -> TargetPolicy:
        """A policy from networks in CIDR notation.

        Raises:
            InvalidInputError: One of them is not a network.
        """
        try:
            return cls(tuple(ip_network(network) for network in networks))
        except ValueError as err:
            raise InvalidInputError(f"not a network: {err}", remedy="Write it as 192.0.2.0/24.") from err

    def permits(self, address: IPv4Address | IPv6Address) -> bool:
        """Whether an address lies in an allowed network. IPv4 mapped into IPv6 is judged as IPv4."""
        bare = getattr(address, "ipv4_mapped", None) or address
        return any(bare in network for network in self.networks)


class Lookup(Protocol):
    """Turns a host name into addresses, as ``socket.getaddrinfo`` does; raises ``OSError``."""

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """The addresses of ``host``, best first."""
        ...


async def system_lookup(host: str, port: int) -> Sequence[str]:
    """Ask the machine's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for *_, sockaddr in found]


async def resolve(location: Location, policy: TargetPolicy, lookup: Lookup = system_lookup) -> Target:
    """Resolve a host once, and keep the first address that the policy permits.

    The connection goes to that address and the name is not asked again, so an answer that changes in between
    (DNS rebinding) leads nowhere.

    Raises:
        LookFailedError: ``NOT_ALLOWED``, or ``UNREACHABLE`` when the name has no address.
    """
    if location.scheme not in policy.schemes:
        raise LookFailedError(Outcome.NOT_ALLOWED, "the scheme of the address is not allowed")
    try:
        candidates: Sequence[str] = [str(ip_address(location.host))]
    except ValueError:
        try:
            candidates = await lookup(location.host, location.port)
        except (OSError, UnicodeError) as err:  # the latter: a label that IDNA cannot encode
            raise LookFailedError(Outcome.UNREACHABLE, "the host name has no address") from err
    for candidate in candidates:
        if policy.permits(ip_address(candidate)):
            return Target(location, candidate)
    raise LookFailedError(Outcome.NOT_ALLOWED, "the address lies outside the allowed networks")

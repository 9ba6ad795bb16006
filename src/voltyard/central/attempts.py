"""How often somebody may present wrong credentials: limits that guessers meet and charge points do not.

A guesser must not be able to lock out the charge point whose identity it uses. So failures count for the
identity *at an address*, never for the identity alone; and the limit of an address as a whole, which may be
shared by many charge points, does not concern an identity that last logged in from there.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv6Address, ip_address

from voltyard.central.recent import Recent

WINDOW_S = 60.0
_IPV6_NETWORK_BITS = 64  # what one customer gets: all of it is one guesser


class AttemptLimiter:
    """Counts failures over the last minute, in bounded memory.

    `clock` gives monotonic seconds. Refused attempts are not failures: whoever stops is let in again when
    the minute is over. `remembered` bounds each of the three tables; what is forgotten is what was not
    touched for the longest time.
    """

    __slots__ = ("_by_address", "_by_identity", "_clock", "_per_address", "_per_identity", "_usual")

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        per_identity: int = 10,
        per_address: int = 100,
        remembered: int = 20_000,
    ) -> None:
        self._clock = clock
        self._per_identity = per_identity
        self._per_address = per_address
        # The instants of the last failures, as many as the limit at most, oldest first.
        self._by_identity: Recent[tuple[str, str], tuple[float, ...]] = Recent(remembered)
        self._by_address: Recent[str, tuple[float, ...]] = Recent(remembered)
        self._usual: Recent[str, str] = Recent(remembered)

    def retry_after_s(self, identity: str, address: str) -> float:
        """Return how long this attempt has to wait; 0: it may be made now."""
        network = _network(address)
        wait_s = self._wait_s(self._by_identity.get((identity, network)), self._per_identity)
        if self._usual.get(identity) == network:
            return wait_s
        return max(wait_s, self._wait_s(self._by_address.get(network), self._per_address))

    def failed(self, identity: str, address: str) -> None:
        """Count wrong credentials."""
        network, now = _network(address), self._clock()
        pair = (identity, network)
        self._by_identity.put(pair, (*(self._by_identity.get(pair) or ()), now)[-self._per_identity :])
        self._by_address.put(network, (*(self._by_address.get(network) or ()), now)[-self._per_address :])

    def succeeded(self, identity: str, address: str) -> None:
        """Forgive this identity at this address, which is its usual one from now on."""
        network = _network(address)
        self._usual.put(identity, network)
        self._by_identity.forget((identity, network))

    def _wait_s(self, failures: tuple[float, ...] | None, limit: int) -> float:
        if failures is None or len(failures) < limit:
            return 0.0
        return max(0.0, failures[0] + WINDOW_S - self._clock())


def _network(address: str) -> str:
    """Return whose address it is: an IPv4 address itself, the network of an IPv6 address."""
    try:
        ip = ip_address(address)
    except ValueError:  # a unix socket, or nothing at all
        return address
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return f"{int(ip) >> (128 - _IPV6_NETWORK_BITS):x}::"
    return str(ip)

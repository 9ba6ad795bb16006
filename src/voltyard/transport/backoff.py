"""How long to wait before the next attempt to connect."""

from __future__ import annotations

from collections.abc import Callable


class Backoff:
    """Delays that grow exponentially to a cap, each with its upper half random.

    `random` returns numbers in [0, 1). With a factor of at least 2 a delay is never shorter than the one
    before it, until the cap is reached; the jitter keeps the charge points of a site from coming back all
    at once.
    """

    __slots__ = ("_cap_s", "_factor", "_initial_s", "_longest_s", "_random", "_settled_s")

    def __init__(
        self,
        random: Callable[[], float],
        *,
        initial_s: float = 2.0,
        factor: float = 2.0,
        cap_s: float = 300.0,
        settled_s: float = 60.0,
    ) -> None:
        if not (0 < initial_s <= cap_s and factor >= 1):
            raise ValueError("needs 0 < initial_s <= cap_s and factor >= 1")
        self._random = random
        self._initial_s = initial_s
        self._factor = factor
        self._cap_s = cap_s
        self._settled_s = settled_s
        self._longest_s = initial_s

    def next_delay_s(self, at_least_s: float = 0.0) -> float:
        """Return the seconds to wait now; `at_least_s` is what the server asked for, the cap allowing."""
        delay_s = self._longest_s * (1 + self._random()) / 2
        self._longest_s = min(self._longest_s * self._factor, self._cap_s)
        return max(delay_s, min(at_least_s, self._cap_s))

    def connection_lasted(self, duration_s: float) -> None:
        """Begin again with short delays if the connection that ended had lasted."""
        if duration_s >= self._settled_s:
            self._longest_s = self._initial_s

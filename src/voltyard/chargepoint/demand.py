"""Whether the vehicle of a transaction wants energy, as far as it can say so."""

from __future__ import annotations

from typing import Final

RESPONSE_S: Final = 60.0
"""How long a vehicle may take to ask for energy that it is offered."""


class Demand:
    """What is known of one vehicle; moments are monotonic seconds.

    Who is offered nothing can hardly ask, and who is offered something takes a while: until a vehicle could
    have answered it counts as wanting energy, or as it did when it was last offered some. `began_at` is when
    its transaction began.
    """

    __slots__ = ("_has_asked", "_offered_at", "_wants_energy", "began_at")

    def __init__(self, began_at: float) -> None:
        self.began_at = began_at
        self._wants_energy = True
        self._has_asked = False
        self._offered_at: float | None = None

    @property
    def wants_energy(self) -> bool:
        return self._wants_energy

    @property
    def decided_at(self) -> float | None:
        """When silence will have become an answer; None where it will not."""
        if self._offered_at is None or self._has_asked or not self._wants_energy:
            return None
        return self._offered_at + RESPONSE_S

    def observe(self, *, asks: bool, now: float) -> None:
        """Take notice of what the vehicle does now."""
        if asks:
            self._wants_energy = self._has_asked = True
        elif self._has_asked or (self.decided_at is not None and now >= self.decided_at):
            self._wants_energy = False

    def offered(self, *, is_enough: bool, now: float) -> None:
        """Take notice of what the vehicle is offered from now on: something or nothing."""
        if not is_enough:
            self._offered_at = None
            self._has_asked = False
        elif self._offered_at is None:
            self._offered_at = now

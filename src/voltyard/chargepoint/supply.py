"""What a connector offers a vehicle: as much as hardware and smart charging allow, or nothing, and why."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum, auto
from functools import partial
from math import inf
from typing import Final

from voltyard.chargepoint.hardware import ConnectorHardware
from voltyard.chargepoint.orders import obeyed
from voltyard.charging.balancing import MINIMUM_CURRENT_A
from voltyard.charging.connector import Event, supply_event


class Withheld(StrEnum):
    """Why a connector with a transaction offers nothing."""

    FAULT = auto()
    """A fault prevents charging."""
    CHARGE_POINT = auto()
    """A fault of the charge point itself prevents charging anywhere."""
    EV_COMMUNICATION = auto()
    """The vehicle is not understood (OCPP 1.6 §7.6)."""
    INVALID_ID = auto()
    """The central system does not accept the identifier (OCPP 1.6 §4.8)."""


_LASTING: Final = frozenset({Withheld.FAULT, Withheld.CHARGE_POINT, Withheld.EV_COMMUNICATION})


class Supply:
    """The energy offered at one connector; closed while nobody charges.

    `failed` is told when the hardware cannot be made to offer what it should.
    """

    __slots__ = ("_failed", "_hardware", "_is_open", "_limit_a", "_withheld")

    def __init__(self, hardware: ConnectorHardware, failed: Callable[[], None] = lambda: None) -> None:
        self._hardware = hardware
        self._failed = failed
        self._limit_a = inf
        self._is_open = False
        self._withheld: set[Withheld] = set()

    @property
    def is_withheld(self) -> bool:
        """Whether something but the limit keeps the energy back."""
        return bool(self._withheld)

    @property
    def offered_a(self) -> float:
        """What is offered, in amperes per phase; 0 where nothing is."""
        return self._allowed_a if self._is_open and not self._withheld else 0.0

    def open(self) -> None:
        """Offer energy: a transaction begins."""
        self._is_open = True
        self._offer()

    def close(self) -> None:
        """Offer none: the transaction is over."""
        self._is_open = False
        self._withheld &= _LASTING
        self._offer()

    def limit(self, current_a: float) -> None:
        """Offer no more than so many amperes per phase; infinity is no limit."""
        self._limit_a = current_a
        self._offer()

    def withhold(self, reason: Withheld) -> None:
        """Offer nothing until `grant` of the same reason."""
        self._withheld.add(reason)
        self._offer()

    def grant(self, reason: Withheld) -> None:
        """Take a reason to offer nothing away."""
        self._withheld.discard(reason)
        self._offer()

    def event(self) -> Event:
        """Say what the supply means for the status in a transaction; a fault hides that status anyway."""
        offered = self._withheld <= {Withheld.FAULT} and self._allowed_a > 0
        return supply_event(offered=offered, drawn=self._hardware.wants_energy)

    @property
    def _allowed_a(self) -> float:
        current_a = min(self._limit_a, self._hardware.max_current_a)
        return current_a if current_a >= MINIMUM_CURRENT_A else 0.0

    def _offer(self) -> None:
        if not obeyed(partial(self._hardware.offer, self.offered_a)):
            self._failed()

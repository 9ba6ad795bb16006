"""A charge point for as long as its program runs: boots, is one, resets, boots again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from voltyard.chargepoint.clock import Clock, StationClock, SystemClock
from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.hardware import Hardware
from voltyard.chargepoint.lifetime import Lifetime
from voltyard.chargepoint.parts import Installation, Vendors, equipment_of
from voltyard.chargepoint.snapshot import StationSnapshot
from voltyard.chargepoint.store import Change, MemoryStore, Store
from voltyard.chargepoint.uplink import StayConnected
from voltyard.protocol.codec import Compliance
from voltyard.protocol.messages import Reason
from voltyard.transport.peer import FrameObserver

_KIND: Final = "station"
_LEFT_ORDERLY: Final = "left orderly"


class Station:
    """An OCPP 1.6 charge point on somebody's hardware.

    `stay_connected` makes the connections to the central system, `store` keeps what has to survive (without
    one nothing survives the process), `settings` are first values of configuration keys, `vendors` answer
    DataTransfer, `observer` sees every frame. Raises `ValueError` for impossible settings.
    """

    def __init__(
        self,
        hardware: Hardware,
        stay_connected: StayConnected,
        *,
        store: Store | None = None,
        clock: Clock | None = None,
        settings: Mapping[str, str] | None = None,
        vendors: Vendors | None = None,
        compliance: Compliance = Compliance.TOLERANT,
        observer: FrameObserver | None = None,
    ) -> None:
        self._installation = Installation(
            hardware=hardware,
            stay_connected=stay_connected,
            store=store or MemoryStore(),
            clock=StationClock(clock or SystemClock()),
            settings=settings or {},
            vendors=vendors or {},
            compliance=compliance,
            observer=observer,
        )
        Configuration(self._installation.store, equipment_of(hardware), self._installation.settings)
        self._lifetime: Lifetime | None = None

    async def run(self) -> None:
        """Be a charge point until cancelled.

        A transaction that runs then is stopped at the next start, with the reason Reboot; after a loss of
        power or a crash the reason is PowerLoss.
        """
        store = self._installation.store
        left_orderly = _LEFT_ORDERLY in store.read(_KIND)
        store.commit(Change(_KIND, _LEFT_ORDERLY, None))
        interrupted = Reason.REBOOT if left_orderly else Reason.POWER_LOSS
        try:
            while True:
                lifetime = self._lifetime = Lifetime(self._installation)
                await lifetime.run(interrupted)
        finally:
            self._lifetime = None
            store.commit(Change(_KIND, _LEFT_ORDERLY, b"true"))

    def snapshot(self) -> StationSnapshot | None:
        """Return what the charge point looks like now; None while it is not up."""
        return None if self._lifetime is None else self._lifetime.snapshot()

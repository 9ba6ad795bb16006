"""A charge point for as long as its program runs: boots, is one, resets, boots again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from voltyard.chargepoint.clock import Clock, StationClock, SystemClock
from voltyard.chargepoint.complaints import Complaint, Complaints
from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.connection import Terms
from voltyard.chargepoint.hardware import Hardware
from voltyard.chargepoint.journal import Journal, open_journal
from voltyard.chargepoint.keys import Key
from voltyard.chargepoint.lifetime import Lifetime
from voltyard.chargepoint.parts import Installation, Vendors, configuration_of
from voltyard.chargepoint.snapshot import Glance, StationSnapshot
from voltyard.chargepoint.store import Change, MemoryStore, Store
from voltyard.chargepoint.transfer import FileTransfer, InternetTransfer
from voltyard.chargepoint.uplink import CALL_TIMEOUT_S, StayConnected, Uplink
from voltyard.protocol.codec import Compliance
from voltyard.protocol.messages import Reason, ResetType
from voltyard.transport.errors import Disconnected
from voltyard.transport.peer import FrameObserver

_KIND: Final = "station"
_LEFT_ORDERLY: Final = "left orderly"
# A transaction that somebody begins while a reset is on its way does not get over it.
_INTERRUPTED_BY: Final = {ResetType.SOFT: Reason.SOFT_RESET, ResetType.HARD: Reason.HARD_RESET}


class Station:
    """An OCPP 1.6 charge point on somebody's hardware.

    `stay_connected` makes the connections to the central system, `store` keeps what has to survive (without
    one nothing survives the process), `settings` are first values of configuration keys, also of those that
    say what it can do, `absent_keys` optional ones it does not have, `own_keys` its vendor's. `vendors`
    answer DataTransfer, `observer` sees every frame, `complaints` goes on counting what is wrong with them.
    `directory` is for the journal and firmware images, `journal_bytes` bounds each of the journal's logs,
    `transfer` gets and brings files (by default with the machine's own root certificates). Raises
    `ValueError` for impossible settings.
    """

    __slots__ = ("_configuration", "_installation", "_journal", "_lifetime")

    def __init__(
        self,
        hardware: Hardware,
        stay_connected: StayConnected,
        *,
        store: Store | None = None,
        clock: Clock | None = None,
        settings: Mapping[str, str] | None = None,
        absent_keys: Collection[str] = (),
        own_keys: Sequence[Key] = (),
        vendors: Vendors | None = None,
        compliance: Compliance = Compliance.TOLERANT,
        observer: FrameObserver | None = None,
        complaints: Complaints | None = None,
        directory: Path | None = None,
        transfer: FileTransfer | None = None,
        journal_bytes: int | None = None,
    ) -> None:
        complaints = complaints or Complaints()
        impossible = partial(complaints.count, Complaint.IMPOSSIBLE_TIME)
        station_clock = StationClock(clock or SystemClock(), impossible=impossible)
        self._journal = open_journal(station_clock.now, directory, limit_bytes=journal_bytes)
        self._installation = Installation(
            hardware=hardware,
            stay_connected=stay_connected,
            store=store or MemoryStore(),
            clock=station_clock,
            settings=settings or {},
            absent_keys=absent_keys,
            own_keys=own_keys,
            vendors=vendors or {},
            compliance=compliance,
            observer=observer,
            complaints=complaints,
            journal=self._journal,
            transfer=transfer or InternetTransfer(),
            directory=directory,
        )
        self._configuration = configuration_of(self._installation)
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
                interrupted = _INTERRUPTED_BY[await lifetime.run(interrupted)]
        finally:
            self._lifetime = None
            self._configuration = configuration_of(self._installation)
            store.commit(Change(_KIND, _LEFT_ORDERLY, b"true"))

    @property
    def configuration(self) -> Configuration:
        """The configuration in effect, also while the charge point is not up."""
        return self._configuration if self._lifetime is None else self._lifetime.configuration

    @property
    def journal(self) -> Journal:
        """What the charge point has noted of what happened."""
        return self._journal

    @property
    def terms(self) -> Terms:
        """What the configuration says about the next connection (white paper A01)."""
        key = self.configuration.text("AuthorizationKey")
        return Terms(
            password=bytes.fromhex(key) if key else None,
            ping_interval_s=float(self.configuration.integer("WebSocketPingInterval")),
        )

    def snapshot(self) -> StationSnapshot | None:
        """Return what the charge point looks like now; None while it is not up."""
        return None if self._lifetime is None else self._lifetime.snapshot()

    def glance(self) -> Glance | None:
        """Return the little of it that can be told of thousands every second; None while it is not up."""
        return None if self._lifetime is None else self._lifetime.glance()

    async def call_raw(self, action: str, payload: bytes, timeout_s: float = CALL_TIMEOUT_S) -> bytes:
        """Send a CALL of any payload, when its turn comes, and return the payload of its answer unread.

        For tests of central systems: neither is checked. Raises `PeerError`.
        """
        return await self._uplink.call_raw(action, payload, timeout_s)

    async def exchange(self, frame: bytes, timeout_s: float = CALL_TIMEOUT_S) -> bytes | None:
        """Send anything at all as one text message, at once, and return the frame that answers it.

        None if none can be told to be the answer or none comes in time. Raises `Disconnected`.
        """
        return await self._uplink.exchange(frame, timeout_s)

    @property
    def _uplink(self) -> Uplink:
        if self._lifetime is None:
            raise Disconnected(1006, "the charge point is not up")
        return self._lifetime.uplink

"""A connector's cable: held while somebody charges, kept for somebody then, or let go (OCPP 1.6 §4.10)."""

from __future__ import annotations

from collections.abc import Callable

from voltyard.chargepoint.authorization import Authorization
from voltyard.chargepoint.hardware import ConnectorHardware
from voltyard.chargepoint.orders import carried_out, obeyed
from voltyard.chargepoint.surroundings import Spawn


class Cable:
    """The cable of one connector and its lock, if it has one.

    `spawn` runs what takes the lock a while, `failed` is told when the mechanism fails.
    """

    __slots__ = ("_failed", "_hardware", "_holds", "_kept_for", "_spawn")

    def __init__(self, hardware: ConnectorHardware, spawn: Spawn, failed: Callable[[], None]) -> None:
        self._hardware = hardware
        self._spawn = spawn
        self._failed = failed
        self._holds = 0
        self._kept_for: Authorization | None = None

    @property
    def kept_for(self) -> Authorization | None:
        """Whose identifier lets it go although nobody charges (errata 3.5)."""
        return self._kept_for

    def hold(self) -> None:
        """Lock it: somebody charges."""
        self._holds += 1
        self._kept_for = None
        self._lock()

    def keep_for(self, holder: Authorization | None) -> None:
        """Leave it locked although nobody charges any more."""
        self._kept_for = holder

    def release(self) -> None:
        """Let it go, beside everything else."""
        self._kept_for = None
        if self._hardware.has_lock:
            self._spawn(self._let_go())

    async def unlock(self) -> bool:
        """Let it go; False when the mechanism failed.

        Somebody may begin to charge with it while the mechanism moves: then it is locked again.
        """
        holds = self._holds
        is_unlocked = await carried_out(self._hardware.unlock)
        if self._holds != holds:
            self._lock()
        elif is_unlocked:
            self._kept_for = None
        else:
            self._failed()
        return is_unlocked

    async def _let_go(self) -> None:
        await self.unlock()

    def _lock(self) -> None:
        if not obeyed(self._hardware.lock):
            self._failed()

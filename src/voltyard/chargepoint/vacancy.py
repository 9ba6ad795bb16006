"""Getting a charge point empty: connectors go out of service as they become free, for a while."""

from __future__ import annotations

from collections.abc import Sequence

from voltyard.chargepoint.connectors import ConnectorSession
from voltyard.chargepoint.controller import Controller
from voltyard.chargepoint.flag import Flag


class Vacancy:
    """Lets transactions end and no other begin (OCPP 1.6 §5.19).

    What the central system wants in service stays remembered meanwhile, and is in service again afterwards.
    """

    __slots__ = ("_changed", "_controller", "_sessions")

    def __init__(self, sessions: Sequence[ConnectorSession], controller: Controller) -> None:
        self._sessions = sessions
        self._controller = controller
        self._changed: Flag | None = None

    async def vacate(self) -> None:
        """Take out of service what is free and what becomes so; return when no transaction runs."""
        self._controller.hold()
        self._changed = Flag()
        self._apply()
        while any(session.transaction is not None for session in self._sessions):
            self._changed.clear()
            await self._changed.wait()
        self._changed = None

    def release(self) -> None:
        """Put back into service what `vacate` took out."""
        self._controller.release()
        self._apply()

    def follow(self) -> None:
        """Take notice of a transaction that may have ended."""
        if self._changed is not None:
            self._changed.set()

    def _apply(self) -> None:
        for session in self._sessions:
            session.set_operative(self._controller.is_operative(session.connector_id))

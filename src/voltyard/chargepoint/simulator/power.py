"""The power of a charge point's program: from the moment it is cut nothing is kept and nothing is sent."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from voltyard.chargepoint.simulator.faults import Severable
from voltyard.chargepoint.store import Change, Store
from voltyard.chargepoint.uplink import StayConnected
from voltyard.transport.link import Link, Receiver


class PowerSupply:
    """What one run of the program gets its store and its connections through; a `Store`.

    A program that is cancelled still tidies up. With the power cut it does so in vain, as if it had been
    killed: its last words reach neither the store nor the central system.
    """

    __slots__ = ("_is_cut", "_link", "_stay_connected", "_store")

    def __init__(self, store: Store, stay_connected: StayConnected) -> None:
        self._store = store
        self._stay_connected = stay_connected
        self._link: Link | None = None
        self._is_cut = False

    def cut(self) -> None:
        """Cut the power, for good."""
        self._is_cut = True
        self._sever()

    def read(self, kind: str) -> dict[str, bytes]:
        """See `Store`."""
        return self._store.read(kind)

    def commit(self, *changes: Change) -> None:
        """See `Store`."""
        if not self._is_cut:
            self._store.commit(*changes)

    def close(self) -> None:
        """See `Store`; the store itself stays, for the next run of the program."""

    def stay_connected(self, connected: Callable[[Link], Receiver]) -> Coroutine[Any, Any, None]:
        """Stay connected, until the power is cut or this is cancelled; a `StayConnected`."""
        return self._stay_connected(partial(self._opened, connected))

    def _opened(self, connected: Callable[[Link], Receiver], link: Link) -> Receiver:
        self._link = link
        if self._is_cut:
            self._sever()
        return connected(link)

    def _sever(self) -> None:
        match self._link:
            case None:
                return
            case Severable() as link:
                link.abort()
            case link:
                link.close()

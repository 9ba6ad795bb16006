"""What the central system has to be told of transfers: durable, in order, until it arrives."""

from __future__ import annotations

from typing import Final

from msgspec import Raw, Struct, json

from voltyard.chargepoint.flag import Flag
from voltyard.chargepoint.store import Change, Store
from voltyard.chargepoint.uplink import Caller
from voltyard.protocol.codec import PayloadDecoder, encode
from voltyard.protocol.messages import (
    DiagnosticsStatusNotification,
    FirmwareStatusNotification,
    LogStatusNotification,
)
from voltyard.transport.errors import AnswerInvalid, CallRejected, CallTimedOut

Notice = DiagnosticsStatusNotification | FirmwareStatusNotification | LogStatusNotification
"""How far a transfer is; each step counts (OCPP 1.6 §5.19), so none is left out for a newer one."""

ATTEMPTS: Final = 3
"""How often a notice is sent to a central system that is there and says nothing."""

MOST: Final = 500
"""How many may wait: who asks for one transfer after the other and answers no notice gets only the latest."""

_KIND: Final = "notice"


class Notices:
    """A queue on a store; a notice leaves it when it is answered, in whatever way."""

    __slots__ = ("_filled", "_next", "_notices", "_store")

    def __init__(self, store: Store) -> None:
        self._store = store
        self._notices = [(key, _read(record)) for key, record in store.read(_KIND).items()]
        self._next = int(self._notices[-1][0]) + 1 if self._notices else 1
        self._filled = Flag()
        if self._notices:
            self._filled.set()

    def __len__(self) -> int:
        return len(self._notices)

    @property
    def is_filled(self) -> Flag:
        """Set as long as there is anything to tell."""
        return self._filled

    def post(self, notice: Notice, *together: Change) -> None:
        """Have it told, in one commit with the changes it goes `together` with."""
        key = f"{self._next:012d}"
        # The oldest stays: it may be on its way.
        surplus = self._notices[1 : 1 + max(0, len(self._notices) + 1 - MOST)]
        gone = (Change(_KIND, old, None) for old, _ in surplus)
        self._store.commit(Change(_KIND, key, _write(notice)), *gone, *together)
        self._next += 1
        del self._notices[1 : 1 + len(surplus)]
        self._notices.append((key, notice))
        self._filled.set()

    async def run(self, caller: Caller) -> None:
        """Tell everything; raises `Disconnected` with what was not told still there."""
        while self._notices:
            key, notice = self._notices[0]
            await _tell(caller, notice)
            self._store.commit(Change(_KIND, key, None))
            del self._notices[0]
        self._filled.clear()


async def _tell(caller: Caller, notice: Notice) -> None:
    for _ in range(ATTEMPTS):
        try:
            await caller.call(notice)
        except CallTimedOut:
            continue
        except (CallRejected, AnswerInvalid):
            # It has arrived, and would not be understood better the next time.
            return
        return


class _Record(Struct, frozen=True):
    action: str
    payload: Raw


_DECODERS: Final = {
    request.action: PayloadDecoder[Notice](request)
    for request in (DiagnosticsStatusNotification, FirmwareStatusNotification, LogStatusNotification)
}


def _write(notice: Notice) -> bytes:
    return json.encode(_Record(notice.action, Raw(encode(notice))))


def _read(record: bytes) -> Notice:
    stored = json.decode(record, type=_Record)
    return _DECODERS[stored.action].strict(bytes(stored.payload))

"""What has to be done from time to time: commands expire, old frames go."""

from __future__ import annotations

import asyncio

import structlog

from voltyard.central.instants import now_us
from voltyard.central.services.commands import end_expired
from voltyard.central.storage.errors import StorageFailed
from voltyard.central.storage.ledger import Ledger
from voltyard.central.storage.retention import delete_frames

_EXPIRY_INTERVAL_S = 2.0
_RETENTION_INTERVAL_S = 300.0
_PAUSE_S = 0.05
_DAY_US = 24 * 3600 * 1_000_000

_log = structlog.get_logger()


async def expire_commands(ledger: Ledger) -> None:
    """End commands that waited too long, for ever."""
    while True:
        await asyncio.sleep(_EXPIRY_INTERVAL_S)
        try:
            await ledger.run(end_expired, now_us())
        except StorageFailed as error:
            _log.warning("commands could not be expired", error=error.detail)


async def keep_messages(ledger: Ledger, retention_days: int) -> None:
    """Delete frames that are older than that, in small portions between the commits of others, for ever."""
    while True:
        try:
            await _delete_old(ledger, now_us() - retention_days * _DAY_US)
        except StorageFailed as error:
            _log.warning("old frames could not be deleted", error=error.detail)
        await asyncio.sleep(_RETENTION_INTERVAL_S)


async def _delete_old(ledger: Ledger, before_us: int) -> None:
    more = True
    while more:
        more = await ledger.run(delete_frames, before_us)
        await asyncio.sleep(_PAUSE_S)

"""Giving orders to hardware: one that it fails to carry out is noted, and ends nothing but itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

_log = structlog.get_logger()
_FAILED = "hardware failed to carry out an order"


def obeyed(order: Callable[[], None]) -> bool:
    """Give an order that is carried out at once; False if the hardware failed."""
    try:
        order()
    except Exception:  # noqa: BLE001 - hardware is somebody else's code; what it cannot do is said, not raised
        _log.warning(_FAILED, exc_info=True)
        return False
    return True


async def carried_out(order: Callable[[], Awaitable[bool]]) -> bool:
    """Give an order that takes its time, and return what the hardware says of it; False if it failed."""
    try:
        return await order()
    except Exception:  # noqa: BLE001 - as in `obeyed`
        _log.warning(_FAILED, exc_info=True)
        return False

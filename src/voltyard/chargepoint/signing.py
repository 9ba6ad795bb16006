"""Signed readings: what a meter with a key of its own says to whoever pays (OCPP 1.6 §7.49)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import structlog

from voltyard.chargepoint.hardware import ConnectorHardware
from voltyard.protocol.messages import Measurand, ReadingContext, SampledValue, ValueFormat

MAX_SIGNED_BYTES: Final = 4096
"""Longer blocks are not sent: two of them and everything else have to fit into one StopTransaction."""

_log = structlog.get_logger()


def signed(
    hardware: ConnectorHardware, context: ReadingContext, id_tag: str, now: datetime
) -> tuple[SampledValue, ...]:
    """Return a signed reading of the register, or nothing where the meter signs none."""
    try:
        block = hardware.sign(context, id_tag, now)
        text = "" if block is None else block.hex()
    except Exception:  # noqa: BLE001 - hardware is somebody else's code; charging goes on unsigned
        _log.warning("meter cannot sign", exc_info=True)
        return ()
    if len(text) > 2 * MAX_SIGNED_BYTES:
        _log.warning("signed reading too long to be sent", bytes=len(text) // 2)
        return ()
    if not text:
        return ()
    return (
        SampledValue(
            value=text,
            context=context,
            format=ValueFormat.SIGNED_DATA,
            measurand=Measurand.ENERGY_ACTIVE_IMPORT_REGISTER,
        ),
    )

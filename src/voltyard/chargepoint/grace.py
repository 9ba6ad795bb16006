"""What may still be charged with an identifier that turned out not to be accepted (MaxEnergyOnInvalidId)."""

from __future__ import annotations

from typing import Final

from voltyard.chargepoint.clock import Clock
from voltyard.chargepoint.hardware import ConnectorHardware
from voltyard.chargepoint.metering import read_register_wh

LOOK_S: Final = 1.0
"""How often the meter is looked at meanwhile."""


async def used_up(hardware: ConnectorHardware, clock: Clock, energy_wh: int) -> None:
    """Return when so much has flowed from now on; a meter that cannot be read grants nothing."""
    enough_wh = read_register_wh(hardware, 0) + energy_wh
    while read_register_wh(hardware, enough_wh) < enough_wh:
        await clock.sleep(LOOK_S)

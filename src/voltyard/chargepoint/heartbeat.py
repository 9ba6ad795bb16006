"""Being heard of: a Heartbeat after a while of silence, and the time of day it brings (OCPP 1.6 §4.6)."""

from __future__ import annotations

from typing import Final

from voltyard.chargepoint.clock import StationClock
from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.uplink import Uplink
from voltyard.protocol.messages import Heartbeat
from voltyard.transport.errors import AnswerInvalid, CallRejected, CallTimedOut

_DAY_S: Final = 86_400.0


async def beat(uplink: Uplink, configuration: Configuration, clock: StationClock) -> None:
    """Send heartbeats until cancelled or offline.

    Any other message stands for one, but the clock has to be set once a day all the same.
    """
    while True:
        wait_s = min(
            configuration.integer("HeartbeatInterval") - uplink.silent_for_s,
            _DAY_S - clock.left_for_s,
        )
        if wait_s > 0:
            await configuration.sleep_unless_changed(clock, wait_s)
        else:
            await send_heartbeat(uplink, clock)


async def send_heartbeat(uplink: Uplink, clock: StationClock) -> None:
    """Send one and set the clock by the answer; raises `Disconnected`."""
    try:
        answer = await uplink.call(Heartbeat())
    except (CallRejected, CallTimedOut, AnswerInvalid):
        # Tried today: without an answer there is no time to take over.
        clock.leave()
        return
    clock.set(answer.current_time)

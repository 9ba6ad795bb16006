"""A driver: arrives, plugs in, taps a card, charges for a while and leaves, all day long."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from voltyard.chargepoint.clock import Clock
from voltyard.chargepoint.simulator.arrivals import Arrivals, SteadyArrivals
from voltyard.chargepoint.simulator.connector import SimulatedConnector
from voltyard.chargepoint.simulator.dice import Chance
from voltyard.chargepoint.simulator.hardware import SimulatedHardware
from voltyard.chargepoint.simulator.vehicle import Vehicle

_MINUTE_S: Final = 60.0
_LOOK_S: Final = 20.0
"""How often a driver looks after the vehicle, in simulated seconds."""
_PATIENCE_S: Final = 5 * _MINUTE_S
_SHORTEST_WAIT_S: Final = 0.2
"""The least a wait takes in real seconds, however fast the simulated world is: answers take real time."""


class Driver:
    """Drivers one after the other at one connector; the same random numbers make the same day."""

    __slots__ = (
        "_arrivals",
        "_began_at",
        "_began_s",
        "_clock",
        "_connector_id",
        "_hardware",
        "_id_tags",
        "_random",
    )

    def __init__(
        self,
        connector_id: int,
        hardware: SimulatedHardware,
        id_tags: Sequence[str],
        clock: Clock,
        random: Chance,
        arrivals: Arrivals | None = None,
    ) -> None:
        self._connector_id = connector_id
        self._hardware = hardware
        self._id_tags = id_tags
        self._clock = clock
        self._random = random
        self._arrivals = arrivals or SteadyArrivals()
        self._began_at = clock.now()
        self._began_s = clock.monotonic()

    async def run(self) -> None:
        """Come and go until cancelled."""
        while True:
            await self._wait(self._arrivals.wait_s(self._time_of_day, self._random))
            await self.visit()

    async def visit(self) -> None:
        """Charge one vehicle, or try to."""
        random = self._random
        id_tag = random.choice(self._id_tags)
        vehicle = self._arrivals.vehicle(random)
        stay_s = self._arrivals.stay_s(self._time_of_day, random)
        if await self._begin(vehicle, id_tag):
            await self._charge(vehicle, stay_s)
        await self._leave(id_tag)

    @property
    def _connector(self) -> SimulatedConnector:
        return self._hardware.connectors[self._connector_id - 1]

    @property
    def _time_of_day(self) -> datetime:
        # Days are as much shorter as the simulated world is faster.
        passed_s = (self._clock.monotonic() - self._began_s) * self._hardware.speed
        return self._began_at + timedelta(seconds=passed_s)

    async def _begin(self, vehicle: Vehicle, id_tag: str) -> bool:
        taps_first = self._random.random() < 0.3
        if taps_first:
            self._hardware.tap(self._connector_id, id_tag)
            await self._wait(self._random.uniform(5, 25))
        self._hardware.plug_in(self._connector_id, vehicle)
        await self._wait(self._random.uniform(3, 20))
        if not taps_first:
            self._hardware.tap(self._connector_id, id_tag)
        return await self._gets_energy()

    async def _gets_energy(self) -> bool:
        waited_s = 0.0
        while self._connector.offered_a == 0:
            if waited_s >= _PATIENCE_S:
                return False
            waited_s += await self._wait(_LOOK_S)
        return True

    async def _charge(self, vehicle: Vehicle, stay_s: float) -> None:
        stayed_s = 0.0
        while stayed_s < stay_s and vehicle.wants_energy and self._connector.offered_a > 0:
            stayed_s += await self._wait(_LOOK_S)
        # Some come back late to a vehicle that has been full for long.
        await self._wait(self._random.choice((1.0, 5.0, 25.0)) * _MINUTE_S)

    async def _leave(self, id_tag: str) -> None:
        if self._connector.offered_a > 0:
            self._hardware.tap(self._connector_id, id_tag)
            await self._wait(self._random.uniform(5, 30))
        self._hardware.unplug(self._connector_id)

    async def _wait(self, simulated_s: float) -> float:
        """Wait and return how long it was in simulated seconds."""
        speed = self._hardware.speed
        real_s = max(simulated_s / speed, _SHORTEST_WAIT_S)
        await self._clock.sleep(real_s)
        return real_s * speed

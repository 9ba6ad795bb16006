"""What a scenario is played on: a simulated charge point on a network of its own, and who watches it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

import msgspec

from voltyard.chargepoint.clock import Clock
from voltyard.chargepoint.connection import Terms
from voltyard.chargepoint.scenario.errors import ScenarioInvalid
from voltyard.chargepoint.scenario.journal import Journal
from voltyard.chargepoint.scenario.patterns import Pattern
from voltyard.chargepoint.scenario.scenario import Cables, Scenario, settings_of
from voltyard.chargepoint.scenario.shelf import Shelf
from voltyard.chargepoint.scenario.values import Names, Value, names_in, read_json
from voltyard.chargepoint.simulator import SimulatedStation, Simulation
from voltyard.chargepoint.simulator.faults import UnreliableNetwork
from voltyard.chargepoint.uplink import StayConnected

Connect = Callable[[Callable[[], Terms]], StayConnected]
"""Returns what makes the connections, given what says the terms of the next one."""

_OF_SHELF: Final = frozenset({"images", "uploads"})


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything is ready; `running` ends only if the charge point breaks down."""

    identity: str
    station: SimulatedStation
    network: UnreliableNetwork
    journal: Journal
    names: Names
    shelf: Shelf
    clock: Clock
    running: asyncio.Task[None]

    def look(self, connector_id: int) -> Value:
        """Return what the charge point or, unless 0, a connector looks like now."""
        station = self.station
        snapshot = station.snapshot()
        seen: dict[str, Any] = {"is_up": snapshot is not None}
        if snapshot is not None:
            seen |= msgspec.to_builtins(snapshot.connectors[connector_id - 1] if connector_id else snapshot)
        if connector_id:
            connector = station.hardware.connectors[connector_id - 1]
            seen |= {"offered_a": connector.offered_a, "is_locked": connector.is_locked}
        else:
            seen |= {"has_power": station.has_power, "complaints": dict(station.complaints)}
        return _without_nothing(read_json(msgspec.json.encode(seen)))


@asynccontextmanager
async def staged(
    scenario: Scenario, identity: str, connect: Connect, clock: Clock, speed: float | None
) -> AsyncIterator[Stage]:
    """Run the charge point of a scenario; raises `ScenarioInvalid` when there can be no such one."""
    shelf = Shelf()
    journal = Journal(clock.now)
    with TemporaryDirectory(prefix="voltyard-") as directory:
        random = Random(scenario.name)  # noqa: S311 - the same faults each time, which are no secrets
        network = UnreliableNetwork(connect(lambda: station.terms), random, clock)
        simulation = _simulation(scenario, identity, Path(directory), speed)
        try:
            station = SimulatedStation(simulation, network, clock=clock, observer=journal)
        except ValueError as error:
            raise ScenarioInvalid(scenario.name, f"station.settings: {error}") from error
        async with shelf.open() if _uses_shelf(scenario) else nullcontext():
            known = {"identity": identity, "images": shelf.images_url, "uploads": shelf.uploads_url}
            running = asyncio.create_task(station.run())
            try:
                yield Stage(
                    identity, station, network, journal, Names(known, clock.now), shelf, clock, running
                )
            finally:
                await _end(running)


def _without_nothing(value: Value) -> Value:
    match value:
        case dict():
            return {name: _without_nothing(each) for name, each in value.items() if each is not None}
        case list():
            return [_without_nothing(each) for each in value]
        case _:
            return value


def _uses_shelf(scenario: Scenario) -> bool:
    values = cast("Value", msgspec.to_builtins(list(scenario.steps), enc_hook=_plain))
    return not _OF_SHELF.isdisjoint(names_in(values))


def _plain(value: object) -> object:
    return value.source if isinstance(value, Pattern) else str(value)


async def _end(running: asyncio.Task[None]) -> None:
    """End the charge point; if it broke down before, whoever watched it knows."""
    has_broken_down = running.done()
    running.cancel()
    await asyncio.wait({running})
    if not running.cancelled() and (error := running.exception()) is not None and not has_broken_down:
        raise error


def _simulation(scenario: Scenario, identity: str, directory: Path, speed: float | None) -> Simulation:
    setup = scenario.station
    return Simulation(
        identity=identity,
        connectors=setup.connectors,
        has_fixed_cables=setup.cables is Cables.FIXED,
        state_directory=directory,
        speed=setup.speed if speed is None else speed,
        has_drivers=False,
        settings=settings_of(setup),
    )

"""A simulated charge point with its control API and a central system, all in one virtual world."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any, cast

import httpx
from tests.chargepoint.central_system import CentralSystem
from tests.chargepoint.virtual_time import VirtualClock

from voltyard.chargepoint.control.application import create_application
from voltyard.chargepoint.control.bench import Bench
from voltyard.chargepoint.control.message_log import MessageLog
from voltyard.chargepoint.simulator import SimulatedStation, Simulation, UnreliableNetwork
from voltyard.protocol.messages import StatusNotification

HOST = "127.0.0.1:8080"


class _BenchOfTheStory:
    """Stands in for the bench of the story that is told: making an application takes longer than a story."""

    bench: Bench

    def __getattr__(self, name: str) -> Any:
        return getattr(self.bench, name)


_BENCH = _BenchOfTheStory()


@cache
def _application() -> Any:  # of Litestar and of httpx, which have two names for one thing
    return create_application(cast("Bench", _BENCH))


@dataclass(frozen=True)
class System:
    """What a story about the API needs."""

    station: SimulatedStation
    central: CentralSystem
    client: httpx.AsyncClient
    bench: Bench

    async def get(self, path: str, **query: Any) -> Any:
        """Return what a path shows."""
        answer = await self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None, *, status: int | None = None) -> Any:
        """Do something; return the answer's document, None if it has none."""
        answer = await (self.client.post(path) if body is None else self.client.post(path, json=body))
        assert answer.status_code == (status or (200 if answer.content else 204)), answer.text
        return answer.json() if answer.content else None

    async def refused(self, path: str, body: Any = None, *, method: str = "POST") -> tuple[int, str]:
        """Do what is not possible; return the status and what the problem document says."""
        answer = await self.client.request(method, path, json=body)
        document = answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        assert document["status"] == answer.status_code >= 400
        return answer.status_code, document["detail"]

    async def station_state(self) -> Any:
        """Return what the program says of itself."""
        return (await self.get("/state"))["station"]

    async def after(self, seconds: float = 0.5) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)


@asynccontextmanager
async def controlled(
    central: CentralSystem | None = None, *, has_fixed_cables: bool = False, **settings: str
) -> AsyncIterator[System]:
    """Run a charge point that has booted; nobody comes by himself."""
    clock = VirtualClock()
    central = central or CentralSystem(clock.now)
    network = UnreliableNetwork(central.stay_connected, Random(1), clock)
    log = MessageLog(clock.now)
    simulation = Simulation(
        identity="CP-1", has_drivers=False, has_fixed_cables=has_fixed_cables, settings=settings
    )
    station = SimulatedStation(simulation, network, clock=clock, observer=log)
    bench = Bench(station, network, log)
    _BENCH.bench = bench
    transport = httpx.ASGITransport(_application(), raise_app_exceptions=False)
    running = asyncio.create_task(station.run())
    try:
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
            await central.until(StatusNotification, 3, within_s=60)
            yield System(station, central, client, bench)
    finally:
        bench.close()
        running.cancel()
        await asyncio.wait({running})
        if not running.cancelled() and (error := running.exception()) is not None:
            raise error

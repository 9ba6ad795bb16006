"""A whole simulated charge point, in memory and over sockets."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from tests.aio import run
from tests.chargepoint.central_system import CentralSystem
from tests.chargepoint.virtual_time import VirtualClock, story
from tests.chargepoint.world import TAG, vehicle, world

from voltyard.chargepoint.errors import StateUnusable
from voltyard.chargepoint.simulator import SimulatedStation, Simulation, simulated_station
from voltyard.chargepoint.store import SqliteStore
from voltyard.protocol.messages import (
    BootNotification,
    MeterValues,
    Reason,
    StartTransaction,
    StopTransaction,
)
from voltyard.transport.handshake import Admission, Handshake, Refusal
from voltyard.transport.server import Listener, serve


@story
async def test_it_says_who_it_is_and_measures_several_things() -> None:
    async with world() as w:
        await w.charge()
        await w.after(61)

        (boot,) = w.central.requests(BootNotification)
        assert (boot.charge_point_vendor, boot.charge_point_serial_number) == ("Voltyard", "CP-1")
        measurands = {
            each.measurand for each in w.central.requests(MeterValues)[0].meter_value[0].sampled_value
        }
        assert len(measurands) == 6
        assert w.station.identity == "CP-1"


@story
async def test_the_meter_goes_on_where_it_was(tmp_path: Path) -> None:
    """R-239."""
    async with world(state=tmp_path, speed=60) as w:
        await w.charge()
        await w.after(30)
        w.hardware.tap(1, TAG)
        await w.after()
        central = w.central
    async with world(state=tmp_path, central=central) as w:
        await w.charge()

        assert (
            central.requests(StartTransaction)[1].meter_start
            == central.requests(StopTransaction)[0].meter_stop
        )


def test_a_state_directory_in_use_is_said_to_be(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)

    with pytest.raises(StateUnusable):
        SimulatedStation(Simulation(identity="CP-1", state_directory=tmp_path), _never, clock=VirtualClock())

    store.close()


@story
async def test_impossible_settings_leave_the_state_directory_free(tmp_path: Path) -> None:
    simulation = Simulation(identity="CP-1", state_directory=tmp_path, settings={"Foo": "1"})

    with pytest.raises(ValueError, match="Foo"):
        SimulatedStation(simulation, _never, clock=VirtualClock())

    SqliteStore(tmp_path).close()


async def _never(_: object) -> None:
    await asyncio.Event().wait()


async def listen(central: CentralSystem) -> Listener:
    async def admit(handshake: Handshake) -> Admission | Refusal:
        return Admission(connected=lambda link: central._accept(link, asyncio.Event()))

    return await serve(admit, "127.0.0.1", 0)


@pytest.mark.integration
def test_a_session_over_sockets() -> None:
    async def main() -> None:
        clock = VirtualClock()
        central = CentralSystem(clock.now)
        async with await listen(central) as listener:
            station = simulated_station(
                f"ws://127.0.0.1:{listener.port}/ocpp",
                Simulation(identity="CP-1", has_drivers=False),
                password=b"secret",
                longest_delay_s=1.0,
            )
            running = asyncio.create_task(station.run())
            await central.until(BootNotification)
            await asyncio.sleep(0.2)
            station.hardware.plug_in(1, vehicle())
            station.hardware.tap(1, TAG)
            await central.until(StartTransaction)
            station.hardware.tap(1, TAG)
            (stop,) = await central.until(StopTransaction)
            running.cancel()
            await asyncio.wait({running})

        assert stop.reason is Reason.LOCAL

    run(main())


PROGRAM = """
import asyncio, pathlib, sys
from voltyard.chargepoint.simulator import Simulation, simulated_station, Vehicle, MODELS

async def main(url, state):
    simulation = Simulation(identity="CP-1", state_directory=pathlib.Path(state), speed=3600,
                            has_drivers=False, settings={"MeterValueSampleInterval": "1"})
    station = simulated_station(url, simulation, longest_delay_s=0.1)
    running = asyncio.create_task(station.run())
    while (snapshot := station.snapshot()) is None or not snapshot.registration:
        await asyncio.sleep(0.05)
    station.hardware.plug_in(1, Vehicle(MODELS[1], 10))
    station.hardware.tap(1, "TAG-1")
    await running

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.integration
def test_a_killed_charge_point_tells_the_end_of_its_transaction_after_the_next_start(tmp_path: Path) -> None:
    """R-181, R-206: kill -9 while charging."""

    async def start(url: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(sys.executable, "-c", PROGRAM, url, str(tmp_path))

    async def main() -> None:
        clock = VirtualClock()
        central = CentralSystem(clock.now)
        async with await listen(central) as listener:
            url = f"ws://127.0.0.1:{listener.port}/ocpp"
            for round in (1, 2):
                process = await start(url)
                await central.until(StartTransaction, round)
                await central.until(MeterValues, len(central.requests(MeterValues)) + 1)
                os.kill(process.pid, signal.SIGKILL)
                await process.wait()
            process = await start(url)
            await central.until(StartTransaction, 3)
            process.terminate()
            await process.wait()

        starts, stops = central.requests(StartTransaction), central.requests(StopTransaction)
        assert [each.reason for each in stops[:2]] == 2 * [Reason.POWER_LOSS]
        assert [each.transaction_id for each in stops[:2]] == [1001, 1002]
        assert [each.meter_start for each in starts[1:]] == [each.meter_stop for each in stops[:2]]
        assert starts[0].meter_start < stops[0].meter_stop < stops[1].meter_stop

    run(main(), timeout=30)

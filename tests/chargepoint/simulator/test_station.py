"""A whole simulated charge point, in memory and over sockets."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat
from tests.aio import run
from tests.chargepoint.central_system import CentralSystem
from tests.chargepoint.virtual_time import VirtualClock, story
from tests.chargepoint.world import TAG, vehicle, world

from voltyard.chargepoint.errors import StateUnusable
from voltyard.chargepoint.simulator import SimulatedStation, Simulation, simulated_station
from voltyard.chargepoint.simulator.firmware import image
from voltyard.chargepoint.simulator.ocmf import key_from_seed
from voltyard.chargepoint.store import SqliteStore
from voltyard.protocol.messages import (
    BootNotification,
    ChargePointErrorCode,
    MeterValues,
    ReadingContext,
    Reason,
    Reset,
    ResetType,
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


@story
async def test_the_program_dies_with_the_power_and_boots_with_it(tmp_path: Path) -> None:
    """R-181, R-206: nothing is kept that was not stored at the moment of the cut."""
    async with world(state=tmp_path, MeterValueSampleInterval="10") as w:
        await w.charge()
        await w.after(25)
        w.central.go_offline()
        await w.after(20)
        undelivered = w.snapshot.undelivered
        w.station.cut_power()
        w.station.cut_power()
        assert not w.station.has_power
        await w.after(3600)
        assert w.station.snapshot() is None
        assert w.hardware.connectors[0].offered_a == 0
        register_wh = w.hardware.connectors[0].register_wh

        w.station.restore_power()
        await w.after(5)
        # What was waiting, and the end of the transaction.
        assert w.snapshot.undelivered == undelivered + 1
        assert w.hardware.connectors[0].register_wh == register_wh
        w.central.is_reachable = True
        await w.after(30)

        (stop,) = w.central.requests(StopTransaction)
        assert stop.reason is Reason.POWER_LOSS
        assert stop.timestamp == w.central.requests(MeterValues)[-1].meter_value[0].timestamp
        assert w.status() == "Preparing"


@story
async def test_power_may_fail_at_any_moment_of_a_boot() -> None:
    async with world(is_booted=False) as w:
        for seconds in (0, 0, 0.01, 0.06, 0.11, 0.5, 1):
            w.station.cut_power()
            await w.after(seconds)
            w.station.restore_power()
            await w.after(seconds)
        await w.after(10)

        assert w.snapshot.registration == "Accepted"


@story
async def test_a_program_restarts_by_itself_with_its_mark_of_order() -> None:
    async with world() as w:
        await w.charge()
        program = w.station.program
        assert w.station.reboot(ResetType.SOFT)
        await w.after(0.1)
        assert w.hardware.connectors[0].offered_a == 0
        assert not w.station.reboot(ResetType.SOFT)
        await w.after(10)

        assert w.central.requests(StopTransaction)[0].reason is Reason.REBOOT
        assert w.station.program is not program


@story
async def test_complaints_outlive_the_power() -> None:
    async with world() as w:
        w.central.send_raw(b"garbage")
        await w.after(1)
        w.station.cut_power()
        await w.after(1)
        assert w.station.complaints == {"unreadable-frame": 1}
        w.station.restore_power()
        await w.after(5)

        assert w.snapshot.complaints == {"unreadable-frame": 1}


@story
async def test_it_is_wired_as_it_was_asked_for() -> None:
    async with world(
        equipment={"phases": 1, "max_current_a": 16.0, "grid_current_a": 25.0, "has_main_meter": False},
        MeterValuesSampledData="Current.Import,Frequency,Temperature",
    ) as w:
        await w.charge()
        await w.after(61)

        (taken,) = w.central.requests(MeterValues)
        texts = [
            (f"{each.measurand}", each.phase, f"{each.unit}") for each in taken.meter_value[0].sampled_value
        ]
        assert texts == [
            ("Frequency", None, "None"),
            ("Current.Import", "L1", "A"),
            ("Temperature", None, "Celcius"),
        ]
        assert w.hardware.connectors[0].offered_a <= 16
        assert w.hardware.max_current_a == 25
        assert w.hardware.main_meter is None


@story
async def test_its_hardware_remembers_what_it_counted_and_installed(tmp_path: Path) -> None:
    """R-239."""
    path = tmp_path / "image"
    path.write_bytes(image("2.0"))
    async with world(state=tmp_path, speed=60) as w:
        await w.charge()
        await w.after(30)
        w.hardware.unplug(1)
        assert await w.hardware.install(path)
        registers = w.hardware.connectors[0].registers
    async with world(state=tmp_path, central=w.central) as w:
        assert w.hardware.connectors[0].registers == registers
        assert w.central.requests(BootNotification)[-1].firmware_version == "2.0"


@story
async def test_its_meters_sign_when_asked_to(tmp_path: Path) -> None:
    keys: list[bytes | None] = []

    async def blocks() -> list[bytes]:
        async with world(state=tmp_path, equipment={"signs_readings": True}) as w:
            now, begin = w.clock.now(), ReadingContext.TRANSACTION_BEGIN
            keys.extend(each.public_key for each in w.hardware.connectors)
            return [each.sign(begin, TAG, now) or b"" for each in w.hardware.connectors]

    first, second = await blocks(), await blocks()

    assert all(b'"PG":"T1"' in block for block in first)
    assert all(b'"PG":"T2"' in block for block in second)
    assert b'"CI":"CP-1 2"' in first[1]
    assert keys[:2] == keys[2:]
    assert keys[0] != keys[1]


@story
async def test_its_meters_can_have_a_given_key() -> None:
    pem = key_from_seed("given").private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    async with world(equipment={"signs_readings": True, "meter_key": pem}) as w:
        keys = {each.public_key for each in w.hardware.connectors}

    given = key_from_seed("given").public_key()
    assert keys == {given.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)}


@story
async def test_a_reset_repairs_nothing() -> None:
    async with world() as w:
        w.hardware.raise_fault(1, ChargePointErrorCode.GROUND_FAILURE, "wet")
        await w.after()
        await w.central.call(Reset(type=ResetType.SOFT))
        await w.central.until(BootNotification, 2)
        await w.after(5)
        assert w.status() == "Faulted"

        w.hardware.clear_fault(1)

        assert w.status() == "Available"


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

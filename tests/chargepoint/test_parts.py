"""How a charge point is put together."""

from __future__ import annotations

import asyncio
from random import Random

import pytest
from tests.chargepoint.transfers import FakeTransfer
from tests.chargepoint.virtual_time import VirtualClock, story

from voltyard.chargepoint.clock import StationClock
from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.errors import UnknownConnector
from voltyard.chargepoint.hardware import Hardware
from voltyard.chargepoint.parts import Installation, Parts, assemble, configuration_of
from voltyard.chargepoint.simulator import SimulatedConnector, SimulatedHardware
from voltyard.chargepoint.store import MemoryStore
from voltyard.protocol.messages import (
    BootNotification,
    ChargePointStatus,
    ConfigurationStatus,
    Measurand,
    UpdateFirmware,
)

BOOT = BootNotification(charge_point_vendor="v", charge_point_model="m")


def hardware(*has_lock: bool) -> SimulatedHardware:
    clock = VirtualClock()
    connectors = [SimulatedConnector(clock, Random(1), has_lock=each) for each in has_lock]
    return SimulatedHardware(connectors, clock, BOOT)


def parts(store: MemoryStore) -> Parts:
    installation = Installation(
        hardware=hardware(True, True),
        stay_connected=lambda _: asyncio.sleep(0),
        store=store,
        clock=StationClock(VirtualClock()),
    )
    return assemble(installation, spawn=asyncio.create_task, report=lambda _: None, restart=lambda _: None)


@story
async def test_connectors_are_numbered_from_one_without_gaps() -> None:
    """R-225."""
    assembled = parts(MemoryStore())

    assert [session.connector_id for session in assembled.sessions] == [1, 2]
    assert assembled.session(2) is assembled.sessions[1]
    for connector_id in (-1, 0, 3):
        with pytest.raises(UnknownConnector):
            assembled.session(connector_id)


@story
async def test_it_remembers_what_is_out_of_service() -> None:
    """R-282."""
    store = MemoryStore()
    parts(store).controller.set_operative(2, False)

    statuses = [session.status for session in parts(store).sessions]

    assert statuses == [ChargePointStatus.AVAILABLE, ChargePointStatus.UNAVAILABLE]


def configured(hardware: Hardware) -> Configuration:
    installation = Installation(
        hardware=hardware,
        stay_connected=lambda _: asyncio.sleep(0),
        store=MemoryStore(),
        clock=StationClock(VirtualClock()),
    )
    return configuration_of(installation)


@story
async def test_the_hardware_decides_what_can_be_configured() -> None:
    mixed = configured(hardware(True, False, True))

    assert mixed.integer("NumberOfConnectors") == 3
    assert mixed.change("UnlockConnectorOnEVSideDisconnect", "true") is ConfigurationStatus.REJECTED
    assert configured(hardware(True)).boolean("UnlockConnectorOnEVSideDisconnect")


class Plain(SimulatedConnector):
    """A connector that measures its register alone."""

    @property
    def measurands(self) -> frozenset[Measurand]:
        return frozenset({Measurand.ENERGY_ACTIVE_IMPORT_REGISTER})


@story
async def test_what_not_every_connector_measures_cannot_be_wanted() -> None:
    """R-235."""
    clock = VirtualClock()
    connectors = [SimulatedConnector(clock, Random(1)), Plain(clock, Random(1))]
    hardware = SimulatedHardware(connectors, clock, BOOT, has_main_meter=False)

    status = configured(hardware).change("MeterValuesSampledData", "Voltage")

    assert status is ConfigurationStatus.REJECTED


class Lamps(SimulatedHardware):
    """Hardware with lights."""

    lights: tuple[int, int] = (-1, -1)

    def shine(self, intensity_percent: int, blink_repeat: int) -> None:
        self.lights = (intensity_percent, blink_repeat)


@story
async def test_the_lights_follow_their_keys() -> None:
    clock = VirtualClock()
    lamps = Lamps([SimulatedConnector(clock, Random(1))], clock, BOOT)
    installation = Installation(
        hardware=lamps,
        stay_connected=lambda _: asyncio.sleep(0),
        store=MemoryStore(),
        clock=StationClock(clock),
    )
    assembled = assemble(
        installation, spawn=asyncio.create_task, report=lambda _: None, restart=lambda _: None
    )
    assert lamps.lights == (100, 3)

    assembled.configuration.change("LightIntensity", "40")

    assert lamps.lights == (40, 3)


@pytest.mark.parametrize(
    ("absent", "is_restricted"), [((), True), (("SupportedFileTransferProtocols",), False)]
)
@story
async def test_files_are_transferred_by_the_protocols_of_the_key_or_without_it_by_all(
    absent: tuple[str, ...], is_restricted: bool
) -> None:
    transfer = FakeTransfer()
    clock = VirtualClock()
    installation = Installation(
        hardware=hardware(True),
        stay_connected=lambda _: asyncio.sleep(0),
        store=MemoryStore(),
        clock=StationClock(clock),
        transfer=transfer,
        settings={} if absent else {"SupportedFileTransferProtocols": "HTTPS"},
        absent_keys=absent,
    )
    assembled = assemble(
        installation, spawn=asyncio.create_task, report=lambda _: None, restart=lambda _: None
    )
    assembled.firmware.update(UpdateFirmware(location="ftp://h/x", retrieve_date=clock.now(), retries=0))

    assembled.firmware.proceed()
    await asyncio.sleep(60)

    assert bool(transfer.started_s) is not is_restricted

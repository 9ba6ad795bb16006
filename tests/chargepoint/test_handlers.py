"""Every action the central system may ask for has an honest answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from tests.chargepoint.central_system import CentralSystem
from tests.chargepoint.virtual_time import VirtualClock, story
from tests.chargepoint.world import TAG, world

from voltyard.chargepoint.handlers import HANDLERS
from voltyard.chargepoint.simulator import SimulatedConnector, SimulatedHardware
from voltyard.chargepoint.station import Station
from voltyard.protocol.actions import ACTIONS, FeatureProfile
from voltyard.protocol.errors import ErrorCode
from voltyard.protocol.messages import (
    BootNotification,
    CancelReservation,
    CertificateSigned,
    CertificateUse,
    ChangeConfiguration,
    ClearCache,
    ClearCacheStatus,
    ClearChargingProfile,
    ConfigurationStatus,
    DataTransfer,
    DataTransferResponse,
    DataTransferStatus,
    ExtendedTriggerMessage,
    GetCompositeSchedule,
    GetConfiguration,
    GetDiagnostics,
    GetInstalledCertificateIds,
    GetLocalListVersion,
    ReserveNow,
    SendLocalList,
    UpdateFirmware,
    UpdateStatus,
    UpdateType,
)
from voltyard.protocol.payload import Request
from voltyard.transport.errors import CallRejected

SOON = datetime(2024, 6, 1, tzinfo=UTC)
SUPPORTED = {FeatureProfile.CORE, FeatureProfile.REMOTE_TRIGGER}


def test_every_action_of_the_supported_profiles_is_answered() -> None:
    required = {
        action.request
        for action in ACTIONS.values()
        if action.from_central_system and action.profile in SUPPORTED
    }

    assert required <= HANDLERS.keys()


@pytest.mark.parametrize(
    "request_",
    [
        ReserveNow(connector_id=1, expiry_date=SOON, id_tag=TAG, reservation_id=1),
        CancelReservation(reservation_id=1),
        ClearChargingProfile(),
        GetCompositeSchedule(connector_id=1, duration=60),
        UpdateFirmware(location="http://127.0.0.1/x", retrieve_date=SOON),
        GetDiagnostics(location="http://127.0.0.1/"),
        ExtendedTriggerMessage(requested_message="Heartbeat"),
        GetInstalledCertificateIds(certificate_type=CertificateUse.MANUFACTURER_ROOT_CERTIFICATE),
        CertificateSigned(certificate_chain="-"),
    ],
    ids=lambda request: request.action,
)
@story
async def test_actions_of_other_profiles_are_not_supported(request_: Request[Any]) -> None:
    """R-060."""
    async with world() as w:
        with pytest.raises(CallRejected) as rejected:
            await w.central.call(request_)

        assert rejected.value.code == ErrorCode.NOT_SUPPORTED


@story
async def test_local_lists_are_said_not_to_be_there() -> None:
    """R-142."""
    async with world() as w:
        version = await w.central.call(GetLocalListVersion())
        update = await w.central.call(SendLocalList(list_version=1, update_type=UpdateType.FULL))

        assert version.list_version == -1
        assert update.status is UpdateStatus.NOT_SUPPORTED


@story
async def test_configuration_is_read_and_changed() -> None:
    """R-292, R-293, R-300."""
    async with world() as w:
        changed = await w.central.call(ChangeConfiguration(key="ConnectionTimeOut", value="77"))
        some = await w.central.call(GetConfiguration(key=("connectiontimeout", "Foo")))
        every = await w.central.call(GetConfiguration())

        assert changed.status is ConfigurationStatus.ACCEPTED
        assert [each.value for each in some.configuration_key or ()] == ["77"]
        assert some.unknown_key == ("Foo",)
        assert len(every.configuration_key or ()) > 20


@story
async def test_a_cleared_cache_knows_nobody() -> None:
    """R-133."""
    async with world() as w:
        await w.charge()
        w.hardware.tap(1, TAG)
        await w.after()
        w.hardware.unplug(1)
        answer = await w.central.call(ClearCache())
        w.central.go_offline()
        await w.after(5)

        await w.charge()

        assert answer.status is ClearCacheStatus.ACCEPTED
        assert w.hardware.connectors[0].offered_a == 0


def _price(data: str | None) -> DataTransferResponse:
    return DataTransferResponse(status=DataTransferStatus.ACCEPTED, data=json.dumps({"of": data}))


@asynccontextmanager
async def station_with_vendor() -> AsyncIterator[CentralSystem]:
    """Run a station that knows one vendor, and give its central system."""
    clock = VirtualClock()
    central = CentralSystem(clock.now)
    boot = BootNotification(charge_point_vendor="v", charge_point_model="m")
    hardware = SimulatedHardware([SimulatedConnector(clock, Random(1))], clock, boot)
    station = Station(hardware, central.stay_connected, clock=clock, vendors={"org.known": {"Price": _price}})
    running = asyncio.create_task(station.run())
    await asyncio.sleep(1)
    yield central
    running.cancel()
    await asyncio.wait({running})


@pytest.mark.parametrize(
    ("request_", "status", "data"),
    [
        (DataTransfer(vendor_id="org.nobody", data="x"), DataTransferStatus.UNKNOWN_VENDOR_ID, None),
        (DataTransfer(vendor_id="org.known", message_id="Y"), DataTransferStatus.UNKNOWN_MESSAGE_ID, None),
        (DataTransfer(vendor_id="org.known"), DataTransferStatus.UNKNOWN_MESSAGE_ID, None),
        (
            DataTransfer(vendor_id="org.known", message_id="Price", data="1"),
            DataTransferStatus.ACCEPTED,
            '{"of": "1"}',
        ),
    ],
)
@story
async def test_data_transfer_goes_to_its_vendor(
    request_: DataTransfer, status: DataTransferStatus, data: str | None
) -> None:
    """R-289, R-290."""
    async with station_with_vendor() as central:
        answer = await central.call(request_)

        assert (answer.status, answer.data) == (status, data)

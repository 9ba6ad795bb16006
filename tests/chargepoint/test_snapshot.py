"""What a charge point looks like at one moment."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.chargepoint.central_system import ACCEPTED
from tests.chargepoint.virtual_time import story
from tests.chargepoint.world import TAG, world

from voltyard.chargepoint.snapshot import ConnectorSnapshot, StationSnapshot
from voltyard.protocol.messages import (
    AuthorizationData,
    ChargePointErrorCode,
    ChargePointStatus,
    RegistrationStatus,
    ReserveNow,
    SendLocalList,
    UpdateType,
)


def idle(connector_id: int) -> ConnectorSnapshot:
    return ConnectorSnapshot(
        connector_id=connector_id,
        status=ChargePointStatus.AVAILABLE,
        error_code=ChargePointErrorCode.NO_ERROR,
        id_tag=None,
        transaction_id=None,
        energy_wh=None,
        power_w=0.0,
        soc_percent=None,
        register_wh=0,
    )


@story
async def test_an_idle_charge_point() -> None:
    async with world(connectors=2) as w:
        assert w.snapshot == StationSnapshot(
            is_connected=True,
            registration=RegistrationStatus.ACCEPTED,
            status=ChargePointStatus.AVAILABLE,
            undelivered=0,
            dropped=0,
            local_list_version=0,
            reservations=(),
            complaints={},
            connectors=(idle(1), idle(2)),
        )


@story
async def test_a_charging_connector() -> None:
    async with world(speed=60) as w:
        await w.charge()
        await w.after(60)

        connector = w.connector()
        assert (connector.status, connector.id_tag, connector.transaction_id) == ("Charging", TAG, 1001)
        assert connector.power_w == pytest.approx(11_000)
        assert connector.energy_wh == connector.register_wh == pytest.approx(11_000, rel=0.05)
        assert connector.soc_percent == pytest.approx(40, abs=2)


@story
async def test_offline() -> None:
    async with world(MeterValueSampleInterval="10") as w:
        await w.charge()
        w.central.go_offline()
        await w.after(35)

        assert not w.snapshot.is_connected
        assert w.snapshot.undelivered == 3


@story
async def test_reservations_and_the_local_list() -> None:
    async with world() as w:
        expiry = w.clock.now() + timedelta(hours=1)
        await w.central.call(ReserveNow(connector_id=2, expiry_date=expiry, id_tag=TAG, reservation_id=7))
        entry = AuthorizationData(id_tag=TAG, id_tag_info=ACCEPTED)
        update = SendLocalList(list_version=3, update_type=UpdateType.FULL, local_authorization_list=(entry,))
        await w.central.call(update)

        (reservation,) = w.snapshot.reservations
        assert (reservation.reservation_id, reservation.connector_id, reservation.id_tag) == (7, 2, TAG)
        assert w.snapshot.local_list_version == 3

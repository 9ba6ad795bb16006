"""Every action the central system may ask for has an honest answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.chargepoint.virtual_time import story
from tests.chargepoint.world import TAG, world

from voltyard.chargepoint.handlers import HANDLERS, router_for
from voltyard.chargepoint.keys import SUPPORTED_PROFILES
from voltyard.protocol.actions import ACTIONS
from voltyard.protocol.errors import ErrorCode
from voltyard.protocol.messages import (
    CancelReservation,
    CertificateSigned,
    CertificateUse,
    ClearChargingProfile,
    GetCompositeSchedule,
    GetDiagnostics,
    GetInstalledCertificateIds,
    GetLocalListVersion,
    ReserveNow,
    SendLocalList,
    TriggerMessage,
    UpdateFirmware,
    UpdateType,
)
from voltyard.protocol.payload import Request
from voltyard.transport.errors import CallRejected

SOON = datetime(2024, 6, 1, tzinfo=UTC)


def test_every_action_of_the_supported_profiles_is_answered() -> None:
    required = {
        action.request
        for action in ACTIONS.values()
        if action.from_central_system and action.profile in SUPPORTED_PROFILES
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
        GetLocalListVersion(),
        SendLocalList(list_version=1, update_type=UpdateType.FULL),
        TriggerMessage(requested_message="Heartbeat"),
        GetInstalledCertificateIds(certificate_type=CertificateUse.MANUFACTURER_ROOT_CERTIFICATE),
        CertificateSigned(certificate_chain="-"),
    ],
    ids=lambda request: request.action,
)
@story
async def test_actions_of_other_profiles_are_not_supported(request_: Request[Any]) -> None:
    """R-060, R-354."""
    async with world(SupportedFeatureProfiles="Core") as w:
        with pytest.raises(CallRejected) as rejected:
            await w.central.call(request_)

        assert rejected.value.code == ErrorCode.NOT_SUPPORTED


def test_charge_points_of_a_kind_share_a_router() -> None:
    assert router_for(["Core"]) is router_for(["Core"])
    assert router_for(["Core"]) is not router_for(["Core", "Reservation"])

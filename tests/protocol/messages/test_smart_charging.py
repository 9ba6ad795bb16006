"""Requests about charging profiles that the charge point answers with a status, not an error."""

from __future__ import annotations

from voltyard.protocol.codec import PayloadDecoder
from voltyard.protocol.messages import (
    ChargingProfileKind,
    ClearChargingProfile,
    GetCompositeSchedule,
    SetChargingProfile,
)


def test_a_schedule_of_an_unknown_connector_can_be_asked_for() -> None:
    request = PayloadDecoder(GetCompositeSchedule).strict(b'{"connectorId":99,"duration":0}')

    assert request.connector_id == 99


def test_a_filter_that_matches_nothing_is_read() -> None:
    request = PayloadDecoder(ClearChargingProfile).strict(b'{"stackLevel":-1,"connectorId":99}')

    assert request.stack_level == -1


def test_rules_between_fields_are_left_to_the_charge_point() -> None:
    """A recurring profile without a recurrency and with a transaction is answered with Rejected."""
    raw = (
        b'{"connectorId":0,"csChargingProfiles":{"chargingProfileId":1,"transactionId":5,"stackLevel":0,'
        b'"chargingProfilePurpose":"ChargePointMaxProfile","chargingProfileKind":"Recurring",'
        b'"chargingSchedule":{"chargingRateUnit":"W","chargingSchedulePeriod":[{"startPeriod":60,"limit":0}]}}}'
    )

    profile = PayloadDecoder(SetChargingProfile).strict(raw).cs_charging_profiles

    assert profile.charging_profile_kind is ChargingProfileKind.RECURRING
    assert profile.recurrency_kind is None

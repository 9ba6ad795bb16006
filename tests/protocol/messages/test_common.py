"""The shared types, where the specification has more to say than its schemas."""

from __future__ import annotations

from decimal import Decimal
from typing import cast

import pytest

from voltyard.protocol.codec import PayloadDecoder, encode
from voltyard.protocol.errors import ErrorCode, InvalidPayload
from voltyard.protocol.messages import (
    ChargingRateUnit,
    ChargingSchedule,
    ChargingSchedulePeriod,
    GetCompositeScheduleResponse,
    GetCompositeScheduleStatus,
    MeterValues,
    SetChargingProfile,
    StopTransaction,
    UnitOfMeasure,
)
from voltyard.protocol.payload import Tenths


def set_charging_profile(limit: str, *, periods: str | None = None) -> bytes:
    if periods is None:
        periods = f'[{{"startPeriod":0,"limit":{limit}}}]'
    return (
        '{"connectorId":1,"csChargingProfiles":{"chargingProfileId":7,"stackLevel":0,'
        '"chargingProfilePurpose":"TxDefaultProfile","chargingProfileKind":"Relative",'
        f'"chargingSchedule":{{"chargingRateUnit":"A","chargingSchedulePeriod":{periods}}}}}}}'
    ).encode()


def meter_values(sample: str) -> bytes:
    return (
        f'{{"connectorId":1,"meterValue":[{{"timestamp":"2024-01-01T00:00:00Z","sampledValue":[{sample}]}}]}}'
    ).encode()


def refusal(
    decoder: PayloadDecoder[MeterValues] | PayloadDecoder[SetChargingProfile], raw: bytes
) -> ErrorCode:
    with pytest.raises(InvalidPayload) as refused:
        decoder.strict(raw)
    return refused.value.code


@pytest.mark.parametrize("limit", ["8.1", "21.4", "6.3", "16", "16.0", "0"])
def test_a_limit_of_one_decimal_digit_is_read(limit: str) -> None:
    """R-074."""
    profile = PayloadDecoder(SetChargingProfile).strict(set_charging_profile(limit)).cs_charging_profiles

    assert profile.charging_schedule.charging_schedule_period[0].limit == Tenths(limit)


def test_a_limit_of_two_decimal_digits_is_refused() -> None:
    """R-075."""
    code = refusal(PayloadDecoder(SetChargingProfile), set_charging_profile("4.11"))

    assert code is ErrorCode.PROPERTY_CONSTRAINT_VIOLATION


def test_a_limit_in_a_string_is_refused() -> None:
    code = refusal(PayloadDecoder(SetChargingProfile), set_charging_profile('"16"'))

    assert code is ErrorCode.TYPE_CONSTRAINT_VIOLATION


@pytest.mark.parametrize(
    ("limit", "text"), [("16.0", b'"limit":16}'), ("1e1", b'"limit":10}'), ("8.1", b":8.1}")]
)
def test_a_limit_is_written_as_a_plain_number(limit: str, text: bytes) -> None:
    """R-073."""
    written = encode(PayloadDecoder(SetChargingProfile).strict(set_charging_profile(limit)))

    assert text in written


def test_a_limit_that_was_never_checked_is_not_written() -> None:
    """R-075: whoever gets around the type checker does not get around the encoder."""
    unchecked = cast("Tenths", Decimal("4.11"))
    schedule = ChargingSchedule(
        charging_rate_unit=ChargingRateUnit.A,
        charging_schedule_period=(ChargingSchedulePeriod(start_period=0, limit=unchecked),),
    )

    with pytest.raises(InvalidPayload):
        encode(
            GetCompositeScheduleResponse(
                status=GetCompositeScheduleStatus.ACCEPTED, charging_schedule=schedule
            )
        )


@pytest.mark.parametrize("empty", ['{"connectorId":1,"meterValue":[]}', meter_values("").decode()])
def test_empty_meter_values_are_refused(empty: str) -> None:
    """R-078."""
    assert refusal(PayloadDecoder(MeterValues), empty.encode()) is ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION


def test_a_schedule_without_periods_is_refused() -> None:
    """R-078."""
    code = refusal(PayloadDecoder(SetChargingProfile), set_charging_profile("", periods="[]"))

    assert code is ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION


@pytest.mark.parametrize("unit", [UnitOfMeasure.CELCIUS, UnitOfMeasure.CELSIUS])
def test_both_spellings_of_celsius_are_read(unit: UnitOfMeasure) -> None:
    sample = f'{{"value":"21.5","measurand":"Temperature","unit":"{unit}"}}'

    payload = PayloadDecoder(MeterValues).strict(meter_values(sample))

    assert payload.meter_value[0].sampled_value[0].unit is unit


def test_hertz_is_no_unit_of_ocpp() -> None:
    sample = '{"value":"50","measurand":"Frequency","unit":"Hertz"}'

    code = refusal(PayloadDecoder(MeterValues), meter_values(sample))

    assert code is ErrorCode.PROPERTY_CONSTRAINT_VIOLATION


def test_a_number_as_a_sampled_value_is_refused() -> None:
    code = refusal(PayloadDecoder(MeterValues), meter_values('{"value":123}'))

    assert code is ErrorCode.TYPE_CONSTRAINT_VIOLATION


def test_transaction_data_may_be_empty() -> None:
    raw = b'{"transactionId":1,"timestamp":"2024-01-01T00:00:00Z","meterStop":5,"transactionData":[]}'

    assert PayloadDecoder(StopTransaction).strict(raw).transaction_data == ()

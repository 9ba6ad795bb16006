"""Repairs of the tolerant path, one by one, and what stays refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pytest
from tests.protocol.oracle import PAYLOADS

from voltyard.protocol.document import read
from voltyard.protocol.errors import ErrorCode, InvalidPayload
from voltyard.protocol.messages import (
    Authorize,
    BootNotification,
    ChangeConfigurationResponse,
    DiagnosticsStatusNotification,
    FirmwareStatusNotification,
    GetCompositeScheduleResponse,
    GetConfigurationResponse,
    LogStatusNotification,
    MeterValues,
    SecurityEventNotification,
    SignedFirmwareStatusNotification,
    StartTransaction,
    StatusNotification,
    StopTransaction,
    UnitOfMeasure,
    UpdateFirmware,
)
from voltyard.protocol.payload import Payload, Tenths
from voltyard.protocol.reading import Reader
from voltyard.protocol.shape import Array, Choice, Object, Shape, shape_of
from voltyard.protocol.tolerant import MAX_DEVIATIONS, SELF_DESCRIBING, Deviation, Dropped, Repairs, Rule

Json = object
RECEIVED_AT = datetime(2026, 11, 22, 9, tzinfo=UTC)

BOOT: dict[str, Json] = {"chargePointVendor": "V", "chargePointModel": "M"}
START: dict[str, Json] = {
    "connectorId": 1,
    "idTag": "T",
    "meterStart": 5,
    "timestamp": "2026-11-22T08:00:00Z",
}
STOP: dict[str, Json] = {"meterStop": 9, "timestamp": "2026-11-22T08:00:00Z", "transactionId": 7}
STATUS: dict[str, Json] = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
EVENT: dict[str, Json] = {"type": "T", "timestamp": "2026-11-22T08:00:00Z"}


def meter_value(*samples: Json, **fields: Json) -> dict[str, Json]:
    return {"timestamp": "2026-11-22T08:00:00Z", "sampledValue": list(samples)} | fields


def meter_values(*values: Json) -> dict[str, Json]:
    return {"connectorId": 1, "meterValue": list(values)}


def tolerant(
    type: type[Payload], content: Json
) -> tuple[Payload, tuple[Deviation, ...], tuple[Dropped, ...]]:
    raw = json.dumps(content).encode()
    repairs = Repairs(RECEIVED_AT)
    payload = Reader(repairs).payload(shape_of(type), read(raw))
    assert isinstance(payload, type)
    return payload, repairs.deviations(), repairs.dropped(raw)


def repaired(type: type[Payload], content: Json) -> tuple[Payload, Deviation]:
    """What a payload with one thing to repair is read as."""
    payload, [deviation], dropped = tolerant(type, content)
    assert dropped == ()
    return payload, deviation


def refused(type: type[Payload], content: Json) -> tuple[ErrorCode, str]:
    with pytest.raises(InvalidPayload) as finding:
        tolerant(type, content)
    return finding.value.code, finding.value.path


# --- each repair -----------------------------------------------------------------------------------------


def test_what_needs_no_repair_has_no_deviation() -> None:
    for type, content in ((StartTransaction, START), (StopTransaction, STOP), (StatusNotification, STATUS)):
        _, deviations, dropped = tolerant(type, content)

        assert (deviations, dropped) == ((), ())


def test_an_unknown_field_is_dropped() -> None:
    payload, deviation = repaired(BootNotification, BOOT | {"vendorExtra": {"a": [1.50, None]}})

    assert payload == BootNotification(charge_point_vendor="V", charge_point_model="M")
    assert deviation == (Rule.UNKNOWN_FIELD, "$.vendorExtra", '{"a":[1.5,null]}')


@pytest.mark.parametrize(
    ("type", "content", "key"),
    [
        (BootNotification, BOOT, "iccid"),
        (StatusNotification, STATUS, "timestamp"),
        (StatusNotification, STATUS, "vendorId"),
        (StartTransaction, START, "reservationId"),
        (StopTransaction, STOP, "reason"),
        (StopTransaction, STOP, "idTag"),
        (StopTransaction, STOP, "transactionData"),
    ],
)
@pytest.mark.parametrize(("nothing", "rule"), [(None, Rule.NULL_FIELD), ("", Rule.EMPTY_FIELD)])
def test_nulls_and_empty_strings_in_optional_fields_are_absent(
    type: type[Payload], content: dict[str, Json], key: str, nothing: Json, rule: Rule
) -> None:
    payload, deviation = repaired(type, content | {key: nothing})

    assert payload == tolerant(type, content)[0]
    assert deviation == (rule, f"$.{key}", "null" if nothing is None else "")


@pytest.mark.parametrize(
    ("sent", "number"),
    [("3", 3), ("-3", -3), ("007", 7), ("3.0", 3), ("3.", 3), (3.0, 3), (-0.0, 0), (1e2, 100)],
)
def test_an_integer_in_another_spelling_is_that_integer(sent: Json, number: int) -> None:
    payload, deviation = repaired(StartTransaction, START | {"meterStart": sent})

    assert isinstance(payload, StartTransaction)
    assert payload.meter_start == number
    assert type(payload.meter_start) is int
    assert deviation.rule == Rule.LAX_SCALAR
    assert deviation.path == "$.meterStart"


@pytest.mark.parametrize("number", ["1e99999999999999999999", "1e400", "1e-400", "-1e99999999999999999999"])
def test_a_number_beyond_all_measure_is_no_integer(number: str) -> None:
    raw = json.dumps(START).replace('"meterStart": 5', f'"meterStart": {number}').encode()

    with pytest.raises(InvalidPayload) as finding:
        Reader(Repairs(RECEIVED_AT)).payload(shape_of(StartTransaction), read(raw))

    assert (finding.value.code, finding.value.path) == (ErrorCode.TYPE_CONSTRAINT_VIOLATION, "$.meterStart")


def test_all_that_is_lossless_applies_to_what_is_never_guessed() -> None:
    stop, deviations, _ = tolerant(StopTransaction, STOP | {"transactionId": "7", "meterStop": 9.0})
    start, _ = repaired(StartTransaction, START | {"connectorId": "2"})

    assert stop == tolerant(StopTransaction, STOP)[0]
    assert deviations == (
        (Rule.LAX_SCALAR, "$.meterStop", "9.0"),
        (Rule.LAX_SCALAR, "$.transactionId", "7"),
    )
    assert isinstance(start, StartTransaction)
    assert start.connector_id == 2


@pytest.mark.parametrize(("sent", "flag"), [(0, False), (1, True)])
def test_zero_and_one_are_booleans(sent: int, flag: bool) -> None:
    payload, deviation = repaired(
        GetConfigurationResponse, {"configurationKey": [{"key": "k", "readonly": sent}]}
    )

    assert isinstance(payload, GetConfigurationResponse)
    assert payload.configuration_key
    assert payload.configuration_key[0].readonly is flag
    assert deviation == (Rule.LAX_SCALAR, "$.configurationKey[0].readonly", str(sent))


def test_a_limit_in_a_string_is_that_limit() -> None:
    period = {"startPeriod": 0, "limit": "16.5"}
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [period]}

    payload, deviation = repaired(
        GetCompositeScheduleResponse, {"status": "Accepted", "chargingSchedule": schedule}
    )

    assert isinstance(payload, GetCompositeScheduleResponse)
    assert payload.charging_schedule
    assert payload.charging_schedule.charging_schedule_period[0].limit == Tenths("16.5")
    assert deviation.rule == Rule.LAX_SCALAR


def test_a_number_as_a_sampled_value_is_its_text_to_the_digit() -> None:
    sample = b'{"timestamp":"2026-11-22T08:00:00Z","sampledValue":[{"value":230.10}]}'
    raw = b'{"connectorId":1,"meterValue":[%s]}' % sample
    repairs = Repairs(RECEIVED_AT)

    payload = Reader(repairs).payload(shape_of(MeterValues), read(raw))

    assert isinstance(payload, MeterValues)
    assert payload.meter_value[0].sampled_value[0].value == "230.10"
    assert repairs.deviations() == ((Rule.LAX_SCALAR, "$.meterValue[0].sampledValue[0].value", "230.10"),)


@pytest.mark.parametrize("id_tag", ["T" * 21, "é" * 300])
def test_a_string_that_is_too_long_is_kept_whole(id_tag: str) -> None:
    payload, deviation = repaired(Authorize, {"idTag": id_tag})

    assert payload == Authorize(id_tag=id_tag)
    assert deviation == (Rule.LONG_STRING, "$.idTag", id_tag[:100])


@pytest.mark.parametrize(
    ("sent", "moment"),
    [
        ("2026-11-22T08:00:00", datetime(2026, 11, 22, 8, tzinfo=UTC)),
        ("2026-11-22T08:00:00.1234565", datetime(2026, 11, 22, 8, 0, 0, 123457, UTC)),
        ("2013-01-01T00:00Z", datetime(2013, 1, 1, tzinfo=UTC)),
        ("2013-01-01T00:00", datetime(2013, 1, 1, tzinfo=UTC)),
        ("2026-11-22t08:00:00z", datetime(2026, 11, 22, 8, tzinfo=UTC)),
        ("2026-11-22 08:00:00Z", datetime(2026, 11, 22, 8, tzinfo=UTC)),
        ("2026-11-22T08:00:00,5Z", datetime(2026, 11, 22, 8, 0, 0, 500_000, UTC)),
        ("2026-11-22T08:00:00+0230", datetime(2026, 11, 22, 5, 30, tzinfo=UTC)),
        ("2026-11-22T08:00:00-02", datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ("20261122T080000Z", datetime(2026, 11, 22, 8, tzinfo=UTC)),
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2016-12-31T23:59:60.5Z", datetime(2017, 1, 1, 0, 0, 0, 500_000, UTC)),
    ],
)
def test_a_date_time_that_everybody_understands_is_understood(sent: str, moment: datetime) -> None:
    """R-071."""
    payload, deviation = repaired(StartTransaction, START | {"timestamp": sent})

    assert isinstance(payload, StartTransaction)
    assert payload.timestamp == moment
    assert payload.timestamp.utcoffset() == timedelta()
    assert deviation == (Rule.LENIENT_DATE_TIME, "$.timestamp", sent)


@pytest.mark.parametrize("unit", ["Celcius", "Celsius"])
def test_both_spellings_of_celsius_are_no_deviation(unit: str) -> None:
    """R-249."""
    sample = {"value": "21", "measurand": "Temperature", "unit": unit}

    for type, content in (
        (MeterValues, meter_values(meter_value(sample))),
        (StopTransaction, STOP | {"transactionData": [meter_value(sample)]}),
    ):
        payload, deviations, _ = tolerant(type, content)

        assert deviations == ()
        assert UnitOfMeasure(unit) in str(payload)


@pytest.mark.parametrize("key", ["measurand", "unit", "context", "location", "phase", "format"])
def test_an_unknown_word_about_a_sample_is_kept_raw(key: str) -> None:
    payload, deviation = repaired(MeterValues, meter_values(meter_value({"value": "1", key: "Hertz"})))

    assert isinstance(payload, MeterValues)
    kept = getattr(payload.meter_value[0].sampled_value[0], key)
    assert (kept, type(kept)) == ("Hertz", str)
    assert deviation == (Rule.UNKNOWN_MEMBER, f"$.meterValue[0].sampledValue[0].{key}", "Hertz")


@pytest.mark.parametrize(
    ("type", "content", "key"),
    [
        (StatusNotification, STATUS, "errorCode"),
        (StatusNotification, STATUS, "status"),
        (StopTransaction, STOP, "reason"),
        (DiagnosticsStatusNotification, {}, "status"),
        (FirmwareStatusNotification, {}, "status"),
        (LogStatusNotification, {}, "status"),
        (SignedFirmwareStatusNotification, {}, "status"),
    ],
)
def test_an_unknown_word_about_a_charge_point_is_kept_raw(
    type: type[Payload], content: dict[str, Json], key: str
) -> None:
    payload, deviation = repaired(type, content | {key: "Occupied"})

    assert "Occupied" in [getattr(payload, name) for name in payload.__struct_fields__]
    assert deviation == (Rule.UNKNOWN_MEMBER, f"$.{key}", "Occupied")


@pytest.mark.parametrize("type", [StartTransaction, StopTransaction, SecurityEventNotification])
@pytest.mark.parametrize("timestamp", [{}, {"timestamp": None}])
def test_a_missing_timestamp_is_the_time_of_receipt(type: type[Payload], timestamp: dict[str, Json]) -> None:
    contents = {StartTransaction: START, StopTransaction: STOP, SecurityEventNotification: EVENT}
    others = {key: value for key, value in contents[type].items() if key != "timestamp"}

    payload, deviations, _ = tolerant(type, others | timestamp)

    assert getattr(payload, "timestamp") is RECEIVED_AT  # noqa: B009 - not all payloads have one
    assert deviations[-1] == (Rule.MISSING_TIMESTAMP, "$.timestamp", "")
    assert [deviation.rule for deviation in deviations[:-1]] == [Rule.NULL_FIELD] * len(timestamp)


def test_a_meter_value_without_timestamp_was_taken_on_receipt() -> None:
    payload, deviation = repaired(MeterValues, meter_values({"sampledValue": [{"value": "1"}]}))

    assert isinstance(payload, MeterValues)
    assert payload.meter_value[0].timestamp is RECEIVED_AT
    assert deviation == (Rule.MISSING_TIMESTAMP, "$.meterValue[0].timestamp", "")


# --- bad samples and meter values ------------------------------------------------------------------------


def test_a_bad_sample_is_taken_out_as_it_stands_and_the_rest_is_used() -> None:
    raw = (
        b'{"connectorId":1,"meterValue":[{"timestamp":"2026-11-22T08:00:00Z","sampledValue":'
        b'[{"value":"1"}, {"value" : null, "unit":"W"} ,{"value":"3"}]}]}'
    )
    repairs = Repairs(RECEIVED_AT)

    payload = Reader(repairs).payload(shape_of(MeterValues), read(raw))

    assert isinstance(payload, MeterValues)
    assert [sample.value for sample in payload.meter_value[0].sampled_value] == ["1", "3"]
    path = "$.meterValue[0].sampledValue[1]"
    assert repairs.dropped(raw) == (
        Dropped(path, b'{"value" : null, "unit":"W"}', f"{path}.value: not a string"),
    )
    assert repairs.deviations() == ((Rule.DROPPED_ITEM, path, '{"value":null,"unit":"W"}'),)


@pytest.mark.parametrize(
    "bad",
    [
        None,
        "x",
        [],
        meter_value(),
        {"timestamp": "2026-11-22T08:00:00Z"},
        meter_value({"value": "2"}, timestamp="yesterday"),
        meter_value({"value": "2"}, timestamp=""),
        meter_value({"value": "2"}, timestamp=1_700_000_000),
        meter_value({"value": []}, {"value": False}, {}),
        {"timestamp": "2026-11-22T08:00:00Z", "sampledValue": {"value": "2"}},
    ],
)
@pytest.mark.parametrize("type", [MeterValues, StopTransaction])
def test_a_bad_meter_value_is_taken_out_as_a_whole_and_the_rest_is_used(
    type: type[Payload], bad: Json
) -> None:
    values = [meter_value({"value": "1"}), bad]
    content = meter_values(*values) if type is MeterValues else STOP | {"transactionData": values}
    good = meter_values(values[0]) if type is MeterValues else STOP | {"transactionData": values[:1]}

    payload, deviations, [dropped] = tolerant(type, content)

    assert payload == tolerant(type, good)[0]
    assert [deviation.rule for deviation in deviations] == [Rule.DROPPED_ITEM]
    assert json.loads(dropped.raw) == bad
    assert dropped.path in {"$.meterValue[1]", "$.transactionData[1]"}
    assert dropped.reason.startswith(dropped.path)


def test_repairs_inside_what_is_dropped_do_not_count() -> None:
    bad = {"value": 1, "unit": "Furlong", "vendor": 1, "phase": 5}
    odd = {"value": 2}

    _, deviations, dropped = tolerant(MeterValues, meter_values(meter_value(odd, bad, timestamp=None)))

    assert [deviation.rule for deviation in deviations] == [
        Rule.NULL_FIELD,
        Rule.LAX_SCALAR,
        Rule.DROPPED_ITEM,
        Rule.MISSING_TIMESTAMP,
    ]
    assert len(dropped) == 1


def test_meter_values_of_which_nothing_is_left_can_still_be_answered() -> None:
    """R-247: sanity checks never prevent the answer."""
    payload, deviations, dropped = tolerant(
        MeterValues, meter_values(meter_value({"value": None}), meter_value({"value": "1"}, timestamp="x"))
    )

    assert payload == MeterValues(connector_id=1, meter_value=())
    assert [item.path for item in dropped] == ["$.meterValue[0]", "$.meterValue[1]"]
    assert len(deviations) == 2


def test_a_stop_outlives_its_transaction_data() -> None:
    payload, _, [dropped] = tolerant(StopTransaction, STOP | {"transactionData": [meter_value()]})

    assert isinstance(payload, StopTransaction)
    assert payload.transaction_data == ()
    assert dropped.path == "$.transactionData[0]"


@pytest.mark.parametrize(
    ("content", "path"),
    [
        (meter_values(), "$.meterValue"),
        (meter_values(meter_value()), "$.meterValue[0].sampledValue"),
        (meter_values(meter_value(), meter_value()), "$.meterValue[0].sampledValue"),
        (meter_values({"timestamp": "2026-11-22T08:00:00Z"}), "$.meterValue[0].sampledValue"),
        (meter_values({}), "$.meterValue[0].sampledValue"),
        ({"connectorId": 1}, "$.meterValue"),
    ],
)
def test_meter_values_that_bring_no_sample_at_all_are_refused(content: Json, path: str) -> None:
    """R-078."""
    assert refused(MeterValues, content) == (ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION, path)


def test_items_of_other_arrays_are_not_dropped() -> None:
    content = {"configurationKey": [{"key": "k", "readonly": True}, {"key": 5, "readonly": True}]}

    assert refused(GetConfigurationResponse, content) == (
        ErrorCode.TYPE_CONSTRAINT_VIOLATION,
        "$.configurationKey[1].key",
    )


# --- what stays wrong ------------------------------------------------------------------------------------

MISSING = ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION
WRONG_TYPE = ErrorCode.TYPE_CONSTRAINT_VIOLATION
WRONG_VALUE = ErrorCode.PROPERTY_CONSTRAINT_VIOLATION


@pytest.mark.parametrize(
    ("type", "content"),
    [
        (StartTransaction, START),
        (StopTransaction, STOP),
        (StatusNotification, STATUS),
        (BootNotification, BOOT),
    ],
)
def test_no_required_field_but_a_timestamp_is_made_up(type: type[Payload], content: dict[str, Json]) -> None:
    for key in content.keys() - {"timestamp"}:
        without = {other: value for other, value in content.items() if other != key}

        assert refused(type, without) == (MISSING, f"$.{key}")
        assert refused(type, without | {key: None}) == (WRONG_TYPE, f"$.{key}")


@pytest.mark.parametrize(
    ("type", "content", "key", "value", "code"),
    [
        (StartTransaction, START, "meterStart", "3.5", WRONG_TYPE),
        (StartTransaction, START, "meterStart", 3.5, WRONG_TYPE),
        (StartTransaction, START, "meterStart", " 3", WRONG_TYPE),
        (StartTransaction, START, "meterStart", "0x3", WRONG_TYPE),
        (StartTransaction, START, "meterStart", "", WRONG_TYPE),
        (StartTransaction, START, "meterStart", "٣", WRONG_TYPE),
        (StartTransaction, START, "meterStart", True, WRONG_TYPE),
        (StartTransaction, START, "meterStart", 1e30, WRONG_TYPE),
        (StartTransaction, START, "meterStart", "9" * 5000, WRONG_TYPE),
        (StartTransaction, START, "meterStart", 2**63, WRONG_VALUE),
        (StartTransaction, START, "meterStart", str(2**63), WRONG_VALUE),
        (StartTransaction, START, "connectorId", -1, WRONG_VALUE),
        (StartTransaction, START, "connectorId", "-1", WRONG_VALUE),
        (StartTransaction, START, "idTag", 42, WRONG_TYPE),
        (StartTransaction, START, "idTag", ["T"], WRONG_TYPE),
        (StartTransaction, START, "timestamp", "yesterday", WRONG_VALUE),
        (StartTransaction, START, "timestamp", "", WRONG_VALUE),
        (StartTransaction, START, "timestamp", "2026-11-22", WRONG_VALUE),
        (StartTransaction, START, "timestamp", "2026-02-30T00:00", WRONG_VALUE),
        (StartTransaction, START, "timestamp", "12026-01-01T00:00:00Z", WRONG_VALUE),
        (StartTransaction, START, "timestamp", "9999-12-31T23:59:60Z", WRONG_VALUE),
        (StartTransaction, START, "timestamp", "0001-01-01T00:00+14:00", WRONG_VALUE),
        (StartTransaction, START, "timestamp", 1_700_000_000, WRONG_TYPE),
        (StatusNotification, STATUS, "status", 5, WRONG_TYPE),
        (ChangeConfigurationResponse, {}, "status", "accepted", WRONG_VALUE),
        (UpdateFirmware, {"retrieveDate": "2026-11-22T08:00:00Z"}, "location", "/tmp/x", WRONG_VALUE),
        (GetConfigurationResponse, {}, "unknownKey", "key", WRONG_TYPE),
    ],
)
def test_what_cannot_be_repaired_is_refused_with_the_strict_code(
    type: type[Payload], content: dict[str, Json], key: str, value: Json, code: ErrorCode
) -> None:
    assert refused(type, content | {key: value}) == (code, f"$.{key}")


@pytest.mark.parametrize("readonly", ["true", "1", 2, -1, 1.0])
def test_other_spellings_of_booleans_are_refused(readonly: Json) -> None:
    content = {"configurationKey": [{"key": "k", "readonly": readonly}]}

    assert refused(GetConfigurationResponse, content) == (WRONG_TYPE, "$.configurationKey[0].readonly")


@pytest.mark.parametrize(
    ("limit", "code"),
    [
        ("16.55", WRONG_VALUE),
        (16.55, WRONG_VALUE),
        ("1e1", WRONG_TYPE),
        ("NaN", WRONG_TYPE),
        (True, WRONG_TYPE),
    ],
)
def test_other_spellings_of_limits_and_more_decimals_are_refused(limit: Json, code: ErrorCode) -> None:
    """R-075."""
    period = {"startPeriod": 0, "limit": limit}
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [period]}

    refusal = refused(GetCompositeScheduleResponse, {"status": "Accepted", "chargingSchedule": schedule})

    assert refusal == (code, "$.chargingSchedule.chargingSchedulePeriod[0].limit")


def test_more_deviations_than_anybody_makes_by_mistake_are_refused() -> None:
    samples = [{"value": n} for n in range(MAX_DEVIATIONS)]
    one_more = meter_value(*samples, {"value": 1})

    _, deviations, _ = tolerant(MeterValues, meter_values(meter_value(*samples)))
    code, _ = refused(MeterValues, meter_values(one_more, meter_value({"value": "1"})))

    assert len(deviations) == MAX_DEVIATIONS
    assert code is ErrorCode.FORMATION_VIOLATION


# --- the table -------------------------------------------------------------------------------------------


def test_only_what_a_charge_point_sends_of_itself_is_self_describing() -> None:
    """A word of its own in an answer's status would be a guess about what it did."""
    sent_otherwise = {
        enumeration
        for name, payload in PAYLOADS.items()
        if name not in _SELF_DESCRIPTIONS
        for enumeration in _enumerations(shape_of(payload))
    }

    assert not SELF_DESCRIBING & sent_otherwise
    assert {
        enumeration for name in _SELF_DESCRIPTIONS for enumeration in _enumerations(shape_of(PAYLOADS[name]))
    } == SELF_DESCRIBING


_SELF_DESCRIPTIONS = (
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "LogStatusNotification",
    "MeterValues",
    "SignedFirmwareStatusNotification",
    "StatusNotification",
    "StopTransaction",
)


def _enumerations(shape: Shape) -> set[type[StrEnum]]:
    match shape:
        case Object(members=members):
            return {found for member in members.values() for found in _enumerations(member.shape)}
        case Array(items=items):
            return _enumerations(items)
        case Choice(enumeration=enumeration):
            return {enumeration}
        case _:
            return set()

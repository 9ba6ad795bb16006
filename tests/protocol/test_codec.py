"""Payloads to JSON text and back."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.protocol import oracle

from voltyard.protocol.codec import Decoded, Deviation, PayloadDecoder, Rule, encode
from voltyard.protocol.errors import ErrorCode, InvalidPayload
from voltyard.protocol.messages import (
    AuthorizationStatus,
    Authorize,
    BootNotification,
    BootNotificationResponse,
    ClearCache,
    DataTransfer,
    GetInstalledCertificateIdsResponse,
    Heartbeat,
    HeartbeatResponse,
    IdTagInfo,
    MeterValue,
    MeterValues,
    MeterValuesResponse,
    RegistrationStatus,
    Reset,
    SampledValue,
    SetChargingProfile,
    StartTransaction,
    StartTransactionResponse,
    StatusNotification,
    StatusNotificationResponse,
    StopTransaction,
)
from voltyard.protocol.payload import Payload

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
MOMENT = "2026-11-22T08:00:00Z"

FORMATION = ErrorCode.FORMATION_VIOLATION
OCCURENCE = ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION
PROPERTY = ErrorCode.PROPERTY_CONSTRAINT_VIOLATION
TYPE = ErrorCode.TYPE_CONSTRAINT_VIOLATION

bounded = settings(derandomize=True, database=None, deadline=None)

PROFILE = (
    '{"connectorId":1,"csChargingProfiles":{"chargingProfileId":1,"stackLevel":0,"chargingProfilePurpose":'
    '"TxProfile","chargingProfileKind":"Absolute","chargingSchedule":{"chargingRateUnit":"A",'
    '"chargingSchedulePeriod":[%s]}}}'
)
PERIODS = "$.csChargingProfiles.chargingSchedule.chargingSchedulePeriod"
SAMPLES = '{"connectorId":1,"meterValue":[{"timestamp":"2026-11-22T08:00:00Z","sampledValue":[%s]}]}'


def verdict(decoder: PayloadDecoder[Any], raw: bytes) -> tuple[ErrorCode, str] | None:
    """The code and path with which a text is refused, None if it is not."""
    try:
        decoder.strict(raw)
    except InvalidPayload as finding:
        return finding.code, finding.path
    return None


# --- the frame table of the rulings, as far as payloads go -------------------------------------------------


@pytest.mark.parametrize(
    ("type", "text", "code", "path"),
    [
        # payload not an object
        (Heartbeat, "[]", FORMATION, "$"),
        (Heartbeat, '"{}"', FORMATION, "$"),
        (Heartbeat, "1", FORMATION, "$"),
        (Heartbeat, "", FORMATION, "$"),
        # required field missing
        (Authorize, "{}", OCCURENCE, "$.idTag"),
        (Authorize, "null", OCCURENCE, "$.idTag"),
        (MeterValues, SAMPLES % '{"unit":"Wh"}', OCCURENCE, "$.meterValue[0].sampledValue[0].value"),
        # wrong JSON type, null among them
        (Authorize, '{"idTag":12}', TYPE, "$.idTag"),
        (Authorize, '{"idTag":null}', TYPE, "$.idTag"),
        (StatusNotification, '{"connectorId":true}', TYPE, "$.connectorId"),
        (StatusNotification, '{"connectorId":"1"}', TYPE, "$.connectorId"),
        (StatusNotification, '{"connectorId":1.0}', TYPE, "$.connectorId"),
        (StatusNotification, '{"connectorId":1e0}', TYPE, "$.connectorId"),
        (StatusNotification, '{"status":7}', TYPE, "$.status"),
        (StatusNotification, '{"timestamp":1700000000}', TYPE, "$.timestamp"),
        (StatusNotification, '{"info":null}', TYPE, "$.info"),
        (StatusNotification, '{"timestamp":null}', TYPE, "$.timestamp"),
        (MeterValues, '{"meterValue":{}}', TYPE, "$.meterValue"),
        (MeterValues, SAMPLES % "null", TYPE, "$.meterValue[0].sampledValue[0]"),
        (MeterValues, SAMPLES % '{"value":1}', TYPE, "$.meterValue[0].sampledValue[0].value"),
        (SetChargingProfile, PROFILE % '{"startPeriod":0,"limit":"16"}', TYPE, f"{PERIODS}[0].limit"),
        # too long, out of range, not in the enumeration, bad date-time, too many decimals
        (Authorize, '{"idTag":"%s"}' % ("x" * 21), PROPERTY, "$.idTag"),
        (StatusNotification, '{"connectorId":-1}', PROPERTY, "$.connectorId"),
        (StatusNotification, '{"connectorId":9223372036854775808}', PROPERTY, "$.connectorId"),
        (StatusNotification, '{"connectorId":%s}' % ("9" * 5000), PROPERTY, "$.connectorId"),
        (StatusNotification, '{"status":"available"}', PROPERTY, "$.status"),
        (Reset, '{"type":"Warm"}', PROPERTY, "$.type"),
        (StatusNotification, '{"timestamp":"2026-11-22T08:00:00"}', PROPERTY, "$.timestamp"),
        (StatusNotification, '{"timestamp":"2026-11-22 08:00:00Z"}', PROPERTY, "$.timestamp"),
        (StatusNotification, '{"timestamp":"2026-11-22T08:00:00z"}', PROPERTY, "$.timestamp"),
        (StatusNotification, '{"timestamp":"2026-11-22T08:00:00+0200"}', PROPERTY, "$.timestamp"),
        (StatusNotification, '{"timestamp":"9999-12-31T23:59:59-01:00"}', PROPERTY, "$.timestamp"),
        (SetChargingProfile, PROFILE % '{"startPeriod":0,"limit":4.11}', PROPERTY, f"{PERIODS}[0].limit"),
        # extra property, duplicate key, too deep, not clean
        (Heartbeat, '{"vendor":1}', FORMATION, "$.vendor"),
        (MeterValues, SAMPLES % '{"value":"1","v":1}', FORMATION, "$.meterValue[0].sampledValue[0].v"),
        (Authorize, '{"idTag":"a","idTag":"a"}', FORMATION, "$.idTag"),
        (Authorize, '{"idTag":"a","\\u0069dTag":"a"}', FORMATION, "$.idTag"),
        (
            MeterValues,
            SAMPLES % '{"value":"1","value":"1"}',
            FORMATION,
            "$.meterValue[0].sampledValue[0].value",
        ),
        (Authorize, '{"idTag":' + "[" * 32 + "]" * 32 + "}", FORMATION, "$.idTag" + "[0]" * 31),
        (Authorize, '{"idTag":%s' % ("[" * 60_000), FORMATION, "$"),
        (Authorize, '{"idTag":"\\u0000"}', FORMATION, "$.idTag"),
        (Authorize, '{"idTag":"\\ud800"}', FORMATION, "$.idTag"),
        (Authorize, '{"idTag":"\x00"}', FORMATION, "$"),
        # empty lists that must hold something
        (MeterValues, '{"connectorId":1,"meterValue":[]}', OCCURENCE, "$.meterValue"),
        (MeterValues, SAMPLES % "", OCCURENCE, "$.meterValue[0].sampledValue"),
        (SetChargingProfile, PROFILE % "", OCCURENCE, PERIODS),
        (
            GetInstalledCertificateIdsResponse,
            '{"status":"Accepted","certificateHashData":[]}',
            OCCURENCE,
            "$.certificateHashData",
        ),
    ],
    ids=lambda value: str(value)[:50],
)
def test_each_defect_has_its_code_and_path(
    type: type[Payload], text: str, code: ErrorCode, path: str
) -> None:
    """R-061, R-062, R-063, R-064, R-075, R-077, R-078."""
    assert verdict(PayloadDecoder(type), text.encode()) == (code, path)


def test_text_that_is_not_utf_8_is_a_formation_violation() -> None:
    decoder = PayloadDecoder(Authorize)

    for raw in (b'{"idTag":"\xff"}', b'{"idTag":"\xed\xa0\x80"}', b'{"\xc0\x80":1}'):
        assert verdict(decoder, raw) == (FORMATION, "$")


@pytest.mark.parametrize("type", [Heartbeat, ClearCache])
@pytest.mark.parametrize("raw", [b"{}", b"null", b" {\n} ", b" null "])
def test_an_empty_payload_may_be_null(type: type[Payload], raw: bytes) -> None:
    """R-042."""
    decoder = PayloadDecoder(type)

    assert decoder.strict(raw) == type()
    assert decoder.tolerant(raw, NOW) == (type(), (), ())


@pytest.mark.parametrize("limit", ["8.1", "21.4", "6.3", "16", "16.0", "1.6e1", "0", "0.10"])
def test_limits_with_one_decimal_are_read_exactly(limit: str) -> None:
    """R-074."""
    raw = (PROFILE % f'{{"startPeriod":0,"limit":{limit}}}').encode()

    schedule = PayloadDecoder(SetChargingProfile).strict(raw).cs_charging_profiles.charging_schedule

    assert schedule.charging_schedule_period[0].limit == Decimal(limit)


def test_date_times_come_in_utc() -> None:
    raw = (
        b'{"connectorId":1,"errorCode":"NoError","status":"Charging",'
        b'"timestamp":"2026-11-22T08:00:00.25%s"%s}'
    )
    decoder = PayloadDecoder(StatusNotification)

    for zone, rest in ((b"+02:00", b""), (b"-05:30", b""), (b"+00:00", b""), (b"+02:00", b',"info":"\\n"')):
        moment = decoder.strict(raw % (zone, rest)).timestamp

        assert moment
        assert moment == datetime.fromisoformat(f"2026-11-22T08:00:00.25{zone.decode()}")
        assert moment.tzinfo is UTC


def test_texts_in_any_language_survive() -> None:
    """R-019."""
    request = DataTransfer(vendor_id="Türöffner", data='充電 😀 "\\/\n\x7f\u2028')

    assert PayloadDecoder(DataTransfer).strict(encode(request)) == request


# --- any text ----------------------------------------------------------------------------------------------

NAMES = (
    "AuthorizeResponse",
    "BootNotification",
    "GetConfigurationResponse",
    "GetLog",
    "MeterValues",
    "SendLocalList",
    "SetChargingProfile",
    "StartTransaction",
    "StatusNotification",
    "StopTransaction",
)
SPACES = ["", "", "", " ", "\n", "\t\r "]


def spelled(value: oracle.Json, chance: random.Random) -> str:
    """A value as JSON, in any of its spellings, now and then with a key twice or a null."""
    match value:
        case dict():
            members = [(key, spelled(child, chance)) for key, child in value.items()]
            chance.shuffle(members)
            if members and chance.random() < 0.1:
                members.insert(chance.randrange(len(members) + 1), chance.choice(members))
            if members and chance.random() < 0.1:
                members[0] = members[0][0], "null"
            text = ",".join(f"{spaced(spelled_text(key, chance), chance)}:{child}" for key, child in members)
            return spaced("{" + text + "}", chance)
        case list():
            return spaced("[" + ",".join(spelled(child, chance) for child in value) + "]", chance)
        case str():
            return spaced(spelled_text(value, chance), chance)
        case Decimal():
            return spaced(str(value), chance)
        case _:
            return spaced(json.dumps(value), chance)


def spaced(text: str, chance: random.Random) -> str:
    return chance.choice(SPACES) + text + chance.choice(SPACES)


def spelled_text(text: str, chance: random.Random) -> str:
    written = json.dumps(text, ensure_ascii=chance.random() < 0.1)
    if written.isascii() and written.isprintable() and "\\" not in written and chance.random() < 0.1:
        index = chance.randrange(len(text) + 1)
        escaped = "".join(f"\\u{ord(character):04x}" for character in text[index : index + 1])
        written = f'"{text[:index]}{escaped}{text[index + 1 :]}"'
    return written


def slow_reading(text: str) -> oracle.Json | None:
    """What a text says if it repeats no key and has no null, as the standard library sees it."""
    flaws = []

    def read(pairs: list[tuple[str, oracle.Json]]) -> dict[str, oracle.Json]:
        flaws.extend([key for key, value in pairs if value is None])
        flaws.extend([key for key, _ in pairs][len(dict(pairs)) :])
        return dict(pairs)

    value = json.loads(text, object_pairs_hook=read, parse_float=Decimal)
    return None if flaws else value


@pytest.mark.parametrize("name", NAMES)
def test_no_spelling_hides_a_repeated_key_or_a_null(name: str) -> None:
    decoder = PayloadDecoder(oracle.PAYLOADS[name])

    @settings(bounded, max_examples=15)
    @given(oracle.instances(name), st.integers())
    def check(instance: oracle.Json, number: int) -> None:
        chance = random.Random(number)
        payload = decoder.strict(oracle.to_json(instance))
        for text in [spelled(instance, chance) for _ in range(10)]:
            if slow_reading(text) is None:
                assert verdict(decoder, text.encode()) is not None, text
            else:
                assert decoder.strict(text.encode()) == payload, text
                assert decoder.tolerant(text.encode(), NOW) == (payload, (), ()), text

    check()


def test_the_spellings_of_the_test_above_have_all_there_is_to_find() -> None:
    chance = random.Random(1)
    instance = json.loads(SAMPLES % '{"value":"1","unit":"Wh"},{"value":"a:b"}')

    texts = [spelled(instance, chance) for _ in range(200)]

    assert len(set(texts)) == 200
    assert sum("null" in text for text in texts) > 10
    assert sum(slow_reading(text) is None for text in texts) > 20
    assert sum(slow_reading(text) == instance for text in texts) > 20
    assert sum("\\u" in text for text in texts) > 20


PIECES = [
    *[bytes([byte]) for byte in range(0, 256, 5)],
    *[
        b'"',
        b"\\",
        b"\\u0000",
        b"\\ud800",
        b"null",
        b"NaN",
        b"1e999",
        b"[" * 40,
        b"9" * 30,
        b'{"a":' * 40,
        b",",
    ],
]


def damaged(raw: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randrange(1, 4)):
        start = chance.randrange(len(raw) + 1)
        raw = raw[:start] + chance.choice(PIECES) + raw[start + chance.choice([0, 0, 1, 10]) :]
    return raw


def findings(decoder: PayloadDecoder[Any], raw: bytes) -> Iterator[InvalidPayload]:
    """What strict and tolerant reading of any bytes raise; anything else fails the test."""
    try:
        decoder.strict(raw)
    except InvalidPayload as finding:
        yield finding
    try:
        decoder.tolerant(raw, NOW)
    except InvalidPayload as finding:
        yield finding


@pytest.mark.parametrize("name", NAMES)
def test_no_bytes_raise_anything_but_invalid_payload(name: str) -> None:
    decoder = PayloadDecoder(oracle.PAYLOADS[name])

    @settings(bounded, max_examples=15)
    @given(st.binary(max_size=40), oracle.dubious_instances(name), st.integers())
    def check(noise: bytes, instance: oracle.Json, number: int) -> None:
        chance = random.Random(number)
        text = oracle.to_json(instance)
        for raw in [noise, text, *[damaged(text, chance) for _ in range(20)]]:
            for finding in findings(decoder, raw):
                assert finding.description.startswith(f"{finding.path}: ")
                assert len(finding.description) <= 255
                assert finding.description.encode()

    check()


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 65_536,
        b'{"connectorId":' * 4_000,
        b'{"meterValue":[' + b"{}," * 20_000 + b"{}]}",
        b'{"meterValue":[{"sampledValue":[' + b"0," * 30_000 + b"0]}]}",
        b'{"connectorId":' + b"1" * 60_000 + b"}",
        b'{"connectorId":1e' + b"9" * 60_000 + b"}",
        b'{"' + b"k" * 60_000 + b'":1}',
        b'{"' + b"\\u00e9" * 10_000 + b'":1}',
        b"{" + b'"k":0,' * 10_000 + b'"k":0}',
        b'{"meterValue":"' + b"x" * 60_000 + b'"}',
    ],
    ids=lambda raw: repr(raw)[:30],
)
def test_a_finding_about_a_huge_text_is_short(raw: bytes) -> None:
    for finding in findings(PayloadDecoder(MeterValues), raw):
        assert len(finding.path) <= 100
        assert len(finding.description) <= 255
        echoed = finding.description.removeprefix(finding.path)
        assert max(echoed.count(character) for character in "k9x") <= 100


# --- tolerant ----------------------------------------------------------------------------------------------


def test_a_strict_payload_is_read_tolerantly_without_deviations() -> None:
    raw = b'{"chargePointVendor":"V","chargePointModel":"M","iccid":""}'
    escaped = raw.replace(b"V", b"\\u0056", 1).replace(b"\\u0056endor", b"Vendor")
    decoder = PayloadDecoder(BootNotification)

    for text in (raw, escaped, raw.replace(b":", b" : ")):
        decoded = decoder.tolerant(text, NOW)

        assert decoded == Decoded(decoder.strict(raw), (), ())
        assert decoded.payload.iccid == ""


def test_a_flawed_payload_is_repaired_with_a_record() -> None:
    raw = b'{"connectorId":"1","idTag":"T","meterStart":5.0,"vendor":{"a":1}}'

    decoded = PayloadDecoder(StartTransaction).tolerant(raw, NOW)

    assert decoded.payload == StartTransaction(connector_id=1, id_tag="T", meter_start=5, timestamp=NOW)
    assert decoded.deviations == (
        Deviation(Rule.LAX_SCALAR, "$.connectorId", "1"),
        Deviation(Rule.LAX_SCALAR, "$.meterStart", "5.0"),
        Deviation(Rule.UNKNOWN_FIELD, "$.vendor", '{"a":1}'),
        Deviation(Rule.MISSING_TIMESTAMP, "$.timestamp", ""),
    )


def test_what_is_dropped_is_kept_as_sent() -> None:
    raw = (SAMPLES % '{"value":"1"} , {"value":\t["\\u0041"] }').encode()

    decoded = PayloadDecoder(MeterValues).tolerant(raw, NOW)

    assert [sample.value for sample in decoded.payload.meter_value[0].sampled_value] == ["1"]
    [dropped] = decoded.dropped
    assert dropped.raw == b'{"value":\t["\\u0041"] }'
    assert dropped.path == "$.meterValue[0].sampledValue[1]"


@pytest.mark.parametrize(
    "text",
    [
        '{"idTag":"a","idTag":"a"}',
        '{"idTag":"\\u0000"}',
        '{"idTag":"\\ud800"}',
        '{"idTag":"a","vendor":' + "[" * 32 + "]" * 32 + "}",
        '{"idTag":"a","vendor":{"b":1,"b":2}}',
        '{"idTag":"a","vendor":NaN}',
        '{"idTag":"a"',
        '["a"]',
    ],
)
def test_what_has_no_clear_form_is_refused_tolerantly_too(text: str) -> None:
    with pytest.raises(InvalidPayload) as finding:
        PayloadDecoder(Authorize).tolerant(text.encode(), NOW)

    assert finding.value.code is FORMATION


# --- writing -----------------------------------------------------------------------------------------------


WRITTEN = "2026-11-22T09:00:00.000Z"
METER_VALUE = f'{{"timestamp":"{WRITTEN}","sampledValue":[{{"value":"é"}}]}}'


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (MeterValuesResponse(), "{}"),
        (StatusNotificationResponse(), "{}"),
        (Heartbeat(), "{}"),
        (HeartbeatResponse(current_time=NOW), '{"currentTime":"2026-11-22T09:00:00.000Z"}'),
        (
            BootNotificationResponse(
                status=RegistrationStatus.ACCEPTED,
                current_time=NOW.replace(microsecond=123_456).astimezone(timezone(timedelta(hours=2))),
                interval=300,
            ),
            '{"status":"Accepted","currentTime":"2026-11-22T09:00:00.123Z","interval":300}',
        ),
        (
            StartTransactionResponse(
                id_tag_info=IdTagInfo(status=AuthorizationStatus.ACCEPTED, expiry_date=NOW), transaction_id=7
            ),
            '{"idTagInfo":{"status":"Accepted","expiryDate":"2026-11-22T09:00:00.000Z"},"transactionId":7}',
        ),
        (
            StopTransaction(
                meter_stop=1,
                timestamp=NOW,
                transaction_id=2,
                transaction_data=(MeterValue(timestamp=NOW, sampled_value=(SampledValue(value="é"),)),),
            ),
            f'{{"meterStop":1,"timestamp":"{WRITTEN}","transactionId":2,"transactionData":[{METER_VALUE}]}}',
        ),
        (DataTransfer(vendor_id="null", data='{"a":null}'), '{"vendorId":"null","data":"{\\"a\\":null}"}'),
    ],
)
def test_a_payload_is_written_as_the_specification_wants(payload: Payload, text: str) -> None:
    """R-041, R-072: empty payloads, absent fields, date-times in UTC with milliseconds."""
    assert encode(payload) == text.encode()


@pytest.mark.parametrize(
    ("limit", "written"), [("1E+1", "10"), ("16", "16"), ("16.50", "16.5"), ("0.1", "0.1")]
)
def test_limits_are_written_without_exponent(limit: str, written: str) -> None:
    """R-073."""
    raw = PROFILE % f'{{"startPeriod":0,"limit":{limit}}}'

    profile = PayloadDecoder(SetChargingProfile).strict(raw.encode())

    assert f'"limit":{written}}}'.encode() in encode(profile)


def start(**fields: Any) -> StartTransaction:
    return msgspec.structs.replace(
        StartTransaction(connector_id=1, id_tag="T", meter_start=0, timestamp=NOW), **fields
    )


def accepted(**fields: Any) -> StartTransactionResponse:
    info = IdTagInfo(status=AuthorizationStatus.ACCEPTED)
    return StartTransactionResponse(id_tag_info=msgspec.structs.replace(info, **fields), transaction_id=1)


@pytest.mark.parametrize(
    ("payload", "code", "path"),
    [
        (start(id_tag="x" * 21), PROPERTY, "$.idTag"),
        (start(id_tag=12), TYPE, "$.idTag"),
        (start(id_tag=None), TYPE, "$.idTag"),
        (start(id_tag="a\0b"), FORMATION, "$.idTag"),
        (start(id_tag="\ud800"), FORMATION, "$"),
        (start(id_tag=object()), TYPE, "$"),
        (start(connector_id=-1), PROPERTY, "$.connectorId"),
        (start(connector_id=True), TYPE, "$.connectorId"),
        (start(connector_id=1.0), TYPE, "$.connectorId"),
        (start(meter_start=2**63), PROPERTY, "$.meterStart"),
        (start(meter_start=2**64), PROPERTY, "$.meterStart"),
        (start(meter_start=10**5000), PROPERTY, "$"),
        (start(meter_start=float("nan")), TYPE, "$.meterStart"),
        (start(timestamp=NOW.replace(tzinfo=None)), TYPE, "$.timestamp"),
        (start(timestamp=MOMENT), TYPE, "$.timestamp"),
        (start(timestamp=datetime.max.replace(tzinfo=timezone(timedelta(hours=-1)))), PROPERTY, "$"),
        (accepted(status="Fine"), PROPERTY, "$.idTagInfo.status"),
        (accepted(status=None), TYPE, "$.idTagInfo.status"),
        (accepted(expiry_date="2026-11-22 08:00:00Z"), TYPE, "$.idTagInfo.expiryDate"),
        (StartTransactionResponse(id_tag_info={}, transaction_id=1), TYPE, "$"),  # type: ignore[arg-type]
        (MeterValues(connector_id=1, meter_value=()), OCCURENCE, "$.meterValue"),
        (MeterValues(connector_id=1, meter_value=7), TYPE, "$"),  # type: ignore[arg-type]
        (
            MeterValues(connector_id=1, meter_value=(MeterValue(timestamp=NOW, sampled_value=()),)),
            OCCURENCE,
            "$.meterValue[0].sampledValue",
        ),
    ],
)
def test_what_breaks_the_specification_is_not_written(payload: Payload, code: ErrorCode, path: str) -> None:
    with pytest.raises(InvalidPayload) as finding:
        encode(payload)

    assert (finding.value.code, finding.value.path) == (code, path)
    assert finding.value.description.startswith(f"{path}: ")

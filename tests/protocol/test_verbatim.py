"""Comparing payloads with their texts."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import MsgspecError, json
from tests.protocol.oracle import PAYLOADS

from voltyard.protocol.document import read
from voltyard.protocol.messages import (
    BootNotification,
    ClearChargingProfile,
    GetConfigurationResponse,
    MeterValues,
    SetChargingProfile,
    StatusNotification,
)
from voltyard.protocol.moments import Moments
from voltyard.protocol.payload import Structure, decode_hook, float_hook
from voltyard.protocol.reading import Reader, ToTheLetter
from voltyard.protocol.shape import Array, Moment, Object, Shape, shape_of
from voltyard.protocol.verbatim import confirmation

STATUS = b'{"connectorId":1,"errorCode":"NoError","status":"Available"%s}'
MOMENT = b',"timestamp":"2026-11-22T08:00:00Z"'
PROFILE = (
    b'{"connectorId":1,"csChargingProfiles":{"chargingProfileId":1,"stackLevel":0,"validFrom":"%s",'
    b'"chargingProfilePurpose":"TxProfile","chargingProfileKind":"Absolute","validTo":"2026-11-23T00:00:00Z",'
    b'"chargingSchedule":{"chargingRateUnit":"A","chargingSchedulePeriod":[{"startPeriod":0,"limit":%s}]}}}'
)


def decoded(type: type[Structure], raw: bytes) -> Structure:
    return json.Decoder(type, dec_hook=decode_hook, float_hook=float_hook).decode(raw)


def confirmed(type: type[Structure], raw: bytes) -> Structure | None:
    return confirmation(shape_of(type))(decoded(type, raw), raw)


@pytest.mark.parametrize(
    ("type", "raw"),
    [
        (StatusNotification, STATUS % b""),
        (StatusNotification, STATUS % b',"info":"","vendorId":":,{}"'),
        (StatusNotification, STATUS % b',"timestamp":"2026-11-22T08:00:00.000Z"'),
        (StatusNotification, STATUS % b',"timestamp":"2026-11-22T08:00:00.1234567Z"'),
        (StatusNotification, STATUS % b', "timestamp" : "2026-11-22T08:00:00Z" '),
        (ClearChargingProfile, b'{"id":-0}'),
        (ClearChargingProfile, b" {} "),
        (GetConfigurationResponse, b'{"unknownKey":["null","\xc3\xa9"],"configurationKey":[]}'),
        (SetChargingProfile, PROFILE % (b"2026-11-22T08:00:00Z", b"1e1")),
        (SetChargingProfile, PROFILE % (b"2026-11-22T08:00:00Z", b"1e5")),
    ],
)
def test_a_payload_that_is_all_its_text_says_is_confirmed(type: type[Structure], raw: bytes) -> None:
    assert confirmed(type, raw) == decoded(type, raw)


@pytest.mark.parametrize("zone", [b"+02:00", b"+00:00", b"-00:00", b"-05:30"])
def test_date_times_are_confirmed_in_utc(zone: bytes) -> None:
    raw = STATUS % (b',"timestamp":"2026-11-22T08:00:00.5%s"' % zone)

    payload = confirmed(StatusNotification, raw)

    assert isinstance(payload, StatusNotification)
    assert payload == decoded(StatusNotification, raw)
    assert payload.timestamp
    assert payload.timestamp.tzinfo is UTC


@pytest.mark.parametrize(
    ("type", "raw"),
    [
        (StatusNotification, STATUS % b',"connectorId":1'),
        (StatusNotification, STATUS % b',"info":null'),
        (StatusNotification, STATUS % b',"info":"a","info":"a"'),
        (StatusNotification, STATUS % b',"info":null,"info":"a"'),
        (StatusNotification, STATUS % b',"timestamp":null'),
        (
            StatusNotification,
            STATUS % b',"timestamp":"2026-11-22T08:00:00Z","timestamp":"2026-11-22T08:00:00Z"',
        ),
        (
            StatusNotification,
            STATUS % b',"timestamp":"2026-11-22T08:00:00Z","timestamp":"2026-11-22 08:00:00Z"',
        ),
        (ClearChargingProfile, b'{"id":1,"id":2}'),
        (ClearChargingProfile, b'{"id":null}'),
        # As long as written again, with limit 10000000000000: the length alone would confirm it.
        (SetChargingProfile, PROFILE % (b"2026-11-22T08:00:00Z", b'0,"limit":1e13')),
    ],
)
def test_what_the_decoder_dropped_is_not_confirmed(type: type[Structure], raw: bytes) -> None:
    assert confirmed(type, raw) is None


@pytest.mark.parametrize(
    "moment",
    [
        b"2026-11-22 08:00:00Z",
        b"2026-11-22t08:00:00Z",
        b"2026-11-22T08:00:00z",
        b"2026-11-22T08:00:00+0200",
        b"9999-12-31T23:59:59-01:00",
    ],
)
def test_date_times_that_only_msgspec_takes_are_not_confirmed(moment: bytes) -> None:
    good = b"2026-11-22T08:00:00Z"

    assert confirmed(StatusNotification, STATUS % (b',"timestamp":"%s"' % moment)) is None
    assert confirmed(StatusNotification, STATUS % (b',"timestamp":"%s","info":"%s"' % (moment, good))) is None
    assert confirmed(SetChargingProfile, PROFILE % (moment, b"16")) is None


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_the_keys_of_date_times_are_never_those_of_something_else(payload: type[Structure]) -> None:
    """The comparison looks for date-times by their key, wherever it stands."""
    shape = shape_of(payload)

    assert not Moments(shape).keys & set(keys_of_others(shape))


def keys_of_others(shape: Shape) -> list[str]:
    match shape:
        case Object(members=members):
            own = [key for key, member in members.items() if not isinstance(member.shape, Moment)]
            return own + [key for member in members.values() for key in keys_of_others(member.shape)]
        case Array(items=items):
            return keys_of_others(items)
        case _:
            return []


METER_VALUES = (
    b'{"connectorId":1,"transactionId":7,"meterValue":[{"timestamp":"2026-11-22T08:00:00.000Z","sampledValue":'
    b'[{"value":"1","unit":"Wh"},{"value":"x","phase":"L1"}]},{"timestamp":"2026-11-22T08:00:01+02:00",'
    b'"sampledValue":[{"value":"2026-11-22T08:00:00Z"}]}]}'
)
SEEDS: list[tuple[type[Structure], bytes]] = [
    (MeterValues, METER_VALUES),
    (StatusNotification, STATUS % b',"info":"T","timestamp":"2026-11-22T08:00:00Z"'),
    (SetChargingProfile, PROFILE % (b"2026-11-22T08:00:00+00:00", b"16.5")),
    (BootNotification, b'{"chargePointVendor": "V", "chargePointModel": "M", "iccid": ""}'),
    (GetConfigurationResponse, b'{"configurationKey":[{"key":"a","readonly":true}],"unknownKey":["c",""]}'),
]
PIECES = [bytes([byte]) for byte in b'" Ttz:,{}[]01-.e\n\xff'] + [
    b"null",
    b"1.0",
    b"E5",
    b"60",
    b",{}",
    b"\xc3\xa9",
]
MEMBER = re.compile(rb'"\w+"\s*:\s*("[^"]*"|[0-9.]+|true)')
DATE_TIME = re.compile(rb"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)([.\d]*)(Z|[+-]\d\d:\d\d)")
ODD_DATE_TIMES = [
    rb"\1 \2\3\4",
    rb"\1t\2\4",
    rb"\1T\2\3z",
    rb"\1T\2+0200",
    rb"\1T\2.25-00:30",
    rb"9999-12-31T\2-12:00",
]


def mutated(raw: bytes, chance: random.Random) -> bytes:
    """The text with a change or two of the kinds that a decoder may not notice, or any change at all."""
    for _ in range(chance.choice([1, 1, 2])):
        raw = chance.choice(
            [_with_a_member_twice, _with_a_null, _with_an_odd_date_time, _with_a_space, _damaged]
        )(raw, chance)
    return raw


def _with_a_member_twice(raw: bytes, chance: random.Random) -> bytes:
    member = chance.choice(list(MEMBER.finditer(raw)) or [None])
    start = chance.choice([match.end() for match in re.finditer(b"{", raw)] or [0])
    return raw[:start] + member[0] + b"," + raw[start:] if member else raw


def _with_a_null(raw: bytes, chance: random.Random) -> bytes:
    member = chance.choice(list(MEMBER.finditer(raw)) or [None])
    return raw[: member.start(1)] + b"null" + raw[member.end(1) :] if member else raw


def _with_an_odd_date_time(raw: bytes, chance: random.Random) -> bytes:
    return DATE_TIME.sub(chance.choice(ODD_DATE_TIMES), raw, count=chance.choice([1, 2]))


def _with_a_space(raw: bytes, chance: random.Random) -> bytes:
    end = chance.choice([match.end() for match in re.finditer(rb"[{}:,]", raw)] or [0])
    return raw[:end] + b" " + raw[end:]


def _damaged(raw: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(raw) + 1)
    return raw[:start] + chance.choice(PIECES) + raw[start + chance.choice([0, 1, 5]) :]


def verdicts(type: type[Structure], texts: Iterable[bytes]) -> Iterator[tuple[bytes, Structure | None]]:
    """What the comparison says of the texts that the decoder takes."""
    confirmed: Callable[[Structure, bytes], Structure | None] = confirmation(shape_of(type))
    decoder = json.Decoder(type, dec_hook=decode_hook, float_hook=float_hook)
    for text in texts:
        with suppress(MsgspecError, UnicodeDecodeError):
            yield text, confirmed(decoder.decode(text), text)


@settings(derandomize=True, database=None, deadline=None, max_examples=40)
@given(st.sampled_from(SEEDS), st.integers())
def test_only_what_reads_the_same_to_the_letter_is_confirmed(
    seed: tuple[type[Structure], bytes], number: int
) -> None:
    type, raw = seed
    chance = random.Random(number)
    shape = shape_of(type)

    for text, payload in verdicts(type, [mutated(raw, chance) for _ in range(50)]):
        if payload is not None:
            assert payload == Reader(ToTheLetter()).payload(shape, read(text)), text


@pytest.mark.parametrize(("type", "raw"), SEEDS)
def test_the_texts_of_the_test_above_are_worth_comparing(type: type[Structure], raw: bytes) -> None:
    chance = random.Random(1)

    outcomes = [payload is None for _, payload in verdicts(type, [mutated(raw, chance) for _ in range(300)])]

    assert outcomes.count(True) > 10
    assert outcomes.count(False) > 10

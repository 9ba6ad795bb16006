"""From frame to handler to frame: the rows of the frame table that a router and its decoders answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.aio import Recorder
from tests.chargepoint.virtual_time import run

from voltyard.protocol.actions import ACTIONS
from voltyard.protocol.codec import Compliance
from voltyard.protocol.errors import CallError, ErrorCode, InvalidPayload
from voltyard.protocol.messages import (
    AuthorizationStatus,
    Authorize,
    AuthorizeResponse,
    Heartbeat,
    HeartbeatResponse,
    IdTagInfo,
    MeterValues,
    MeterValuesResponse,
    Reset,
    ResetResponse,
    ResetStatus,
    SetChargingProfile,
    StatusNotification,
    StatusNotificationResponse,
    StopTransaction,
    StopTransactionResponse,
)
from voltyard.protocol.payload import Payload, Request
from voltyard.transport import memory
from voltyard.transport.link import Link
from voltyard.transport.peer import Peer
from voltyard.transport.router import Role, Router, RouterResponder, decode

NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)
MISSING = "OccurenceConstraintViolation"
WRONG_TYPE = "TypeConstraintViolation"
WRONG_VALUE = "PropertyConstraintViolation"
WRONG_FORM = "FormationViolation"
DEEP = "[" * 33 + "]" * 33
VERY_DEEP = "[" * 100_000 + "]" * 100_000

STATUS = '"connectorId":1,"errorCode":"NoError","status":"Available"'
SAMPLE = '{"value":"5"}'
METER_VALUE = f'{{"timestamp":"2024-05-17T12:00:00Z","sampledValue":[{SAMPLE}]}}'
STOP = '"meterStop":5,"timestamp":"2024-05-17T12:00:00Z","transactionId":1'


class Desk:
    """Answers everything, and keeps what it was asked."""

    def __init__(self) -> None:
        self.requests: list[Request[Any]] = []

    def router(self) -> Router[Peer]:
        accepted = IdTagInfo(status=AuthorizationStatus.ACCEPTED)
        answers: dict[type[Request[Any]], Payload] = {
            Authorize: AuthorizeResponse(id_tag_info=accepted),
            Heartbeat: HeartbeatResponse(current_time=NOON),
            MeterValues: MeterValuesResponse(),
            StatusNotification: StatusNotificationResponse(),
            StopTransaction: StopTransactionResponse(),
        }

        def handle(_peer: Peer, request: Request[Any]) -> Payload:
            self.requests.append(request)
            return answers[type(request)]

        return Router(Role.CENTRAL_SYSTEM, dict.fromkeys(answers, handle))


def answers_to(
    *frames: str, router: Router[Peer], compliance: Compliance = Compliance.STRICT
) -> list[list[Any]]:
    """What a peer answers to frames, each answer read."""

    async def conversation() -> list[list[Any]]:
        far = Recorder()

        def build(link: Link) -> Peer:
            return Peer(link, RouterResponder(router), compliance=compliance)

        memory.connect(build, far)
        for frame in frames:
            far.link.send(frame.encode())
        return [json.loads(await far.frames.get()) for _ in frames]

    return run(conversation())


def answer_to(action: str, payload: str, compliance: Compliance = Compliance.STRICT) -> list[Any]:
    """The answer to one CALL, but for its id."""
    router = Desk().router()
    [answer] = answers_to(f'[2,"1","{action}",{payload}]', router=router, compliance=compliance)
    assert answer[1] == "1"
    return [answer[0], *answer[2:]]


@pytest.mark.parametrize("compliance", Compliance)
@pytest.mark.parametrize("payload", ["{}", "null", " { } "])
def test_an_empty_payload_may_be_null(payload: str, compliance: Compliance) -> None:
    """R-042."""
    assert answer_to("Heartbeat", payload, compliance) == [3, {"currentTime": "2024-05-17T12:00:00.000Z"}]


@pytest.mark.parametrize("compliance", Compliance)
@pytest.mark.parametrize(
    ("action", "code"),
    [
        ("FooBar", "NotImplemented"),
        ("heartbeat", "NotImplemented"),
        ("/Heartbeat", "NotImplemented"),
        ("Heartbeat ", "NotImplemented"),
        ("", "NotImplemented"),
        ("NotifyEvent", "NotImplemented"),
        ("\\u0048eartbeat\\u0000", "NotImplemented"),
        ("Reset", "NotSupported"),
        ("ReserveNow", "NotSupported"),
        ("SignCertificate", "NotSupported"),
    ],
)
def test_unknown_actions_and_those_not_answered_here_are_told_apart(
    action: str, code: str, compliance: Compliance
) -> None:
    """R-058, R-059, R-060."""
    assert answer_to(action, "{}", compliance)[:2] == [4, code]


# Rows that are refused both strictly and tolerantly.
REFUSED_ALWAYS = [
    ("Authorize", "{}", MISSING, "$.idTag"),
    ("Authorize", "null", MISSING, "$.idTag"),
    ("Authorize", '{"idTag":null}', WRONG_TYPE, "$.idTag"),
    ("Authorize", '{"idTag":12}', WRONG_TYPE, "$.idTag"),
    ("Authorize", '{"idTag":["x"]}', WRONG_TYPE, "$.idTag"),
    ("Authorize", "[]", WRONG_FORM, "$"),
    ("Authorize", '"x"', WRONG_FORM, "$"),
    ("Authorize", "true", WRONG_FORM, "$"),
    ("Authorize", "9" * 5000, WRONG_FORM, "$"),
    ("Authorize", '{"idTag":"x","idTag":"y"}', WRONG_FORM, "$.idTag"),
    ("Authorize", '{"idTag":"\\ud800"}', WRONG_FORM, "$.idTag"),
    ("Authorize", '{"idTag":"\\u0000"}', WRONG_FORM, "$.idTag"),
    ("Authorize", '{"\\udfff":1,"idTag":"x"}', WRONG_FORM, "$"),
    ("Authorize", f'{{"idTag":"x","a":{DEEP}}}', WRONG_FORM, "$.a"),
    ("Authorize", VERY_DEEP, WRONG_FORM, "$"),
    ("MeterValues", f'{{"connectorId":1,"meterValue":{VERY_DEEP}}}', WRONG_FORM, "$"),
    ("StatusNotification", '{"connectorId":1,"errorCode":"NoError"}', MISSING, "$.status"),
    ("StatusNotification", f"{{{STATUS.replace('1', '-1')}}}", WRONG_VALUE, "$.connectorId"),
    ("StatusNotification", f"{{{STATUS.replace('1', '9' * 5000)}}}", WRONG_VALUE, "$.connectorId"),
    ("StatusNotification", f"{{{STATUS.replace('1', str(2**63))}}}", WRONG_VALUE, "$.connectorId"),
    ("StatusNotification", f"{{{STATUS.replace('1', '1.5')}}}", WRONG_TYPE, "$.connectorId"),
    ("StopTransaction", f"{{{STOP.replace('5,', 'true,')}}}", WRONG_TYPE, "$.meterStop"),
    ("StopTransaction", f"{{{STOP.replace('2024', '222222017')}}}", WRONG_VALUE, "$.timestamp"),
    ("StopTransaction", f"{{{STOP.replace('-05-', '-13-')}}}", WRONG_VALUE, "$.timestamp"),
    ("MeterValues", '{"connectorId":1,"meterValue":[]}', MISSING, "$.meterValue"),
    ("MeterValues", '{"connectorId":1}', MISSING, "$.meterValue"),
    ("MeterValues", '{"connectorId":1,"meterValue":{}}', WRONG_TYPE, "$.meterValue"),
    (
        "MeterValues",
        '{"connectorId":1,"meterValue":[{"timestamp":"2024-05-17T12:00:00Z","sampledValue":[]}]}',
        MISSING,
        "$.meterValue[0].sampledValue",
    ),
]
# Rows that only who is strict refuses.
REFUSED_STRICTLY = [
    ("Authorize", '{"idTag":"x","note":1}', WRONG_FORM, "$.note"),
    ("Authorize", f'{{"idTag":"{"x" * 21}"}}', WRONG_VALUE, "$.idTag"),
    ("StatusNotification", f"{{{STATUS.replace('1', '1.0')}}}", WRONG_TYPE, "$.connectorId"),
    ("StatusNotification", "{" + STATUS.replace("1", '"1"') + "}", WRONG_TYPE, "$.connectorId"),
    ("StatusNotification", f"{{{STATUS.replace('Available', 'Sleeping')}}}", WRONG_VALUE, "$.status"),
    ("StatusNotification", f'{{{STATUS},"info":null}}', WRONG_TYPE, "$.info"),
    ("StatusNotification", f'{{{STATUS},"timestamp":"2024-05-17T12:00Z"}}', WRONG_VALUE, "$.timestamp"),
    ("StopTransaction", f"{{{STOP.replace('00:00Z', '00:00')}}}", WRONG_VALUE, "$.timestamp"),
    ("StopTransaction", f'{{{STOP},"reason":"Bored"}}', WRONG_VALUE, "$.reason"),
    ("StopTransaction", '{"meterStop":5,"transactionId":1}', MISSING, "$.timestamp"),
    (
        "MeterValues",
        f'{{"connectorId":1,"meterValue":[{METER_VALUE.replace(SAMPLE, SAMPLE + ",7")}]}}',
        WRONG_TYPE,
        "$.meterValue[0].sampledValue[1]",
    ),
]


@pytest.mark.parametrize("compliance", Compliance)
@pytest.mark.parametrize(("action", "payload", "code", "path"), REFUSED_ALWAYS)
def test_what_cannot_be_understood_without_guessing_is_refused(
    action: str, payload: str, code: str, path: str, compliance: Compliance
) -> None:
    """R-061, R-062, R-064, R-078."""
    kind, got, description, details = answer_to(action, payload, compliance)

    assert (kind, got, details) == (4, code, {})
    assert description.startswith(path)
    assert len(description) <= 255


@pytest.mark.parametrize(("action", "payload", "code", "path"), REFUSED_STRICTLY)
def test_what_has_one_meaning_is_refused_only_strictly(
    action: str, payload: str, code: str, path: str
) -> None:
    """R-062, R-063, R-064, R-071, R-077."""
    kind, got, description, _ = answer_to(action, payload, Compliance.STRICT)

    assert (kind, got) == (4, code)
    assert description.startswith(path)
    assert answer_to(action, payload, Compliance.TOLERANT)[0] == 3


@pytest.mark.parametrize("compliance", Compliance)
def test_a_refusal_never_echoes_much_of_what_was_sent(compliance: Compliance) -> None:
    tag = "never-ending" * 1000
    payload = json.dumps({"connectorId": 1, "errorCode": [tag], "status": "Available", tag: tag})

    _, _, description, details = answer_to("StatusNotification", payload, compliance)

    assert len(description) <= 255
    assert description.count("never-ending") * len("never-ending") <= 100
    assert details == {}


@pytest.mark.parametrize(
    ("payload", "moment"),
    [
        ("2024-01-01T01:00:00.123456+02:00", datetime(2023, 12, 31, 23, 0, 0, 123456, UTC)),
        ("2024-01-01T01:00:00.123456789Z", datetime(2024, 1, 1, 1, 0, 0, 123456, UTC)),
        ("2024-05-17T14:00:00+14:00", datetime(2024, 5, 17, 0, tzinfo=UTC)),
    ],
)
def test_date_times_have_fractions_and_offsets(payload: str, moment: datetime) -> None:
    """R-070."""
    desk = Desk()

    answers_to(f'[2,"1","StatusNotification",{{{STATUS},"timestamp":"{payload}"}}]', router=desk.router())

    [request] = desk.requests
    assert isinstance(request, StatusNotification)
    assert request.timestamp is not None
    assert abs((request.timestamp - moment).total_seconds()) < 1e-5


def test_handlers_get_what_they_are_to_get_beside_the_request() -> None:
    desk = Desk()

    answers_to('[2,"1","Authorize",{"idTag":"042F"}]', router=desk.router())

    assert desk.requests == [Authorize(id_tag="042F")]


def test_a_handler_may_be_asynchronous() -> None:
    async def reset(_peer: Peer, _request: Reset) -> ResetResponse:
        await asyncio.sleep(1)
        return ResetResponse(status=ResetStatus.REJECTED)

    def answer(peer: Peer, request: Reset) -> Awaitable[Payload]:
        return reset(peer, request)

    router: Router[Peer] = Router(Role.CHARGE_POINT, {Reset: answer})

    assert answers_to('[2,"1","Reset",{"type":"Hard"}]', router=router) == [[3, "1", {"status": "Rejected"}]]


def test_both_roles_know_which_actions_reach_them() -> None:
    received = {role: {name for name, action in ACTIONS.items() if role.receives(action)} for role in Role}

    assert len(received[Role.CENTRAL_SYSTEM]) == 14
    assert len(received[Role.CHARGE_POINT]) == 26
    assert received[Role.CENTRAL_SYSTEM] & received[Role.CHARGE_POINT] == {"DataTransfer"}


@pytest.mark.parametrize(
    ("role", "request_type"),
    [(Role.CENTRAL_SYSTEM, Reset), (Role.CENTRAL_SYSTEM, SetChargingProfile), (Role.CHARGE_POINT, Heartbeat)],
)
def test_a_handler_for_what_never_arrives_is_a_mistake(role: Role, request_type: type[Request[Any]]) -> None:
    with pytest.raises(ValueError, match=f"a {role.value} does not receive {request_type.action}"):
        Router(role, {request_type: lambda _, __: MeterValuesResponse()})


@pytest.mark.parametrize(
    ("action", "code"), [("Reset", ErrorCode.NOT_SUPPORTED), ("Nonsense", ErrorCode.NOT_IMPLEMENTED)]
)
def test_there_is_no_route_for_them(action: str, code: ErrorCode) -> None:
    router: Router[Peer] = Router(Role.CENTRAL_SYSTEM, {})

    with pytest.raises(CallError) as caught:
        router.route(action)

    assert caught.value.code is code


def test_decoding_says_what_it_let_pass() -> None:
    route = Desk().router().route("StopTransaction")
    payload = b'{"meterStop":"5","transactionId":1,"a":0}'

    request, deviations, dropped = decode(route, payload, Compliance.TOLERANT, NOON)

    assert request == StopTransaction(meter_stop=5, transaction_id=1, timestamp=NOON)
    assert [deviation.rule for deviation in deviations] == [
        "lax-scalar",
        "unknown-field",
        "missing-timestamp",
    ]
    assert dropped == ()
    with pytest.raises(InvalidPayload):
        decode(route, payload, Compliance.STRICT, NOON)

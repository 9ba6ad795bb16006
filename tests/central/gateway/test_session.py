"""One connected charge point: what it may send, how it is read, what is kept of what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.aio import run
from tests.central.building import NOON, NOON_US, charge_point, rows
from tests.central.gateway.chargers import Charger, charging_station, command, ended
from tests.central.gateway.outage import System, system_on, until
from tests.central.services.stations import value

from voltyard.central.services.provisioning import change_charge_point, delete_charge_point
from voltyard.central.storage import schema
from voltyard.central.storage.database import Database, open_database
from voltyard.central.storage.message_log import unpack
from voltyard.central.storage.schema import deviations, message_chunks, meter_values, quarantine
from voltyard.protocol.messages import (
    Authorize,
    ChargePointErrorCode,
    ChargePointStatus,
    Heartbeat,
    MeterValues,
    RegistrationStatus,
    SignedFirmwareStatus,
    SignedFirmwareStatusNotification,
    StartTransaction,
    StatusNotification,
    StatusNotificationResponse,
    StopTransaction,
    TriggerMessageResponse,
    TriggerMessageStatus,
)
from voltyard.transport.errors import CallRejected

STATUS = StatusNotification(
    connector_id=1, error_code=ChargePointErrorCode.NO_ERROR, status=ChargePointStatus.AVAILABLE
)
START = StartTransaction(connector_id=1, id_tag="x", meter_start=0, timestamp=NOON)
STOP = StopTransaction(transaction_id=1, meter_stop=1, timestamp=NOON)
VALUES = MeterValues(connector_id=1, meter_value=(value(NOON),))
TRIGGERED = {"TriggerMessage": TriggerMessageResponse(status=TriggerMessageStatus.ACCEPTED)}


async def add(system: System, identity: str = "CP1", **fields: Any) -> None:
    record = charge_point(identity, **fields)
    await system.ledger.run(lambda work: work.charge_points.add(record))


async def code_of(charger: Charger, request: Any) -> str:
    """The code of the CALLERROR that a request gets, or "" for an answer."""
    try:
        await charger.send(request)
    except CallRejected as error:
        return error.code
    return ""


# Registration.


@pytest.mark.parametrize("registration", ["Accepted", "Pending", "Rejected"])
def test_nothing_but_a_boot_is_answered_before_the_acceptance(
    registration: str, database: Database, tmp_path: Path
) -> None:
    """R-102 (OCPP-J errata 3.10); reports about transactions are kept all the same."""

    async def story() -> list[str]:
        async with system_on(database, tmp_path) as system:
            await add(system, registration=registration)
            async with charging_station(system) as charger:
                codes = [
                    await code_of(charger, request)
                    for request in (Heartbeat(), Authorize(id_tag="x"), STATUS, START, STOP, VALUES)
                ]
                assert [row.action for row in rows(database, quarantine)] == [
                    "StartTransaction",
                    "StopTransaction",
                    "MeterValues",
                ]
                await charger.boot()
                return [*codes, await code_of(charger, Heartbeat())]

    accepted = registration == "Accepted"
    assert run(story()) == ["SecurityError"] * 6 + ["" if accepted else "SecurityError"]


def test_a_pending_charge_point_may_send_what_it_is_asked_for(database: Database, tmp_path: Path) -> None:
    """R-101, R-103."""

    async def story() -> list[str]:
        async with system_on(database, tmp_path) as system:
            await add(system, registration="Pending")
            async with charging_station(system, answers=TRIGGERED) as charger:
                await charger.boot()
                codes = [await code_of(charger, STATUS)]
                id = await command(system, "TriggerMessage", {"requestedMessage": "StatusNotification"})
                assert (await ended(system, id)).status == "answered"
                return [*codes, await code_of(charger, STATUS), await code_of(charger, Heartbeat())]

    assert run(story()) == ["SecurityError", "", "SecurityError"]


def test_what_is_triggered_by_the_extension_may_have_a_name_of_its_own(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """R-103: ExtendedTriggerMessage(FirmwareStatusNotification) asks for the signed one."""
    signed = SignedFirmwareStatusNotification(status=SignedFirmwareStatus.IDLE)

    async def story() -> list[str]:
        async with system_on(sqlite_database, tmp_path) as system:
            await add(system, registration="Pending")
            async with charging_station(system) as charger:
                await charger.boot()
                id = await command(
                    system, "ExtendedTriggerMessage", {"requestedMessage": "FirmwareStatusNotification"}
                )
                await ended(system, id)
                return [await code_of(charger, signed), await code_of(charger, STATUS)]

    assert run(story()) == ["", "SecurityError"]


def test_an_acceptance_survives_reconnects_and_restarts(ready_url: str, tmp_path: Path) -> None:
    """R-035, R-036."""

    async def first() -> None:
        async with system_on(database, tmp_path) as system:
            await add(system)
            async with charging_station(system) as charger:
                assert (await charger.boot()).status is RegistrationStatus.ACCEPTED
            async with charging_station(system) as charger:
                await charger.send(Heartbeat())

    async def second() -> int:
        async with system_on(database, tmp_path) as system, charging_station(system) as charger:
            return int((await charger.send(START)).transaction_id)

    database = open_database(ready_url)
    run(first())
    database.close()
    database = open_database(ready_url)
    assert run(second()) > 0
    database.close()


def test_an_acceptance_ends_with_a_boot_that_is_not_accepted(
    sqlite_database: Database, tmp_path: Path
) -> None:
    async def story() -> list[str]:
        async with system_on(sqlite_database, tmp_path) as system:
            await add(system, accepted_at_us=1)
            async with charging_station(system) as charger:
                codes = [await code_of(charger, Heartbeat())]
                await system.ledger.run(change_charge_point, "CP1", {"registration": "Pending"}, NOON_US)
                await charger.boot()
                codes.append(await code_of(charger, Heartbeat()))
            async with charging_station(system) as charger:
                return [*codes, await code_of(charger, Heartbeat())]

    assert run(story()) == ["", "SecurityError", "SecurityError"]


# Reading.

ODD_VALUES = json.dumps(
    {
        "connectorId": "1",
        "vendorNote": 3,
        "meterValue": [
            {"timestamp": "2024-01-01T00:00", "sampledValue": [{"value": 5}, {"value": {"no": 1}}]},
            {"timestamp": "never", "sampledValue": [{"value": "6"}]},
        ],
    }
)


def test_what_is_repaired_is_recorded_and_what_is_taken_out_is_kept(
    database: Database, tmp_path: Path
) -> None:
    async def story() -> list[Any]:
        async with system_on(database, tmp_path) as system:
            await add(system, accepted_at_us=1)
            async with charging_station(system) as charger:
                return await charger.reply(f'[2,"1","MeterValues",{ODD_VALUES}]')

    answer = run(story())
    assert answer == [3, "1", {}]
    assert {(row.action, row.rule, row.path) for row in rows(database, deviations)} == {
        ("MeterValues", "lax-scalar", "$.connectorId"),
        ("MeterValues", "unknown-field", "$.vendorNote"),
        ("MeterValues", "lenient-date-time", "$.meterValue[0].timestamp"),
        ("MeterValues", "lax-scalar", "$.meterValue[0].sampledValue[0].value"),
        ("MeterValues", "dropped-item", "$.meterValue[0].sampledValue[1]"),
        ("MeterValues", "dropped-item", "$.meterValue[1]"),
    }
    assert [json.loads(row.frame) for row in rows(database, quarantine)] == [
        {"value": {"no": 1}},
        {"timestamp": "never", "sampledValue": [{"value": "6"}]},
    ]
    assert [row.energy_wh for row in rows(database, meter_values)] == [5.0]


def test_who_is_read_strictly_is_refused_the_same_and_it_is_kept_whole(
    database: Database, tmp_path: Path
) -> None:
    async def story() -> list[Any]:
        async with system_on(database, tmp_path) as system:
            await add(system, accepted_at_us=1, compliance="strict")
            async with charging_station(system) as charger:
                return await charger.reply(f'[2,"1","MeterValues",{ODD_VALUES}]')

    answer = run(story())
    assert answer[:3] == [4, "1", "TypeConstraintViolation"]
    [kept] = rows(database, quarantine)
    assert json.loads(kept.frame) == [2, "1", "MeterValues", json.loads(ODD_VALUES)]
    assert rows(database, deviations) == []
    assert rows(database, meter_values) == []


@pytest.mark.parametrize(("compliance", "kind"), [("tolerant", 3), ("strict", 4)])
def test_a_message_id_that_is_too_long_is_a_deviation_or_a_refusal(
    compliance: str, kind: int, sqlite_database: Database, tmp_path: Path
) -> None:
    """R-046."""
    long_id = "x" * 50

    async def story() -> list[Any]:
        async with system_on(sqlite_database, tmp_path) as system:
            await add(system, accepted_at_us=1, compliance=compliance)
            async with charging_station(system) as charger:
                return await charger.reply(f'[2,"{long_id}","Heartbeat",{{}}]')

    answer = run(story())
    found = [(row.action, row.value) for row in rows(sqlite_database, deviations)]
    assert answer[:2] == [kind, long_id]
    assert found == ([("Heartbeat", long_id)] if kind == 3 else [])


def test_a_change_of_compliance_holds_for_the_live_connection(
    sqlite_database: Database, tmp_path: Path
) -> None:
    frame = f'[2,"{"x" * 40}","Heartbeat",{{"a":1}}]'

    async def story() -> list[Any]:
        async with system_on(sqlite_database, tmp_path) as system:
            await add(system, accepted_at_us=1)
            async with charging_station(system) as charger:
                before = await charger.reply(frame)
                changed = await system.ledger.run(
                    change_charge_point, "CP1", {"compliance": "strict"}, NOON_US
                )
                system.gateway.renew(changed.after)
                return [before[0], (await charger.reply(frame))[0]]

    assert run(story()) == [3, 4]


def test_a_charge_point_that_is_deleted_is_sent_away(sqlite_database: Database, tmp_path: Path) -> None:
    async def story() -> tuple[int, str]:
        async with system_on(sqlite_database, tmp_path) as system:
            await add(system)
            async with charging_station(system) as charger:
                system.gateway.renew(await system.ledger.run(delete_charge_point, "CP1", NOON_US))
                return await charger.lost

    assert run(story()) == (1008, "deleted")


# What is refused.

DEEP = "[" * 20_000 + "]" * 20_000


@pytest.mark.parametrize(
    ("action", "payload", "code"),
    [
        ("StopTransaction", '{"transactionId":1}', "OccurenceConstraintViolation"),
        ("StopTransaction", "[]", "FormationViolation"),
        ("StopTransaction", '{"transactionId":1,"transactionId":1}', "FormationViolation"),
        ("StopTransaction", f'{{"a":{DEEP}}}', "FormationViolation"),
        ("StartTransaction", '{"idTag":"\\ud800"}', "FormationViolation"),
        ("StartTransaction", '{"idTag":"\\u0000"}', "FormationViolation"),
        ("MeterValues", '{"connectorId":1,"meterValue":[]}', "OccurenceConstraintViolation"),
        ("MeterValues", "9" * 5000, "FormationViolation"),
        ("Authorize", "{}", "OccurenceConstraintViolation"),
        ("StatusNotification", DEEP, "FormationViolation"),
    ],
)
def test_a_report_about_a_transaction_is_kept_raw_before_it_is_refused(
    action: str, payload: str, code: str, database: Database, tmp_path: Path
) -> None:
    """Looked for by another connection at the moment in which the CALLERROR arrives."""
    seen: list[Any] = []

    async def story() -> list[Any]:
        async with system_on(database, tmp_path) as system:
            await add(system, accepted_at_us=1)
            async with charging_station(system) as charger:
                answer = await charger.reply(f'[2,"1","{action}",{payload}]')
                seen.extend(rows(database, quarantine))
                return answer

    answer = run(story())
    assert answer[:3] == [4, "1", code]
    kept = [(row.action, row.error_code, row.reason, row.frame) for row in seen]
    if action in {"Authorize", "StatusNotification"}:
        assert kept == []
    else:
        assert kept == [(action, code, answer[3], f'[2,"1","{action}",{payload}]')]


@pytest.mark.parametrize("frame", ['[2,"1","StopTransaction",{},{}]', '[2,"1","StopTransaction"]'])
def test_a_malformed_call_about_a_transaction_is_kept_too(
    frame: str, database: Database, tmp_path: Path
) -> None:
    async def story() -> list[Any]:
        async with system_on(database, tmp_path) as system:
            await add(system, accepted_at_us=1)
            async with charging_station(system) as charger:
                return await charger.reply(frame)

    answer = run(story())
    assert answer[:3] == [4, "1", "FormationViolation"]
    assert [(row.action, row.frame) for row in rows(database, quarantine)] == [("StopTransaction", frame)]


NASTY = [
    "",
    "{[",
    "[]",
    "[2]",
    "null",
    '[9,"x",{}]',
    '["2","x","Heartbeat",{}]',
    '[2,"","Heartbeat",{}]',
    '[2,5,"Heartbeat",{}]',
    '[3,"zzz",{}]',
    '[4,"zzz","GenericError","",{}]',
    "[" * 30_000,
    "9" * 5000,
    "\ufeff[2,1]",
    "\x00",
    '[3,"\\ud800",{}]',
]


def test_frames_that_nobody_may_answer_are_counted_and_told_once(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """R-043, R-044, R-051: and the session goes on."""

    async def story() -> tuple[int, int]:
        async with system_on(sqlite_database, tmp_path) as system:
            await add(system, accepted_at_us=1)
            async with charging_station(system) as charger:
                for frame in NASTY:
                    charger.link.send(frame.encode())
                await charger.send(Heartbeat())
                [session] = system.gateway.stations
                return session.ignored_frames, system.gateway.ignored_frames.total()

    with capture_logs() as logs:
        assert run(story()) == (len(NASTY), len(NASTY))
    assert [log["event"] for log in logs if log["log_level"] == "info"].count("frame ignored") == 1


def test_every_frame_is_in_the_message_log_both_ways_and_in_order(database: Database, tmp_path: Path) -> None:
    async def story() -> None:
        async with system_on(database, tmp_path) as system:
            await add(system)
            async with charging_station(system) as charger:
                for frame in ('[2,"1","Heartbeat",{}]', '[2,"2","Größe",{}]'):
                    await charger.reply(frame)
                await charger.boot()
                await command(system, "ClearCache")
                await until(lambda: bool(charger.asked))

    run(story())
    frames = [frame for row in rows(database, message_chunks) for frame in unpack(row.frames)]
    assert [(way, json.loads(text)[0]) for _, way, text in frames][:6] == [
        ("in", 2),
        ("out", 4),
        ("in", 2),
        ("out", 4),
        ("in", 2),
        ("out", 3),
    ]
    assert frames[2][2] == '[2,"2","Größe",{}]'
    assert ("out", "ClearCache") in {
        (way, json.loads(text)[2]) for _, way, text in frames if json.loads(text)[0] == 2
    }
    assert [at_us for at_us, _, _ in frames] == sorted(at_us for at_us, _, _ in frames)


def test_a_charge_point_never_sees_another_ones_transaction(database: Database, tmp_path: Path) -> None:
    async def story() -> None:
        async with system_on(database, tmp_path) as system:
            await add(system, "A", accepted_at_us=1)
            await add(system, "B", accepted_at_us=1)
            async with charging_station(system, "A") as owner, charging_station(system, "B") as stranger:
                id = (await owner.send(START)).transaction_id
                assert await stranger.send(STATUS) == StatusNotificationResponse()
                await stranger.send(StopTransaction(transaction_id=id, meter_stop=9, timestamp=NOON))

    run(story())
    [transaction] = rows(database, schema.transactions)
    assert transaction.stopped_at_us is None

"""Commands on their way: one at a time, durable before and after, every end that they can have."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs
from tests.aio import run
from tests.central.building import TracedDatabase, charge_point, rows
from tests.central.gateway.chargers import charging_station, command, ended
from tests.central.gateway.outage import OPEN, System, system_on, until

from voltyard.central.credentials import hash_password
from voltyard.central.instants import now_us
from voltyard.central.services.commands import end_interrupted
from voltyard.central.services.records import Command
from voltyard.central.storage.database import Database
from voltyard.central.storage.message_log import unpack
from voltyard.central.storage.schema import charge_points, commands, deviations, message_chunks
from voltyard.protocol.errors import CallError, ErrorCode
from voltyard.protocol.messages import (
    ChangeConfigurationResponse,
    ClearCacheResponse,
    ClearCacheStatus,
    ConfigurationStatus,
    GetConfigurationResponse,
    Heartbeat,
    KeyValue,
    ResetResponse,
    ResetStatus,
)
from voltyard.protocol.payload import Payload
from voltyard.transport.errors import HandshakeRefused

OLD_KEY = "000102030405060708090a0b0c0d0e0f10111213"
NEW_KEY = "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef"
CLEARED = ClearCacheResponse(status=ClearCacheStatus.ACCEPTED)
RESET = ResetResponse(status=ResetStatus.ACCEPTED)
HASTY = replace(OPEN, call_timeout_s=0.3)


async def add(system: System, identity: str = "CP1", **fields: Any) -> int:
    record = charge_point(identity, **{"accepted_at_us": 1, **fields})
    return await system.ledger.run(lambda work: work.charge_points.add(record))


def facts(command: Command) -> tuple[str, str | None, str | None, str | None]:
    return command.status, command.response, command.error_code, command.error_description


# The order.


def test_what_was_asked_for_while_nobody_was_there_is_sent_on_connect_in_order(
    database: Database, tmp_path: Path
) -> None:
    async def story() -> list[str]:
        async with system_on(database, tmp_path) as system:
            await add(system)
            ids = [await command(system, "Reset", {"type": kind}) for kind in ("Soft", "Hard", "Soft")]
            async with charging_station(system, answers={"Reset": RESET}) as charger:
                assert {(await ended(system, id)).status for id in ids} == {"answered"}
                return [payload["type"] for _, payload in charger.asked]

    assert run(story()) == ["Soft", "Hard", "Soft"]


def test_the_next_command_is_sent_when_the_one_before_has_ended(database: Database, tmp_path: Path) -> None:
    """R-053: one outstanding CALL, each noted as sent before it is, and as ended before the next."""

    async def story() -> None:
        go_on = asyncio.Event()

        async def slowly() -> Payload:
            await go_on.wait()
            return RESET

        async with system_on(database, tmp_path) as system:
            await add(system)
            async with charging_station(system, answers={"Reset": slowly, "ClearCache": CLEARED}) as charger:
                first, second = (
                    await command(system, "Reset", {"type": "Soft"}),
                    await command(system, "ClearCache"),
                )
                await until(lambda: bool(charger.asked))
                by_id = {row.id: row for row in rows(database, commands)}
                assert (by_id[first].status, by_id[second].status) == ("sent", "queued")
                go_on.set()
                one, two = await ended(system, first), await ended(system, second)
                assert one.ended_at_us is not None
                assert two.sent_at_us is not None
                assert one.ended_at_us <= two.sent_at_us

    run(story())


def test_a_charge_point_that_does_not_answer_holds_up_nobody_else(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """R-057 (OCPP-J errata 3.5)."""

    async def never() -> Payload:
        await asyncio.sleep(3600)
        return RESET

    async def story() -> str:
        async with system_on(sqlite_database, tmp_path) as system:
            for identity in ("A", "B"):
                await add(system, identity)
            async with (
                charging_station(system, "A", {"Reset": never}) as silent,
                charging_station(system, "B", {"Reset": RESET}),
            ):
                await command(system, "Reset", {"type": "Soft"}, "A")
                await until(lambda: bool(silent.asked))
                return (await ended(system, await command(system, "Reset", {"type": "Soft"}, "B"))).status

    assert run(story()) == "answered"


@pytest.mark.parametrize("registration", ["Accepted", "Pending"])
def test_nothing_is_sent_before_the_boot_has_been_answered(
    registration: str, sqlite_database: Database, tmp_path: Path
) -> None:
    async def story() -> list[str]:
        async with system_on(sqlite_database, tmp_path) as system:
            await add(system, accepted_at_us=None, registration=registration)
            await command(system, "ClearCache")
            async with charging_station(system) as charger:
                frames = charger.take_over()
                charger.link.send(b'[2,"1","Heartbeat",{}]')
                kinds = [(await frames.get())[0]]
                charger.link.send(
                    b'[2,"2","BootNotification",{"chargePointVendor":"V","chargePointModel":"M"}]'
                )
                for _ in range(2):
                    frame = await frames.get()
                    kinds.append(frame[2] if frame[0] == 2 else frame[0])
                return kinds

    assert run(story()) == [4, 3, "ClearCache"]


def test_nothing_is_sent_to_who_is_rejected(sqlite_database: Database, tmp_path: Path) -> None:
    """R-100."""

    async def story() -> list[Any]:
        async with system_on(sqlite_database, tmp_path) as system:
            id = await add(system, accepted_at_us=None)
            await command(system, "ClearCache")
            await system.ledger.run(lambda work: work.charge_points.set(id, registration="Rejected"))
            async with charging_station(system) as charger:
                await charger.boot()
                system.gateway.dispatcher.wake(id)
                with pytest.raises(Exception, match="SecurityError"):
                    await charger.send(Heartbeat())
                return charger.asked

    assert run(story()) == []


# Every end.

BOTTOMLESS = '{{"status":"Accepted","a":' + "[" * 20_000 + "]" * 20_000 + "}}"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('3,"{id}",{{"status":"Accepted"}}', ("answered", '{"status":"Accepted"}', None, None)),
        ('3,"{id}",{{"status":"Accepted","a":1}}', ("answered", '{"status":"Accepted","a":1}', None, None)),
        (
            '4,"{id}","NotSupported","no cache",{{}}',
            ("rejected", None, "NotSupported", "no cache"),
        ),
        ('4,"{id}"', ("rejected", None, "GenericError", "")),
        (
            '4,"{id}","Mine\\u0000","\\u0000\\ud83d\\ude00",{{}}',
            ("rejected", None, "Mine\ufffd", "\ufffd😀"),
        ),
        (
            '3,"{id}",{{"status":"Maybe"}}',
            ("invalid", '{"status":"Maybe"}', None, "$.status: 'Maybe' is no ClearCacheStatus"),
        ),
        ('3,"{id}",null', ("invalid", "null", None, "$.status: this field is missing")),
        ('3,"{id}"', ("invalid", None, None, "a CALLRESULT has 3 elements, not 2")),
        ('3,"{id}",{{"status":"\\ud800"}}', ("invalid", None, None, "a lone surrogate")),
        ('3,"{id}",' + BOTTOMLESS, ("invalid", None, None, "nested too deep")),
    ],
)
def test_a_command_ends_as_its_charge_point_says(
    answer: str, expected: tuple[str, ...], database: Database, tmp_path: Path
) -> None:
    async def story() -> Command:
        async with system_on(database, tmp_path) as system:
            await add(system)
            async with charging_station(system) as charger:
                frames = charger.take_over()
                id = await command(system, "ClearCache")
                assert (await frames.get())[:3] == [2, id, "ClearCache"]
                charger.link.send(f"[{answer.format(id=id)}]".encode())
                return await ended(system, id)

    found = run(story())
    assert facts(found) == expected
    assert found.sent_at_us is not None


def test_deviations_of_an_answer_are_recorded(database: Database, tmp_path: Path) -> None:
    async def story() -> None:
        async with system_on(database, tmp_path) as system:
            await add(system)
            async with charging_station(system) as charger:
                frames = charger.take_over()
                id = await command(system, "ClearCache")
                await frames.get()
                charger.link.send(f'[3,"{id}",{{"status":"Accepted","a":1}}]'.encode())
                await ended(system, id)

    run(story())
    assert [(row.action, row.rule, row.path) for row in rows(database, deviations)] == [
        ("ClearCache", "unknown-field", "$.a")
    ]


def test_a_command_times_out_and_the_next_one_has_its_turn(sqlite_database: Database, tmp_path: Path) -> None:
    """R-055, R-056."""

    async def story() -> list[str]:
        async with system_on(sqlite_database, tmp_path, settings=HASTY) as system:
            await add(system)
            async with charging_station(system) as charger:
                frames = charger.take_over()
                first, second = await command(system, "ClearCache"), await command(system, "ClearCache")
                await frames.get()
                await frames.get()
                charger.link.send(f'[3,"{first}",{{"status":"Accepted"}}]'.encode())
                charger.link.send(f'[3,"{second}",{{"status":"Rejected"}}]'.encode())
                return [(await ended(system, id)).status for id in (first, second)]

    assert run(story()) == ["timed_out", "answered"]


def test_nobody_knows_what_became_of_a_command_when_the_connection_is_lost(
    database: Database, tmp_path: Path
) -> None:
    async def story() -> tuple[list[str], list[Any]]:
        async with system_on(database, tmp_path) as system:
            await add(system)
            async with charging_station(system) as charger:
                frames = charger.take_over()
                first, second = await command(system, "ClearCache"), await command(system, "ClearCache")
                await frames.get()
            lost = await ended(system, first)
            async with charging_station(system, answers={"ClearCache": CLEARED}) as charger:
                statuses = [lost.status, (await ended(system, second)).status]
                return statuses, charger.asked

    statuses, asked = run(story())
    assert statuses == ["unknown", "answered"]
    assert len(asked) == 1


def test_a_command_under_way_when_the_program_ends_is_unknown_at_the_next_start(
    database: Database, tmp_path: Path
) -> None:
    async def ending() -> str:
        async with system_on(database, tmp_path) as system:
            await add(system)
            async with charging_station(system) as charger:
                frames = charger.take_over()
                id = await command(system, "ClearCache")
                await frames.get()
                await system.gateway.close()
            return id

    async def starting(id: str) -> str:
        async with system_on(database, tmp_path) as system:
            await system.ledger.run(end_interrupted, now_us())
            return (await ended(system, id)).status

    id = run(ending())
    assert run(starting(id)) == "unknown"


def test_a_replaced_connection_ends_its_command_and_the_new_one_goes_on(
    sqlite_database: Database, tmp_path: Path
) -> None:
    async def story() -> list[str]:
        async with system_on(sqlite_database, tmp_path) as system:
            await add(system)
            async with charging_station(system) as old:
                frames = old.take_over()
                first, second = await command(system, "ClearCache"), await command(system, "ClearCache")
                await frames.get()
                async with charging_station(system, answers={"ClearCache": CLEARED}):
                    return [(await ended(system, id)).status for id in (first, second)]

    assert run(story()) == ["unknown", "answered"]


def test_an_end_that_could_not_be_recorded_is_recorded_later(
    sqlite_database: Database, ready_sqlite_url: str, tmp_path: Path
) -> None:
    impatient = TracedDatabase(sqlite_database, busy_timeout_ms=1)
    other = sqlite3.connect(ready_sqlite_url.removeprefix("sqlite:///"), isolation_level=None)

    async def story() -> list[str]:
        async with system_on(impatient, tmp_path) as system:
            id = await add(system)
            async with charging_station(system) as charger:
                frames = charger.take_over()
                first = await command(system, "ClearCache")
                await frames.get()
                other.execute("BEGIN IMMEDIATE")
                charger.link.send(f'[3,"{first}",{{"status":"Accepted"}}]'.encode())
                await until(lambda: bool(system.gateway.dispatcher._unrecorded))
                await until(lambda: not system.gateway.dispatcher._draining)
                other.execute("ROLLBACK")
                system.gateway.dispatcher.wake(id)
                return [(await ended(system, first)).status]

    with capture_logs() as logs:
        assert run(story()) == ["answered"]
    other.close()
    assert "command not recorded" in {log["event"] for log in logs}


# The AuthorizationKey.


async def may_log_in(system: System, key: str) -> bool:
    try:
        async with charging_station(system, password=bytes.fromhex(key)):
            return True
    except HandshakeRefused as refused:
        return refused.status != 401


@pytest.mark.parametrize(
    ("answer", "old", "new"),
    [
        (ChangeConfigurationResponse(status=ConfigurationStatus.ACCEPTED), False, True),
        (ChangeConfigurationResponse(status=ConfigurationStatus.REBOOT_REQUIRED), False, True),
        (ChangeConfigurationResponse(status=ConfigurationStatus.REJECTED), True, False),
        (ChangeConfigurationResponse(status=ConfigurationStatus.NOT_SUPPORTED), True, False),
        (CallError(ErrorCode.NOT_IMPLEMENTED, f"what is {NEW_KEY.upper()}?"), True, False),
    ],
)
def test_a_new_password_is_the_only_one_once_it_is_accepted_and_never_shows(
    answer: Payload | Exception, old: bool, new: bool, database: Database, tmp_path: Path
) -> None:
    """R-016, R-306, R-307 (WP A01.FR.03, .04, .08, .09)."""

    async def story() -> list[bool]:
        async with system_on(database, tmp_path) as system:
            await add(system, security_profile=1, password_hash=hash_password(OLD_KEY))
            answers = {"ChangeConfiguration": answer}
            async with charging_station(system, answers=answers, password=bytes.fromhex(OLD_KEY)) as charger:
                change = {"value": NEW_KEY, "key": "AUTHORIZATIONKEY"}
                id = await command(system, "ChangeConfiguration", change)
                await ended(system, id)
                assert charger.asked == [("ChangeConfiguration", change)]
                await charger.send(Heartbeat())
            return [await may_log_in(system, key) for key in (OLD_KEY, NEW_KEY)]

    with capture_logs() as logs:
        assert run(story()) == [old, new]
    stored = str([rows(database, table) for table in (commands, message_chunks, charge_points)])
    assert NEW_KEY not in stored.lower()
    assert NEW_KEY not in str(logs).lower()
    assert OLD_KEY not in stored
    frames = [text for row in rows(database, message_chunks) for _, _, text in unpack(row.frames)]
    assert any('"***"' in text for text in frames)


def test_both_passwords_are_valid_while_nobody_knows_until_one_has_logged_in(
    database: Database, tmp_path: Path
) -> None:
    """Reference G.20."""

    async def story() -> tuple[str, list[bool]]:
        async with system_on(database, tmp_path) as system:
            id = await add(system, security_profile=1, password_hash=hash_password(OLD_KEY))
            async with charging_station(system, password=bytes.fromhex(OLD_KEY)) as charger:
                frames = charger.take_over()
                asked = await command(
                    system, "ChangeConfiguration", {"key": "AuthorizationKey", "value": NEW_KEY}
                )
                await frames.get()
            status = (await ended(system, asked)).status
            logins = [await may_log_in(system, NEW_KEY)]
            await until(lambda: all(row.next_password_hash is None for row in rows(database, charge_points)))
            assert id
            return status, [*logins, await may_log_in(system, OLD_KEY), await may_log_in(system, NEW_KEY)]

    assert run(story()) == ("unknown", [True, False, True])


def test_a_key_that_a_charge_point_tells_although_it_must_not_does_not_show(
    database: Database, tmp_path: Path
) -> None:
    """R-016: it is write-only, but firmware is firmware."""
    told = GetConfigurationResponse(
        configuration_key=(
            KeyValue(key="AuthorizationKey", readonly=False, value=NEW_KEY),
            KeyValue(key="HeartbeatInterval", readonly=False, value="300"),
        )
    )

    async def story() -> Command:
        async with system_on(database, tmp_path) as system:
            await add(system)
            async with charging_station(system, answers={"GetConfiguration": told}):
                return await ended(system, await command(system, "GetConfiguration"))

    found = run(story())
    assert found.response is not None
    assert [item["value"] for item in json.loads(found.response)["configurationKey"]] == ["***", "300"]
    assert NEW_KEY not in str([rows(database, table) for table in (commands, message_chunks)])


def test_a_closed_dispatcher_sends_nothing(sqlite_database: Database, tmp_path: Path) -> None:
    async def story() -> list[Any]:
        async with system_on(sqlite_database, tmp_path) as system:
            id = await add(system)
            async with charging_station(system, answers={"ClearCache": CLEARED}) as charger:
                await system.gateway.dispatcher.close()
                await command(system, "ClearCache")
                system.gateway.dispatcher.wake(id)
                await charger.send(Heartbeat())
                return charger.asked

    assert run(story()) == []


def test_who_is_not_connected_is_not_looked_at(sqlite_database: Database, tmp_path: Path) -> None:
    async def story() -> str:
        async with system_on(sqlite_database, tmp_path) as system:
            await add(system)
            id = await command(system, "ClearCache")
            system.gateway.dispatcher.wake(999)
            found: Command | None = await system.ledger.run(lambda work: work.commands.get(id))
            assert found is not None
            return found.status

    assert run(story()) == "queued"

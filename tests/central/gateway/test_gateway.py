"""The gateway over real sockets: who gets in, who replaces whom, and what others learn of it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs
from tests.aio import run
from tests.central.building import charge_point, rows
from tests.central.gateway.chargers import Charger, charging_station, command, ended
from tests.central.gateway.outage import OPEN, System, system_on, until

from voltyard.central.credentials import hash_password
from voltyard.central.gateway import gateway as gateway_module
from voltyard.central.instants import from_us, now_us
from voltyard.central.settings import OcppSettings
from voltyard.central.storage.database import Database
from voltyard.central.storage.schema import charge_points, security_events
from voltyard.protocol.messages import (
    ClearCacheResponse,
    ClearCacheStatus,
    Heartbeat,
)
from voltyard.transport import memory
from voltyard.transport.errors import HandshakeRefused
from voltyard.transport.handshake import Admission, Handshake, Refusal

KEY = "000102030405060708090a0b0c0d0e0f10111213"
OCTETS = bytes.fromhex(KEY)
HASHED = hash_password(KEY)
CLOSED = replace(OPEN, allow_unauthenticated=False)
CLEARED = {"ClearCache": ClearCacheResponse(status=ClearCacheStatus.ACCEPTED)}


async def add(system: System, identity: str = "CP1", **fields: Any) -> int:
    record = charge_point(identity, **{"accepted_at_us": 1, **fields})
    return await system.ledger.run(lambda work: work.charge_points.add(record))


async def refusal(system: System, identity: str = "CP1", password: bytes | None = None) -> HandshakeRefused:
    with pytest.raises(HandshakeRefused) as caught:
        async with charging_station(system, identity, password=password):
            pass
    return caught.value


def connections(system: System) -> list[str]:
    return [event.kind for event in system.events if event.kind.startswith("charge_point.")]


# Who gets in.


def test_the_door_answers_before_the_upgrade(database: Database, tmp_path: Path) -> None:
    """R-002, R-003, R-011, R-020: and no failed attempt leaves more behind than a security event."""

    async def story() -> list[int]:
        async with system_on(
            database, tmp_path, settings=replace(OPEN, allow_unauthenticated=False)
        ) as system:
            await add(system, "RDAM 123", security_profile=1, password_hash=HASHED)
            await add(system, "tls only", security_profile=2, password_hash=HASHED)
            await add(system, "no password")
            statuses = [
                (await refusal(system, "nobody")).status,
                (await refusal(system, "RDAM 123")).status,
                (await refusal(system, "RDAM 123", b"wrong")).status,
                (await refusal(system, "tls only", OCTETS)).status,
                (await refusal(system, "no password")).status,
            ]
            assert dict(system.gateway.refused_handshakes) == {404: 1, 401: 4}
            assert len(system.gateway.stations) == 0
            async with charging_station(system, "RDAM 123", password=OCTETS) as charger:
                await charger.send(Heartbeat())
            return statuses

    with capture_logs() as logs:
        assert run(story()) == [404, 401, 401, 401, 401]
    assert [log["status"] for log in logs if log["event"] == "handshake refused"] == [404, 401, 401, 401, 401]
    assert KEY not in str(logs)
    assert {(row.origin, row.type) for row in rows(database, security_events)} == {
        ("central system", "FailedToAuthenticateAtCentralSystem")
    }
    assert sorted(row.tech_info for row in rows(database, security_events)) == [
        "connection without TLS, security profile 2 is configured, from 127.0.0.1",
        "credentials missing, from 127.0.0.1",
        "security profile 0 is not allowed here, from 127.0.0.1",
        "wrong password, from 127.0.0.1",
    ]


def test_guessing_has_no_effect_on_a_live_session(database: Database, tmp_path: Path) -> None:
    """G-S4, CWE-307, CWE-613."""

    async def story() -> tuple[list[int], int]:
        async with system_on(database, tmp_path) as system:
            await add(system, security_profile=1, password_hash=HASHED)
            async with charging_station(system, answers=CLEARED, password=OCTETS) as charger:
                statuses = []
                for _ in range(15):
                    statuses.append((await refusal(system, password=b"guess")).status)
                    await charger.send(Heartbeat())
                assert (await ended(system, await command(system, "ClearCache"))).status == "answered"
                assert not charger.lost.done()
                return statuses, connections(system).count("charge_point.connected")

    assert run(story()) == ([401] * 10 + [429] * 5, 1)


def test_the_limits_are_those_of_the_settings(sqlite_database: Database, tmp_path: Path) -> None:
    settings = replace(OPEN, failures_per_identity=1, max_message_bytes=2000)

    async def story() -> tuple[list[int], tuple[int, str]]:
        async with system_on(sqlite_database, tmp_path, settings=settings) as system:
            await add(system)
            statuses = [(await refusal(system, "nobody")).status for _ in range(2)]
            async with charging_station(system) as charger:
                charger.link.send(b'[2,"1","DataTransfer",{"vendorId":"x","data":"%s"}]' % (b"x" * 2000))
                return statuses, await charger.lost

    statuses, (code, _) = run(story())
    assert statuses == [404, 429]
    assert code == 1009


def test_who_comes_without_a_socket_gets_in_by_the_same_rules(
    sqlite_database: Database, tmp_path: Path
) -> None:
    def asking(identity: str) -> Handshake:
        return Handshake(identity=identity, path=f"/ocpp/{identity}", remote_address="memory")

    async def story() -> tuple[list[int], tuple[int, str]]:
        async with system_on(sqlite_database, tmp_path) as system:
            await add(system)
            await add(system, "CP2", security_profile=1, password_hash=HASHED)
            verdicts = [await system.gateway.admit(asking(each)) for each in ("nobody", "CP2", "CP1")]
            assert isinstance(verdicts[2], Admission)
            charger = Charger()
            memory.connect(charger, verdicts[2].connected)
            await charger.send(Heartbeat())
            assert [session.origin.identity for session in system.gateway.stations] == ["CP1"]
            await system.gateway.close()
            refused = [verdict.status for verdict in verdicts if isinstance(verdict, Refusal)]
            return refused, await charger.lost

    assert run(story()) == ([404, 401], (1001, "the central system is going away"))


# Who replaces whom.


def test_a_second_connection_wins_and_the_first_is_closed(database: Database, tmp_path: Path) -> None:
    """R-017: calls go to the second, and the late end of the first changes nothing."""

    async def story() -> list[str]:
        async with system_on(database, tmp_path) as system:
            await add(system, security_profile=1, password_hash=HASHED)
            async with (
                charging_station(system, answers=CLEARED, password=OCTETS) as first,
                charging_station(system, answers=CLEARED, password=OCTETS) as second,
            ):
                assert await first.lost == (1008, "replaced")
                assert len(system.gateway.stations) == 1
                assert (await ended(system, await command(system, "ClearCache"))).status == "answered"
                assert (len(first.asked), len(second.asked)) == (0, 1)
                await second.send(Heartbeat())
            await until(lambda: len(system.gateway.stations) == 0)
            return connections(system)

    assert run(story()) == [
        "charge_point.connected",
        "charge_point.connected",
        "charge_point.disconnected",
    ]


def test_connections_that_replace_one_another_are_held_off_and_reported(
    database: Database, tmp_path: Path
) -> None:
    async def story() -> tuple[int, str | None]:
        async with system_on(database, tmp_path) as system, AsyncExitStack() as stack:
            await add(system)
            chargers = [await stack.enter_async_context(charging_station(system)) for _ in range(7)]
            refused = await refusal(system)
            await chargers[-1].send(Heartbeat())
            return refused.status, str(refused.retry_after_s)

    with capture_logs() as logs:
        assert run(story()) == (429, "15.0")
    assert [row.type for row in rows(database, security_events)] == ["RepeatedTakeover"]
    assert [log["event"] for log in logs].count("connections replace one another") == 1


def test_different_charge_points_do_not_replace_one_another(
    sqlite_database: Database, tmp_path: Path
) -> None:
    async def story() -> int:
        async with system_on(sqlite_database, tmp_path) as system, AsyncExitStack() as stack:
            chargers = []
            for number in range(10):
                await add(system, f"CP{number}")
                chargers.append(await stack.enter_async_context(charging_station(system, f"CP{number}")))
            await asyncio.gather(*(charger.send(Heartbeat()) for charger in chargers))
            return len(system.gateway.stations)

    assert run(story()) == 10


# What others learn.


def test_coming_and_going_is_told_with_its_reason(sqlite_database: Database, tmp_path: Path) -> None:
    async def story() -> list[Any]:
        async with system_on(sqlite_database, tmp_path) as system:
            await add(system)
            async with charging_station(system) as charger:
                charger.link.close(1001, "going to bed")
                await charger.lost
            await until(lambda: len(system.gateway.stations) == 0)
            return [(event.kind, event.charge_point, event.details) for event in system.events]

    assert run(story()) == [
        ("charge_point.connected", "CP1", {}),
        ("charge_point.disconnected", "CP1", {"code": 1001, "reason": "going to bed"}),
    ]


def test_the_last_sign_of_life_is_stored_at_the_end(database: Database, tmp_path: Path) -> None:
    began_us = now_us()

    async def story() -> None:
        async with system_on(database, tmp_path) as system:
            await add(system, "gone")
            await add(system, "here")
            await add(system, "never")
            async with charging_station(system, "gone") as charger:
                await charger.send(Heartbeat())
            async with charging_station(system, "here") as charger:
                await charger.send(Heartbeat())
                await system.gateway.close()

    run(story())
    seen = {row.identity: row.last_seen_us for row in rows(database, charge_points)}
    assert seen["never"] is None
    assert began_us < seen["gone"] <= seen["here"]
    assert from_us(seen["here"]) - from_us(began_us) < timedelta(seconds=60)


def test_signs_of_life_are_stored_from_time_to_time(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_module, "_PRESENCE_INTERVAL_S", 0.01)

    def last_seen_us() -> int:
        [row] = rows(database, charge_points)
        return row.last_seen_us or 0

    async def story() -> None:
        async with system_on(database, tmp_path) as system:
            await add(system)
            async with charging_station(system) as charger:
                await until(lambda: last_seen_us() > 0)
                first_us = last_seen_us()
                await charger.send(Heartbeat())
                await until(lambda: last_seen_us() > first_us)

    run(story())


# The end.


def test_closing_says_good_bye_to_everybody(sqlite_database: Database, tmp_path: Path) -> None:
    async def story() -> list[tuple[int, str]]:
        async with system_on(sqlite_database, tmp_path) as system, AsyncExitStack() as stack:
            chargers = []
            for identity in "AB":
                await add(system, identity)
                chargers.append(await stack.enter_async_context(charging_station(system, identity)))
            await system.gateway.close()
            return [await charger.lost for charger in chargers]

    assert [code for code, _ in run(story())] == [1001, 1001]


def test_the_address_is_known_before_and_after_the_port_is(sqlite_database: Database, tmp_path: Path) -> None:
    async def story() -> tuple[str, int]:
        async with system_on(sqlite_database, tmp_path) as system:
            settings = OcppSettings(port=9000, path="/central")
            other = gateway_module.Gateway(
                settings,
                system.ledger,
                system.gateway._bus,
                lambda _identity: system.ledger.run(lambda _work: None),
                lambda _id_tag: system.ledger.run(lambda _work: None),
                {},
                system.backlog,
            )
            other._gate.close()
            return other.url, int(system.gateway.url.rpartition(":")[2].removesuffix("/ocpp"))

    url, port = run(story())
    assert url == "ws://127.0.0.1:9000/central"
    assert port > 0

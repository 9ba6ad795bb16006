"""Trouble with a database server over sockets: restarted, frozen, locked; nothing is lost or stored twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.aio import run
from tests.central.building import rows
from tests.central.gateway.broken_postgres import BreakablePostgres, breakable_postgres
from tests.central.gateway.outage import (
    System,
    charger,
    populate,
    start,
    stop,
    system_on,
    until,
    values,
)

from voltyard.central.storage.database import Database, open_database
from voltyard.central.storage.schema import meter_values, transaction_aliases, transactions
from voltyard.protocol.messages import AuthorizationStatus, Authorize, Heartbeat
from voltyard.transport.errors import CallRejected

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def server() -> Iterator[BreakablePostgres]:
    with breakable_postgres() as server:
        yield server


@pytest.fixture
def database(server: BreakablePostgres) -> Iterator[Database]:
    opened = open_database(server.fresh_url())
    yield opened
    opened.close()


def stored(system: System) -> tuple[list[tuple[int, int | None]], list[int]]:
    """Transactions as (meter start, meter stop), and the minutes' values in order."""
    return (
        sorted((row.meter_start, row.meter_stop) for row in rows(system.database, transactions)),
        sorted(int(row.energy_wh) for row in rows(system.database, meter_values)),
    )


def test_a_server_that_is_restarted_in_the_middle_of_a_transaction_costs_nothing(
    server: BreakablePostgres, database: Database, tmp_path: Path
) -> None:
    """F3: sockets stay, reports are answered, everything is stored once when the server is back."""

    async def story() -> None:
        async with system_on(database, tmp_path) as system:
            await system.ledger.run(populate, "CP1")
            async with charger(system) as cp:
                id = (await cp.peer.call(start())).transaction_id
                await cp.peer.call(values(id, 1))
                await asyncio.to_thread(server.stop)
                for minute in range(2, 12):
                    await cp.peer.call(values(id, minute))
                await cp.peer.call(stop(id))
                second = await cp.peer.call(start(1))
                await cp.peer.call(Heartbeat())
                with pytest.raises(CallRejected, match="InternalError"):
                    await cp.peer.call(Authorize(id_tag="042F"))
                assert second.id_tag_info.status is AuthorizationStatus.ACCEPTED
                assert system.fallback.undrained == 12
                await asyncio.to_thread(server.start)
                await system.recovered()
                await cp.peer.call(stop(second.transaction_id, minute=70))
                await cp.peer.call(Authorize(id_tag="042F"))

            assert stored(system) == ([(0, 5000), (100, 5000)], [*range(1001, 1012)])
            assert sorted(row.anomalies for row in rows(database, transactions)) == [
                "",
                "authorized_unverified",
            ]

    run(story(), timeout=40)


def test_a_server_that_stands_still_holds_nobody_up(
    server: BreakablePostgres, database: Database, tmp_path: Path
) -> None:
    """F4: no commit ends, and none fails. Heartbeats are answered, reports too, and each is stored once."""

    async def story() -> None:
        async with system_on(database, tmp_path) as system:
            await system.ledger.run(populate, "CP1", "CP2")
            async with charger(system) as cp, charger(system, "CP2") as other:
                id = (await cp.peer.call(start())).transaction_id
                await until(lambda: not system.ledger._frames)
                with server.frozen():
                    begun = asyncio.create_task(other.peer.call(start(2)))
                    await until(lambda: system.ledger.busy_s > 0.05)
                    waiting = asyncio.create_task(cp.peer.call(values(id, 1)))
                    await begun
                    await waiting
                    assert system.fallback.in_trouble
                    await cp.peer.call(Heartbeat())
                    await cp.peer.call(values(id, 2))
                    await cp.peer.call(stop(id))
                second = begun.result().transaction_id
                await system.recovered()
                # The first commit of this start came about after all, under an id that nobody was told.
                (alias,) = rows(database, transaction_aliases)
                assert alias.alias_id == second
                await other.peer.call(values(second, 121))
                await other.peer.call(stop(second, minute=130))

            assert stored(system) == ([(0, 5000), (200, 5000)], [1001, 1002, 1121])
            (_, late) = rows(database, transactions)
            assert late.id == alias.transaction_id
            assert late.anomalies == "authorized_unverified"

    run(story(), timeout=40)


def test_a_table_that_somebody_has_locked_holds_nobody_up(
    server: BreakablePostgres, database: Database, tmp_path: Path
) -> None:
    async def story() -> None:
        async with system_on(database, tmp_path) as system:
            await system.ledger.run(populate, "CP1")
            async with charger(system) as cp:
                with database.engine.connect() as other:
                    other.execute(text("LOCK TABLE transactions IN ACCESS EXCLUSIVE MODE"))
                    answer = await cp.peer.call(start())
                    await cp.peer.call(values(answer.transaction_id, 1))
                    assert system.fallback.undrained == 2
                    assert answer.id_tag_info.status is AuthorizationStatus.ACCEPTED
                await system.recovered()
                await cp.peer.call(stop(answer.transaction_id))

            assert stored(system) == ([(0, 5000)], [1001])
            assert [row.anomalies for row in rows(database, transactions)] == [""]

    run(story(), timeout=40)


def test_connections_that_were_cut_while_idle_cost_nothing(
    server: BreakablePostgres, database: Database, tmp_path: Path
) -> None:
    async def story() -> None:
        async with system_on(database, tmp_path) as system:
            await system.ledger.run(populate, "CP1")
            async with charger(system) as cp:
                id = (await cp.peer.call(start())).transaction_id
                await asyncio.to_thread(server.cut)
                await cp.peer.call(Authorize(id_tag="042F"))
                await cp.peer.call(values(id, 1))
                await cp.peer.call(stop(id))

            assert stored(system) == ([(0, 5000)], [1001])
            assert system.fallback.spooled == 0

    run(story(), timeout=40)

"""Trouble with a database server over sockets: restarted, frozen, locked; nothing is lost or stored twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
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
    values,
)

from voltyard.central.storage.database import open_database
from voltyard.central.storage.schema import meter_values, transactions
from voltyard.protocol.messages import AuthorizationStatus, Authorize, Heartbeat
from voltyard.transport.errors import CallRejected

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def server() -> Iterator[BreakablePostgres]:
    with breakable_postgres() as server:
        yield server


def stored(system: System) -> tuple[list[tuple[int, int | None]], list[int]]:
    """Transactions as (meter start, meter stop), and the minutes' values in order."""
    return (
        sorted((row.meter_start, row.meter_stop) for row in rows(system.database, transactions)),
        sorted(int(row.energy_wh) for row in rows(system.database, meter_values)),
    )


def test_a_server_that_is_restarted_in_the_middle_of_a_transaction_costs_nothing(
    server: BreakablePostgres, tmp_path: Path
) -> None:
    """F3: sockets stay, reports are answered, everything is stored once when the server is back."""
    database = open_database(server.url)

    async def story() -> None:
        async with system_on(database, tmp_path) as system:
            await system.ledger.run(populate, "RESTART")
            async with charger(system, "RESTART") as cp:
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

    try:
        run(story(), timeout=40)
    finally:
        database.close()

"""Health, readiness and metrics."""

from __future__ import annotations

import httpx
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text
from tests.aio import run
from tests.central.api.system import connected, running
from tests.central.building import NOON

from voltyard.central.settings import Settings
from voltyard.central.storage.database import open_database
from voltyard.protocol.messages import StartTransaction


def test_health_needs_no_key(settings: Settings) -> None:
    async def story() -> list[httpx.Response]:
        async with running(settings) as system:
            return [await system.stranger.get(path) for path in ("/healthz", "/readyz")]

    alive, ready = run(story())
    assert (alive.status_code, alive.json()) == (200, {"status": "alive"})
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})


def test_a_database_that_does_not_work_makes_the_system_unready_and_nothing_crashes(
    settings: Settings,
) -> None:
    async def story() -> list[httpx.Response]:
        async with running(settings) as system:
            await system.add()
            database = open_database(settings.database.reveal())
            with database.engine.begin() as connection:
                for table in ("commands", "id_tags", "charge_points", "transactions"):
                    connection.execute(text(f"DROP TABLE {table}"))
            database.close()
            return [
                await system.stranger.get("/readyz"),
                await system.viewer.get("/api/v1/charge-points"),
                await system.viewer.get("/api/v1/id-tags/A"),
                await system.operator.put("/api/v1/id-tags/A", json={}),
                await system.viewer.get("/metrics"),
                await system.stranger.get("/healthz"),
            ]

    *broken, alive = run(story())
    for response in broken:
        assert response.status_code == 503
        assert response.headers["content-type"] == "application/problem+json"
        assert "no such table" not in response.text
    assert alive.status_code == 200


def test_metrics_tell_what_goes_on(settings: Settings) -> None:
    async def story() -> httpx.Response:
        async with running(settings) as system:
            await system.add("CP1")
            await system.add("CP2")
            await system.operator.post("/api/v1/charge-points/CP2/commands", json={"action": "ClearCache"})
            async with connected(system, "CP1") as station:
                await station.call(
                    StartTransaction(connector_id=1, id_tag="TAG", meter_start=0, timestamp=NOON)
                )
                await system.operator.post(
                    "/api/v1/charge-points/CP1/commands",
                    json={"action": "ClearCache", "expire_after_s": 60},
                    params={"wait": 5},
                )
                return await system.viewer.get("/metrics")

    response = run(story())

    assert response.headers["content-type"].startswith("text/plain; version=")
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }
    assert samples["voltyard_connected_charge_points",] == 1
    assert samples["voltyard_open_transactions",] == 1
    assert samples["voltyard_storage_works",] == 1
    assert samples["voltyard_pending_commands", "queued"] == 1
    assert samples["voltyard_commands_total", "rejected"] == 1
    assert samples["voltyard_events_total", "transaction.started"] == 1
    assert samples["process_resident_memory_bytes",] > 0


def test_metrics_need_a_key(settings: Settings) -> None:
    async def story() -> int:
        async with running(settings) as system:
            return (await system.stranger.get("/metrics")).status_code

    assert run(story()) == 401

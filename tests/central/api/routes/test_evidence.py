"""Quarantine and reports of charge points over the API."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.aio import run
from tests.central.api.system import System, connected, running, until
from tests.central.building import NOON

from voltyard.central.settings import Settings
from voltyard.protocol.messages import (
    DataTransfer,
    DiagnosticsStatus,
    DiagnosticsStatusNotification,
    FirmwareStatus,
    FirmwareStatusNotification,
    SecurityEventNotification,
)
from voltyard.transport.errors import CallRejected


async def listed(system: System, name: str, **params: str) -> list[dict[str, Any]]:
    response = await system.viewer.get(f"/api/v1/{name}", params=params)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


def test_a_refused_message_about_a_transaction_is_kept_raw(settings: Settings) -> None:
    payload = b'{"connectorId":1,"idTag":"TAG","meterStart":"a lot","timestamp":"2024-05-17T12:00:00Z"}'

    async def story() -> tuple[list[dict[str, Any]], dict[str, Any], list[dict[str, Any]]]:
        async with running(settings) as system:
            await system.add()
            async with connected(system) as station:
                with pytest.raises(CallRejected):
                    await station.peer.call_raw("StartTransaction", payload, timeout=5)
            items = await listed(system, "quarantine", charge_point="CP1")
            one = await system.viewer.get(f"/api/v1/quarantine/{items[0]['id']}")
            return items, one.json(), await listed(system, "quarantine", charge_point="CP2")

    items, one, others = run(story())

    assert [one] == items
    assert others == []
    assert one["charge_point"] == "CP1"
    assert one["action"] == "StartTransaction"
    assert one["error_code"]
    assert "meterStart" in one["reason"]
    assert payload.decode() in one["frame"]


def test_reports_are_listed_newest_first_with_who_sent_them(settings: Settings) -> None:
    reports = (
        FirmwareStatusNotification(status=FirmwareStatus.DOWNLOADING),
        DiagnosticsStatusNotification(status=DiagnosticsStatus.UPLOADED),
        DataTransfer(vendor_id="Acme", message_id="hello", data="world"),
        SecurityEventNotification(type="TamperDetectionActivated", timestamp=NOON, tech_info="lid"),
    )

    async def story() -> dict[str, list[dict[str, Any]]]:
        async with running(settings) as system:
            await system.add("CP1")
            await system.add("CP2")
            async with connected(system, "CP1") as station, connected(system, "CP2"):
                for report in reports:
                    await station.call(report)
            names = ("status-reports", "data-transfers", "security-events")
            for name in names:
                assert await listed(system, name, charge_point="CP2") == []
            return {name: await listed(system, name) for name in names}

    found = run(story())

    diagnostics, firmware = found["status-reports"]
    assert (firmware["charge_point"], firmware["action"], firmware["status"]) == (
        "CP1",
        "FirmwareStatusNotification",
        "Downloading",
    )
    assert (diagnostics["action"], diagnostics["status"], diagnostics["request_id"]) == (
        "DiagnosticsStatusNotification",
        "Uploaded",
        None,
    )
    (transfer,) = found["data-transfers"]
    assert (transfer["vendor_id"], transfer["message_id"], transfer["data"], transfer["status"]) == (
        "Acme",
        "hello",
        "world",
        "UnknownVendorId",
    )
    (event,) = found["security-events"]
    assert (
        event["charge_point"],
        event["origin"],
        event["type"],
        event["tech_info"],
        event["timestamp"],
    ) == (
        "CP1",
        "charge point",
        "TamperDetectionActivated",
        "lid",
        "2024-05-17T12:00:00.000Z",
    )


def test_an_intruder_is_a_security_event_of_the_central_system(settings: Settings) -> None:
    async def story() -> dict[str, Any]:
        async with running(settings) as system:
            await system.operator.post(
                "/api/v1/charge-points", json={"identity": "CP1", "security_profile": 0}
            )
            with pytest.raises(Exception, match="401"):
                async with connected(system):
                    pass
            for _ in until():
                if items := await listed(system, "security-events"):
                    return items[0]
            raise AssertionError

    event = run(story())
    assert event["origin"] == "central system"
    assert event["type"] == "FailedToAuthenticateAtCentralSystem"


def test_lists_go_through_all_pages(settings: Settings) -> None:
    async def story() -> list[str]:
        async with running(settings) as system:
            await system.add()
            async with connected(system) as station:
                for number in range(5):
                    await station.call(DataTransfer(vendor_id=f"V{number}"))
            seen: list[str] = []
            cursor = None
            while True:
                params = {"limit": "2", **({"cursor": cursor} if cursor else {})}
                page = (await system.viewer.get("/api/v1/data-transfers", params=params)).json()
                seen += [item["vendor_id"] for item in page["items"]]
                cursor = page["next"]
                if cursor is None:
                    return seen

    assert run(story()) == ["V4", "V3", "V2", "V1", "V0"]


def test_what_is_not_in_quarantine_is_not_found(settings: Settings) -> None:
    async def story() -> list[httpx.Response]:
        async with running(settings) as system:
            return [await system.viewer.get(f"/api/v1/quarantine/{id}") for id in ("1", "x", "9" * 30)]

    assert [response.status_code for response in run(story())] == [404, 404, 400]

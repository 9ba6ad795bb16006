"""The table of handlers: every action that a charge point sends, each to its service."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.aio import run
from tests.central.building import NOON, charge_point, rows, tag
from tests.central.gateway.chargers import BOOT, Charger, charging_station
from tests.central.gateway.outage import System, system_on
from tests.central.services.stations import value

from voltyard.central.gateway.handlers import VendorHandler, central_system_router
from voltyard.central.services.origin import Origin
from voltyard.central.storage import schema
from voltyard.central.storage.database import Database
from voltyard.central.storage.work import Work
from voltyard.protocol.actions import ACTIONS
from voltyard.protocol.messages import (
    AuthorizationStatus,
    Authorize,
    AuthorizeResponse,
    BootNotificationResponse,
    ChargePointErrorCode,
    ChargePointStatus,
    DataTransfer,
    DataTransferResponse,
    DataTransferStatus,
    DiagnosticsStatus,
    DiagnosticsStatusNotification,
    FirmwareStatus,
    FirmwareStatusNotification,
    Heartbeat,
    HeartbeatResponse,
    IdTagInfo,
    LogStatusNotification,
    MeterValues,
    SecurityEventNotification,
    SignCertificate,
    SignedFirmwareStatus,
    SignedFirmwareStatusNotification,
    StartTransaction,
    StatusNotification,
    StopTransaction,
    UploadLogStatus,
)
from voltyard.protocol.payload import Request
from voltyard.transport.errors import CallRejected


def populate(work: Work) -> None:
    work.charge_points.add(charge_point(accepted_at_us=1, heartbeat_interval_s=42))
    work.id_tags.put(tag("042F", parent_id_tag="Fleet"))


REQUESTS: list[tuple[Request[Any], str | None]] = [
    (Authorize(id_tag="042f"), None),
    (BOOT, "charge_points"),
    (DataTransfer(vendor_id="nobody"), "data_transfers"),
    (DiagnosticsStatusNotification(status=DiagnosticsStatus.IDLE), "status_reports"),
    (FirmwareStatusNotification(status=FirmwareStatus.IDLE), "status_reports"),
    (Heartbeat(), None),
    (LogStatusNotification(status=UploadLogStatus.IDLE), "status_reports"),
    (MeterValues(connector_id=1, meter_value=(value(NOON),)), "meter_values"),
    (SecurityEventNotification(type="Tampering", timestamp=NOON), "security_events"),
    (SignCertificate(csr="-----BEGIN"), "certificate_requests"),
    (SignedFirmwareStatusNotification(status=SignedFirmwareStatus.IDLE), "status_reports"),
    (StartTransaction(connector_id=1, id_tag="042F", meter_start=0, timestamp=NOON), "transactions"),
    (
        StatusNotification(
            connector_id=1, error_code=ChargePointErrorCode.NO_ERROR, status=ChargePointStatus.AVAILABLE
        ),
        "connectors",
    ),
    (StopTransaction(transaction_id=-1, meter_stop=0, timestamp=NOON), "stops"),
]


def test_every_action_of_a_charge_point_has_a_handler_and_a_test() -> None:
    async def nobody(_id_tag: str) -> None:
        """Find no tag."""

    router = central_system_router(nobody, {})
    sent = {action.name for action in ACTIONS.values() if action.from_charge_point}

    for name in sent:
        router.route(name)
    assert {request.action for request, _ in REQUESTS} == sent


def test_each_is_answered_with_its_response_when_what_it_says_is_stored(
    database: Database, tmp_path: Path
) -> None:
    """R-163: observed by another connection at the moment of the answer."""

    async def story() -> None:
        async with system_on(database, tmp_path) as system:
            await system.ledger.run(populate)
            async with charging_station(system) as charger:
                for request, table in REQUESTS:
                    before = 0 if table is None else stored(database, table)
                    response = await charger.send(request)
                    assert type(response) is request.response
                    if table is not None:
                        assert stored(database, table) == before + 1

    run(story())


def stored(database: Database, table: str) -> int:
    """How many rows there are, or whether the charge point has booted."""
    found = rows(database, schema.metadata.tables[table])
    return len(found) if table != "charge_points" else sum(row.vendor is not None for row in found)


async def answers_of(system: System, *requests: Request[Any]) -> list[Any]:
    await system.ledger.run(populate)
    async with charging_station(system) as charger:
        return [await charger.send(request) for request in requests]


def asked(
    database: Database,
    tmp_path: Path,
    *requests: Request[Any],
    vendors: Mapping[str, VendorHandler] | None = None,
) -> list[Any]:
    async def story() -> list[Any]:
        async with system_on(database, tmp_path, vendors=vendors) as system:
            return await answers_of(system, *requests)

    return run(story())


def test_a_heartbeat_is_answered_with_the_time_and_touches_no_table(
    sqlite_database: Database, tmp_path: Path
) -> None:
    [first, second] = asked(sqlite_database, tmp_path, Heartbeat(), Heartbeat())

    assert isinstance(first, HeartbeatResponse)
    assert timedelta(0) <= second.current_time - first.current_time < timedelta(seconds=10)


def test_a_boot_is_told_the_interval_of_this_charge_point(sqlite_database: Database, tmp_path: Path) -> None:
    [response] = asked(sqlite_database, tmp_path, BOOT)

    assert isinstance(response, BootNotificationResponse)
    assert response.interval == 42


@pytest.mark.parametrize(
    ("id_tag", "info"),
    [
        ("042f", IdTagInfo(status=AuthorizationStatus.ACCEPTED, parent_id_tag="Fleet")),
        ("unknown", IdTagInfo(status=AuthorizationStatus.INVALID)),
    ],
)
def test_a_tag_is_judged_by_what_is_stored(
    id_tag: str, info: IdTagInfo, database: Database, tmp_path: Path
) -> None:
    """R-068, R-135, R-138."""
    assert asked(database, tmp_path, Authorize(id_tag=id_tag)) == [AuthorizeResponse(id_tag_info=info)]


def test_a_vendor_answers_its_own_messages(sqlite_database: Database, tmp_path: Path) -> None:
    """R-291."""

    def at_once(origin: Origin, request: DataTransfer) -> DataTransferResponse:
        return DataTransferResponse(
            status=DataTransferStatus.ACCEPTED, data=f"{origin.identity} {request.data}"
        )

    async def later(_origin: Origin, _request: DataTransfer) -> DataTransferResponse:
        return DataTransferResponse(status=DataTransferStatus.UNKNOWN_MESSAGE_ID)

    answers = asked(
        sqlite_database,
        tmp_path,
        *(DataTransfer(vendor_id=vendor, data="x") for vendor in ("sync", "async", "Sync")),
        vendors={"sync": at_once, "async": later},
    )

    assert answers == [
        DataTransferResponse(status=DataTransferStatus.ACCEPTED, data="CP1 x"),
        DataTransferResponse(status=DataTransferStatus.UNKNOWN_MESSAGE_ID),
        DataTransferResponse(status=DataTransferStatus.UNKNOWN_VENDOR_ID),
    ]
    assert [(row.vendor_id, row.status) for row in rows(sqlite_database, schema.data_transfers)] == [
        ("sync", "Accepted"),
        ("async", "UnknownMessageId"),
        ("Sync", "UnknownVendorId"),
    ]


def test_a_vendor_that_fails_ends_nothing(sqlite_database: Database, tmp_path: Path) -> None:
    """R-069."""

    def fail(_origin: Origin, _request: DataTransfer) -> DataTransferResponse:
        raise ZeroDivisionError

    async def story(charger: Charger) -> str:
        with pytest.raises(CallRejected) as caught:
            await charger.send(DataTransfer(vendor_id="bad"))
        await charger.send(Heartbeat())
        return caught.value.code

    async def whole() -> str:
        async with system_on(sqlite_database, tmp_path, vendors={"bad": fail}) as system:
            await system.ledger.run(populate)
            async with charging_station(system) as charger:
                return await story(charger)

    assert run(whole()) == "InternalError"

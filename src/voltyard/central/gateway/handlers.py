"""The table of what charge points ask and which service answers it. No logic."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from inspect import isawaitable
from typing import Any, Concatenate

from voltyard.central.gateway.session import Session
from voltyard.central.instants import from_us
from voltyard.central.services import metering, registration, reports, transactions
from voltyard.central.services.authorization import authorize
from voltyard.central.services.origin import Origin
from voltyard.central.services.ports import UnitOfWork
from voltyard.central.services.records import IdTag
from voltyard.central.storage.errors import StorageFailed
from voltyard.protocol.errors import CallError, ErrorCode
from voltyard.protocol.messages import (
    Authorize,
    AuthorizeResponse,
    BootNotification,
    BootNotificationResponse,
    DataTransfer,
    DataTransferResponse,
    DataTransferStatus,
    DiagnosticsStatusNotification,
    FirmwareStatusNotification,
    Heartbeat,
    HeartbeatResponse,
    LogStatusNotification,
    MeterValues,
    SecurityEventNotification,
    SignCertificate,
    SignedFirmwareStatusNotification,
    StartTransaction,
    StatusNotification,
    StopTransaction,
)
from voltyard.protocol.payload import Payload, Request
from voltyard.transport.router import Handler, Role, Router

Service = Callable[Concatenate[UnitOfWork, Origin, Any, int, ...], Payload]
VendorHandler = Callable[[Origin, DataTransfer], DataTransferResponse | Awaitable[DataTransferResponse]]
FindTag = Callable[[str], Awaitable[IdTag | None]]


def central_system_router(find_tag: FindTag, vendors: Mapping[str, VendorHandler]) -> Router[Session]:
    """Return the router of a central system.

    `find_tag` reads a tag; `vendors` answers DataTransfer by vendorId.
    """

    async def authorized(_session: Session, request: Authorize) -> AuthorizeResponse:
        try:
            tag = await find_tag(request.id_tag)
        except StorageFailed as error:
            # Nothing is lost by it; the charge point may know the tag itself.
            raise CallError(ErrorCode.INTERNAL_ERROR, "the tag cannot be looked up now") from error
        return AuthorizeResponse(id_tag_info=authorize(tag, time.time_ns() // 1000))

    async def transferred(session: Session, request: DataTransfer) -> DataTransferResponse:
        vendor = vendors.get(request.vendor_id)
        if vendor is None:
            response = DataTransferResponse(status=DataTransferStatus.UNKNOWN_VENDOR_ID)
        else:
            answer = vendor(session.origin, request)
            response = await answer if isawaitable(answer) else answer
        return await session.run(
            reports.data_transfer, session.origin, request, response, session.last_seen_us
        )

    handlers: dict[type[Request[Any]], Handler[Session]] = {
        Authorize: authorized,
        BootNotification: _booted,
        DataTransfer: transferred,
        DiagnosticsStatusNotification: _durably(reports.diagnostics_status),
        FirmwareStatusNotification: _durably(reports.firmware_status),
        Heartbeat: _beaten,
        LogStatusNotification: _durably(reports.log_status),
        MeterValues: _durably(metering.meter_values),
        SecurityEventNotification: _durably(reports.security_event),
        SignCertificate: _durably(reports.sign_certificate),
        SignedFirmwareStatusNotification: _durably(reports.signed_firmware_status),
        StartTransaction: _started,
        StatusNotification: _durably(reports.status),
        StopTransaction: _durably(transactions.stop_transaction),
    }
    return Router(Role.CENTRAL_SYSTEM, handlers)


def _durably(service: Service) -> Handler[Session]:
    def handle(session: Session, request: Request[Any]) -> Awaitable[Payload]:
        return session.run(service, session.origin, request, session.last_seen_us)

    return handle


def _started(session: Session, request: StartTransaction) -> Awaitable[Payload]:
    session.fallback.reserve.note_start()
    return session.run(transactions.start_transaction, session.origin, request, session.last_seen_us)


def _beaten(session: Session, _request: Heartbeat) -> HeartbeatResponse:
    # In memory: a heartbeat says nothing but that the charge point lives.
    return HeartbeatResponse(current_time=from_us(session.last_seen_us))


async def _booted(session: Session, request: BootNotification) -> BootNotificationResponse:
    response = await session.run(
        registration.boot, session.origin, request, session.heartbeat_interval_s, session.last_seen_us
    )
    session.registered(response.status)
    return response

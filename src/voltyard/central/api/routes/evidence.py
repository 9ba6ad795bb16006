"""What is kept beside the business: quarantine and reports of charge points."""

from __future__ import annotations

from litestar import get

from voltyard.central.api.routes.parameters import ChargePointFilter, Number, Ops, Page
from voltyard.central.operations.cursors import Listed
from voltyard.central.operations.views import (
    DataTransferView,
    QuarantineView,
    SecurityEventView,
    StatusReportView,
)


@get("/quarantine")
async def list_quarantine(
    operations: Ops, span: Page, charge_point: ChargePointFilter = None
) -> Listed[QuarantineView]:
    """List what could not be used, newest first."""
    return await operations.evidence.quarantine(charge_point, span)


@get("/quarantine/{id:int}")
async def get_quarantined(operations: Ops, id: Number) -> QuarantineView:
    """Get one message that could not be used, raw."""
    return await operations.evidence.quarantined(id)


@get("/status-reports")
async def list_status_reports(
    operations: Ops, span: Page, charge_point: ChargePointFilter = None
) -> Listed[StatusReportView]:
    """List what charge points said about firmware, diagnostics and logs, newest first."""
    return await operations.evidence.status_reports(charge_point, span)


@get("/security-events")
async def list_security_events(
    operations: Ops, span: Page, charge_point: ChargePointFilter = None
) -> Listed[SecurityEventView]:
    """List security events, newest first."""
    return await operations.evidence.security_events(charge_point, span)


@get("/data-transfers")
async def list_data_transfers(
    operations: Ops, span: Page, charge_point: ChargePointFilter = None
) -> Listed[DataTransferView]:
    """List the DataTransfers of charge points, newest first."""
    return await operations.evidence.data_transfers(charge_point, span)


ROUTES = (
    list_quarantine,
    get_quarantined,
    list_status_reports,
    list_security_events,
    list_data_transfers,
)

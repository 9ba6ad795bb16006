"""Frames, deviations, quarantine and reports: what charge points sent, for whoever wants to understand it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from voltyard.central.operations.charge_points import require_identity
from voltyard.central.operations.cursors import NUMBER, NUMBERS, Listed, Span, listed
from voltyard.central.operations.views import (
    DataTransferView,
    DeviationView,
    MessageView,
    QuarantineView,
    SecurityEventView,
    StatusReportView,
    view_data_transfer,
    view_deviation,
    view_message,
    view_quarantined,
    view_security_event,
    view_status_report,
)
from voltyard.central.storage.ledger import Ledger
from voltyard.central.storage.queries.evidence import (
    Kind,
    Record,
    evidence,
    evidence_page,
    evidence_page_of,
)
from voltyard.central.storage.queries.messages import MessageFilter, message_page
from voltyard.central.storage.readers import Readers

V = TypeVar("V")


class EvidenceOperations:
    """Shows what is kept beside the business, newest first."""

    def __init__(self, ledger: Ledger, readers: Readers) -> None:
        self._ledger = ledger
        self._readers = readers

    async def messages(self, identity: str, wanted: MessageFilter, span: Span) -> Listed[MessageView]:
        """Return a page of a charge point's frames, up to the very last one."""
        after = span.after(NUMBERS)
        if after is None:
            await self._ledger.flush_frames()
        page = await self._readers.run(message_page, require_identity(identity), wanted, after, span.limit)
        return listed(page.map(view_message))

    async def deviations(self, identity: str, span: Span) -> Listed[DeviationView]:
        """Return a page of how a charge point breaks the specification."""
        after = span.after(NUMBER)
        page = await self._readers.run(
            evidence_page_of, Kind.DEVIATIONS, require_identity(identity), after, span.limit
        )
        return listed(page.map(view_deviation))

    async def quarantine(self, charge_point: str | None, span: Span) -> Listed[QuarantineView]:
        """Return a page of what could not be used."""
        return await self._list(Kind.QUARANTINE, view_quarantined, charge_point, span)

    async def quarantined(self, id: int) -> QuarantineView:
        """Return one piece of what could not be used."""
        return view_quarantined(await self._readers.run(evidence, Kind.QUARANTINE, id))

    async def status_reports(self, charge_point: str | None, span: Span) -> Listed[StatusReportView]:
        """Return a page of what charge points said about files and firmware."""
        return await self._list(Kind.STATUS_REPORTS, view_status_report, charge_point, span)

    async def security_events(self, charge_point: str | None, span: Span) -> Listed[SecurityEventView]:
        """Return a page of security events."""
        return await self._list(Kind.SECURITY_EVENTS, view_security_event, charge_point, span)

    async def data_transfers(self, charge_point: str | None, span: Span) -> Listed[DataTransferView]:
        """Return a page of DataTransfers."""
        return await self._list(Kind.DATA_TRANSFERS, view_data_transfer, charge_point, span)

    async def _list(
        self, kind: Kind, view: Callable[[Record], V], charge_point: str | None, span: Span
    ) -> Listed[V]:
        page = await self._readers.run(evidence_page, kind, charge_point, span.after(NUMBER), span.limit)
        return listed(page.map(view))

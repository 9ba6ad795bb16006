"""Transactions, their meter values, and the stops that belong to none."""

from __future__ import annotations

from voltyard.central.operations.cursors import NUMBER, NUMBERS, Listed, Span, listed
from voltyard.central.operations.views import (
    MeterValueView,
    StopView,
    TransactionView,
    view_meter_value,
    view_stop,
    view_transaction,
)
from voltyard.central.storage.queries.transactions import (
    TransactionFilter,
    meter_value_page,
    transaction,
    transaction_page,
    unlinked_stop_page,
)
from voltyard.central.storage.readers import Readers


class TransactionOperations:
    """Shows what charge points reported about charging."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    async def get(self, id: int) -> TransactionView:
        """Return one."""
        return view_transaction(await self._readers.run(transaction, id))

    async def page(self, wanted: TransactionFilter, span: Span) -> Listed[TransactionView]:
        """Return a page, newest start first."""
        page = await self._readers.run(transaction_page, wanted, span.after(NUMBERS), span.limit)
        return listed(page.map(view_transaction))

    async def meter_values(self, id: int, span: Span) -> Listed[MeterValueView]:
        """Return a page of a transaction's meter values, oldest first."""
        page = await self._readers.run(meter_value_page, id, span.after(NUMBERS), span.limit)
        return listed(page.map(view_meter_value))

    async def unlinked_stops(self, charge_point: str | None, span: Span) -> Listed[StopView]:
        """Return a page of stops that belong to no transaction, newest first."""
        page = await self._readers.run(unlinked_stop_page, charge_point, span.after(NUMBER), span.limit)
        return listed(page.map(view_stop))

"""Transactions and their meter values."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from litestar import get
from litestar.params import QueryParameter

from voltyard.central.api.problems import BadRequest
from voltyard.central.api.routes.parameters import ChargePointFilter, Number, Ops, Page
from voltyard.central.instants import to_us
from voltyard.central.operations.cursors import Listed
from voltyard.central.operations.views import MeterValueView, StopView, TransactionView
from voltyard.central.storage.queries.transactions import TransactionFilter

Tag = Annotated[str | None, QueryParameter(description="Only with this tag; letter case does not matter.")]
Running = Annotated[bool | None, QueryParameter(description="Only those that run, or only those that ended.")]
From = Annotated[
    datetime | None, QueryParameter(name="from", description="Only those that started then or later.")
]
To = Annotated[datetime | None, QueryParameter(name="to", description="Only those that started before.")]


@get("/transactions")
async def list_transactions(
    operations: Ops,
    span: Page,
    charge_point: ChargePointFilter = None,
    id_tag: Tag = None,
    running: Running = None,
    started_from: From = None,
    started_to: To = None,
) -> Listed[TransactionView]:
    """List transactions, newest start first."""
    wanted = TransactionFilter(
        charge_point=charge_point,
        id_tag=id_tag,
        running=running,
        from_us=_instant(started_from, "from"),
        to_us=_instant(started_to, "to"),
    )
    return await operations.transactions.page(wanted, span)


@get("/transactions/{id:int}")
async def get_transaction(operations: Ops, id: Number) -> TransactionView:
    """Get a transaction."""
    return await operations.transactions.get(id)


@get("/transactions/{id:int}/meter-values")
async def list_meter_values(operations: Ops, id: Number, span: Page) -> Listed[MeterValueView]:
    """List the meter values of a transaction, oldest first."""
    return await operations.transactions.meter_values(id, span)


@get("/unlinked-stops")
async def list_unlinked_stops(
    operations: Ops, span: Page, charge_point: ChargePointFilter = None
) -> Listed[StopView]:
    """List the stops that belong to no transaction, newest first."""
    return await operations.transactions.unlinked_stops(charge_point, span)


def _instant(moment: datetime | None, field: str) -> int | None:
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise BadRequest("expected a date-time with a zone", field=field)
    return to_us(moment)


ROUTES = (list_transactions, get_transaction, list_meter_values, list_unlinked_stops)

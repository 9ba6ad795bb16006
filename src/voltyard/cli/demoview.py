"""What the demo shows: a live table on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import rich_click as click
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

from voltyard.central.operations import Operations
from voltyard.central.operations.cursors import Span
from voltyard.central.operations.views import TransactionView
from voltyard.central.storage.queries.transactions import TransactionFilter
from voltyard.chargepoint.simulator import SimulatedStation
from voltyard.cli.snapshots import (
    Station,
    count_charging,
    count_connected,
    plain_table,
    station_table,
    total_power_kw,
)

_REFRESH_S = 1.0
_LINE_EVERY_S = 10.0
_MOST_TRANSACTIONS = 8
_FEWEST_TRANSACTIONS = 2
_LINES_OF_HEADINGS = 6


async def show_live(operations: Operations, stations: Sequence[SimulatedStation], console: Console) -> None:
    """Keep tables of charge points and transactions up to date until cancelled."""
    with Live(console=console, auto_refresh=False) as live:
        while True:
            table = station_table(_snapshots(stations))
            newest = await _newest_transactions(operations, _lines_left(console, table))
            live.update(Group(table, "", transaction_table(newest)), refresh=True)
            await asyncio.sleep(_REFRESH_S)


async def print_lines(
    operations: Operations, stations: Sequence[SimulatedStation], _console: Console
) -> None:
    """Print a line every ten seconds until cancelled."""
    while True:
        newest = await _newest_transactions(operations, 1)
        click.echo(summary_line(datetime.now(UTC), _snapshots(stations), newest))
        await asyncio.sleep(_LINE_EVERY_S)


def transaction_table(transactions: Sequence[TransactionView]) -> Table:
    """Return a table of transactions as the central system has stored them."""
    table = plain_table()
    for heading in ("transaction", "charge point", "connector", "tag", "started", "ended"):
        table.add_column(heading, no_wrap=True)
    table.add_column("kWh", justify="right", no_wrap=True)
    for transaction in transactions:
        table.add_row(
            str(transaction.id),
            transaction.charge_point,
            str(transaction.connector_id),
            transaction.id_tag,
            _time_of_day(transaction.started_at),
            _end(transaction),
            _energy_kwh(transaction),
        )
    return table


def summary_line(now: datetime, stations: Sequence[Station], newest: Sequence[TransactionView]) -> str:
    """Return what goes on, as one line of text."""
    line = (
        f"{now:%H:%M:%S} {count_connected(stations)}/{len(stations)} charge points connected, "
        f"{count_charging(stations)} transactions running, {total_power_kw(stations):.1f} kW"
    )
    for transaction in newest:
        line += (
            f"; newest {transaction.id} at {transaction.charge_point}/{transaction.connector_id}, "
            f"{transaction.id_tag}, {_end(transaction)}"
        )
    return line


async def _newest_transactions(operations: Operations, limit: int) -> list[TransactionView]:
    listed = await operations.transactions.page(TransactionFilter(), Span(limit=limit))
    return listed.items


def _lines_left(console: Console, table: Table) -> int:
    left = console.height - table.row_count - _LINES_OF_HEADINGS
    return min(max(left, _FEWEST_TRANSACTIONS), _MOST_TRANSACTIONS)


def _snapshots(stations: Sequence[SimulatedStation]) -> list[Station]:
    return [(station.identity, station.snapshot()) for station in stations]


def _time_of_day(timestamp: str) -> str:
    return timestamp[11:19]


def _end(transaction: TransactionView) -> str:
    if transaction.stopped_at is None:
        return "running"
    # OCPP 1.6 §6.45: a StopTransaction without a reason means Local.
    return f"{_time_of_day(transaction.stopped_at)} {transaction.stop_reason or 'Local'}"


def _energy_kwh(transaction: TransactionView) -> str:
    return "" if transaction.energy_wh is None else f"{transaction.energy_wh / 1000:.2f}"

"""What a fleet looks like: live totals on a terminal, a line now and then elsewhere, a summary at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping

import rich_click as click
from rich.console import Console
from rich.live import Live
from rich.table import Table

from voltyard.chargepoint.simulator import FleetTotals
from voltyard.cli.snapshots import plain_table

_REFRESH_S = 1.0
_LINE_EVERY_S = 10.0
_MOST_KINDS = 8

Totals = Callable[[], FleetTotals]


async def show_live(totals: Totals, console: Console) -> None:
    """Keep a table of the totals up to date until cancelled."""
    before = totals()
    with Live(console=console, auto_refresh=False) as live:
        while True:
            now = totals()
            live.update(totals_table(before, now), refresh=True)
            before = now
            await asyncio.sleep(_REFRESH_S)


async def print_lines(totals: Totals, _console: Console) -> None:
    """Print a line at once and every ten seconds until cancelled."""
    before = totals()
    while True:
        now = totals()
        click.echo(totals_line(before, now))
        before = now
        await asyncio.sleep(_LINE_EVERY_S)


def totals_table(before: FleetTotals, now: FleetTotals) -> Table:
    """Return the totals as a table; what goes on per second is since `before`."""
    sent_per_s, received_per_s = _rates(before, now)
    table = plain_table()
    table.add_column("fleet", no_wrap=True)
    table.add_column(f"after {now.seconds:.0f} s")
    for name, value in (
        ("charge points", f"{now.planned} planned, {now.begun} begun, {now.broken} broken"),
        ("connected", f"{now.connected}, {now.accepted} accepted"),
        ("transactions", f"{now.charging} running, {_transactions(now)}"),
        ("undelivered", str(now.undelivered)),
        ("messages", f"{sent_per_s:.0f}/s sent, {received_per_s:.0f}/s received"),
        ("answered in", _latency(now)),
        ("calls", _kinds(now.calls)),
        ("faults", _kinds(now.faults)),
        ("errors", _kinds(now.errors)),
    ):
        table.add_row(name, value)
    return table


def totals_line(before: FleetTotals, now: FleetTotals) -> str:
    """Return the totals as one line of text; what goes on per second is since `before`."""
    sent_per_s, received_per_s = _rates(before, now)
    return (
        f"{now.seconds:.0f} s: {now.connected}/{now.planned} connected, {now.charging} charging, "
        f"{_transactions(now)}, {now.undelivered} undelivered, "
        f"{sent_per_s:.0f}/s sent, {received_per_s:.0f}/s received, answered in {_latency(now)}, "
        f"{sum(now.faults.values())} faults, {sum(now.errors.values())} errors"
    )


def summary(totals: FleetTotals) -> Iterator[str]:
    """Return the totals at the end, line by line."""
    seconds = max(totals.seconds, 1e-9)
    yield (
        f"{totals.accepted} of {totals.planned} charge points accepted, {totals.connected} connected, "
        f"{totals.broken} broken after {totals.seconds:.0f} s"
    )
    yield (
        f"{totals.charging} transactions running, {_transactions(totals)}; "
        f"{totals.undelivered} messages undelivered"
    )
    yield (
        f"{totals.messages_sent} messages sent ({totals.messages_sent / seconds:.1f}/s), "
        f"{totals.messages_received} received ({totals.messages_received / seconds:.1f}/s)"
    )
    yield f"answered in {_latency(totals)}"
    for name, kinds in (("calls", totals.calls), ("faults", totals.faults), ("errors", totals.errors)):
        if kinds:
            yield f"{name}: {', '.join(f'{kind} {count}' for kind, count in kinds.items())}"


def _transactions(totals: FleetTotals) -> str:
    return f"{totals.transactions_started} started, {totals.transactions_finished} finished"


def _rates(before: FleetTotals, now: FleetTotals) -> tuple[float, float]:
    seconds = now.seconds - before.seconds
    if seconds <= 0:
        return 0.0, 0.0
    return (
        (now.messages_sent - before.messages_sent) / seconds,
        (now.messages_received - before.messages_received) / seconds,
    )


def _latency(totals: FleetTotals) -> str:
    if totals.median_latency_s is None or totals.p99_latency_s is None:
        return "-"
    return f"{totals.median_latency_s * 1e3:.1f} ms (median), {totals.p99_latency_s * 1e3:.1f} ms (99 %)"


def _kinds(counts: Mapping[str, int]) -> str:
    kinds = [f"{kind} {count}" for kind, count in counts.items()]
    return ", ".join(kinds[:_MOST_KINDS]) + (", ..." if len(kinds) > _MOST_KINDS else "")

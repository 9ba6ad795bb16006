"""What the demo shows of charge points and transactions."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from msgspec.structs import replace
from rich.console import Console
from tests.cli.test_snapshots import STATION

from voltyard.central.operations.views import TransactionView
from voltyard.cli.demoview import summary_line, transaction_table

NOW = datetime(2026, 5, 1, 12, 0, 5, tzinfo=UTC)
RUNNING = TransactionView(
    id=4711,
    charge_point="DEMO-01",
    connector_id=2,
    id_tag="VOLT01A",
    meter_start=100,
    meter_stop=None,
    started_at="2026-05-01T11:59:00.000Z",
    stopped_at=None,
    stop_reason=None,
    energy_wh=None,
    anomalies=[],
    authorization="Accepted",
    reservation_id=None,
    stop_id_tag=None,
    start_received_at="2026-05-01T11:59:00.000Z",
    stop_received_at=None,
)
ENDED = replace(
    RUNNING,
    id=4710,
    meter_stop=1334,
    energy_wh=1234.0,
    stopped_at="2026-05-01T11:58:30.000Z",
    stop_reason="Remote",
)


def test_a_line_sums_up_what_goes_on() -> None:
    line = summary_line(NOW, [("DEMO-01", STATION), ("DEMO-02", None)], [RUNNING])

    assert line == (
        "12:00:05 1/2 charge points connected, 1 transactions running, 11.0 kW; "
        "newest 4711 at DEMO-01/2, VOLT01A, running"
    )


def test_a_line_without_transactions_ends_early() -> None:
    assert summary_line(NOW, [], []) == (
        "12:00:05 0/0 charge points connected, 0 transactions running, 0.0 kW"
    )


@pytest.mark.parametrize(
    ("transaction", "cells"),
    [
        (RUNNING, ["4711", "DEMO-01", "2", "VOLT01A", "11:59:00", "running"]),
        (ENDED, ["4710", "DEMO-01", "2", "VOLT01A", "11:59:00", "11:58:30", "Remote", "1.23"]),
        (
            replace(ENDED, stop_reason=None),
            ["4710", "DEMO-01", "2", "VOLT01A", "11:59:00", "11:58:30", "Local", "1.23"],
        ),
    ],
)
def test_the_table_has_a_row_for_each_transaction(transaction: TransactionView, cells: list[str]) -> None:
    screen = io.StringIO()

    Console(file=screen, width=120).print(transaction_table([transaction]))

    assert screen.getvalue().splitlines()[2].split() == cells

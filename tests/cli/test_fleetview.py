"""What a fleet looks like on a terminal and elsewhere."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace

import pytest
from rich.console import Console

from voltyard.chargepoint.simulator import FleetTotals
from voltyard.cli.fleetview import print_lines, show_live, summary, totals_line, totals_table

BEFORE = FleetTotals(
    seconds=10.0,
    planned=100,
    begun=90,
    broken=1,
    connected=80,
    accepted=85,
    charging=40,
    transactions_started=50,
    transactions_finished=10,
    undelivered=3,
    messages_sent=1000,
    messages_received=990,
    median_latency_s=None,
    p99_latency_s=None,
    calls={},
    faults={},
    errors={},
)
NOW = replace(
    BEFORE,
    seconds=20.0,
    messages_sent=2500,
    messages_received=2490,
    median_latency_s=0.0021,
    p99_latency_s=0.5,
    calls={"MeterValues": 700, "Heartbeat": 20},
    faults={"drop": 5, "cut": 2},
    errors={"not connected: HTTP 401": 3},
)


def test_a_line_says_what_goes_on_since_the_last_one() -> None:
    assert totals_line(BEFORE, NOW) == (
        "20 s: 80/100 connected, 40 charging, 50 started, 10 finished, 3 undelivered, 150/s sent, "
        "150/s received, answered in 2.1 ms (median), 500.0 ms (99 %), 7 faults, 3 errors"
    )
    assert "0/s sent, 0/s received, answered in -, 0 faults" in totals_line(BEFORE, BEFORE)


def test_the_summary_says_what_it_came_to() -> None:
    assert list(summary(NOW)) == [
        "85 of 100 charge points accepted, 80 connected, 1 broken after 20 s",
        "40 transactions running, 50 started, 10 finished; 3 messages undelivered",
        "2500 messages sent (125.0/s), 2490 received (124.5/s)",
        "answered in 2.1 ms (median), 500.0 ms (99 %)",
        "calls: MeterValues 700, Heartbeat 20",
        "faults: drop 5, cut 2",
        "errors: not connected: HTTP 401 3",
    ]


def test_a_summary_of_nothing_is_short() -> None:
    assert len(list(summary(replace(BEFORE, seconds=0.0)))) == 4


def text_of(now: FleetTotals) -> str:
    console = Console(file=io.StringIO(), width=140)
    console.print(totals_table(BEFORE, now))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_table_shows_kinds_but_not_endlessly_many() -> None:
    shown = text_of(NOW)
    crowded = text_of(replace(NOW, errors={f"kind {number}": number for number in range(100)}))

    assert "150/s sent, 150/s received" in shown
    assert "drop 5, cut 2" in shown
    assert "kind 7 7, ..." in crowded
    assert "kind 8" not in crowded


@pytest.mark.parametrize("is_terminal", [True, False])
def test_views_go_on_until_they_are_cancelled(is_terminal: bool, capsys: pytest.CaptureFixture[str]) -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=is_terminal, width=140)

    async def look() -> None:
        view = asyncio.create_task((show_live if is_terminal else print_lines)(lambda: NOW, console))
        await asyncio.sleep(0)
        assert not view.done()
        view.cancel()
        await asyncio.wait({view})

    asyncio.run(look())

    shown = screen.getvalue() if is_terminal else capsys.readouterr().out
    assert "50 started, 10 finished" in shown

"""`voltyard demo`: a central system and charge points that charge all day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from voltyard.cli.options import ADDRESSES, DATA_DIR, Finite, takes_settings

if TYPE_CHECKING:
    from voltyard.central.settings import Settings


@click.command()
@takes_settings(DATA_DIR, *ADDRESSES)
@click.option(
    "--charge-points",
    "count",
    type=click.IntRange(1, 99),
    default=8,
    show_default=True,
    help="How many charge points there are.",
)
@click.option(
    "--speed",
    type=Finite(0.1, 3600),
    default=60.0,
    show_default=True,
    help="How much faster than the clock vehicles come and charge.",
)
def demo(settings: Settings, count: int, speed: float) -> None:
    """Show a central system with charge points at work until Ctrl-C.

    Everything is stored in the data directory, ./data if nothing else is said; starting again continues.
    Each start prints the addresses and a new API key, and revokes the one of the start before.
    """
    from voltyard.cli.demonstrating import demonstrate_until_stopped  # noqa: PLC0415 - heavy, see program.py

    demonstrate_until_stopped(settings, count, speed)

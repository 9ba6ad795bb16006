"""`voltyard db`: looking after the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from voltyard.cli.options import STORAGE, takes_settings
from voltyard.cli.storage import make_data_dir

if TYPE_CHECKING:
    from voltyard.central.settings import Settings


@click.group()
def db() -> None:
    """Check and upgrade the database."""


@db.command()
@takes_settings(*STORAGE)
def check(settings: Settings) -> None:
    """Examine the database without changing it, and print one line that says what it is.

    A missing, damaged, locked or too new database gets one line and exit status 3.
    """
    from voltyard.central.storage.database import check_database  # noqa: PLC0415 - heavy, see program.py

    click.echo(check_database(settings.database.reveal()))


@db.command()
@takes_settings(*STORAGE)
def upgrade(settings: Settings) -> None:
    """Make the database or bring it up to date, as `voltyard serve` does at its start.

    Not beside a running central system: that gets one line and exit status 3.
    """
    from voltyard.central.storage.database import check_database, open_database  # noqa: PLC0415

    make_data_dir(settings)
    open_database(settings.database.reveal(), exclusive=True).close()
    click.echo(check_database(settings.database.reveal()))

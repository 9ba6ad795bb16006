"""The database as the commands beside a central system, running or not, use it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voltyard.central.settings import Settings
    from voltyard.central.storage.database import Database


@contextmanager
def opened(settings: Settings, *, create: bool = False) -> Iterator[Database]:
    """Open the database that the settings name; unless `create`, one that is missing is trouble."""
    from voltyard.central.storage.database import open_database  # noqa: PLC0415 - heavy, see program.py

    if create:
        make_data_dir(settings)
    database = open_database(settings.database.reveal(), create=create)
    try:
        yield database
    finally:
        database.close()


def make_data_dir(settings: Settings) -> None:
    """Make the data directory if it is missing; raises `SettingsError` when that is impossible."""
    from voltyard.central.settings_sources import SettingsError  # noqa: PLC0415

    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"data_dir: {settings.data_dir} cannot be made: {error.strerror}") from error

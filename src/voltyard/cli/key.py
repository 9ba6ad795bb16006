"""`voltyard key`: the API keys of programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from voltyard.cli.options import STORAGE, checked_name, takes_settings
from voltyard.cli.storage import opened
from voltyard.cli.tables import print_table, to_minute

if TYPE_CHECKING:
    from voltyard.central.settings import Settings

ROLES = ("viewer", "operator", "admin")


@click.group()
def key() -> None:
    """Create, list and revoke API keys, also beside a running central system."""


@key.command()
@takes_settings(*STORAGE)
@click.option(
    "--role",
    type=click.Choice(ROLES),
    required=True,
    help="What it allows: to look, to operate charge points as well, or everything.",
)
@click.option(
    "--name",
    default="key",
    metavar="NAME",
    callback=checked_name,
    help="What the key is for, shown in the list.",
)
def create(settings: Settings, role: str, name: str) -> None:
    """Create an API key and print it, alone, on standard output.

    Only its hash is stored: it cannot be shown again. The database is made if there is none yet.
    """
    from voltyard.central.credentials import Role  # noqa: PLC0415 - heavy, see program.py
    from voltyard.central.storage.access import create_api_key  # noqa: PLC0415

    with opened(settings, create=True) as database:
        click.echo(create_api_key(database, Role(role), name).reveal())


@key.command("list")
@takes_settings(*STORAGE)
def list_(settings: Settings) -> None:
    """List the API keys: number, first characters, role, name, when they were made and when they expire."""
    from voltyard.central.storage.access import list_api_keys  # noqa: PLC0415

    with opened(settings) as database:
        keys = list_api_keys(database)
    rows = [
        (str(k.id), f"{k.prefix}…", k.role, k.name, to_minute(k.created_at_us), to_minute(k.expires_at_us))
        for k in keys
    ]
    print_table(("id", "key", "role", "name", "created", "expires"), rows)


@key.command()
@takes_settings(*STORAGE)
@click.argument("id", type=int)
def revoke(settings: Settings, id: int) -> None:
    """Revoke the API key with this number (see `voltyard key list`); it stops working at once."""
    from voltyard.central.storage.access import revoke_api_key  # noqa: PLC0415

    with opened(settings) as database:
        revoke_api_key(database, id)

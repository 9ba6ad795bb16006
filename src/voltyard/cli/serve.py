"""`voltyard serve`: the central system."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rich_click as click

from voltyard.cli.options import ADDRESSES, STORAGE, takes_settings

if TYPE_CHECKING:
    from voltyard.central.settings import Settings


@click.command()
@takes_settings(*STORAGE, *ADDRESSES)
def serve(settings: Settings) -> None:
    """Run the central system until Ctrl-C or SIGTERM.

    The first start makes the database and an API key, and prints the key once. When everything listens, a
    line `ready ocpp=URL api=URL` is printed. Every setting can stand in the TOML file, in the environment
    (ocpp.port is VOLTYARD_OCPP__PORT) or in --set; options win over the environment, that over the file.
    """
    from voltyard.cli.serving import serve_until_stopped  # noqa: PLC0415 - heavy, see program.py

    serve_until_stopped(settings)

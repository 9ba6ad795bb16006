"""`voltyard serve`: the central system, until somebody ends it."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import rich_click as click

from voltyard.cli.options import ADDRESSES, STORAGE, takes_settings

if TYPE_CHECKING:
    from voltyard.central.app import CentralSystem
    from voltyard.central.settings import Settings


@click.command()
@takes_settings(*STORAGE, *ADDRESSES)
def serve(settings: Settings) -> None:
    """Run the central system until Ctrl-C or SIGTERM.

    The first start makes the database and an API key, and prints the key once. When everything listens, a
    line `ready ocpp=URL api=URL` is printed. Every setting can stand in the TOML file, in the environment
    (ocpp.port is VOLTYARD_OCPP__PORT) or in --set; options win over the environment, that over the file.
    """
    from voltyard.cli.logs import configure_logs  # noqa: PLC0415 - heavy, see program.py
    from voltyard.cli.running import run_until_stopped  # noqa: PLC0415

    configure_logs(settings.log, sys.stderr)
    run_until_stopped(_serve(settings))


async def _serve(settings: Settings) -> None:
    import structlog  # noqa: PLC0415

    from voltyard.central.app import CentralSystem  # noqa: PLC0415

    log = structlog.get_logger()
    for warning in settings.warnings():
        log.warning("settings", warning=warning)
    async with CentralSystem(settings) as central:
        if central.first_api_key is not None:
            click.echo(f"API key (admin, shown only now): {central.first_api_key}")
        announce(central)
        await asyncio.Event().wait()


def announce(central: CentralSystem) -> None:
    """Print where everything is: lines for people, and one for programs."""
    click.echo(f"charge points:     {central.ocpp_url}/{{identity}}")
    click.echo(f"REST API:          {central.api_url}/api/v1")
    click.echo(f"its documentation: {central.api_url}/docs")
    click.echo(f"ready ocpp={central.ocpp_url} api={central.api_url}")

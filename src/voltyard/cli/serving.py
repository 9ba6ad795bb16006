"""Running the central system in the foreground: its log, and what it prints when it is ready."""

from __future__ import annotations

import asyncio
import sys

import rich_click as click
import structlog

from voltyard.central.app import CentralSystem
from voltyard.central.settings import Settings
from voltyard.cli.logs import configure_logs
from voltyard.cli.running import run_until_stopped
from voltyard.cli.storage import make_data_dir

_log = structlog.get_logger()


def serve_until_stopped(settings: Settings) -> None:
    """Run the central system until a signal ends it."""
    configure_logs(settings.log, sys.stderr)
    make_data_dir(settings)
    run_until_stopped(_serve(settings))


async def _serve(settings: Settings) -> None:
    for warning in settings.warnings():
        _log.warning("settings", warning=warning)
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

"""Running the central system in the foreground: its log, and what it prints when it is ready."""

from __future__ import annotations

import asyncio
import errno
import gc
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

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
    async with entered(CentralSystem(settings), settings) as central:
        if central.first_api_key is not None:
            click.echo(f"API key (admin, shown only now): {central.first_api_key}")
        spare_the_collector()
        announce(central)
        await asyncio.Event().wait()


@asynccontextmanager
async def entered(central: CentralSystem, settings: Settings) -> AsyncIterator[CentralSystem]:
    """Run a central system; when it cannot listen, the error says which setting is to blame."""
    for warning in settings.warnings():
        _log.warning("settings", warning=warning)
    try:
        await central.__aenter__()
    except OSError as error:
        blamed = None if error.filename else _blamed(settings)
        if blamed is None:
            raise
        raise blamed from error
    try:
        yield central
    finally:
        await central.__aexit__(None, None, None)


def spare_the_collector() -> None:
    """Have the garbage collector look at what comes and goes only, and less often.

    What was made until now stays until the end, and messages make next to no cycles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def announce(central: CentralSystem) -> None:
    """Print where everything is: lines for people, and one for programs."""
    click.echo(f"charge points:     {central.ocpp_url}/{{identity}}")
    click.echo(f"REST API:          {central.api_url}/api/v1")
    click.echo(f"its documentation: {central.api_url}/api/v1/docs")
    click.echo(f"ready ocpp={central.ocpp_url} api={central.api_url}")


def _blamed(settings: Settings) -> OSError | None:
    """Return why one of the addresses cannot be listened on, with its name; None if now both can."""
    for section, host, port in (
        ("ocpp", settings.ocpp.host, settings.ocpp.port),
        ("api", settings.api.host, settings.api.port),
    ):
        try:
            _try_to_bind(host, port)
        except socket.gaierror as error:
            return socket.gaierror(error.errno, f"{section}.host {host}: {error.strerror}")
        except OSError as error:
            what = "in use by another program" if error.errno == errno.EADDRINUSE else error.strerror
            return OSError(error.errno, f"{section}.port {port} on {host}: {what}")
    return None


def _try_to_bind(host: str, port: int) -> None:
    for family, kind, _, _, address in socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    ):
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)

"""Running one simulated charge point in the foreground, with a view of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import rich_click as click
from rich.console import Console
from rich.live import Live

from voltyard.chargepoint import stay_connected_to
from voltyard.chargepoint.simulator import SimulatedStation, Simulation
from voltyard.cli.endings import BadArgument
from voltyard.cli.running import run_until_stopped
from voltyard.cli.snapshots import milestones, station_line, station_table
from voltyard.transport import TransportError

_LOOK_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for on the command line; `pairs` are configuration keys as `Key=Value`."""

    url: str
    identity: str
    password: str | None
    connectors: int
    state_directory: Path | None
    speed: float
    pairs: tuple[str, ...]


def simulate_until_stopped(wanted: Wanted) -> None:
    """Run a charge point until a signal ends it; raises `BadArgument` and `StateUnusable`."""
    run_until_stopped(_simulate(wanted, Console()))


async def _simulate(wanted: Wanted, console: Console) -> None:
    station = _station(wanted)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(station.run())
        await (show_live if console.is_terminal else print_milestones)(station, console)


async def show_live(station: SimulatedStation, console: Console) -> None:
    """Keep a table up to date on a terminal until cancelled."""
    with Live(console=console, auto_refresh=False) as live:
        while True:
            live.update(station_table([(station.identity, station.snapshot())]), refresh=True)
            await asyncio.sleep(_LOOK_S)


async def print_milestones(station: SimulatedStation, console: Console) -> None:
    """Print a line whenever something happens, until cancelled."""
    last: tuple[object, ...] | None = None
    while True:
        snapshot = station.snapshot()
        if milestones(snapshot) != last:
            last = milestones(snapshot)
            click.echo(station_line(station.identity, snapshot))
        await asyncio.sleep(_LOOK_S)


def _station(wanted: Wanted) -> SimulatedStation:
    simulation = Simulation(
        identity=wanted.identity,
        connectors=wanted.connectors,
        state_directory=wanted.state_directory,
        speed=wanted.speed,
        settings=_settings(wanted.pairs),
    )
    stay_connected = stay_connected_to(
        _checked_url(wanted.url),
        wanted.identity,
        password=None if wanted.password is None else wanted.password.encode(),
        failed=_tell_failure,
    )
    try:
        return SimulatedStation(simulation, stay_connected)
    except ValueError as error:
        raise BadArgument(f"--set: {error}") from error


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("ws", "wss") and bool(parts.hostname) and not parts.username
        is_good = is_good and not parts.fragment and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good:
        raise BadArgument(f"--url: expected ws://host:port/path or wss://host:port/path, got {url!a}")
    return url


def _settings(pairs: Iterable[str]) -> dict[str, str]:
    settings: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise BadArgument(f"--set: expected KEY=VALUE, got {pair!a}")
        settings[key.strip()] = value
    return settings


def _tell_failure(error: OSError | TransportError, retry_in_s: float) -> None:
    reason = " ".join(str(error).split()) or type(error).__name__
    click.echo(f"voltyard: not connected: {reason}; next attempt in {retry_in_s:.0f} s", err=True)

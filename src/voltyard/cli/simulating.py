"""Running one simulated charge point in the foreground, with a view of it."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random

import rich_click as click
from rich.console import Console
from rich.live import Live

from voltyard.chargepoint import SystemClock, stay_connected_to
from voltyard.chargepoint.simulator import DEFAULT_ID_TAGS, SimulatedStation, Simulation, UnreliableNetwork
from voltyard.cli.arguments import checked_identity, checked_url, faults_of, settings_of, tags_of
from voltyard.cli.endings import BadArgument
from voltyard.cli.logs import log_for_people
from voltyard.cli.running import run_until_stopped
from voltyard.cli.snapshots import milestones, station_line, station_table
from voltyard.transport import FrameObserver, TransportError

_LOOK_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for on the command line; `pairs` are configuration keys as `Key=Value`."""

    url: str
    identity: str
    password: str | None
    connectors: int
    state_directory: Path | None
    is_fresh: bool
    has_fixed_cables: bool
    phases: int
    max_current_a: float
    grid_current_a: float | None
    has_main_meter: bool
    signs_readings: bool
    meter_key_file: Path | None
    has_drivers: bool
    id_tags: tuple[str, ...]
    seed: int
    faults: str | None
    control_port: int | None
    speed: float
    pairs: tuple[str, ...]


def simulate_until_stopped(wanted: Wanted) -> None:
    """Run a charge point until a signal ends it; raises `BadArgument` and `StateUnusable`."""
    log_for_people()
    run_until_stopped(_simulate(wanted, Console()))


async def _simulate(wanted: Wanted, console: Console) -> None:
    async with AsyncExitStack() as stack:
        if wanted.control_port is None:
            station, _ = _build(wanted)
        else:
            station = await _controlled(wanted, wanted.control_port, stack)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(station.run())
            await (show_live if console.is_terminal else print_milestones)(station, console)


async def _controlled(wanted: Wanted, port: int, stack: AsyncExitStack) -> SimulatedStation:
    """Return the charge point, with its control API open until the stack is left."""
    # Imported here, since a web framework is not worth the wait for those who need none.
    from voltyard.chargepoint.control.bench import Bench  # noqa: PLC0415
    from voltyard.chargepoint.control.message_log import MessageLog  # noqa: PLC0415
    from voltyard.chargepoint.control.server import ControlServer  # noqa: PLC0415

    log = MessageLog(SystemClock().now)
    station, network = _build(wanted, log)
    try:
        server = await stack.enter_async_context(ControlServer(Bench(station, network, log), port))
    except OSError as error:
        raise OSError(error.errno, f"--control-port {port}: {error.strerror}") from error
    click.echo(f"control {server.url}")
    return station


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


def _build(
    wanted: Wanted, observer: FrameObserver | None = None
) -> tuple[SimulatedStation, UnreliableNetwork]:
    stay_connected = stay_connected_to(
        checked_url(wanted.url),
        checked_identity(wanted.identity),
        password=None if wanted.password is None else wanted.password.encode(),
        terms=lambda: station.terms,
        failed=tell_failure,
    )
    random = Random(f"{wanted.seed}/{wanted.identity}/network")  # noqa: S311 - faults are no secrets
    network = UnreliableNetwork(stay_connected, random, SystemClock(), faults_of(wanted.faults))
    try:
        station = SimulatedStation(_simulation(wanted), network, observer=observer)
    except ValueError as error:
        raise BadArgument(f"--set: {error}") from error
    return station, network


def _simulation(wanted: Wanted) -> Simulation:
    return Simulation(
        identity=wanted.identity,
        connectors=wanted.connectors,
        has_fixed_cables=wanted.has_fixed_cables,
        phases=wanted.phases,
        max_current_a=wanted.max_current_a,
        grid_current_a=wanted.grid_current_a,
        has_main_meter=wanted.has_main_meter,
        signs_readings=wanted.signs_readings,
        meter_key=_key_in(wanted.meter_key_file),
        state_directory=wanted.state_directory,
        is_fresh=wanted.is_fresh,
        speed=wanted.speed,
        seed=wanted.seed,
        id_tags=tags_of(wanted.id_tags) or DEFAULT_ID_TAGS,
        has_drivers=wanted.has_drivers,
        settings=settings_of(wanted.pairs),
    )


def _key_in(file: Path | None) -> bytes | None:
    if file is None:
        return None
    # Imported here, since it brings cryptography, which is heavy.
    from voltyard.chargepoint.simulator.ocmf import key_from_pem  # noqa: PLC0415

    try:
        pem = file.read_bytes()
        key_from_pem(pem)
    except OSError as error:
        raise BadArgument(f"--meter-key: {file}: {error.strerror}") from error
    except ValueError as error:
        raise BadArgument(f"--meter-key: {file}: {error}") from error
    return pem


def tell_failure(error: OSError | TransportError, retry_in_s: float) -> None:
    """Print why an attempt to connect failed."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    reason = " ".join(text.split()) or type(error).__name__
    # Not by click, which would get around the table that may be on the screen.
    sys.stderr.write(f"voltyard: not connected: {reason}; next attempt in {retry_in_s:.0f} s\n")

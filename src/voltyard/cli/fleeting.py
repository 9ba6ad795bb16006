"""Running a fleet of simulated charge points, with a view of its totals."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from random import Random
from ssl import create_default_context

import rich_click as click
from msgspec import json
from rich.console import Console

from voltyard.chargepoint.connection import Terms, stay_connected_to
from voltyard.chargepoint.simulator import (
    DEFAULT_ID_TAGS,
    SITES,
    AlwaysCharging,
    Arrivals,
    DailyArrivals,
    Fleet,
    FleetPlan,
    SimulatedStation,
    Simulation,
    SteadyArrivals,
    any_site,
)
from voltyard.chargepoint.uplink import StayConnected
from voltyard.cli.arguments import checked_url, faults_of, settings_of, tags_of
from voltyard.cli.endings import BadArgument
from voltyard.cli.fleetview import print_lines, show_live, summary
from voltyard.cli.logs import log_for_people
from voltyard.cli.running import run_until_stopped
from voltyard.transport.deadlines import Deadlines
from voltyard.transport.errors import TransportError

_LONGEST_IDENTITY = 48
_LONGEST_DELAY_S = 60.0
_FILES_PER_STATION = 1
_FILES_PER_STATE = 3
_OTHER_FILES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for on the command line; `pairs` are configuration keys as `Key=Value`."""

    url: str
    count: int
    prefix: str
    password: str | None
    connectors: int
    id_tags: tuple[str, ...]
    arrivals: str
    is_always_charging: bool
    begins_at: time | None
    speed: float
    seed: int
    per_s: float
    faults: str | None
    state_directory: Path | None
    pairs: tuple[str, ...]
    duration_s: float | None
    json_path: Path | None


def run_fleet(wanted: Wanted) -> bool:
    """Run the fleet, print its totals and return whether it was complete; raises `BadArgument`."""
    url, plan = checked_url(wanted.url), plan_of(wanted)
    _check_settings(plan)
    log_for_people()
    _check_file(wanted.json_path)
    _allow_files(plan)
    run = _Run(plan, url, wanted.password, Console())
    run_until_stopped(run.until_over(wanted.duration_s))
    totals = run.totals
    click.echo("\n".join(summary(totals)))
    if wanted.json_path is not None:
        wanted.json_path.write_bytes(json.format(json.encode(totals)) + b"\n")
    return totals.is_complete


def plan_of(wanted: Wanted) -> FleetPlan:
    """Return the fleet that is wanted; raises `BadArgument`."""
    _check_identities(wanted)
    return FleetPlan(
        count=wanted.count,
        prefix=wanted.prefix,
        connectors=wanted.connectors,
        seed=wanted.seed,
        speed=wanted.speed,
        per_s=wanted.per_s,
        arrivals=_arrivals(wanted),
        id_tags=tags_of(wanted.id_tags, wanted.count) or DEFAULT_ID_TAGS,
        settings=settings_of(wanted.pairs),
        state_directory=wanted.state_directory,
        faults=faults_of(wanted.faults),
    )


class _Run:
    """One run of a fleet; what it came to is known at any time."""

    def __init__(self, plan: FleetPlan, url: str, password: str | None, console: Console) -> None:
        self._fleet = Fleet(plan, self._stay_connected)
        self._url = url
        self._password = None if password is None else password.encode()
        self._console = console
        # Loading the trusted authorities for each connection would take longer than all the rest.
        self._ssl = create_default_context() if url.startswith("wss:") else None
        self._deadlines: Deadlines | None = None
        self.totals = self._fleet.totals()

    async def until_over(self, duration_s: float | None) -> None:
        """Run until cancelled, or for so long."""
        self._deadlines = Deadlines(asyncio.get_running_loop())
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(self._fleet.run())
            view = show_live if self._console.is_terminal else print_lines
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(duration_s):
                        await view(self._fleet.totals, self._console)
            finally:
                # Afterwards nothing is connected any more.
                self.totals = self._fleet.totals()
            running.cancel()

    def _stay_connected(
        self,
        identity: str,
        *,
        terms: Callable[[], Terms],
        failed: Callable[[OSError | TransportError, float], None],
    ) -> StayConnected:
        return stay_connected_to(
            self._url,
            identity,
            password=self._password,
            terms=terms,
            ssl=self._ssl,
            longest_delay_s=_LONGEST_DELAY_S,
            failed=failed,
            deadlines=self._deadlines,
        )


def _check_identities(wanted: Wanted) -> None:
    longest = f"{wanted.prefix}{wanted.count:05}"
    if len(longest) > _LONGEST_IDENTITY or not longest.isprintable():
        raise BadArgument(f"--prefix: an identity has at most {_LONGEST_IDENTITY} printable characters")


def _arrivals(wanted: Wanted) -> Callable[[Random], Arrivals]:
    if wanted.is_always_charging:
        return lambda random: AlwaysCharging()
    if wanted.arrivals == "steady":
        return lambda random: SteadyArrivals()
    ahead = _ahead_of_utc(wanted.begins_at)
    if wanted.arrivals == "mixed":
        return lambda random: DailyArrivals(any_site(random), ahead)
    return lambda random: DailyArrivals(SITES[wanted.arrivals], ahead)


def _ahead_of_utc(begins_at: time | None) -> timedelta:
    now = datetime.now().astimezone()
    ahead = now.utcoffset() or timedelta()
    if begins_at is not None:
        ahead += datetime.combine(now.date(), begins_at) - now.replace(tzinfo=None)
    return ahead


def _check_settings(plan: FleetPlan) -> None:
    async def never_connected(_connected: object) -> None:
        await asyncio.Event().wait()

    simulation = Simulation(identity=plan.identity(1), connectors=plan.connectors, settings=plan.settings)
    try:
        SimulatedStation(simulation, never_connected)
    except ValueError as error:
        raise BadArgument(f"--set: {error}") from error


def _check_file(path: Path | None) -> None:
    try:
        if path is not None:
            path.touch()
    except OSError as error:
        raise BadArgument(f"--json: {path}: {error.strerror}") from error


def _allow_files(plan: FleetPlan) -> None:
    """Let the process have as many sockets and files open as it needs."""
    per_station = _FILES_PER_STATION + (0 if plan.state_directory is None else _FILES_PER_STATE)
    needed = plan.count * per_station + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and needed > hard:
        raise BadArgument(f"--count: needs {needed} open files, and the system allows {hard}")
    if soft != resource.RLIM_INFINITY and needed > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))

"""Running the demo: a central system, charge points that it knows, and a view of both."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence

import rich_click as click
from rich.console import Console

from voltyard.central.app import CentralSystem
from voltyard.central.credentials import Role, generate_password
from voltyard.central.operations import Operations
from voltyard.central.operations.requests import ChargePointChanges, NewChargePoint, NewTag
from voltyard.central.secret import Secret
from voltyard.central.services.errors import Conflict
from voltyard.central.settings import Settings
from voltyard.central.storage.access import create_api_key, revoke_api_keys_named
from voltyard.central.storage.database import open_database
from voltyard.chargepoint.simulator import SimulatedStation, Simulation, simulated_station
from voltyard.cli.demoview import print_lines, show_live
from voltyard.cli.logs import configure_logs
from voltyard.cli.running import run_until_stopped
from voltyard.cli.serving import announce, entered
from voltyard.cli.storage import make_data_dir

_KEY_NAME = "demo"
_CONNECTORS = 2
_TAGS_PER_STATION = 4
_LONGEST_DELAY_S = 5.0
# A session takes minutes here instead of hours: it should have more than a meter value or two.
_CONFIGURATION = {"MeterValueSampleInterval": "5"}


def demonstrate_until_stopped(settings: Settings, count: int, speed: float) -> None:
    """Run the demo with `count` charge points until a signal ends it."""
    make_data_dir(settings)
    log_path = settings.data_dir / "demo.log"
    # The screen belongs to the view; what is logged can be read here.
    with log_path.open("w", encoding="utf-8") as log:
        configure_logs(settings.log, log)
        key = _renew_key(settings)
        run_until_stopped(_demonstrate(settings, count, speed, key))


async def _demonstrate(settings: Settings, count: int, speed: float, key: Secret) -> None:
    async with entered(CentralSystem(settings), settings) as central:
        stations = await _stations(settings, central, count, speed)
        click.echo(f"API key (admin): {key.reveal()}")
        announce(central)
        console = Console()
        async with asyncio.TaskGroup() as tasks:
            for station in stations:
                tasks.create_task(station.run())
            await (show_live if console.is_terminal else print_lines)(central.operations, stations, console)


def _renew_key(settings: Settings) -> Secret:
    """Make the key of this start; nothing is changed while another central system runs."""
    database = open_database(settings.database.reveal(), exclusive=True)
    try:
        revoke_api_keys_named(database, _KEY_NAME)
        return create_api_key(database, Role.ADMIN, _KEY_NAME)
    finally:
        database.close()


async def _stations(
    settings: Settings, central: CentralSystem, count: int, speed: float
) -> list[SimulatedStation]:
    """Return the charge points, each known to the central system, with tags of its own."""
    stations = []
    for number in range(1, count + 1):
        identity = f"DEMO-{number:02}"
        id_tags = [f"VOLT{number:02}{letter}" for letter in "ABCDEFGH"[:_TAGS_PER_STATION]]
        await _make_known(central.operations, id_tags)
        simulation = Simulation(
            identity=identity,
            connectors=_CONNECTORS,
            state_directory=settings.data_dir / "demo" / identity,
            speed=speed,
            seed=secrets.randbits(32),
            id_tags=id_tags,
            settings=_CONFIGURATION,
        )
        password = await _renew_password(central.operations, identity)
        stations.append(
            simulated_station(
                central.ocpp_url, simulation, password=password.encode(), longest_delay_s=_LONGEST_DELAY_S
            )
        )
    return stations


async def _renew_password(operations: Operations, identity: str) -> str:
    """Let a charge point in with a new password; so none has to be kept anywhere."""
    password = generate_password()
    try:
        await operations.charge_points.create(NewChargePoint(identity=identity, password=password))
    except Conflict:
        await operations.charge_points.change(identity, ChargePointChanges(password=password))
    return password


async def _make_known(operations: Operations, id_tags: Sequence[str]) -> None:
    for id_tag in id_tags:
        try:
            await operations.id_tags.create(NewTag(id_tag=id_tag))
        except Conflict:  # it is from an earlier start, and perhaps somebody has changed it since
            continue

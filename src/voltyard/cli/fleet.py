"""`voltyard fleet`: thousands of simulated charge points in one process."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import rich_click as click

from voltyard.cli.options import FAULTS, PASSWORD_VARIABLE, SEED, SPEED, URL, Finite

# As in voltyard.chargepoint.simulator.arrivals, which takes too long to import for `--help`.
_ARRIVALS = ("mixed", "home", "workplace", "public", "steady")


@click.command()
@URL
@click.option(
    "--count", type=click.IntRange(1, 100_000), required=True, metavar="N", help="How many charge points."
)
@click.option(
    "--prefix",
    metavar="TEXT",
    default="FLEET-",
    show_default=True,
    help="How identities begin; a number from 00001 follows.",
)
@click.option(
    "--password",
    metavar="TEXT",
    envvar=PASSWORD_VARIABLE,
    show_envvar=True,
    help="The password of all of them, better given in the environment; without one they have security "
    "profile 0.",
)
@click.option(
    "--connectors", type=click.IntRange(1, 100), default=1, show_default=True, help="How many each has."
)
@click.option(
    "--id-tag",
    "id_tags",
    metavar="TAG",
    multiple=True,
    help="An identifier of drivers; {n} in it becomes the number of the charge point. May be repeated.",
)
@click.option(
    "--arrivals",
    type=click.Choice(_ARRIVALS),
    default="mixed",
    show_default=True,
    help="When vehicles come: by the time of day as at such places, or steadily one after the other.",
)
@click.option(
    "--always-charging",
    is_flag=True,
    help="A vehicle at every connector, never full, and soon another one when it leaves: a load test.",
)
@click.option(
    "--begin",
    type=click.DateTime(["%H:%M"]),
    metavar="HH:MM",
    help="The time of day at which the drivers' day begins; without it that of the machine.",
)
@SPEED
@SEED
@click.option(
    "--ramp",
    type=Finite(0.1, 10_000),
    default=100.0,
    show_default=True,
    metavar="N",
    help="How many charge points begin every second.",
)
@FAULTS
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Directory with a folder for each of what it must not forget; without one they forget everything.",
)
@click.option(
    "--set",
    "pairs",
    metavar="KEY=VALUE",
    multiple=True,
    help="A configuration key of all of them, for example MeterValueSampleInterval=30; may be repeated.",
)
@click.option(
    "--duration",
    type=Finite(0, min_open=True),
    metavar="SECONDS",
    help="End after so long; without it Ctrl-C or SIGTERM ends it.",
)
@click.option(
    "--json",
    "json_path",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the totals to this file as JSON, too.",
)
def fleet(
    url: str,
    count: int,
    prefix: str,
    password: str | None,
    connectors: int,
    id_tags: tuple[str, ...],
    arrivals: str,
    always_charging: bool,
    begin: datetime | None,
    speed: float,
    seed: int,
    ramp: float,
    faults: str | None,
    state: Path | None,
    pairs: tuple[str, ...],
    duration: float | None,
    json_path: Path | None,
) -> None:
    """Run many simulated charge points in one process.

    On a terminal totals are shown live, elsewhere a line is printed now and then; at the end come the totals.
    Exit status: 0 if the central system accepted every charge point and none broke, else 1.
    """
    from voltyard.cli.fleeting import Wanted, run_fleet  # noqa: PLC0415 - see program.py

    is_complete = run_fleet(
        Wanted(
            url=url,
            count=count,
            prefix=prefix,
            password=password,
            connectors=connectors,
            id_tags=id_tags,
            arrivals=arrivals,
            is_always_charging=always_charging,
            begins_at=None if begin is None else begin.time(),
            speed=speed,
            seed=seed,
            per_s=ramp,
            faults=faults,
            state_directory=state,
            pairs=pairs,
            duration_s=duration,
            json_path=json_path,
        )
    )
    sys.exit(0 if is_complete else 1)

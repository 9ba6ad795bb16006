"""`voltyard chargepoint`: one simulated charge point."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from voltyard.cli.options import PASSWORD_VARIABLE


@click.command()
@click.option("--url", required=True, metavar="URL", help="Endpoint of the central system, ws:// or wss://.")
@click.option("--id", "identity", required=True, metavar="IDENTITY", help="Identity of the charge point.")
@click.option(
    "--password",
    metavar="TEXT",
    envvar=PASSWORD_VARIABLE,
    show_envvar=True,
    help="Its password, better given in the environment; without one it has security profile 0.",
)
@click.option(
    "--connectors", type=click.IntRange(1, 100), default=2, show_default=True, help="How many it has."
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Directory of what it must not forget; without one it forgets everything at its end.",
)
@click.option(
    "--speed",
    type=click.FloatRange(0.1, 3600),
    default=1.0,
    show_default=True,
    help="How much faster than the clock vehicles come and charge.",
)
@click.option(
    "--set",
    "pairs",
    metavar="KEY=VALUE",
    multiple=True,
    help="A configuration key, for example MeterValueSampleInterval=10; may be repeated.",
)
def chargepoint(
    url: str,
    identity: str,
    password: str | None,
    connectors: int,
    state: Path | None,
    speed: float,
    pairs: tuple[str, ...],
) -> None:
    """Run a simulated charge point until Ctrl-C or SIGTERM.

    Vehicles come, charge and leave; on a terminal a table shows it, elsewhere a line is printed whenever
    something changes. It keeps trying to connect for as long as it runs.
    """
    from voltyard.cli.simulating import Wanted, simulate_until_stopped  # noqa: PLC0415 - see program.py

    simulate_until_stopped(
        Wanted(
            url=url,
            identity=identity,
            password=password,
            connectors=connectors,
            state_directory=state,
            speed=speed,
            pairs=pairs,
        )
    )

"""`voltyard chargepoint`: one simulated charge point."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from voltyard.cli.options import FAULTS, IDENTITY, PASSWORD, SEED, SPEED, URL, Finite


@click.command()
@URL
@IDENTITY
@PASSWORD
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
    "--fresh",
    "is_fresh",
    is_flag=True,
    help="If what is in that directory is damaged, keep it aside and begin with nothing.",
)
@click.option(
    "--fixed-cables",
    "has_fixed_cables",
    is_flag=True,
    help="Cables cannot be pulled out of the charge point, and nothing locks them.",
)
@click.option(
    "--phases", type=click.IntRange(1, 3), default=3, show_default=True, help="How many each connector has."
)
@click.option(
    "--max-current",
    "max_current_a",
    type=Finite(6, 1000),
    default=32.0,
    show_default=True,
    metavar="AMPERES",
    help="What each connector offers per phase.",
)
@click.option(
    "--grid-current",
    "grid_current_a",
    type=Finite(6, 100_000),
    metavar="AMPERES",
    help="What all of them may draw together per phase; without it as much as they can offer.",
)
@click.option(
    "--no-main-meter",
    "has_main_meter",
    is_flag=True,
    default=True,
    flag_value=False,
    help="Connector 0 has no meter.",
)
@click.option(
    "--signed-readings", "signs_readings", is_flag=True, help="Meters sign their readings (OCMF), as a test."
)
@click.option(
    "--meter-key",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Private key (PEM) to sign readings with; without one each meter has one that is no secret.",
)
@click.option(
    "--no-drivers",
    "has_drivers",
    is_flag=True,
    default=True,
    flag_value=False,
    help="Nobody comes by himself: everything is done by the control API.",
)
@click.option(
    "--id-tag", "id_tags", metavar="TAG", multiple=True, help="An identifier of drivers; may be repeated."
)
@SEED
@FAULTS
@click.option(
    "--control-port",
    type=click.IntRange(0, 65_535),
    metavar="PORT",
    help="Port of 127.0.0.1 for the control API, by which tests plug in, break and look; 0 takes a free one.",
)
@SPEED
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
    is_fresh: bool,
    has_fixed_cables: bool,
    phases: int,
    max_current_a: float,
    grid_current_a: float | None,
    has_main_meter: bool,
    signs_readings: bool,
    meter_key: Path | None,
    has_drivers: bool,
    id_tags: tuple[str, ...],
    seed: int,
    faults: str | None,
    control_port: int | None,
    speed: float,
    pairs: tuple[str, ...],
) -> None:
    """Run a simulated charge point until Ctrl-C or SIGTERM.

    Vehicles come, charge and leave; on a terminal a table shows it, elsewhere a line is printed whenever
    something changes. It keeps trying to connect for as long as it runs. With a control port the address of
    the control API is printed first.
    """
    from voltyard.cli.simulating import Wanted, simulate_until_stopped  # noqa: PLC0415 - see program.py

    simulate_until_stopped(
        Wanted(
            url=url,
            identity=identity,
            password=password,
            connectors=connectors,
            state_directory=state,
            is_fresh=is_fresh,
            has_fixed_cables=has_fixed_cables,
            phases=phases,
            max_current_a=max_current_a,
            grid_current_a=grid_current_a,
            has_main_meter=has_main_meter,
            signs_readings=signs_readings or meter_key is not None,
            meter_key_file=meter_key,
            has_drivers=has_drivers,
            id_tags=id_tags,
            seed=seed,
            faults=faults,
            control_port=control_port,
            speed=speed,
            pairs=pairs,
        )
    )

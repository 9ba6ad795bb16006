"""`voltyard scenario`: lists, shows and runs scenarios."""

from __future__ import annotations

import sys
from pathlib import Path

import rich_click as click

from voltyard.cli.options import API_KEY_VARIABLE, IDENTITY, PASSWORD, URL, Finite


@click.group()
def scenario() -> None:
    """Put a central system to the test: a charge point that does what a scenario says.

    A scenario is a file of steps and of what has to come of them. Some are shipped; `show` prints one, as a
    beginning for your own.
    """


@scenario.command("list")
def list_scenarios() -> None:
    """List the scenarios that are shipped."""
    from voltyard.cli.playing import print_list  # noqa: PLC0415 - see program.py

    print_list()


@scenario.command()
@click.argument("name")
def show(name: str) -> None:
    """Print a scenario, given its name or its file."""
    from voltyard.cli.playing import print_text  # noqa: PLC0415

    print_text(name)


@scenario.command()
@click.argument("name")
@URL
@IDENTITY
@PASSWORD
@click.option(
    "--api-url",
    metavar="URL",
    help="REST API of `voltyard serve`, to command it; without one you are asked to make the central system "
    "do what is its part.",
)
@click.option(
    "--api-key",
    metavar="KEY",
    envvar=API_KEY_VARIABLE,
    show_envvar=True,
    help="API key of the role operator, better given in the environment.",
)
@click.option(
    "--speed",
    type=Finite(0.1, 3600),
    help="How much faster than the clock vehicles charge, in place of what the scenario says.",
)
@click.option(
    "--json",
    "json_path",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the verdict, all steps and all messages to a file.",
)
def run(
    name: str,
    url: str,
    identity: str,
    password: str | None,
    api_url: str | None,
    api_key: str | None,
    speed: float | None,
    json_path: Path | None,
) -> None:
    """Run a scenario, given its name or its file, against a central system.

    Exit status: 0 passed, 1 failed, 2 not a scenario or bad arguments.
    """
    from voltyard.cli.playing import Wanted, play  # noqa: PLC0415

    wanted = Wanted(
        name=name,
        url=url,
        identity=identity,
        password=password,
        api_url=api_url,
        api_key=api_key,
        speed=speed,
        json_path=json_path,
    )
    if not play(wanted):
        sys.exit(1)

"""The program: its commands, its version, and how it ends.

Everything heavy is imported by the commands when they run, so that `voltyard --help` answers at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import rich_click as click

from voltyard.cli.chargepoint import chargepoint
from voltyard.cli.database import db
from voltyard.cli.demo import demo
from voltyard.cli.endings import ending_of
from voltyard.cli.fleet import fleet
from voltyard.cli.key import key
from voltyard.cli.scenario import scenario
from voltyard.cli.serve import serve
from voltyard.cli.user import user


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="voltyard", message="%(prog)s %(version)s")
def program() -> None:
    """Run OCPP 1.6 charging networks.

    `voltyard demo` shows a central system with charge points at work; `voltyard serve` is the central system
    for real use. Exit status: 0 ended as asked, 1 refused, 2 bad settings or arguments, 3 what is
    stored cannot be used, 4 port in use.
    """


for _command in (serve, demo, chargepoint, fleet, scenario, user, key, db):
    program.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program and leave it with its exit status; without arguments those of the process count."""
    try:
        program(arguments, prog_name="voltyard")
    except Exception as error:  # whatever it is, the table knows how it ends, or it goes on
        ending = ending_of(error)
        if ending is None:
            raise
        click.echo(f"voltyard: {ending.line}", err=True)
        sys.exit(ending.status)

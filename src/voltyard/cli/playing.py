"""Running a scenario in the foreground, with a view of it and a verdict."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import rich_click as click
from rich.console import Console

from voltyard.chargepoint import stay_connected_to
from voltyard.chargepoint.scenario.central_system import CentralSystemControl, HttpControl
from voltyard.chargepoint.scenario.reading import find, read, shipped
from voltyard.chargepoint.scenario.runner import Circumstances, run
from voltyard.chargepoint.scenario.scenario import Scenario
from voltyard.chargepoint.scenario.verdict import Verdict
from voltyard.cli.arguments import checked_identity, checked_url
from voltyard.cli.endings import BadArgument
from voltyard.cli.logs import log_for_people
from voltyard.cli.running import run_until_stopped
from voltyard.cli.scenarioview import Lines, Screen, verdict_line
from voltyard.cli.simulating import tell_failure
from voltyard.cli.tables import print_table

_LONGEST_DELAY_S: Final = 2.0
"""How far delays between attempts to connect grow: the steps of a scenario do not wait for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for on the command line; `name` is that of a shipped scenario, or a path."""

    name: str
    url: str
    identity: str
    password: str | None
    api_url: str | None
    api_key: str | None
    speed: float | None
    json_path: Path | None


def print_list() -> None:
    """Print the names of the shipped scenarios and what they are about."""
    scenarios = [read(text, name) for name, text in shipped().items()]
    print_table(
        ("name", "steps", "about"),
        [(each.name, str(len(each.steps)), _first_sentence(each.description)) for each in scenarios],
    )


def print_text(name: str) -> None:
    """Print a scenario as it stands in its file; raises `UnknownScenario` and `ScenarioInvalid`."""
    where, text = find(name)
    read(text, where)
    click.echo(text, nl=False)


def play(wanted: Wanted) -> bool:
    """Run a scenario and return whether it passed.

    Raises `BadArgument`, `UnknownScenario`, `ScenarioInvalid` and `CentralSystemRefused`.
    """
    log_for_people()
    where, text = find(wanted.name)
    scenario, circumstances = read(text, where), _circumstances(wanted)
    _write(wanted.json_path, b"")  # that it can be written shows before everything else
    verdict = run_until_stopped(_show(scenario, circumstances))
    if verdict is None:
        click.echo(f"{scenario.name}: interrupted")
        return False
    click.echo(verdict_line(verdict))
    _write(wanted.json_path, msgspec.json.format(msgspec.json.encode(verdict)) + b"\n")
    return verdict.has_passed


def _first_sentence(text: str) -> str:
    return " ".join(text.split()).partition(". ")[0].removesuffix(".")


def _write(path: Path | None, content: bytes) -> None:
    if path is None:
        return
    try:
        path.write_bytes(content)
    except OSError as error:
        raise BadArgument(f"--json: {path}: {error.strerror}") from error


async def _show(scenario: Scenario, circumstances: Circumstances) -> Verdict:
    console = Console()
    if not console.is_terminal:
        return await run(scenario, circumstances, Lines())
    screen = Screen(console)
    try:
        return await run(scenario, circumstances, screen)
    finally:
        screen.close()


def _circumstances(wanted: Wanted) -> Circumstances:
    url, identity = checked_url(wanted.url), checked_identity(wanted.identity)
    password = None if wanted.password is None else wanted.password.encode()
    return Circumstances(
        identity=identity,
        connect=lambda terms: stay_connected_to(
            url,
            identity,
            password=password,
            terms=terms,
            longest_delay_s=_LONGEST_DELAY_S,
            failed=tell_failure,
        ),
        central=_control(wanted.api_url, wanted.api_key),
        speed=wanted.speed,
    )


def _control(api_url: str | None, api_key: str | None) -> CentralSystemControl | None:
    if api_url is None:
        return None
    if api_key is None:
        raise BadArgument("--api-url: needs --api-key")
    try:
        return HttpControl(api_url, api_key)
    except ValueError as error:
        raise BadArgument(f"--api-url: {error}") from error

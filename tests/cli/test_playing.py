"""`voltyard scenario`: what it prints, how it ends, and what it makes of bad arguments."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from tests.cli.conftest import Voltyard
from tests.cli.processes import running

from voltyard.chargepoint.scenario.reading import shipped

URL = "ws://127.0.0.1:9/ocpp"
RUN = ("scenario", "run", "--url", URL, "--id", "CP1")
OFFLINE = """
name = "offline"
description = "Nobody is there."
steps = [
    { do = "plug" },
    { do = "expect-state", connector = 1, fields = { status = "Preparing" } },
]
"""
REGISTERED = (
    '{ do = "expect-state", fields = { registration = "Accepted" }, within_s = 0.1 },\n    { do = "plug" },'
)


@pytest.fixture
def offline(tmp_path: Path) -> str:
    """A scenario that passes without a central system."""
    (tmp_path / "offline.toml").write_text(OFFLINE)
    return "offline.toml"


@pytest.fixture
def hopeless(tmp_path: Path) -> str:
    """A scenario that fails without one."""
    (tmp_path / "hopeless.toml").write_text(OFFLINE.replace('{ do = "plug" },', REGISTERED))
    return "hopeless.toml"


def test_the_shipped_scenarios_are_listed(voltyard: Voltyard) -> None:
    ended = voltyard("scenario", "list")

    heading, *lines = ended.out.splitlines()
    assert (ended.status, heading.split()) == (0, ["name", "steps", "about"])
    assert [line.split()[0] for line in lines] == sorted(shipped())
    assert lines[0].endswith("A charge point boots, is accepted and charges a vehicle")


def test_a_scenario_is_shown_as_it_is_written(voltyard: Voltyard) -> None:
    ended = voltyard("scenario", "show", "smart-charging")

    assert (ended.status, ended.out) == (0, shipped()["smart-charging"])


def test_a_scenario_that_passes_ends_with_status_0(voltyard: Voltyard, offline: str) -> None:
    ended = voltyard(*RUN, offline)

    assert ended.status == 0
    first, second, verdict = ended.out.splitlines()
    assert first.startswith("  1  passed  ")
    assert first.endswith("  plug a vehicle with 20 % into connector 1")
    assert second.endswith("expect connector 1 to be status Preparing")
    assert verdict.startswith("offline: passed, 2 of 2 steps in ")


def test_a_scenario_that_fails_ends_with_status_1_and_says_why(voltyard: Voltyard, hopeless: str) -> None:
    ended = voltyard(*RUN, hopeless)

    assert ended.status == 1
    assert "  1  failed" in ended.out
    assert '      charge point.registration is absent, not "Accepted", within 0.1 s\n' in ended.out
    assert "skipped" not in ended.out
    assert "offline: failed, 0 of 3 steps in " in ended.out


def test_the_verdict_can_be_read_by_programs(voltyard: Voltyard, hopeless: str, tmp_path: Path) -> None:
    voltyard(*RUN, hopeless, "--json", "verdict.json")

    verdict = json.loads((tmp_path / "verdict.json").read_text())
    assert (verdict["scenario"], verdict["outcome"], verdict["messages"]) == ("offline", "failed", [])
    assert [step["outcome"] for step in verdict["steps"]] == ["failed", "skipped", "skipped"]
    assert verdict["steps"][0]["reason"]


def test_what_the_central_system_has_to_know_is_asked_for(
    voltyard: Voltyard, offline: str, tmp_path: Path
) -> None:
    (tmp_path / offline).write_text('tags = [{ id_tag = "A" }]\n' + OFFLINE)

    ended = voltyard(*RUN, offline)

    assert ended.out.startswith("please: make sure that the central system knows A (Accepted)\n")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["show", "nonsense"], "'nonsense' is no scenario that is shipped, and no file"),
        ([*RUN[1:], "nonsense"], "'nonsense' is no scenario that is shipped, and no file"),
        (["run", "offline.toml", "--url", "http://host", "--id", "CP1"], "--url: expected ws://"),
        (["run", "offline.toml", "--url", URL, "--id", ""], "--id: expected printable characters, got ''"),
        ([*RUN[1:], "offline.toml", "--api-url", "http://host"], "--api-url: needs --api-key"),
        (
            [*RUN[1:], "offline.toml", "--api-url", "ws://host", "--api-key", "k"],
            "--api-url: expected http://host:port or https://host:port",
        ),
        ([*RUN[1:], "bad.toml"], "bad.toml, step 1 (plug): Expected `int` >= 1 - at `$.connector`"),
        (["show", "bad.toml"], "bad.toml, step 1 (plug): Expected `int` >= 1 - at `$.connector`"),
        ([*RUN[1:], "offline.toml", "--json", "missing/verdict.json"], "--json: "),
        (
            [*RUN[1:], "impossible.toml"],
            "offline: station.settings: ",
        ),
    ],
)
def test_a_bad_scenario_or_argument_gets_one_line_and_status_2(
    voltyard: Voltyard, offline: str, tmp_path: Path, arguments: list[str], line: str
) -> None:
    (tmp_path / "bad.toml").write_text(OFFLINE.replace('"plug"', '"plug", connector = 0'))
    (tmp_path / "impossible.toml").write_text(OFFLINE + "[station.settings]\nNonsense = 1\n")

    ended = voltyard("scenario", *arguments)

    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith(f"voltyard: {line}")
    assert ended.err.count("\n") == 1


def test_an_api_that_refuses_ends_with_status_1(voltyard: Voltyard, offline: str, tmp_path: Path) -> None:
    (tmp_path / offline).write_text('tags = [{ id_tag = "A" }]\n' + OFFLINE)

    ended = voltyard(*RUN, offline, "--api-url", "http://127.0.0.1:9", "--api-key", "k")

    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith("voltyard: the API of the central system: ")


@pytest.mark.integration
def test_a_scenario_that_is_interrupted_has_not_passed(offline: str, tmp_path: Path) -> None:
    (tmp_path / offline).write_text(OFFLINE.replace("},\n]", "}, { do = 'wait', seconds = 600 }]"))

    with running(tmp_path, *RUN, offline) as program:
        program.read_until("  2  passed")
        status = program.end(signal.SIGINT)

    assert status == 1
    assert program.lines[-1] == "offline: interrupted"

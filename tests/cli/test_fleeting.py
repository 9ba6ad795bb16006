"""Running a fleet: its arguments, its end, and what the central system saw of it."""

from __future__ import annotations

import asyncio
import resource
from datetime import UTC, datetime, time
from pathlib import Path
from random import Random
from typing import Any

import pytest
from msgspec import json
from tests.aio import run
from tests.cli.conftest import Voltyard
from tests.serving import VOLTYARD, Serving, api_key

from voltyard.chargepoint.simulator import AlwaysCharging, DailyArrivals, SteadyArrivals
from voltyard.cli.fleeting import Wanted, plan_of

URL = "ws://127.0.0.1:9/ocpp"
COUNT = ("--url", URL, "--count", "2")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--url", "http://127.0.0.1", "--count", "1"], "--url: expected ws://"),
        ([*COUNT, "--faults", "drop=2"], "--faults: drop: 2 is no share of messages, which is 0 to 1"),
        ([*COUNT, "--faults", ""], "--faults: '': expected NAME=SHARE"),
        ([*COUNT, "--set", "HeartbeatInterval"], "--set: expected KEY=VALUE"),
        ([*COUNT, "--set", "HeartbeatInterval=soon"], "--set: HeartbeatInterval"),
        ([*COUNT, "--prefix", "x" * 44], "--prefix: an identity has at most 48 printable characters"),
        ([*COUNT, "--prefix", "a\n"], "--prefix: an identity has at most"),
        ([*COUNT, "--id-tag", "ABCDEFGHIJKLMNOPQRST{n}"], "--id-tag: 'ABCDEFGHIJKLMNOPQRST{n}' is no"),
        ([*COUNT, "--id-tag", ""], "--id-tag: '' is no identifier"),
        ([*COUNT, "--json", "missing/file"], "--json: missing/file: "),
    ],
)
def test_a_bad_argument_gets_one_line_and_status_2(
    voltyard: Voltyard, arguments: list[str], line: str
) -> None:
    ended = voltyard("fleet", *arguments)

    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith(f"voltyard: {line}")
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["--count", "0"],
        ["--count", "many"],
        ["--duration", "0"],
        ["--begin", "25:00"],
        ["--arrivals", "never"],
        ["--ramp", "0"],
        ["--seed", "-1"],
    ],
)
def test_an_impossible_number_ends_with_status_2(voltyard: Voltyard, arguments: list[str]) -> None:
    assert voltyard("fleet", *COUNT, *arguments).status == 2


def test_more_charge_points_than_the_system_has_files_for_are_refused(
    voltyard: Voltyard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    set_to: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (100, 5000))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: set_to.append(limits))
    few, many = ("--url", URL, "--count", "900"), ("--url", URL, "--count", "1300")

    refused = voltyard("fleet", *many, "--state", str(tmp_path), "--duration", "0.01")
    run_of_few = voltyard("fleet", *few, "--duration", "0.01")

    assert refused.err == "voltyard: --count: needs 5264 open files, and the system allows 5000\n"
    assert "\n0 of 900 charge points accepted" in "\n" + run_of_few.out
    assert set_to == [(964, 5000)]


def test_the_totals_are_written_as_json_too(voltyard: Voltyard, tmp_path: Path) -> None:
    ended = voltyard("fleet", *COUNT, "--duration", "0.3", "--json", "totals.json")

    totals: dict[str, Any] = json.decode((tmp_path / "totals.json").read_bytes())
    assert ended.status == 1
    assert (totals["planned"], totals["begun"], totals["accepted"]) == (2, 2, 0)
    assert totals["errors"] == {"not connected: ConnectionRefusedError": 2}
    assert ended.out.splitlines()[-1] == "errors: not connected: ConnectionRefusedError 2"


def wanted(**changes: Any) -> Wanted:
    """Build what is wanted without anything special."""
    usual: dict[str, Any] = {
        "url": URL,
        "count": 1,
        "prefix": "FLEET-",
        "password": None,
        "connectors": 1,
        "id_tags": (),
        "arrivals": "mixed",
        "is_always_charging": False,
        "begins_at": None,
        "speed": 1.0,
        "seed": 0,
        "per_s": 100.0,
        "faults": None,
        "state_directory": None,
        "pairs": (),
        "duration_s": None,
        "json_path": None,
    }
    return Wanted(**(usual | changes))


def test_who_comes_is_as_it_is_wanted() -> None:
    def comes(**changes: Any) -> Any:
        return plan_of(wanted(**changes)).arrivals(Random(1))

    assert isinstance(comes(is_always_charging=True), AlwaysCharging)
    assert isinstance(comes(arrivals="steady"), SteadyArrivals)
    assert comes(arrivals="workplace").site.name == "workplace"
    assert isinstance(comes(arrivals="mixed"), DailyArrivals)


def test_the_day_begins_when_it_is_wanted_to() -> None:
    random = Random(1)
    arrivals = plan_of(wanted(arrivals="workplace", begins_at=time(7, 0))).arrivals(random)

    # On a weekend hardly anybody comes, but then on Monday morning.
    waits = sorted(arrivals.wait_s(datetime.now(UTC), random) for _ in range(200))

    assert waits[100] < 3 * 86_400
    assert {int(wait_s % 86_400) // 3600 for wait_s in waits} <= {*range(12), *range(21, 24)}


@pytest.mark.integration
def test_what_a_fleet_says_of_itself_is_what_the_central_system_has_seen(tmp_path: Path) -> None:
    async def main() -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
        key = api_key(tmp_path)
        async with Serving(tmp_path) as serving:
            await serving.start()
            with serving.api(key) as api:
                for number in range(1, 21):
                    identity = {"identity": f"FLEET-{number:05}", "security_profile": 0}
                    api.post("/api/v1/charge-points", json=identity).raise_for_status()
                    api.post("/api/v1/id-tags", json={"id_tag": f"TAG{number}"}).raise_for_status()
                process = await asyncio.create_subprocess_exec(
                    *(*VOLTYARD, "fleet", "--url", serving.ocpp_url, "--count", "20", "--id-tag", "TAG{n}"),
                    *("--arrivals", "steady", "--speed", "3600", "--set", "MeterValueSampleInterval=2"),
                    *("--duration", "5", "--json", str(tmp_path / "totals.json")),
                    stdout=asyncio.subprocess.DEVNULL,
                )
                assert await process.wait() == 0
                totals = json.decode((tmp_path / "totals.json").read_bytes())
                charge_points = api.get("/api/v1/charge-points", params={"limit": 100}).json()["items"]
                transactions = api.get("/api/v1/transactions", params={"limit": 500}).json()["items"]
                return totals, charge_points, transactions

    totals, charge_points, transactions = run(main(), timeout=60)

    assert (totals["planned"], totals["accepted"], totals["connected"], totals["broken"]) == (20, 20, 20, 0)
    assert [each["registration"] for each in charge_points] == ["Accepted"] * 20
    # What was under way at the end is stored, but was not confirmed to the fleet any more.
    stopped = sum(each["stopped_at"] is not None for each in transactions)
    assert totals["transactions_started"] <= len(transactions) <= totals["transactions_started"] + 20
    assert totals["transactions_finished"] <= stopped <= totals["transactions_finished"] + 20
    assert totals["transactions_finished"] > 5
    assert totals["errors"] == {}
    assert all(each["anomalies"] == [] for each in transactions)

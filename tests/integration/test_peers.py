"""Charge points written with other people's libraries run their sessions to the end at `voltyard serve`."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.integration.foreign import node
from tests.serving import Serving, api_key

HERE = Path(__file__).parent
PASSWORD = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.integration
def test_charge_point_of_the_ocpp_package_runs_a_session(tmp_path: Path) -> None:
    program = [sys.executable, "-W", "ignore", str(HERE / "ocpp_charge_point.py")]

    seen, transaction = asyncio.run(run_session(tmp_path, program, with_password=False))

    check(seen, transaction)


@pytest.mark.integration
def test_charge_point_of_the_ocpp_rpc_package_runs_a_session(tmp_path: Path) -> None:
    program = [node(), str(HERE / "ocpp_rpc" / "charge_point.cjs")]

    seen, transaction = asyncio.run(run_session(tmp_path, program, with_password=True))

    check(seen, transaction)


async def run_session(
    directory: Path, program: list[str], *, with_password: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Let a program charge, started by a command, and return what it saw and what is stored."""
    key = api_key(directory)
    async with Serving(directory) as serving:
        await serving.start()
        with serving.api(key) as api:
            profile = (
                {"security_profile": 1, "password": PASSWORD} if with_password else {"security_profile": 0}
            )
            api.post("/api/v1/charge-points", json={"identity": "CP 1", **profile}).raise_for_status()
            api.post("/api/v1/id-tags", json={"id_tag": "Tag1", "status": "Accepted"}).raise_for_status()
            arguments = [serving.ocpp_url, "CP 1", PASSWORD]
            seen = await charge(program, arguments if with_password else [f"{serving.ocpp_url}/CP%201"], api)
            (transaction,) = api.get("/api/v1/transactions").json()["items"]
            values = api.get(f"/api/v1/transactions/{transaction['id']}/meter-values").json()["items"]
        assert await serving.stop() == 0
    assert [value["energy_wh"] for value in values] == [200, 300, 400]
    return seen, transaction


async def charge(program: list[str], arguments: list[str], api: httpx.Client) -> dict[str, Any]:
    """Run the program and return what it prints at its end."""
    process = await asyncio.create_subprocess_exec(*program, *arguments, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert await process.stdout.readline() == b"booted\n"
    await asyncio.to_thread(give_commands, api)
    seen: dict[str, Any] = json.loads(await process.stdout.readline())
    assert await process.wait() == 0
    return seen


def give_commands(api: httpx.Client) -> None:
    """Ask for the configuration, then start a transaction."""
    path = "/api/v1/charge-points/CP%201/commands"
    asked = api.post(path, params={"wait": 20}, json={"action": "GetConfiguration", "payload": {}}).json()
    assert asked["status"] == "answered"
    assert asked["response"]["configurationKey"][0]["value"] == "1"
    command = {"action": "RemoteStartTransaction", "payload": {"idTag": "TAG1", "connectorId": 1}}
    started = api.post(path, params={"wait": 20}, json=command).json()
    assert (started["status"], started["response"]) == ("answered", {"status": "Accepted"})


def check(seen: dict[str, Any], transaction: dict[str, Any]) -> None:
    """Compare what the charge point was told with what is stored."""
    assert seen["boot"] == "Accepted"
    assert {seen[step]["status"] for step in ("authorize", "start", "stop")} == {"Accepted"}
    assert transaction["id"] == seen["transaction_id"]
    assert transaction["charge_point"] == "CP 1"
    assert (transaction["meter_start"], transaction["meter_stop"]) == (100, 400)
    assert transaction["energy_wh"] == 300
    assert transaction["stop_reason"] == "Local"
    assert transaction["anomalies"] == []

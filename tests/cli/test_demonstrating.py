"""`voltyard demo`: everything in one process, and starting again continues."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import httpx
import pytest
from tests.cli.processes import RunningProgram, addresses, running

pytestmark = pytest.mark.integration

ARGUMENTS = ("demo", "--ocpp-port", "0", "--api-port", "0", "--charge-points", "1", "--speed", "3600")


class Api:
    """The REST API of a running demo, with its key."""

    def __init__(self, program: RunningProgram) -> None:
        _, self.url = addresses(program.read_until("ready "))
        (self.key,) = [line.split()[-1] for line in program.lines if "vy_" in line]
        self._headers = {"Authorization": f"Bearer {self.key}"}

    def items(self, path: str) -> list[dict[str, object]]:
        response = httpx.get(f"{self.url}/api/v1/{path}", headers=self._headers)
        response.raise_for_status()
        items = response.json()["items"]
        assert isinstance(items, list)
        return items

    def wait_for_items(self, path: str) -> list[dict[str, object]]:
        while not (items := self.items(path)):
            time.sleep(0.05)
        return items

    def status(self, key: str) -> int:
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.get(f"{self.url}/api/v1/charge-points", headers=headers).status_code


def test_charge_points_charge_and_starting_again_continues(tmp_path: Path) -> None:
    with running(tmp_path, *ARGUMENTS) as first:
        api = Api(first)
        transactions = {item["id"] for item in api.wait_for_items("transactions")}
        (charge_point,) = api.items("charge-points")
        first_status = first.end(signal.SIGINT)
    with running(tmp_path, *ARGUMENTS) as second:
        again = Api(second)
        old_key, new_key = again.status(api.key), again.status(again.key)
        kept = {item["id"] for item in again.items("transactions")}
        second_status = second.end(signal.SIGTERM)

    assert charge_point["identity"] == "DEMO-01"
    assert charge_point["connected"] is True
    assert charge_point["registration"] == "Accepted"
    assert transactions
    assert transactions <= kept
    assert (old_key, new_key) == (401, 200)
    assert (first_status, second_status) == (0, 0)
    assert (tmp_path / "data" / "voltyard.db").exists()

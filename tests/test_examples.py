"""The examples of the README: they are what stands in examples/, and they work together."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.chargepoint.central_system import CentralSystem

from voltyard.protocol.actions import ACTIONS
from voltyard.protocol.messages import MeterValues, StartTransaction, StopTransaction
from voltyard.protocol.payload import Request
from voltyard.transport import Peer, Role, Router, serve_peers

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"


@pytest.mark.parametrize("name", ["central_system", "charge_point"])
def test_readme_shows_the_example_as_it_is(name: str) -> None:
    readme = (ROOT / "README.md").read_text()

    code = (EXAMPLES / f"{name}.py").read_text().strip()

    assert f"```python\n{code}\n```" in readme


@pytest.mark.integration
def test_charge_point_is_accepted_by_the_central_system() -> None:
    start = f"import asyncio, sys; sys.path.insert(0, {str(EXAMPLES)!r}); import central_system; "
    command = [sys.executable, "-c", start + "asyncio.run(central_system.main(0))"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as central_system:
        assert central_system.stdout is not None
        try:
            url = re.sub(r".* on ", "", central_system.stdout.readline().strip())

            charge_point = subprocess.run(
                [sys.executable, EXAMPLES / "charge_point.py", url, "CP1", "a long enough secret"],
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
            )

            assert charge_point.returncode == 0, charge_point.stderr
            assert charge_point.stdout.splitlines() == ["registration: Accepted"]
            assert central_system.stdout.readline() == "booted: Acme One\n"
        finally:
            central_system.terminate()


class Controller:
    """The controller of a wall box: hears what is offered, tells what happens."""

    def __init__(self) -> None:
        self.offered: list[str] = []
        self._connected: asyncio.Future[asyncio.StreamWriter] = asyncio.get_running_loop().create_future()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connected.set_result(writer)
        while line := await reader.readline():
            self.offered.append(line.decode().strip())
        writer.close()

    async def tell(self, *lines: str) -> None:
        (await self._connected).write("".join(f"{line}\n" for line in lines).encode())

    async def until_offered(self, line: str) -> None:
        while line not in self.offered:
            await asyncio.sleep(0.01)


@pytest.mark.integration
def test_hardware_of_ones_own_charges(tmp_path: Path) -> None:
    example = (EXAMPLES / "real_hardware.py").read_text().splitlines()
    assert len(example) <= 60

    async def charge() -> CentralSystem:
        central, controller = CentralSystem(lambda: datetime.now(UTC)), Controller()
        handlers: dict[type[Request[Any]], Any] = {
            action.request: central.answer for action in ACTIONS.values() if action.from_charge_point
        }
        router = Router[Peer](Role.CENTRAL_SYSTEM, handlers)
        wall_box = await asyncio.start_server(controller.connected, "127.0.0.1", 0)
        address = f"127.0.0.1:{wall_box.sockets[0].getsockname()[1]}"
        async with (
            wall_box,
            await serve_peers(router, "127.0.0.1", 0, passwords={"CP1": b"s" * 20}) as listener,
        ):
            url = f"ws://127.0.0.1:{listener.port}/ocpp"
            command = [sys.executable, str(EXAMPLES / "real_hardware.py"), url, "CP1", "s" * 20, address]
            station = await asyncio.create_subprocess_exec(*command, cwd=tmp_path)
            try:
                async with asyncio.timeout(30):
                    await central.until(ACTIONS["StatusNotification"].request, 2)
                    await controller.tell("meter 1000", "plug 1", "draw 1", "tag 04A2B3")
                    await controller.until_offered("offer 16.0")
                    await controller.tell("meter 1500", "tag 04A2B3", "plug 0")
                    await central.until(StopTransaction)
            finally:
                station.terminate()
                await station.wait()
        return central

    central = asyncio.run(charge())

    (started,), (stopped,) = central.requests(StartTransaction), central.requests(StopTransaction)
    assert (started.id_tag, started.meter_start, stopped.meter_stop) == ("04A2B3", 1000, 1500)
    assert central.requests(MeterValues) == []
    assert (tmp_path / "state" / "CP1" / "state.db").exists()

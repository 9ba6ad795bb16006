"""The shipped scenarios, run by our charge point and our central system: over sockets and in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from tests import aio
from tests.cli.processes import addresses, running

from voltyard.central.app import CentralSystem
from voltyard.central.operations import Operations
from voltyard.central.operations.requests import NewChargePoint, TagSettings, TagStatus
from voltyard.central.settings import ApiSettings, OcppSettings, Settings
from voltyard.chargepoint.scenario.central_system import CentralSystemControl
from voltyard.chargepoint.scenario.reading import read, shipped
from voltyard.chargepoint.scenario.runner import Audience, Circumstances, run
from voltyard.chargepoint.scenario.scenario import KnownTag
from voltyard.chargepoint.scenario.steps import AnyStep
from voltyard.chargepoint.scenario.verdict import StepResult, Verdict
from voltyard.cli import main
from voltyard.transport import Admission, Handshake, Link, Receiver, memory

pytestmark = pytest.mark.integration

NAMES = sorted(shipped())
PASSWORD = "a-password-of-20-chr"
LIMIT_S = 120.0


def test_there_are_six() -> None:
    assert len(NAMES) == 6


# Over sockets: the program against a central system that is a program of its own.


class Serving(NamedTuple):
    """A running `voltyard serve`."""

    ocpp_url: str
    api_url: str
    api_key: str


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """One central system for all scenarios."""
    arguments = ("serve", "--ocpp-port", "0", "--api-port", "0", "--set", "log.level=error")
    with running(tmp_path_factory.mktemp("serving"), *arguments) as program:
        ocpp_url, api_url = addresses(program.read_until("ready "))
        (api_key,) = [line.split()[-1] for line in program.lines if "vy_" in line]
        yield Serving(ocpp_url, api_url, api_key)


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_passes_over_sockets(
    serving: Serving, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    httpx.post(
        f"{serving.api_url}/api/v1/charge-points",
        json={"identity": name, "password": PASSWORD},
        headers={"Authorization": f"Bearer {serving.api_key}"},
        trust_env=False,
    ).raise_for_status()
    report = tmp_path / "verdict.json"
    address = ("--url", serving.ocpp_url, "--id", name, "--password", PASSWORD)
    control = ("--api-url", serving.api_url, "--api-key", serving.api_key)

    with pytest.raises(SystemExit) as ended:
        main(["scenario", "run", name, *address, *control, "--json", str(report)])

    assert ended.value.code == 0, capsys.readouterr().out
    verdict = json.loads(report.read_text())
    assert verdict["outcome"] == "passed"
    assert {step["outcome"] for step in verdict["steps"]} == {"passed"}


# In memory: both in this process, and no socket between them.


class Control(CentralSystemControl):
    """Commands a central system of the same process."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations

    async def know(self, tag: KnownTag) -> None:
        settings = TagSettings(
            status=TagStatus(tag.status), parent_id_tag=tag.parent_id_tag, max_active_transactions=None
        )
        await self._operations.id_tags.put(tag.id_tag, settings)

    async def command(self, identity: str, action: str, payload: bytes) -> None:
        await self._operations.commands.create(identity, action, payload, expire_after_s=60)


class Nobody(Audience):
    """Looks at the verdict only."""

    def asked(self, request: str) -> None:
        raise AssertionError(request)

    def begun(self, number: int, step: AnyStep) -> None:
        """Not looked at."""

    def ended(self, result: StepResult) -> None:
        """Not looked at."""


class Line:
    """Receives for a session and tells when its connection is lost."""

    def __init__(self, receiver: Receiver, lost: asyncio.Event) -> None:
        self.frame_received = receiver.frame_received
        self._receiver = receiver
        self._lost = lost

    def connection_lost(self, code: int, reason: str) -> None:
        self._receiver.connection_lost(code, reason)
        self._lost.set()


async def connect_once(central: CentralSystem, identity: str, connected: Callable[[Link], Receiver]) -> None:
    """Connect without a socket and stay until the connection is lost."""
    handshake = Handshake(identity=identity, path=f"/ocpp/{identity}", remote_address="memory")
    admission = await central.admit(handshake)
    assert isinstance(admission, Admission), admission
    join, lost = admission.connected, asyncio.Event()
    near, _ = memory.connect(connected, lambda link: Line(join(link), lost))
    try:
        await lost.wait()
    finally:
        near.close(1001)


async def in_memory(central: CentralSystem, name: str) -> Verdict:
    """Run a scenario as a charge point of its own."""
    await central.operations.charge_points.create(NewChargePoint(identity=name, security_profile=0))

    async def stay_connected(connected: Callable[[Link], Receiver]) -> None:
        while True:
            await connect_once(central, name, connected)

    circumstances = Circumstances(
        identity=name, connect=lambda _terms: stay_connected, central=Control(central.operations)
    )
    return await run(read(shipped()[name], name), circumstances, Nobody())


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Verdict]:
    """What came of all scenarios, run at the same time with one central system."""
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("central"),
        ocpp=OcppSettings(port=0, allow_unauthenticated=True),
        api=ApiSettings(port=0),
    )

    async def story() -> list[Verdict]:
        async with CentralSystem(settings) as central:
            return await asyncio.gather(*(in_memory(central, name) for name in NAMES))

    return {verdict.scenario: verdict for verdict in aio.run(story(), LIMIT_S)}


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_passes_in_memory(verdicts: dict[str, Verdict], name: str) -> None:
    verdict = verdicts[name]

    assert [step for step in verdict.steps if step.reason] == []
    assert verdict.has_passed

"""Scenarios in virtual time, for the tests of what plays them."""

from __future__ import annotations

from tests.chargepoint.central_system import CentralSystem
from tests.chargepoint.virtual_time import VirtualClock

from voltyard.chargepoint.scenario.central_system import CentralSystemControl
from voltyard.chargepoint.scenario.errors import CentralSystemRefused
from voltyard.chargepoint.scenario.reading import read
from voltyard.chargepoint.scenario.runner import Circumstances, run
from voltyard.chargepoint.scenario.scenario import KnownTag
from voltyard.chargepoint.scenario.steps import AnyStep
from voltyard.chargepoint.scenario.verdict import Outcome, StepResult, Verdict
from voltyard.protocol.actions import ACTIONS
from voltyard.protocol.codec import PayloadDecoder
from voltyard.transport.errors import CallRejected

HEAD = 'name = "story"\ndescription = "A story."\n'
BOOTED = '{ do = "expect-state", fields = { registration = "Accepted" } },'


class Spectator:
    """Remembers what it was shown."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.begun_steps: list[int] = []
        self.results: list[StepResult] = []

    def asked(self, request: str) -> None:
        self.requests.append(request)

    def begun(self, number: int, step: AnyStep) -> None:
        self.begun_steps.append(number)

    def ended(self, result: StepResult) -> None:
        self.results.append(result)


class Control(CentralSystemControl):
    """Commands the central system of a story."""

    def __init__(self, central: CentralSystem) -> None:
        self._central = central
        self.known: list[KnownTag] = []

    async def know(self, tag: KnownTag) -> None:
        self.known.append(tag)

    async def command(self, identity: str, action: str, payload: bytes) -> None:
        if action == "ClearCache":
            raise CentralSystemRefused("it does not want to")
        try:
            await self._central.call(PayloadDecoder(ACTIONS[action].request).strict(payload))
        except CallRejected:
            return


async def play(
    steps: str,
    *,
    head: str = "",
    central: CentralSystem | None = None,
    has_control: bool = True,
    spectator: Spectator | None = None,
    speed: float | None = None,
) -> Verdict:
    """Play steps, separated by commas, with a central system that accepts everything."""
    clock = VirtualClock()
    central = central or CentralSystem(clock.now)
    circumstances = Circumstances(
        identity="CP-1",
        connect=lambda _terms: central.stay_connected,
        central=Control(central) if has_control else None,
        speed=speed,
        clock=clock,
    )
    scenario = read(f"{HEAD}steps = [\n{steps}\n]\n{head}", "story")
    return await run(scenario, circumstances, spectator or Spectator())


async def last_of(steps: str, *, head: str = "", has_control: bool = True) -> StepResult:
    """Play steps after the boot and return what came of the last one; those before it have to pass."""
    verdict = await play(f"{BOOTED}\n{steps}", head=head, has_control=has_control)
    assert all(result.outcome is Outcome.PASSED for result in verdict.steps[:-1]), verdict.steps
    return verdict.steps[-1]

"""Running a scenario: its steps one after the other, and the verdict."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from voltyard.chargepoint.clock import Clock, SystemClock
from voltyard.chargepoint.scenario.central_system import CentralSystemControl
from voltyard.chargepoint.scenario.errors import StepFailed
from voltyard.chargepoint.scenario.expectations import Expectations
from voltyard.chargepoint.scenario.hands import Hands
from voltyard.chargepoint.scenario.scenario import KnownTag, Scenario
from voltyard.chargepoint.scenario.stage import Connect, Stage, staged
from voltyard.chargepoint.scenario.steps import (
    AnyStep,
    Call,
    Central,
    Expect,
    ExpectNone,
    ExpectState,
    ExpectUpload,
    Frame,
    Step,
    Wait,
)
from voltyard.chargepoint.scenario.talks import Talks
from voltyard.chargepoint.scenario.verdict import Outcome, StepResult, Verdict
from voltyard.chargepoint.scenario.watching import Watcher
from voltyard.chargepoint.scenario.wording import sentence

_SEEN: Final = 8
"""How many of the last messages are shown when a step fails."""
_SYSTEM_CLOCK: Final = SystemClock()


class Audience(Protocol):
    """Whom a run is shown to."""

    def asked(self, request: str) -> None:
        """Whoever runs the scenario has to do something himself."""

    def begun(self, number: int, step: AnyStep) -> None:
        """A step begins."""

    def ended(self, result: StepResult) -> None:
        """A step has ended. Those that are skipped are seen in the verdict only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """Where a scenario is run: as which charge point, connected how, and who commands the central system.

    Without a `central` whoever runs the scenario is asked to. `speed` replaces that of the scenario.
    """

    identity: str
    connect: Connect
    central: CentralSystemControl | None = None
    speed: float | None = None
    clock: Clock = _SYSTEM_CLOCK


async def run(scenario: Scenario, circumstances: Circumstances, audience: Audience) -> Verdict:
    """Run a scenario to its end; raises `ScenarioInvalid`, `CentralSystemRefused` and `StateUnusable`."""
    await _prepare(scenario.tags, circumstances.central, audience)
    async with staged(
        scenario,
        circumstances.identity,
        circumstances.connect,
        circumstances.clock,
        circumstances.speed,
    ) as stage:
        return await _Run(scenario, stage, circumstances.central, audience).play()


async def _prepare(
    tags: tuple[KnownTag, ...], central: CentralSystemControl | None, audience: Audience
) -> None:
    if central is not None:
        for tag in tags:
            await central.know(tag)
    elif tags:
        audience.asked(f"make sure that the central system knows {', '.join(map(_described, tags))}")


def _described(tag: KnownTag) -> str:
    parent = "" if tag.parent_id_tag is None else f", parent {tag.parent_id_tag}"
    return f"{tag.id_tag} ({tag.status}{parent})"


class _Run:
    def __init__(
        self, scenario: Scenario, stage: Stage, central: CentralSystemControl | None, audience: Audience
    ) -> None:
        self._scenario = scenario
        self._stage = stage
        self._audience = audience
        self._hands = Hands(stage.station, stage.network, stage.clock)
        self._watcher = Watcher(stage.journal, stage.names)
        expectations = Expectations(self._watcher, stage)
        talks = Talks(stage, self._watcher, expectations, central, audience.asked)
        self._skills: Mapping[type[Step], Callable[[Any], Awaitable[None]]] = {
            Call: talks.call,
            Frame: talks.frame,
            Central: talks.central,
            Expect: expectations.expect,
            ExpectNone: expectations.expect_none,
            ExpectState: expectations.expect_state,
            ExpectUpload: expectations.expect_upload,
        }

    async def play(self) -> Verdict:
        began = self._stage.clock.monotonic()
        results: list[StepResult] = []
        outcome = Outcome.PASSED
        for number, step in enumerate(self._scenario.steps, 1):
            if outcome is Outcome.PASSED:
                self._audience.begun(number, step)
                result = await self._step(number, step)
                outcome = result.outcome
                self._audience.ended(result)
            else:
                result = StepResult(number=number, step=sentence(step), outcome=Outcome.SKIPPED)
            results.append(result)
        return Verdict(
            scenario=self._scenario.name,
            outcome=outcome,
            took_s=self._stage.clock.monotonic() - began,
            steps=tuple(results),
            messages=tuple(exchange.in_full() for exchange in self._stage.journal),
        )

    async def _step(self, number: int, step: AnyStep) -> StepResult:
        began = self._stage.clock.monotonic()
        outcome, reason = await self._outcome(step)
        return StepResult(
            number=number,
            step=sentence(step),
            outcome=outcome,
            took_s=self._stage.clock.monotonic() - began,
            reason=reason,
            seen=() if outcome is Outcome.PASSED else tuple(map(str, list(self._stage.journal)[-_SEEN:])),
        )

    async def _outcome(self, step: AnyStep) -> tuple[Outcome, str]:
        self._mark(step)
        doing = asyncio.ensure_future(self._do(step))
        try:
            await asyncio.wait({doing, self._stage.running}, return_when=asyncio.FIRST_COMPLETED)
            if not doing.done():
                return Outcome.ERROR, f"the charge point broke down: {self._stage.running.exception()!r}"
            doing.result()
        except StepFailed as failed:
            return Outcome.FAILED, str(failed)
        finally:
            doing.cancel()
        return Outcome.PASSED, ""

    async def _do(self, step: AnyStep) -> None:
        if self._hands.can(step):
            await self._hands.do(step)
        else:
            await self._skills[type(step)](step)

    def _mark(self, step: AnyStep) -> None:
        match step:
            case Wait():
                return
            case Expect() | ExpectNone() | ExpectState() | ExpectUpload():
                self._watcher.expects()
            case _:
                self._watcher.acts()

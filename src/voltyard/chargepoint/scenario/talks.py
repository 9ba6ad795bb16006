"""Having either side send a CALL, and looking at the answer."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import json

from voltyard.chargepoint.scenario.central_system import CentralSystemControl
from voltyard.chargepoint.scenario.errors import CentralSystemRefused, StepFailed
from voltyard.chargepoint.scenario.expectations import Expectations
from voltyard.chargepoint.scenario.patterns import Mismatch, Pattern
from voltyard.chargepoint.scenario.stage import Stage
from voltyard.chargepoint.scenario.steps import Call, Central, Frame, Side
from voltyard.chargepoint.scenario.values import read_json
from voltyard.chargepoint.scenario.watching import Found, Sought, Watcher
from voltyard.transport.errors import AnswerInvalid, CallRejected, CallTimedOut, Disconnected


class Talks:
    """Does the steps that make somebody send something; raises `StepFailed`.

    Without `control` whoever runs the scenario is asked, by `ask`, to make the central system send it.
    """

    def __init__(
        self,
        stage: Stage,
        watcher: Watcher,
        expectations: Expectations,
        control: CentralSystemControl | None,
        ask: Callable[[str], None],
    ) -> None:
        self._stage = stage
        self._watcher = watcher
        self._expectations = expectations
        self._control = control
        self._ask = ask

    async def call(self, step: Call) -> None:
        """Have the charge point send a CALL."""
        stage = self._stage
        payload, begin = json.encode(stage.names.fill_in(step.payload)), len(stage.journal)
        try:
            await stage.station.program.call_raw(step.action, payload, step.within_s)
        except (CallRejected, AnswerInvalid):
            pass  # those are answers: the journal has them
        except CallTimedOut as error:
            raise StepFailed(f"{step.action} was not answered within {step.within_s:g} s") from error
        except Disconnected as error:
            raise StepFailed(f"{step.action}: {error}") from error
        self._settle(
            Sought(
                action=step.action,
                by=Side.CHARGE_POINT,
                fields=Pattern.exactly(read_json(payload)),
                answer=step.answer,
                error=step.error,
            ),
            begin,
        )

    async def frame(self, step: Frame) -> None:
        """Have the charge point send anything at all."""
        stage = self._stage
        text = str(stage.names.fill_in(step.text))
        try:
            answer = await stage.station.program.exchange(
                text.encode(), step.within_s if step.answer else 0.0
            )
        except Disconnected as error:
            raise StepFailed(str(error)) from error
        if step.answer is None:
            return
        if answer is None:
            raise StepFailed(f"nothing came back within {step.within_s:g} s")
        try:
            stage.names.learn(step.answer.match(read_json(answer), stage.names, "answer"))
        except Mismatch as mismatch:
            raise StepFailed(str(mismatch)) from mismatch

    async def central(self, step: Central) -> None:
        """Have the central system send a CALL."""
        begin = len(self._stage.journal)
        within_s = await self._command(step)
        sent = Sought(action=step.action, by=Side.CENTRAL_SYSTEM)
        if await self._within(sent, begin, within_s) is None:
            raise StepFailed(f"no {step.action} came from the central system within {within_s:g} s")
        answered = Sought(action=step.action, by=Side.CENTRAL_SYSTEM, is_answered=True)
        if await self._within(answered, begin, step.within_s) is None:
            raise StepFailed(f"{step.action} was not answered within {step.within_s:g} s")
        self._settle(
            Sought(action=step.action, by=Side.CENTRAL_SYSTEM, answer=step.answer, error=step.error), begin
        )

    async def _command(self, step: Central) -> float:
        """Bring it about, and return for how many seconds to wait for it."""
        payload = json.encode(self._stage.names.fill_in(step.payload))
        if self._control is None:
            within_s = step.operator_within_s
            self._ask(f"have the central system send {step.action} {payload.decode()} within {within_s:g} s")
            return within_s
        try:
            await self._control.command(self._stage.identity, step.action, payload)
        except CentralSystemRefused as error:
            raise StepFailed(str(error)) from error
        return step.within_s

    async def _within(self, sought: Sought, begin: int, seconds: float) -> Found | None:
        return await self._expectations.message(sought, begin, self._stage.clock.monotonic() + seconds)

    def _settle(self, sought: Sought, begin: int) -> None:
        found = self._watcher.find(sought, begin)
        if found is None:
            raise StepFailed(self._watcher.why_none(sought, begin))
        self._watcher.claim(found)

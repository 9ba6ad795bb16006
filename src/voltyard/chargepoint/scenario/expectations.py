"""Waiting for what has to happen, and for what must not."""

from __future__ import annotations

from typing import Final

from voltyard.chargepoint.clock import sleep_unless
from voltyard.chargepoint.scenario.errors import StepFailed
from voltyard.chargepoint.scenario.patterns import Mismatch
from voltyard.chargepoint.scenario.stage import Stage
from voltyard.chargepoint.scenario.steps import Expect, ExpectNone, ExpectState, ExpectUpload
from voltyard.chargepoint.scenario.watching import Found, Sought, Watcher

_LOOK_S: Final = 0.05
"""How often something is looked at that does not tell when it changes."""


class Expectations:
    """Does the steps that expect something; each raises `StepFailed` when it does not come."""

    def __init__(self, watcher: Watcher, stage: Stage) -> None:
        self._watcher = watcher
        self._stage = stage
        self._clock = stage.clock

    async def expect(self, step: Expect) -> None:
        """Wait for messages."""
        sought, begin = sought_by(step), self._watcher.begin_of(step.since)
        deadline = self._clock.monotonic() + step.within_s
        for time in range(step.times):
            found = await self.message(sought, begin, deadline)
            if found is None:
                reason = self._watcher.why_none(sought, begin)
                count = f" ({time} of {step.times} came)" if step.times > 1 else ""
                offline = "" if self._is_connected else "; the charge point is not connected"
                raise StepFailed(f"{reason}{count}, within {step.within_s:g} s{offline}")
            self._watcher.claim(found)

    async def expect_none(self, step: ExpectNone) -> None:
        """Wait in vain for a message."""
        sought, begin = sought_by(step), self._watcher.begin_of(step.since)
        found = await self.message(sought, begin, self._clock.monotonic() + step.seconds)
        if found is not None:
            raise StepFailed(f"there is one: {found.exchange}")

    async def expect_state(self, step: ExpectState) -> None:
        """Wait until the charge point is in a state, and see whether it stays there."""
        deadline = self._clock.monotonic() + step.within_s
        while (mismatch := self._mismatch(step)) is not None:
            if self._clock.monotonic() >= deadline:
                raise StepFailed(f"{mismatch}, within {step.within_s:g} s")
            await self._clock.sleep(_LOOK_S)
        end = self._clock.monotonic() + step.hold_s
        while self._clock.monotonic() < end:
            await self._clock.sleep(_LOOK_S)
            if (mismatch := self._mismatch(step)) is not None:
                raise StepFailed(f"it was so, but then {mismatch}")

    async def expect_upload(self, step: ExpectUpload) -> None:
        """Wait for a file."""
        deadline = self._clock.monotonic() + step.within_s
        name = str(self._stage.names.fill_in(step.name))
        while not self._stage.shelf.named_like(name):
            if self._clock.monotonic() >= deadline:
                there = ", ".join(self._stage.shelf.uploads) or "nothing"
                raise StepFailed(f"{there} was uploaded within {step.within_s:g} s, not {name}")
            await self._clock.sleep(_LOOK_S)

    async def message(self, sought: Sought, begin: int, deadline: float) -> Found | None:
        """Return a message as soon as it is there; None when the time is over."""
        while True:
            change = self._stage.journal.change
            found = self._watcher.find(sought, begin)
            left_s = deadline - self._clock.monotonic()
            if found is not None or left_s <= 0:
                return found
            await sleep_unless(self._clock, left_s, change)

    @property
    def _is_connected(self) -> bool:
        snapshot = self._stage.station.snapshot()
        return snapshot is not None and snapshot.is_connected

    def _mismatch(self, step: ExpectState) -> Mismatch | None:
        place = f"connector {step.connector}" if step.connector else "charge point"
        try:
            self._stage.names.learn(
                step.fields.match(self._stage.look(step.connector), self._stage.names, place)
            )
        except Mismatch as mismatch:
            return mismatch
        return None


def sought_by(step: Expect | ExpectNone) -> Sought:
    """Return what a step looks for."""
    return Sought(action=step.action, by=step.by, fields=step.fields, answer=step.answer, error=step.error)

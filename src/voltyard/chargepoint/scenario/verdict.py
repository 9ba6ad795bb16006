"""What came of a scenario: of each step, and of the whole."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How a step or a scenario ended; an error is nothing that a scenario can expect."""

    PASSED = "passed"
    FAILED = "failed"
    ERROR = "error"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """What came of a step: why it did not pass, and what was said instead."""

    number: int
    step: str
    outcome: Outcome
    took_s: float = 0.0
    reason: str = ""
    seen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of all steps; those behind the first that did not pass are skipped."""

    scenario: str
    outcome: Outcome
    took_s: float
    steps: tuple[StepResult, ...]
    messages: tuple[str, ...]

    @property
    def has_passed(self) -> bool:
        return self.outcome is Outcome.PASSED

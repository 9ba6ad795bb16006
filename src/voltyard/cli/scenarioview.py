"""What a run of a scenario shows: lines, and on a terminal colours and the step that is under way."""

from __future__ import annotations

from typing import Final

import rich_click as click
from rich.console import Console
from rich.status import Status
from rich.text import Text

from voltyard.chargepoint.scenario.runner import Audience
from voltyard.chargepoint.scenario.steps import AnyStep
from voltyard.chargepoint.scenario.verdict import Outcome, StepResult, Verdict
from voltyard.chargepoint.scenario.wording import sentence

_COLOURS: Final = {
    Outcome.PASSED: "green",
    Outcome.FAILED: "bold red",
    Outcome.ERROR: "bold red",
}
_INDENT: Final = " " * 6
_SPINNER_WIDTH: Final = 2


class Lines(Audience):
    """Prints a line for each step that has ended."""

    def asked(self, request: str) -> None:
        click.echo(f"please: {request}")

    def begun(self, number: int, step: AnyStep) -> None:
        """Show nothing: whoever reads lines reads them later."""

    def ended(self, result: StepResult) -> None:
        for line in step_lines(result):
            click.echo(line)


class Screen(Audience):
    """Shows on a terminal which step is under way, and how those before it ended."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = Status("", console=console)

    def asked(self, request: str) -> None:
        self._console.print(Text(f"please: {request}", style="bold yellow"))

    def begun(self, number: int, step: AnyStep) -> None:
        line = Text(f"{number} {sentence(step)}")
        line.truncate(self._console.width - _SPINNER_WIDTH, overflow="ellipsis")
        self._status.update(line)
        self._status.start()

    def ended(self, result: StepResult) -> None:
        self._status.stop()
        first, *others = step_lines(result)
        line = Text(first, style=_COLOURS[result.outcome])
        self._console.print(line, overflow="ellipsis", no_wrap=True)
        for other in others:
            self._console.print(Text(other))

    def close(self) -> None:
        """Leave the terminal as it was, also in the middle of a step."""
        self._status.stop()


def step_lines(result: StepResult) -> list[str]:
    """Return how a step ended: one line, and why it did not pass."""
    lines = [f"{result.number:3}  {result.outcome:7}  {result.took_s:5.1f} s  {result.step}"]
    if result.outcome in {Outcome.FAILED, Outcome.ERROR}:
        lines.append(f"{_INDENT}{result.reason}")
        lines += ["", f"{_INDENT}the last messages:"] if result.seen else []
        lines += [f"{_INDENT}{line}" for line in result.seen]
    return lines


def verdict_line(verdict: Verdict) -> str:
    """Return how it all ended, in one line."""
    passed = sum(step.outcome is Outcome.PASSED for step in verdict.steps)
    return (
        f"{verdict.scenario}: {verdict.outcome}, "
        f"{passed} of {len(verdict.steps)} steps in {verdict.took_s:.1f} s"
    )

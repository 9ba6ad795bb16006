"""What a run of a scenario shows: as lines, and on a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from voltyard.chargepoint.scenario.steps import Set, Wait
from voltyard.chargepoint.scenario.verdict import Outcome, StepResult, Verdict
from voltyard.cli.scenarioview import Lines, Screen, step_lines, verdict_line

PASSED = StepResult(number=1, step="wait 1 s", outcome=Outcome.PASSED, took_s=1.04)
FAILED = StepResult(
    number=12,
    step="expect Heartbeat",
    outcome=Outcome.FAILED,
    took_s=10.0,
    reason="none came",
    seen=("12:00:00 one", "12:00:01 two"),
)
SKIPPED = StepResult(number=13, step="[unplug]", outcome=Outcome.SKIPPED)


def test_a_step_that_passed_is_a_line() -> None:
    assert step_lines(PASSED) == ["  1  passed     1.0 s  wait 1 s"]


def test_a_step_that_failed_says_why_and_what_was_said() -> None:
    assert step_lines(FAILED) == [
        " 12  failed    10.0 s  expect Heartbeat",
        "      none came",
        "",
        "      the last messages:",
        "      12:00:00 one",
        "      12:00:01 two",
    ]


def test_the_verdict_is_a_line() -> None:
    verdict = Verdict(
        scenario="story", outcome=Outcome.FAILED, took_s=11.04, steps=(PASSED, FAILED, SKIPPED), messages=()
    )

    assert verdict_line(verdict) == "story: failed, 1 of 3 steps in 11.0 s"


def test_lines_are_printed_as_steps_end(capsys: pytest.CaptureFixture[str]) -> None:
    lines = Lines()

    lines.begun(1, Wait(seconds=1))
    lines.ended(PASSED)
    lines.asked("press the button")

    assert capsys.readouterr().out == "  1  passed     1.0 s  wait 1 s\nplease: press the button\n"


def test_a_terminal_shows_the_step_under_way_and_how_steps_ended() -> None:
    terminal = io.StringIO()
    screen = Screen(Console(file=terminal, force_terminal=True, width=80))

    screen.asked("press [the] button")
    screen.begun(1, Wait(seconds=1))
    screen.ended(PASSED)
    screen.begun(12, Wait(seconds=10))
    screen.ended(FAILED)
    screen.close()

    shown = terminal.getvalue()
    assert "please: press [the] button" in shown
    assert "12 wait 10 s" in shown
    assert "12:00:01 two" in shown


def test_a_long_step_is_one_line_on_a_terminal() -> None:
    terminal = io.StringIO()
    screen = Screen(Console(file=terminal, force_terminal=True, width=40))

    screen.begun(1, Set(key="K" * 100, value="V"))
    screen.ended(StepResult(number=1, step="S" * 100, outcome=Outcome.PASSED))

    shown = terminal.getvalue()
    assert "K" * 20 in shown
    assert "K" * 40 not in shown
    assert "S" * 15 in shown
    assert "S" * 40 not in shown
    assert "…" in shown

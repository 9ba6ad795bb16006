"""The goals: which figure answers which, and on which side of the bound it must be."""

from __future__ import annotations

from bench.figures import Idle, Results, Start
from bench.goals import Goal, goals


def results() -> Results:
    return Results(measured_at="2026-01-01T00:00:00+00:00", is_quick=False, machine={"cores": 2})


def goal(found: Results, what: str) -> Goal:
    return next(each for each in goals(found) if what in each.what)


def test_a_ceiling_is_met_up_to_and_at_its_bound() -> None:
    assert Goal("x", 45, "µs", 45.0).is_met
    assert not Goal("x", 45, "µs", 45.1).is_met


def test_a_floor_is_met_from_its_bound_on() -> None:
    assert Goal("x", 25, "x", 25.0, is_floor=True).is_met
    assert not Goal("x", 25, "x", 24.9, is_floor=True).is_met


def test_what_was_not_measured_has_no_verdict() -> None:
    assert all(each.is_met is None for each in goals(results()))


def test_each_goal_takes_its_own_figure() -> None:
    found = results()
    found.ratios = {"ocpp": 26.0, "ocpp-rpc": 2.9}
    found.idle_connections = {
        "voltyard": Idle(connections=5_000, kib_per_connection=8.0),
        "ocpp": Idle(connections=5_000, kib_per_connection=80.0),
    }
    found.decode_us = {"BootNotification": 0.5, "MeterValues": 5.1}
    found.start = Start(transactions=10, seconds=1.5)

    assert goal(found, "ocpp's").is_met
    assert goal(found, "ocpp-rpc's").is_met is False
    assert goal(found, "idle connection").measured == 8.0
    assert goal(found, "BootNotification").is_met
    assert goal(found, "MeterValues").is_met is False
    assert goal(found, "start with 10 stored").is_met

"""The connector state machine against the matrix of OCPP 1.6 §4.9, cell by cell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltyard.charging.connector import (
    CONTROLLER_STATUSES,
    TRANSACTION_STATUSES,
    TRANSITIONS,
    Connector,
    Event,
    Transition,
    supply_event,
    transition_between,
)
from voltyard.charging.errors import TransitionRefused
from voltyard.protocol.messages import ChargePointStatus as Status

# The table as the specification prints it: rows are where from, columns where to.
COLUMNS = (
    Status.AVAILABLE,
    Status.PREPARING,
    Status.CHARGING,
    Status.SUSPENDED_EV,
    Status.SUSPENDED_EVSE,
    Status.FINISHING,
    Status.RESERVED,
    Status.UNAVAILABLE,
    Status.FAULTED,
)
MATRIX = """
A | -  A2 A3 A4 A5 -  A7 A8 A9
B | B1 -  B3 B4 B5 B6 -  -  B9
C | C1 -  -  C4 C5 C6 -  C8 C9
D | D1 -  D3 -  D5 D6 -  D8 D9
E | E1 -  E3 E4 -  E6 -  E8 E9
F | F1 F2 -  -  -  -  -  F8 F9
G | G1 G2 -  -  -  -  -  G8 G9
H | H1 H2 H3 H4 H5 -  -  -  H9
I | I1 I2 I3 I4 I5 I6 I7 I8 -
"""
CELLS = {
    (origin, target): None if code == "-" else code
    for origin, line in zip(COLUMNS, MATRIX.strip().splitlines(), strict=True)
    for target, code in zip(COLUMNS, line.split("|")[1].split(), strict=True)
}
STATUSES_WITHOUT_FAULT = [status for status in COLUMNS if status is not Status.FAULTED]
EVENTS_WITHOUT_FAULTS = [event for event in Event if not event.startswith("fault")]
AFTER: dict[tuple[Status, Event], Status] = {
    (row.origin, row.event): row.target for row in TRANSITIONS if row.event is not Event.FAULT_CLEARED
}


def connector_in(status: Status, beneath: Status = Status.AVAILABLE) -> Connector:
    if status is not Status.FAULTED:
        return Connector(1, status)
    connector = Connector(1, beneath)
    connector.apply(Event.FAULT)
    return connector


@pytest.mark.parametrize(("cell", "code"), CELLS.items(), ids=lambda part: "-".join(part) if part else "")
def test_the_table_has_exactly_the_cells_of_the_specification(
    cell: tuple[Status, Status], code: str | None
) -> None:
    transition = transition_between(*cell)

    assert (transition.code if transition else None) == code


def test_there_are_as_many_transitions_as_cells() -> None:
    assert len(TRANSITIONS) == sum(code is not None for code in CELLS.values()) == 53


@pytest.mark.parametrize("row", TRANSITIONS, ids=lambda row: row.code)
def test_each_transition_is_followed(row: Transition) -> None:
    """R-212, R-213."""
    connector = connector_in(row.origin, beneath=row.target)

    step = connector.apply(row.event)

    assert step == row
    assert connector.status is row.target


@pytest.mark.parametrize("event", EVENTS_WITHOUT_FAULTS)
@pytest.mark.parametrize("status", STATUSES_WITHOUT_FAULT)
def test_an_event_the_table_does_not_have_is_refused_and_changes_nothing(
    status: Status, event: Event
) -> None:
    """R-213: only transitions of the matrix occur."""
    connector = Connector(1, status)
    if (status, event) in AFTER:
        assert connector.may(event)
        return

    with pytest.raises(TransitionRefused) as refused:
        connector.apply(event)

    assert connector.status is status
    assert not connector.may(event)
    assert (refused.value.connector_id, refused.value.status, refused.value.event) == (1, status, event)


@pytest.mark.parametrize("status", STATUSES_WITHOUT_FAULT)
def test_a_cleared_fault_returns_to_the_status_before_it(status: Status) -> None:
    """R-216."""
    connector = Connector(1, status)

    connector.apply(Event.FAULT)
    assert connector.status is Status.FAULTED
    connector.apply(Event.FAULT_CLEARED)

    assert connector.status is status


def test_what_happens_during_a_fault_shows_when_it_is_cleared() -> None:
    connector = connector_in(Status.FAULTED, beneath=Status.CHARGING)

    hidden = connector.apply(Event.TRANSACTION_STOPS)

    assert hidden is None
    assert connector.status is Status.FAULTED
    assert connector.status_beneath_fault is Status.FINISHING
    cleared = connector.apply(Event.FAULT_CLEARED)
    assert cleared is not None
    assert cleared.code == "I6"


def test_a_second_fault_and_a_second_clearing_are_refused() -> None:
    connector = connector_in(Status.FAULTED)

    assert not connector.may(Event.FAULT)
    connector.apply(Event.FAULT_CLEARED)

    assert not connector.may(Event.FAULT_CLEARED)


def test_a_connector_that_starts_faulted_becomes_available() -> None:
    connector = Connector(1, Status.FAULTED)

    connector.apply(Event.FAULT_CLEARED)

    assert connector.status is Status.AVAILABLE


CONTROLLER_STEPS = {
    (Status.AVAILABLE, Event.INOPERATIVE): Status.UNAVAILABLE,
    (Status.AVAILABLE, Event.FAULT): Status.FAULTED,
    (Status.UNAVAILABLE, Event.OPERATIVE): Status.AVAILABLE,
    (Status.UNAVAILABLE, Event.FAULT): Status.FAULTED,
}


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("status", [Status.AVAILABLE, Status.UNAVAILABLE])
def test_connector_0_knows_only_availability_and_faults(status: Status, event: Event) -> None:
    """R-214."""
    connector = Connector(0, status)
    expected = CONTROLLER_STEPS.get((status, event))

    assert connector.may(event) is (expected is not None)
    if expected is None:
        with pytest.raises(TransitionRefused):
            connector.apply(event)
    else:
        connector.apply(event)
    assert connector.status is (expected or status)


@pytest.mark.parametrize("status", sorted(set(Status) - CONTROLLER_STATUSES))
def test_connector_0_cannot_be_created_in_another_status(status: Status) -> None:
    with pytest.raises(ValueError, match="connector 0"):
        Connector(0, status)


@pytest.mark.parametrize(
    ("offered", "drawn", "status"),
    [
        (True, True, Status.CHARGING),
        (True, False, Status.SUSPENDED_EV),
        (False, True, Status.SUSPENDED_EVSE),
        (False, False, Status.SUSPENDED_EVSE),
    ],
)
def test_suspended_evse_wins_when_both_suspend(offered: bool, drawn: bool, status: Status) -> None:
    """R-215."""
    connector = Connector(1, Status.PREPARING)

    connector.apply(supply_event(offered=offered, drawn=drawn))

    assert connector.status is status


@given(st.integers(0, 3), st.lists(st.sampled_from(Event), max_size=60))
def test_any_events_report_only_steps_of_the_matrix(connector_id: int, events: list[Event]) -> None:
    """R-213, R-214."""
    connector = Connector(connector_id)

    for event in events:
        before = connector.status
        if connector.may(event):
            step = connector.apply(event)
            reported = (step.origin, step.target) if step else (before, before)
            assert reported == (before, connector.status)
            assert step is None or CELLS[reported] == step.code
        if connector_id == 0:
            assert connector.status in CONTROLLER_STATUSES


@given(st.sampled_from(Status), st.sampled_from(Status))
def test_every_status_can_be_reached_from_every_other(origin: Status, goal: Status) -> None:
    reached, frontier = {origin}, [connector_in(origin)]
    while frontier:
        status = frontier.pop().status_beneath_fault
        for event in Event:
            connector = Connector(1, status)
            if connector.may(event):
                connector.apply(event)
                if connector.status not in reached:
                    reached.add(connector.status)
                    frontier.append(connector)

    assert goal in reached


def test_a_transaction_exists_while_charging_or_suspended() -> None:
    entered = {t for s, t in CELLS if s is Status.PREPARING and t in TRANSACTION_STATUSES}

    assert entered == {Status.CHARGING, Status.SUSPENDED_EV, Status.SUSPENDED_EVSE}

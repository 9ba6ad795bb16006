"""Live sessions: at most one of a charge point, the newest, and what changes hands when."""

from __future__ import annotations

from typing import cast

from voltyard.central.gateway.session import Session
from voltyard.central.gateway.stations import MAX_TAKEOVERS_PER_MINUTE, Stations
from voltyard.central.services.origin import Origin

SECOND_US = 1_000_000
MINUTE_US = 60 * SECOND_US


class FakeSession:
    """What stations know of a session."""

    def __init__(self, id: int = 1, last_seen_us: int = 0) -> None:
        self.origin = Origin(id, f"CP{id}")
        self.last_seen_us = last_seen_us
        self.closed: list[tuple[int, str]] = []

    def close(self, code: int, reason: str) -> None:
        self.closed.append((code, reason))


def session(id: int = 1, last_seen_us: int = 0) -> Session:
    return cast(Session, FakeSession(id, last_seen_us))


def closed(session: Session) -> list[tuple[int, str]]:
    return cast(FakeSession, session).closed


def quiet() -> Stations:
    return Stations(lambda _: None)


def test_a_session_is_there_from_its_beginning_to_its_end() -> None:
    stations, first, second = quiet(), session(1), session(2)

    stations.enter(first, 0)
    stations.enter(second, 0)

    assert (stations.get(1), stations.get(2), stations.get(3)) == (first, second, None)
    assert (len(stations), list(stations)) == (2, [first, second])
    assert stations.leave(first)
    assert (stations.get(1), len(stations)) == (None, 1)
    assert not stations.leave(first)


def test_the_newest_session_of_a_charge_point_replaces_the_one_before() -> None:
    """R-017."""
    stations, old, new = quiet(), session(), session()
    stations.enter(old, 0)

    stations.enter(new, 1)

    assert stations.get(1) is new
    assert closed(old) == [(1008, "replaced")]
    assert closed(new) == []


def test_the_late_end_of_a_replaced_session_does_not_remove_the_new_one() -> None:
    """R-017: sessions are removed by connection, never by identity."""
    stations, old, new = quiet(), session(), session()
    stations.enter(old, 0)
    stations.enter(new, 1)

    assert not stations.leave(old)

    assert stations.get(1) is new
    assert stations.leave(new)


def test_sessions_that_replace_one_another_too_often_raise_one_alarm_and_are_held_off() -> None:
    alarms: list[Session] = []
    stations = Stations(alarms.append)
    flapping = []
    for number in range(MAX_TAKEOVERS_PER_MINUTE + 2):
        flapping.append(stations.is_flapping(1, number * SECOND_US))
        stations.enter(session(), number * SECOND_US)

    assert flapping == [False] * (MAX_TAKEOVERS_PER_MINUTE + 2)
    assert stations.is_flapping(1, MINUTE_US)
    assert not stations.is_flapping(2, MINUTE_US)
    assert len(alarms) == 1


def test_who_has_waited_long_enough_may_try_again() -> None:
    stations = quiet()
    for number in range(MAX_TAKEOVERS_PER_MINUTE + 2):
        stations.enter(session(), number * SECOND_US)

    assert stations.is_flapping(1, MINUTE_US + SECOND_US)
    assert not stations.is_flapping(1, MINUTE_US + 2 * SECOND_US)
    assert not stations.is_flapping(1, 5 * MINUTE_US)
    assert stations._takeovers == {}


def test_reconnecting_after_the_end_is_no_takeover() -> None:
    alarms: list[Session] = []
    stations = Stations(alarms.append)
    for number in range(20):
        one = session()
        stations.enter(one, number * SECOND_US)
        stations.leave(one)

    assert not stations.is_flapping(1, 20 * SECOND_US)
    assert alarms == []


def test_signs_of_life_are_those_of_who_was_heard_since_and_of_who_has_left() -> None:
    stations = quiet()
    left = session(1, last_seen_us=5)
    stations.enter(left, 0)
    stations.leave(left)
    for one in (session(2, last_seen_us=9), session(3, last_seen_us=10)):
        stations.enter(one, 0)

    assert stations.take_signs_of_life(10) == {1: 5, 3: 10}
    assert stations.take_signs_of_life(10) == {3: 10}
    assert stations.take_signs_of_life(0) == {2: 9, 3: 10}


def test_who_has_come_back_was_last_seen_on_its_new_connection() -> None:
    stations = quiet()
    old, new = session(1, last_seen_us=5), session(1, last_seen_us=9)
    stations.enter(old, 0)
    stations.leave(old)
    stations.enter(new, 0)

    assert stations.take_signs_of_life(0) == {1: 9}

"""Signs of life, and attempts to connect that should not have been made."""

from __future__ import annotations

from collections.abc import Mapping

from voltyard.central.services.events import Event
from voltyard.central.services.ports import UnitOfWork

CENTRAL_SYSTEM = "central system"


def record_signs_of_life(work: UnitOfWork, seen_us: Mapping[int, int]) -> None:
    """Store when charge points were last heard of, by their id."""
    for id, at_us in seen_us.items():
        work.charge_points.seen(id, at_us)


def record_breach(
    work: UnitOfWork, charge_point_id: int, identity: str, type: str, tech_info: str, at_us: int
) -> None:
    """Keep a security event of our own (WP A00.FR.323)."""
    work.evidence.security_event(charge_point_id, CENTRAL_SYSTEM, type, at_us, tech_info, at_us)
    work.publish(Event("security.event", identity, at_us, {"origin": CENTRAL_SYSTEM, "type": type}))


def settle_password(work: UnitOfWork, charge_point_id: int, password_hash: str) -> None:
    """Take the password that a charge point has just logged in with as the only one (WP A01.FR.03)."""
    charge_point = work.charge_points.get(charge_point_id)
    if charge_point is not None and password_hash in {
        charge_point.password_hash,
        charge_point.next_password_hash,
    }:
        work.charge_points.set(charge_point_id, password_hash=password_hash, next_password_hash=None)

"""What operators set up: the charge points that may connect, and the tags that may charge."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from voltyard.central.services.authorization import fold
from voltyard.central.services.commands import Ending, end_command
from voltyard.central.services.errors import Conflict, NotFound, Unacceptable
from voltyard.central.services.events import Event
from voltyard.central.services.origin import Origin
from voltyard.central.services.ports import UnitOfWork
from voltyard.central.services.records import ChargePoint, CommandStatus, IdTag
from voltyard.protocol.messages import RegistrationStatus

# What a connection can name (rulings, Connections); a dot segment would not survive the way here.
_IDENTITY = re.compile(r"[A-Za-z0-9*\-_=:+|@. ]{1,48}")
_DOT_SEGMENTS = (".", "..")
_PROFILES_WITH_PASSWORD = (1, 2)
_HIGHEST_PROFILE = 3


class Wish(Struct, frozen=True, kw_only=True):
    """What an operator wants a new charge point to be."""

    identity: str
    password_hash: str | None
    security_profile: int
    compliance: str
    registration: str
    heartbeat_interval_s: int | None
    assume_ocpp16: bool


class Changed(NamedTuple):
    """A charge point before and after what an operator did to it."""

    before: ChargePoint
    after: ChargePoint


def create_charge_point(work: UnitOfWork, wish: Wish, at_us: int) -> ChargePoint:
    """Store a new charge point; one that was deleted comes back as if it were new."""
    check_identity(wish.identity)
    known = work.charge_points.find(wish.identity)
    if known is not None and known.deleted_at_us is None:
        raise Conflict(f"there is a charge point {wish.identity!r} already", field="identity")
    record = _new(wish, at_us)
    _check_credentials(record)
    if known is None:
        record = replace(record, id=work.charge_points.add(record))
    else:
        record = replace(record, id=known.id)
        work.charge_points.set(known.id, **_fields(record))
    work.publish(Event("charge_point.created", record.identity, at_us, {}))
    return record


def change_charge_point(work: UnitOfWork, identity: str, changes: dict[str, Any], at_us: int) -> Changed:
    """Change fields of the record; a new `password_hash` also ends an offer that is under way."""
    before = require_charge_point(work, identity)
    if "password_hash" in changes:
        changes = {**changes, "next_password_hash": None}
    if changes.get("registration", RegistrationStatus.ACCEPTED) != RegistrationStatus.ACCEPTED:
        # It has to boot again, and is told then.
        changes = {**changes, "accepted_at_us": None}
    after = replace(before, **changes)
    _check_credentials(after)
    if after.security_profile < before.security_profile and before.booted_at_us is not None:
        # WP A05.FR.09. A device that was replaced by a lesser one is deleted and created again.
        raise Conflict(
            "the security profile of a charge point that has been here is never lowered",
            field="security_profile",
        )
    if changes:
        work.charge_points.set(before.id, **changes)
        work.publish(Event("charge_point.changed", identity, at_us, {"fields": _visible(changes)}))
    return Changed(before, after)


def delete_charge_point(work: UnitOfWork, identity: str, at_us: int) -> ChargePoint:
    """Let a charge point connect no more; what it reported stays, what was to be sent to it is cancelled."""
    known = require_charge_point(work, identity)
    origin = Origin(known.id, identity)
    while (command := work.commands.next_queued(known.id)) is not None:
        end_command(work, origin, command.id, Ending(CommandStatus.CANCELLED), at_us)
    gone: dict[str, Any] = {"deleted_at_us": at_us, "password_hash": None, "next_password_hash": None}
    work.charge_points.set(known.id, **gone)
    work.connectors.forget(known.id)
    work.publish(Event("charge_point.deleted", identity, at_us, {}))
    return replace(known, **gone)


def require_charge_point(work: UnitOfWork, identity: str) -> ChargePoint:
    """Return a charge point that is not deleted; raises `NotFound`."""
    known = work.charge_points.find(identity)
    if known is None or known.deleted_at_us is not None:
        raise NotFound(f"no charge point {identity!r}")
    return known


def is_identity(text: str) -> bool:
    """Whether a charge point can have this identity."""
    return _IDENTITY.fullmatch(text) is not None and text not in _DOT_SEGMENTS


def check_identity(identity: str) -> None:
    """Raise `Unacceptable` unless a charge point can have this identity."""
    if not is_identity(identity):
        raise Unacceptable(
            "expected 1 to 48 characters of A-Z a-z 0-9 * - _ = : + | @ . and space", field="identity"
        )


def create_tag(work: UnitOfWork, tag: IdTag, at_us: int) -> IdTag:
    """Store a new tag."""
    if work.id_tags.get(tag.id_tag) is not None:
        raise Conflict(f"there is a tag {tag.id_tag!r} already", field="id_tag")
    return put_tag(work, tag, at_us)


def put_tag(work: UnitOfWork, tag: IdTag, at_us: int) -> IdTag:
    """Store a tag as it is given, new or not; its key and its age are ours to tell."""
    known = work.id_tags.get(tag.id_tag)
    stored = replace(
        tag, id_tag_key=fold(tag.id_tag), created_at_us=at_us if known is None else known.created_at_us
    )
    if known is not None:
        stored = replace(stored, id_tag=known.id_tag)
    work.id_tags.put(stored)
    work.publish(Event("id_tag.changed", None, at_us, {"id_tag": stored.id_tag, "status": stored.status}))
    return stored


def change_tag(work: UnitOfWork, id_tag: str, changes: dict[str, Any], at_us: int) -> IdTag:
    """Change fields of a tag."""
    known = work.id_tags.get(id_tag)
    if known is None:
        raise NotFound(f"no tag {id_tag!r}")
    return put_tag(work, replace(known, **changes), at_us)


def remove_tag(work: UnitOfWork, id_tag: str, at_us: int) -> None:
    """Forget a tag; transactions keep its name."""
    if not work.id_tags.remove(id_tag):
        raise NotFound(f"no tag {id_tag!r}")
    work.publish(Event("id_tag.removed", None, at_us, {"id_tag": id_tag}))


def _new(wish: Wish, at_us: int) -> ChargePoint:
    return ChargePoint(
        id=0,
        identity=wish.identity,
        password_hash=wish.password_hash,
        next_password_hash=None,
        security_profile=wish.security_profile,
        compliance=wish.compliance,
        registration=wish.registration,
        assume_ocpp16=int(wish.assume_ocpp16),
        heartbeat_interval_s=wish.heartbeat_interval_s,
        accepted_at_us=None,
        booted_at_us=None,
        last_seen_us=None,
        vendor=None,
        model=None,
        serial_number=None,
        firmware_version=None,
        boot_notification=None,
        created_at_us=at_us,
        deleted_at_us=None,
    )


def _fields(record: ChargePoint) -> dict[str, Any]:
    return {
        name: getattr(record, name) for name in record.__struct_fields__ if name not in {"id", "identity"}
    }


def _visible(changes: dict[str, Any]) -> list[str]:
    names = {"password" if name.endswith("password_hash") else name for name in changes}
    return sorted(names - {"accepted_at_us"})


def _check_credentials(record: ChargePoint) -> None:
    """Refuse settings with which nobody could ever log in."""
    if not 0 <= record.security_profile <= _HIGHEST_PROFILE:
        raise Unacceptable(f"expected 0 to {_HIGHEST_PROFILE}", field="security_profile")
    if record.security_profile not in _PROFILES_WITH_PASSWORD:
        return
    if record.password_hash is None:
        raise Unacceptable(f"security profile {record.security_profile} needs a password", field="password")
    if ":" in record.identity:
        # RFC 7617 §2: the user name of Basic authentication, which is the identity, has no colon.
        raise Unacceptable(
            "an identity with a colon cannot log in with a password; use security profile 3 or another one",
            field="identity",
        )

"""What may be asked: the bodies of requests, with the bounds of their fields."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from voltyard.central.credentials import Role
from voltyard.protocol.codec import Compliance
from voltyard.protocol.messages import RegistrationStatus

Identity = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=48,
        pattern=r"^[A-Za-z0-9*\-_=:+|@. ]+$",
        description="What the charge point puts at the end of the URL; letter case counts.",
        examples=["CP001"],
    ),
]
Password = Annotated[
    str,
    Meta(
        max_length=40,
        description="16 to 20 bytes of text, or 32 to 40 hexadecimal digits, two a byte. Never shown again.",
        examples=["a-password-of-20-chr"],
    ),
]
SecurityProfile = Annotated[
    int,
    Meta(
        ge=0,
        le=3,
        description="0: no password, for tests only; 1: password; 2: TLS and password; 3: TLS on both sides.",
    ),
]
HeartbeatInterval = Annotated[
    int, Meta(ge=1, le=86400, description="Seconds between heartbeats; null means the setting of the server.")
]
_PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
Tag = Annotated[
    str,
    # A slash would not survive in a URL.
    Meta(
        min_length=1,
        max_length=20,
        pattern=r"^[^\x00-\x1f\x7f/]+$",
        description="Letter case does not matter.",
        examples=["04E1F2A3"],
    ),
]
ParentTag = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=20,
        pattern=_PRINTABLE,
        description="Tags of one parent may stop one another's transactions.",
    ),
]
ActiveTransactions = Annotated[
    int,
    Meta(ge=1, le=1_000_000, description="How many transactions may run at a time; null means no limit."),
]
Expiry = Annotated[
    datetime, Meta(tz=True, description="From when on it is not accepted any more; null means never.")
]
Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=_PRINTABLE)]


class TagStatus(StrEnum):
    """What a tag is worth in itself; ConcurrentTx depends on what runs, so nobody sets it."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"
    INVALID = "Invalid"


class NewChargePoint(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A charge point that may connect from now on."""

    identity: Identity
    password: Password | None = None
    security_profile: SecurityProfile = 1
    compliance: Compliance | None = None
    registration: RegistrationStatus = RegistrationStatus.ACCEPTED
    heartbeat_interval_s: HeartbeatInterval | None = None
    assume_ocpp16: Annotated[bool, Meta(description="Let it in when it offers no subprotocol at all.")] = (
        False
    )


class ChargePointChanges(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to change; what is left out stays.

    Another password, security profile or registration ends a live connection, so that the charge point
    comes back under the new terms. The security profile of one that has been here is never lowered.
    """

    password: Password | UnsetType | None = UNSET
    security_profile: SecurityProfile | UnsetType = UNSET
    compliance: Compliance | UnsetType = UNSET
    registration: RegistrationStatus | UnsetType = UNSET
    heartbeat_interval_s: HeartbeatInterval | UnsetType | None = UNSET
    assume_ocpp16: bool | UnsetType = UNSET


class TagSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a tag is, but for its name."""

    status: TagStatus = TagStatus.ACCEPTED
    parent_id_tag: ParentTag | None = None
    expiry_date: Expiry | None = None
    max_active_transactions: ActiveTransactions | None = 1


class NewTag(TagSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tag that may be presented to a charge point from now on."""

    id_tag: Tag


class TagChanges(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to change; what is left out stays."""

    status: TagStatus | UnsetType = UNSET
    parent_id_tag: ParentTag | UnsetType | None = UNSET
    expiry_date: Expiry | UnsetType | None = UNSET
    max_active_transactions: ActiveTransactions | UnsetType | None = UNSET


class NewApiKey(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key for a program."""

    name: Name
    role: Role
    expires_at: Expiry | None = None


class Login(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who signs in."""

    name: Annotated[str, Meta(max_length=1000)]
    password: Annotated[str, Meta(max_length=1000)]

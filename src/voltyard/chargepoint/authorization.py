"""Identifiers and what is known of them: their group, their validity, and the authorization cache."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from heapq import nsmallest
from typing import Final, NamedTuple, Self

from msgspec import Struct, json

from voltyard.chargepoint.store import Change, Store
from voltyard.protocol.messages import AuthorizationStatus, ChargingProfile, IdTagInfo

_KIND: Final = "cache"
_TOKEN_LENGTH: Final = 20


class Authorization(NamedTuple):
    """An identifier that may charge, and the group it belongs to.

    `charging_profile` is that of a RemoteStartTransaction, for the transaction to come.
    """

    id_tag: str
    parent_id_tag: str | None = None
    charging_profile: ChargingProfile | None = None

    def is_same_tag(self, id_tag: str) -> bool:
        """Whether it is this identifier; upper and lower case do not matter (OCPP 1.6 §2.2)."""
        return self.id_tag.casefold() == id_tag.casefold()

    def is_same_group(self, other: Authorization) -> bool:
        """Whether both have the same parent; none or an empty one is no group (OCPP 1.6 §3.10)."""
        if not self.parent_id_tag or not other.parent_id_tag:
            return False
        return self.parent_id_tag.casefold() == other.parent_id_tag.casefold()


def is_id_token(id_tag: str) -> bool:
    """Whether a text can be an identifier at all: 1 to 20 printable characters (OCPP 1.6 §7.28)."""
    return 1 <= len(id_tag) <= _TOKEN_LENGTH and id_tag.isprintable()


class TagRecord(Struct, frozen=True, rename="camel", omit_defaults=True):
    """An `IdTagInfo` as it is kept: whatever was taken in, so also a parent that is too long, can be read."""

    status: AuthorizationStatus
    expiry_date: datetime | None = None
    parent_id_tag: str | None = None

    @classmethod
    def of(cls, info: IdTagInfo) -> Self:
        """Return what is kept of what the central system said."""
        return cls(info.status, info.expiry_date, info.parent_id_tag)

    def at(self, now: datetime) -> IdTagInfo:
        """Return what is known now: what has reached its expiry date has expired (OCPP 1.6 §3.5.1)."""
        has_expired = self.expiry_date is not None and self.expiry_date <= now
        return IdTagInfo(
            status=AuthorizationStatus.EXPIRED if has_expired else self.status,
            expiry_date=self.expiry_date,
            parent_id_tag=self.parent_id_tag,
        )


class Cache:
    """What the central system last said about identifiers, valid or not (OCPP 1.6 §3.5.1)."""

    __slots__ = ("_capacity", "_entries", "_store")

    def __init__(self, store: Store, *, capacity: int = 500) -> None:
        self._store = store
        self._capacity = capacity
        self._entries = {
            id_tag: json.decode(entry, type=_Entry) for id_tag, entry in store.read(_KIND).items()
        }

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, id_tag: str, now: datetime) -> IdTagInfo | None:
        """Return what is known of an identifier; an entry whose time has passed has expired (R-120)."""
        entry = self._entries.get(id_tag.casefold())
        return None if entry is None else entry.info.at(now)

    def update(self, id_tag: str, info: IdTagInfo, now: datetime) -> None:
        """Remember what was said last."""
        key = id_tag.casefold()
        entry = _Entry(TagRecord.of(info), now)
        surplus = len(self._entries.keys() | {key}) - self._capacity
        evicted = self._least_useful(surplus, now, but=key) if surplus > 0 else []
        gone = (Change(_KIND, each, None) for each in evicted)
        self._store.commit(Change(_KIND, key, json.encode(entry)), *gone)
        for each in evicted:
            del self._entries[each]
        self._entries[key] = entry

    def forget(self, id_tags: Iterable[str]) -> None:
        """Remember nothing of these any more."""
        keys = {id_tag.casefold() for id_tag in id_tags} & self._entries.keys()
        if keys:
            self._store.commit(*(Change(_KIND, key, None) for key in keys))
            for key in keys:
                del self._entries[key]

    def clear(self) -> None:
        """Forget everything (ClearCache)."""
        self.forget(tuple(self._entries))

    def _least_useful(self, count: int, now: datetime, *, but: str) -> list[str]:
        # Not valid ones first, then the oldest valid one (OCPP 1.6 §3.5.1).
        def usefulness(key: str) -> tuple[bool, datetime]:
            entry = self._entries[key]
            return entry.info.at(now).status is AuthorizationStatus.ACCEPTED, entry.updated_at

        return nsmallest(count, self._entries.keys() - {but}, key=usefulness)


class _Entry(Struct, frozen=True):
    info: TagRecord
    updated_at: datetime

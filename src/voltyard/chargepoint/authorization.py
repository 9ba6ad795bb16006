"""Who may charge: the authorization cache, and when it decides or the central system (OCPP 1.6 §3.5)."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from msgspec import Struct, json, structs

from voltyard.chargepoint.clock import Clock
from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.registration import Registration
from voltyard.chargepoint.store import Change, Store
from voltyard.chargepoint.uplink import Caller
from voltyard.protocol.messages import AuthorizationStatus, Authorize, IdTagInfo, RegistrationStatus
from voltyard.transport.errors import PeerError

_KIND: Final = "cache"
_TOKEN_LENGTH: Final = 20
_NEVER: Final = IdTagInfo(status=AuthorizationStatus.INVALID)


class Authorization(NamedTuple):
    """An identifier that may charge, and the group it belongs to."""

    id_tag: str
    parent_id_tag: str | None = None

    def is_same_tag(self, id_tag: str) -> bool:
        """Whether it is this identifier; upper and lower case do not matter (OCPP 1.6 §2.2)."""
        return self.id_tag.casefold() == id_tag.casefold()

    def is_same_group(self, other: Authorization) -> bool:
        """Whether both have a parent and it is the same one; no parent is no group (OCPP 1.6 §3.10)."""
        if self.parent_id_tag is None or other.parent_id_tag is None:
            return False
        return self.parent_id_tag.casefold() == other.parent_id_tag.casefold()


def is_id_token(id_tag: str) -> bool:
    """Whether a text can be an identifier at all: 1 to 20 characters (OCPP 1.6 §7.28)."""
    return 1 <= len(id_tag) <= _TOKEN_LENGTH


class Cache:
    """What the central system last said about identifiers, valid or not (OCPP 1.6 §3.5.1)."""

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
        if entry is None:
            return None
        expired = entry.info.expiry_date is not None and entry.info.expiry_date <= now
        return structs.replace(entry.info, status=AuthorizationStatus.EXPIRED) if expired else entry.info

    def update(self, id_tag: str, info: IdTagInfo, now: datetime) -> None:
        """Remember what was said last."""
        key = id_tag.casefold()
        entry = _Entry(info, now)
        changes = [Change(_KIND, key, json.encode(entry))]
        if key not in self._entries and len(self._entries) >= self._capacity:
            evicted = self._least_useful(now)
            del self._entries[evicted]
            changes.append(Change(_KIND, evicted, None))
        self._entries[key] = entry
        self._store.commit(*changes)

    def clear(self) -> None:
        """Forget everything (ClearCache)."""
        self._store.commit(*(Change(_KIND, key, None) for key in self._entries))
        self._entries.clear()

    def _least_useful(self, now: datetime) -> str:
        # Not valid ones first, then the oldest valid one (OCPP 1.6 §3.5.1).
        def usefulness(key: str) -> tuple[bool, datetime]:
            info = self.find(key, now) or _NEVER
            return info.status is AuthorizationStatus.ACCEPTED, self._entries[key].updated_at

        return min(self._entries, key=usefulness)


class Authorizer:
    """Decides whether a presented identifier may charge; without an answer as it does offline."""

    def __init__(
        self,
        configuration: Configuration,
        cache: Cache,
        clock: Clock,
        registration: Registration,
        caller: Caller,
    ) -> None:
        self._configuration = configuration
        self._cache = cache
        self._clock = clock
        self._registration = registration
        self._caller = caller

    async def authorize(self, id_tag: str) -> Authorization | None:
        """Return the authorization, or None if the identifier may not charge."""
        # Nobody charges before the central system has accepted the charge point once.
        if not self._registration.was_ever_accepted or not is_id_token(id_tag):
            return None
        known = self._known(id_tag)
        if self._configuration.boolean("LocalPreAuthorize") and _is_valid(known):
            return _authorization(id_tag, known)
        # Asked too for what is known not to be valid: that may have changed (OCPP 1.6 §3.5.1).
        info = await self._ask(id_tag)
        if info is None:
            return self._decide_offline(id_tag, known)
        self.learn(id_tag, info)
        return _authorization(id_tag, info)

    def learn(self, id_tag: str, info: IdTagInfo) -> None:
        """Take in what an answer to Authorize, StartTransaction or StopTransaction says."""
        if self._configuration.boolean("AuthorizationCacheEnabled"):
            self._cache.update(id_tag, info, self._clock.now())

    async def _ask(self, id_tag: str) -> IdTagInfo | None:
        if self._registration.status is not RegistrationStatus.ACCEPTED:
            return None
        try:
            return (await self._caller.call(Authorize(id_tag=id_tag))).id_tag_info
        except PeerError:
            return None

    def _known(self, id_tag: str) -> IdTagInfo | None:
        if not self._configuration.boolean("AuthorizationCacheEnabled"):
            return None
        return self._cache.find(id_tag, self._clock.now())

    def _decide_offline(self, id_tag: str, known: IdTagInfo | None) -> Authorization | None:
        allows_unknown = self._configuration.boolean("AllowOfflineTxForUnknownId")
        if known is None:
            return Authorization(id_tag) if allows_unknown else None
        if self._configuration.boolean("LocalAuthorizeOffline") or allows_unknown:
            return _authorization(id_tag, known)
        return None


class _Entry(Struct, frozen=True):
    info: IdTagInfo
    updated_at: datetime


def _is_valid(info: IdTagInfo | None) -> bool:
    return info is not None and info.status is AuthorizationStatus.ACCEPTED


def _authorization(id_tag: str, info: IdTagInfo | None) -> Authorization | None:
    if info is None or info.status is not AuthorizationStatus.ACCEPTED:
        return None
    return Authorization(id_tag, info.parent_id_tag)

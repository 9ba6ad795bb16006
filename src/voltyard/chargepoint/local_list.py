"""The local authorization list: what the central system sent ahead about identifiers (OCPP 1.6 §3.5.2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from msgspec import json

from voltyard.chargepoint.authorization import Cache, TagRecord, is_id_token
from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.store import Change, Store
from voltyard.protocol.messages import AuthorizationData, IdTagInfo, SendLocalList, UpdateStatus, UpdateType

EMPTY_VERSION: Final = 0
"""The version of an empty list, whatever it was sent with (OCPP 1.6 §5.10)."""
NO_LIST_VERSION: Final = -1
"""The version where there is no list, or it is switched off."""

_KIND: Final = "local list"
_VERSION_KIND: Final = "local list version"
_VERSION_KEY: Final = "version"


class LocalList:
    """The list and its version, changed by nothing but SendLocalList, all or none of an update.

    While LocalAuthListEnabled is false it is as if there was none; what it holds stays. Entries are kept as
    they are stored, and read when they are looked for: ten thousand of them cost some two megabytes.
    """

    __slots__ = ("_cache", "_configuration", "_entries", "_store", "_version")

    def __init__(self, store: Store, cache: Cache, configuration: Configuration) -> None:
        self._store = store
        self._cache = cache
        self._configuration = configuration
        self._entries = store.read(_KIND)
        version = store.read(_VERSION_KIND).get(_VERSION_KEY)
        self._version = EMPTY_VERSION if version is None else json.decode(version, type=int)

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def version(self) -> int:
        """The version as GetLocalListVersion tells it."""
        return self._version if self._is_enabled else NO_LIST_VERSION

    def find(self, id_tag: str, now: datetime) -> IdTagInfo | None:
        """Return what the list says; an entry whose time has passed has expired."""
        entry = self._entries.get(id_tag.casefold()) if self._is_enabled else None
        return None if entry is None else json.decode(entry, type=TagRecord).at(now)

    def update(self, request: SendLocalList) -> UpdateStatus:
        """Replace or change the list; unless the answer is Accepted nothing has changed."""
        if not self._is_enabled:
            return UpdateStatus.NOT_SUPPORTED
        is_full = request.update_type is UpdateType.FULL
        if not is_full and request.list_version <= self._version:
            return UpdateStatus.VERSION_MISMATCH
        received = request.local_authorization_list or ()
        if not self._may_take(request, received):
            return UpdateStatus.FAILED
        wanted: dict[str, bytes | None] = dict.fromkeys(self._entries) if is_full else {}
        wanted |= {each.id_tag.casefold(): _record(each.id_tag_info) for each in received}
        return self._apply(wanted, request.list_version)

    @property
    def _is_enabled(self) -> bool:
        return self._configuration.boolean("LocalAuthListEnabled")

    def _may_take(self, request: SendLocalList, received: Sequence[AuthorizationData]) -> bool:
        # 0 and -1 say that there is no list (errata 3.52).
        if request.list_version in {EMPTY_VERSION, NO_LIST_VERSION}:
            return False
        if len(received) > self._configuration.integer("SendLocalListMaxLength"):
            return False
        if len({each.id_tag.casefold() for each in received}) < len(received):
            return False
        is_full = request.update_type is UpdateType.FULL
        return all(is_id_token(each.id_tag) and (each.id_tag_info or not is_full) for each in received)

    def _apply(self, wanted: dict[str, bytes | None], version: int) -> UpdateStatus:
        changed = {key: record for key, record in wanted.items() if self._entries.get(key) != record}
        added = changed.keys() - self._entries.keys()
        removed = [key for key, record in changed.items() if record is None]
        length = len(self._entries) + len(added) - len(removed)
        if length > self._configuration.integer("LocalAuthListMaxLength"):
            return UpdateStatus.FAILED
        # What is in the list is in no cache (OCPP 1.6 §3.5.3). First: the cache may always forget.
        self._cache.forget(added)
        version = version if length else EMPTY_VERSION
        self._store.commit(
            *(Change(_KIND, key, record) for key, record in changed.items()),
            Change(_VERSION_KIND, _VERSION_KEY, json.encode(version)),
        )
        self._version = version
        for key in removed:
            del self._entries[key]
        self._entries |= {key: record for key, record in changed.items() if record is not None}
        return UpdateStatus.ACCEPTED


def _record(info: IdTagInfo | None) -> bytes | None:
    return None if info is None else json.encode(TagRecord.of(info))

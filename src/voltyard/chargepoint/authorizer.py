"""Who may charge: when what is known of a tag decides, and when the central system does (OCPP 1.6 §3.5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from voltyard.chargepoint.authorization import Authorization, Cache, is_id_token
from voltyard.chargepoint.clock import Clock
from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.local_list import LocalList
from voltyard.chargepoint.registration import Registration
from voltyard.chargepoint.uplink import Caller
from voltyard.protocol.messages import AuthorizationStatus, Authorize, IdTagInfo, RegistrationStatus
from voltyard.transport.errors import PeerError

_VALID_IN_LIST: Final = frozenset({AuthorizationStatus.ACCEPTED, AuthorizationStatus.CONCURRENT_TX})


class Authorizer:
    """Decides whether a presented identifier may charge; without an answer as it does offline.

    `conflict` is told when an answer disagrees with the local list.
    """

    __slots__ = ("_cache", "_caller", "_clock", "_configuration", "_conflict", "_local_list", "_registration")

    def __init__(
        self,
        configuration: Configuration,
        local_list: LocalList,
        cache: Cache,
        clock: Clock,
        registration: Registration,
        caller: Caller,
        conflict: Callable[[], None],
    ) -> None:
        self._configuration = configuration
        self._local_list = local_list
        self._cache = cache
        self._clock = clock
        self._registration = registration
        self._caller = caller
        self._conflict = conflict

    async def authorize(self, id_tag: str, *, wants_parent: bool = False) -> Authorization | None:
        """Return the authorization, or None if the identifier may not charge.

        With `wants_parent` the central system is also asked when all is known but the parent.
        """
        # Nobody charges before the central system has accepted the charge point once.
        if not self._registration.was_ever_accepted or not is_id_token(id_tag):
            return None
        known = self._known(id_tag)
        if self._configuration.boolean("LocalPreAuthorize"):
            authorization = _authorization(id_tag, known)
            if authorization is not None and (authorization.parent_id_tag or not wants_parent):
                return authorization
        # Asked too for what is known not to be valid: that may have changed (OCPP 1.6 §3.5.1).
        info = await self._ask(id_tag)
        if info is None:
            return self._decide_offline(id_tag, known)
        self.learn(id_tag, info)
        if info.status is not AuthorizationStatus.ACCEPTED:
            return None
        # An answer may leave out the parent; the list still knows it.
        return Authorization(id_tag, info.parent_id_tag or self.parent_of(id_tag))

    def parent_of(self, id_tag: str) -> str | None:
        """Return the group of an identifier if the list or the cache knows it, valid or not."""
        known = self._known(id_tag)
        return None if known is None else known.parent_id_tag

    def learn(self, id_tag: str, info: IdTagInfo) -> None:
        """Take in what an answer to Authorize, StartTransaction or StopTransaction says."""
        now = self._clock.now()
        listed = self._local_list.find(id_tag, now)
        if listed is None:
            if self._configuration.boolean("AuthorizationCacheEnabled"):
                self._cache.update(id_tag, info, now)
            return
        # It may be in the cache from a time when the list was switched off (OCPP 1.6 §3.5.3).
        self._cache.forget((id_tag,))
        if (listed.status in _VALID_IN_LIST) != (info.status in _VALID_IN_LIST):
            self._conflict()

    async def _ask(self, id_tag: str) -> IdTagInfo | None:
        if self._registration.status is not RegistrationStatus.ACCEPTED:
            return None
        try:
            return (await self._caller.call(Authorize(id_tag=id_tag))).id_tag_info
        except PeerError:
            return None

    def _known(self, id_tag: str) -> IdTagInfo | None:
        now = self._clock.now()
        listed = self._local_list.find(id_tag, now)
        if listed is None and self._configuration.boolean("AuthorizationCacheEnabled"):
            return self._cache.find(id_tag, now)
        return listed

    def _decide_offline(self, id_tag: str, known: IdTagInfo | None) -> Authorization | None:
        allows_unknown = self._configuration.boolean("AllowOfflineTxForUnknownId")
        if known is None:
            return Authorization(id_tag) if allows_unknown else None
        # For a tag known to be good the two keys together leave no reason to refuse (OCPP 1.6 §3.5.4).
        if self._configuration.boolean("LocalAuthorizeOffline") or allows_unknown:
            return _authorization(id_tag, known)
        return None


def _authorization(id_tag: str, info: IdTagInfo | None) -> Authorization | None:
    if info is None or info.status is not AuthorizationStatus.ACCEPTED:
        return None
    return Authorization(id_tag, info.parent_id_tag)

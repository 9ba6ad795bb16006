"""Who may charge, online and offline (reference C.3, C.7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest
from tests.chargepoint.central_system import boot
from tests.chargepoint.virtual_time import BEGINNING, VirtualClock, story

from voltyard.chargepoint.authorization import Authorization, Authorizer, Cache, is_id_token
from voltyard.chargepoint.clock import StationClock
from voltyard.chargepoint.configuration import Configuration, Equipment
from voltyard.chargepoint.registration import Registration
from voltyard.chargepoint.store import MemoryStore
from voltyard.protocol.messages import (
    AuthorizationStatus,
    Authorize,
    AuthorizeResponse,
    BootNotification,
    IdTagInfo,
    Measurand,
)
from voltyard.protocol.payload import Payload, Request
from voltyard.transport.errors import CallTimedOut, Disconnected

ACCEPTED = IdTagInfo(status=AuthorizationStatus.ACCEPTED)
GROUPED = IdTagInfo(status=AuthorizationStatus.ACCEPTED, parent_id_tag="GROUP")
BLOCKED = IdTagInfo(status=AuthorizationStatus.BLOCKED)
BOOT = BootNotification(charge_point_vendor="v", charge_point_model="m")


class Caller:
    """A central system that knows some identifiers, or none of the charge point's calls."""

    def __init__(self) -> None:
        self.tags: dict[str, IdTagInfo] = {}
        self.error: Exception | None = None
        self.asked: list[str] = []

    async def call(self, request: Request[Any]) -> Any:
        return self._answer(request)

    def _answer(self, request: Request[Any]) -> Payload:
        if self.error is not None:
            raise self.error
        if isinstance(request, BootNotification):
            return boot(BEGINNING)
        id_tag = cast(Authorize, request).id_tag
        self.asked.append(id_tag)
        return AuthorizeResponse(id_tag_info=self.tags[id_tag])


class Desk:
    """An authorizer of a charge point that has been accepted."""

    def __init__(self, store: MemoryStore | None = None, **settings: str) -> None:
        equipment = Equipment(
            connectors=1,
            measurands=frozenset({Measurand.ENERGY_ACTIVE_IMPORT_REGISTER}),
            has_fixed_cables=False,
        )
        self.store = store or MemoryStore()
        self.clock = StationClock(VirtualClock())
        self.configuration = Configuration(self.store, equipment, settings)
        self.cache = Cache(self.store)
        self.caller = Caller()
        self.registration = Registration(self.store, self.configuration, self.clock)
        self.authorizer = Authorizer(
            self.configuration, self.cache, self.clock, self.registration, self.caller
        )

    async def booted(self) -> Desk:
        await self.registration.register(self.caller, BOOT)
        return self

    def go_offline(self) -> None:
        self.caller.error = Disconnected(1006, "")

    async def may_charge(self, id_tag: str) -> bool:
        return await self.authorizer.authorize(id_tag) is not None


@story
async def test_an_unknown_tag_is_asked_about_and_remembered_with_its_parent() -> None:
    """R-109, R-119."""
    desk = await Desk().booted()
    desk.caller.tags["A"] = GROUPED

    assert await desk.authorizer.authorize("A") == Authorization("A", "GROUP")

    assert desk.caller.asked == ["A"]
    assert desk.cache.find("a", desk.clock.now()) == GROUPED


@pytest.mark.parametrize(("pre_authorize", "asked"), [("true", []), ("false", ["A"])])
@story
async def test_local_pre_authorize_spares_the_question(pre_authorize: str, asked: list[str]) -> None:
    """R-116, R-117."""
    desk = await Desk(LocalPreAuthorize=pre_authorize).booted()
    desk.caller.tags["A"] = ACCEPTED
    desk.authorizer.learn("a", GROUPED)

    assert await desk.may_charge("A")

    assert desk.caller.asked == asked


@story
async def test_a_cached_tag_that_was_not_valid_is_asked_about_again() -> None:
    """R-118."""
    desk = await Desk(LocalPreAuthorize="true").booted()
    desk.authorizer.learn("A", BLOCKED)
    desk.caller.tags["A"] = ACCEPTED

    assert await desk.may_charge("A")
    assert desk.cache.find("A", desk.clock.now()) == ACCEPTED


@story
async def test_a_refused_tag_may_not_charge() -> None:
    desk = await Desk().booted()
    desk.caller.tags["A"] = BLOCKED

    assert not await desk.may_charge("A")


@pytest.mark.parametrize(
    ("known", "offline", "unknown_ones", "may_charge"),
    [
        (ACCEPTED, "true", "false", True),
        (ACCEPTED, "false", "false", False),
        (ACCEPTED, "false", "true", True),  # Z18
        (None, "true", "true", True),
        (None, "true", "false", False),
        (BLOCKED, "true", "true", False),
        (IdTagInfo(status=AuthorizationStatus.CONCURRENT_TX), "true", "true", False),  # Z19
        (
            IdTagInfo(status=AuthorizationStatus.ACCEPTED, expiry_date=BEGINNING),
            "true",
            "true",
            False,
        ),
    ],
)
@pytest.mark.parametrize("error", [Disconnected(1006, ""), CallTimedOut()])
@story
async def test_offline_the_charge_point_decides(
    known: IdTagInfo | None, offline: str, unknown_ones: str, may_charge: bool, error: Exception
) -> None:
    """R-128 to R-132."""
    desk = await Desk(LocalAuthorizeOffline=offline, AllowOfflineTxForUnknownId=unknown_ones).booted()
    if known is not None:
        desk.authorizer.learn("A", known)

    desk.caller.error = error

    assert await desk.may_charge("A") is may_charge


@story
async def test_nobody_charges_before_the_charge_point_was_ever_accepted() -> None:
    """R-107."""
    desk = Desk(AllowOfflineTxForUnknownId="true")
    desk.authorizer.learn("A", ACCEPTED)

    assert not await desk.may_charge("A")
    assert await (await desk.booted()).registration.register(desk.caller, BOOT) is False
    desk.go_offline()

    assert await desk.may_charge("A")


@story
async def test_a_charge_point_that_is_not_accepted_now_decides_as_offline() -> None:
    desk = await Desk().booted()
    desk.authorizer.learn("A", ACCEPTED)
    rebooted = Desk(store=desk.store)

    assert await rebooted.may_charge("A")

    assert rebooted.caller.asked == []


@story
async def test_without_a_cache_nothing_is_known_offline() -> None:
    desk = await Desk(AuthorizationCacheEnabled="false").booted()
    desk.caller.tags["A"] = ACCEPTED
    assert await desk.may_charge("A")

    desk.go_offline()

    assert not await desk.may_charge("A")
    assert len(desk.cache) == 0


@pytest.mark.parametrize("id_tag", ["", "A" * 21])
@story
async def test_what_cannot_be_a_tag_is_not_asked_about(id_tag: str) -> None:
    desk = await Desk(AllowOfflineTxForUnknownId="true").booted()

    assert not is_id_token(id_tag)
    assert not await desk.may_charge(id_tag)

    assert desk.caller.asked == []


def test_entries_expire_by_time() -> None:
    """R-120."""
    cache = Cache(MemoryStore())
    info = IdTagInfo(
        status=AuthorizationStatus.ACCEPTED, expiry_date=BEGINNING + timedelta(hours=1), parent_id_tag="P"
    )
    cache.update("A", info, BEGINNING)

    assert cache.find("A", BEGINNING) == info
    expired = cache.find("A", BEGINNING + timedelta(hours=1))

    assert expired is not None
    assert (expired.status, expired.parent_id_tag) == (AuthorizationStatus.EXPIRED, "P")


def test_a_full_cache_gives_up_what_is_not_valid_first_then_the_oldest() -> None:
    """R-121."""
    store = MemoryStore()
    cache = Cache(store, capacity=2)
    for minute, (id_tag, info) in enumerate([("old", ACCEPTED), ("bad", BLOCKED), ("new", ACCEPTED)]):
        cache.update(id_tag, info, BEGINNING + timedelta(minutes=minute))
    assert cache.find("bad", BEGINNING) is None

    cache.update("newest", ACCEPTED, BEGINNING + timedelta(minutes=9))

    assert cache.find("old", BEGINNING) is None
    assert len(Cache(store)) == len(cache) == 2


def test_the_cache_survives_a_restart_until_it_is_cleared() -> None:
    """R-122, R-133."""
    store = MemoryStore()
    Cache(store).update("A", GROUPED, BEGINNING)

    cache = Cache(store)
    assert cache.find("A", BEGINNING) == GROUPED
    cache.clear()

    assert cache.find("A", BEGINNING) is None
    assert len(Cache(store)) == 0


def test_updating_a_known_tag_in_a_full_cache_evicts_nobody() -> None:
    cache = Cache(MemoryStore(), capacity=2)
    cache.update("A", ACCEPTED, BEGINNING)
    cache.update("B", ACCEPTED, BEGINNING)

    cache.update("a", BLOCKED, BEGINNING)

    assert cache.find("A", BEGINNING) == BLOCKED
    assert cache.find("B", BEGINNING) == ACCEPTED


def test_tags_are_the_same_in_any_case_and_groups_need_a_parent() -> None:
    """R-113, R-114, R-115."""
    assert Authorization("ab12").is_same_tag("AB12")
    assert Authorization("A", "group").is_same_group(Authorization("B", "GROUP"))
    assert not Authorization("A", "one").is_same_group(Authorization("B", "two"))
    assert not Authorization("A").is_same_group(Authorization("B"))
    assert not Authorization("A", "B").is_same_group(Authorization("B"))

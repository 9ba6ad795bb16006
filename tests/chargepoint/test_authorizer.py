"""Who may charge, online and offline (reference C.3)."""

from __future__ import annotations

from typing import Any, cast

import pytest
from tests.chargepoint.central_system import boot
from tests.chargepoint.virtual_time import BEGINNING, VirtualClock, story
from tests.chargepoint.world import TAG, vehicle, world

from voltyard.chargepoint.authorization import Authorization, Cache, is_id_token
from voltyard.chargepoint.authorizer import Authorizer
from voltyard.chargepoint.clock import StationClock
from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.keys import Equipment, table_of
from voltyard.chargepoint.local_list import LocalList
from voltyard.chargepoint.registration import Registration
from voltyard.chargepoint.store import MemoryStore
from voltyard.protocol.messages import (
    AuthorizationData,
    AuthorizationStatus,
    Authorize,
    AuthorizeResponse,
    BootNotification,
    ChargePointErrorCode,
    IdTagInfo,
    Measurand,
    Reason,
    RemoteStartTransaction,
    SendLocalList,
    StartTransaction,
    StatusNotification,
    StopTransaction,
    UpdateStatus,
    UpdateType,
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
        self.configuration = Configuration(self.store, table_of(equipment, settings))
        self.cache = Cache(self.store)
        self.local_list = LocalList(self.store, self.cache, self.configuration)
        self.conflicts = 0
        self.caller = Caller()
        self.registration = Registration(self.store, self.configuration, self.clock)
        self.authorizer = Authorizer(
            self.configuration,
            self.local_list,
            self.cache,
            self.clock,
            self.registration,
            self.caller,
            self._count_conflict,
        )

    async def booted(self) -> Desk:
        await self.registration.register(self.caller, BOOT)
        return self

    def go_offline(self) -> None:
        self.caller.error = Disconnected(1006, "")

    def list_tags(self, **tags: IdTagInfo) -> None:
        """Have the central system send the local list."""
        entries = tuple(AuthorizationData(id_tag=tag, id_tag_info=info) for tag, info in tags.items())
        request = SendLocalList(list_version=1, update_type=UpdateType.FULL, local_authorization_list=entries)
        assert self.local_list.update(request) is UpdateStatus.ACCEPTED

    def in_cache(self, id_tag: str) -> IdTagInfo | None:
        return self.cache.find(id_tag, self.clock.now())

    async def may_charge(self, id_tag: str) -> bool:
        return await self.authorizer.authorize(id_tag) is not None

    def _count_conflict(self) -> None:
        self.conflicts += 1


@story
async def test_an_unknown_tag_is_asked_about_and_remembered_with_its_parent() -> None:
    """R-109, R-119."""
    desk = await Desk().booted()
    desk.caller.tags["A"] = GROUPED

    assert await desk.authorizer.authorize("A") == Authorization("A", "GROUP")

    assert desk.caller.asked == ["A"]
    assert desk.in_cache("a") == GROUPED


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
    assert desk.in_cache("A") == ACCEPTED


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


@pytest.mark.parametrize(
    ("listed", "offline", "unknown_ones", "may_charge"),
    [
        (ACCEPTED, "true", "false", True),
        (ACCEPTED, "false", "false", False),
        (ACCEPTED, "false", "true", True),  # Z18
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
@story
async def test_offline_the_local_list_decides_too(
    listed: IdTagInfo, offline: str, unknown_ones: str, may_charge: bool
) -> None:
    """R-128, R-129, R-131, R-132."""
    desk = await Desk(LocalAuthorizeOffline=offline, AllowOfflineTxForUnknownId=unknown_ones).booted()
    desk.list_tags(a=listed)

    desk.go_offline()

    assert await desk.may_charge("A") is may_charge


@pytest.mark.parametrize(("pre_authorize", "asked"), [("true", []), ("false", ["A"])])
@story
async def test_a_listed_tag_is_spared_the_question_too(pre_authorize: str, asked: list[str]) -> None:
    """R-116, R-117."""
    desk = await Desk(LocalPreAuthorize=pre_authorize).booted()
    desk.list_tags(a=GROUPED)
    desk.caller.tags["A"] = ACCEPTED

    assert await desk.authorizer.authorize("A") == Authorization("A", "GROUP")

    assert desk.caller.asked == asked


@pytest.mark.parametrize(
    ("listed", "cached", "may_charge"), [(BLOCKED, ACCEPTED, False), (ACCEPTED, BLOCKED, True)]
)
@story
async def test_the_list_comes_before_the_cache(
    listed: IdTagInfo, cached: IdTagInfo, may_charge: bool
) -> None:
    """R-124."""
    desk = await Desk().booted()
    desk.list_tags(a=listed)
    desk.cache.update("A", cached, desk.clock.now())

    desk.go_offline()

    assert await desk.may_charge("A") is may_charge


@story
async def test_a_list_that_is_switched_off_says_nothing() -> None:
    desk = await Desk().booted()
    desk.list_tags(a=ACCEPTED)
    desk.configuration.change("LocalAuthListEnabled", "false")
    desk.go_offline()

    assert not await desk.may_charge("A")
    desk.configuration.change("LocalAuthListEnabled", "true")

    assert await desk.may_charge("A")


@story
async def test_what_is_in_the_list_never_enters_the_cache_and_leaves_the_list_as_it_is() -> None:
    """R-123, R-126."""
    desk = await Desk().booted()
    desk.list_tags(a=ACCEPTED)
    desk.caller.tags["A"] = IdTagInfo(status=AuthorizationStatus.ACCEPTED, parent_id_tag="NEW")

    assert await desk.may_charge("A")
    desk.authorizer.learn("A", BLOCKED)

    assert desk.in_cache("A") is None
    assert desk.local_list.find("A", desk.clock.now()) == ACCEPTED
    assert desk.local_list.version == 1


@story
async def test_what_the_cache_learned_while_the_list_was_off_leaves_it_again() -> None:
    """R-123."""
    desk = await Desk().booted()
    desk.list_tags(a=ACCEPTED)
    desk.configuration.change("LocalAuthListEnabled", "false")
    desk.authorizer.learn("A", ACCEPTED)
    desk.configuration.change("LocalAuthListEnabled", "true")

    desk.authorizer.learn("A", ACCEPTED)

    assert desk.in_cache("A") is None


@pytest.mark.parametrize(
    ("listed", "answered", "conflicts"),
    [
        (AuthorizationStatus.ACCEPTED, AuthorizationStatus.ACCEPTED, 0),
        (AuthorizationStatus.ACCEPTED, AuthorizationStatus.BLOCKED, 1),
        (AuthorizationStatus.BLOCKED, AuthorizationStatus.ACCEPTED, 1),
        (AuthorizationStatus.BLOCKED, AuthorizationStatus.INVALID, 0),
        # Valid, only busy (OCPP 1.6 §3.5.2).
        (AuthorizationStatus.ACCEPTED, AuthorizationStatus.CONCURRENT_TX, 0),
        (AuthorizationStatus.CONCURRENT_TX, AuthorizationStatus.EXPIRED, 1),
    ],
)
@story
async def test_a_conflict_is_that_one_says_valid_and_the_other_does_not(
    listed: AuthorizationStatus, answered: AuthorizationStatus, conflicts: int
) -> None:
    """R-125."""
    desk = Desk()
    desk.list_tags(a=IdTagInfo(status=listed))

    desk.authorizer.learn("A", IdTagInfo(status=answered))

    assert desk.conflicts == conflicts


@story
async def test_a_conflict_with_the_list_is_reported_for_the_charge_point() -> None:
    """R-125: StartTransaction.conf refuses a tag the list knows as valid."""
    async with world(LocalPreAuthorize="true") as w:
        entry = AuthorizationData(id_tag=TAG, id_tag_info=ACCEPTED)
        await w.central.call(
            SendLocalList(list_version=1, update_type=UpdateType.FULL, local_authorization_list=(entry,))
        )
        w.central.tags[TAG] = BLOCKED
        before = len(w.central.received)
        await w.charge()
        await w.after(5)

        reports = w.central.requests(StatusNotification, since=before)
        assert len(w.central.requests(StartTransaction)) == 1
        assert w.central.requests(Authorize) == []
        assert [each.connector_id for each in reports if each.error_code != "NoError"] == [0]
        assert ChargePointErrorCode.LOCAL_LIST_CONFLICT in [each.error_code for each in reports]


@pytest.mark.parametrize(("known", "asked"), [(ACCEPTED, ["A"]), (GROUPED, [])])
@story
async def test_the_parent_is_asked_for_when_it_is_wanted_and_not_known(
    known: IdTagInfo, asked: list[str]
) -> None:
    """R-319."""
    desk = await Desk(LocalPreAuthorize="true").booted()
    desk.authorizer.learn("A", known)
    desk.caller.tags["A"] = GROUPED

    assert await desk.authorizer.authorize("A", wants_parent=True) == Authorization("A", "GROUP")

    assert desk.caller.asked == asked


@story
async def test_a_parent_is_known_of_tags_that_are_not_valid_too() -> None:
    desk = Desk()
    desk.authorizer.learn("A", IdTagInfo(status=AuthorizationStatus.BLOCKED, parent_id_tag="GROUP"))

    assert desk.authorizer.parent_of("a") == "GROUP"
    assert desk.authorizer.parent_of("b") is None


@story
async def test_an_answer_to_a_start_is_remembered_over_a_loss_of_power() -> None:
    """R-119, R-122."""
    async with world(LocalPreAuthorize="true") as w:
        await w.central.call(RemoteStartTransaction(id_tag=TAG, connector_id=1))
        w.hardware.plug_in(1, vehicle())
        await w.after()
        w.station.cut_power()
        w.hardware.unplug(1)
        await w.after(5)
        w.station.restore_power()
        await w.after(10)

        await w.charge()

        assert w.central.requests(Authorize) == []
        assert len(w.central.requests(StartTransaction)) == 2


@story
async def test_a_tag_that_charges_elsewhere_may_not_charge() -> None:
    """R-172."""
    async with world() as w:
        w.central.tags[TAG] = IdTagInfo(status=AuthorizationStatus.CONCURRENT_TX)
        await w.central.call(RemoteStartTransaction(id_tag=TAG, connector_id=1))
        w.hardware.plug_in(1, vehicle())
        await w.after(5)

        (stop,) = w.central.requests(StopTransaction)
        assert stop.reason is Reason.DE_AUTHORIZED
        assert w.hardware.connectors[0].offered_a == 0

"""The whole charge point: whatever anybody does, what has to be true of it is true, at every moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import groupby, pairwise
from typing import Any, NamedTuple

import pytest
from msgspec import json, structs
from tests.chargepoint.virtual_time import BEGINNING, VirtualClock, story
from tests.chargepoint.walking import PATIENT, Ledger, Walk, files
from tests.chargepoint.world import TAG, World, world
from tests.charging import brute_force
from tests.charging.installing import profile

from voltyard.chargepoint.charging_profiles import ChargingProfiles
from voltyard.chargepoint.clock import LOOK_S
from voltyard.chargepoint.connectors import ConnectorSession
from voltyard.chargepoint.outbox import TransactionRequest
from voltyard.chargepoint.parts import Parts
from voltyard.chargepoint.reservation_records import read_reservations
from voltyard.chargepoint.simulator import SimulatedStation
from voltyard.chargepoint.store import Change, MemoryStore, Store
from voltyard.chargepoint.transactions import Transaction
from voltyard.charging.connector import CONTROLLER_STATUSES, TRANSACTION_STATUSES, transition_between
from voltyard.charging.limits import Circuit, Situation
from voltyard.protocol.codec import PayloadDecoder
from voltyard.protocol.errors import ErrorCode
from voltyard.protocol.messages import (
    AuthorizationData,
    AuthorizationStatus,
    AvailabilityType,
    BootNotification,
    CancelReservation,
    ChangeAvailability,
    ChangeConfiguration,
    ChargePointErrorCode,
    ChargePointStatus,
    ChargingRateUnit,
    ClearCache,
    ClearChargingProfile,
    GetConfiguration,
    GetDiagnostics,
    GetLog,
    IdTagInfo,
    LogParameters,
    LogType,
    Measurand,
    MeterValues,
    ReadingContext,
    ReserveNow,
    SendLocalList,
    SetChargingProfile,
    StartTransaction,
    StatusNotification,
    StopTransaction,
    UpdateFirmware,
    UpdateType,
)
from voltyard.protocol.payload import Request
from voltyard.protocol.rpc import Event
from voltyard.transport.errors import Disconnected

AVAILABLE, PREPARING = ChargePointStatus.AVAILABLE, ChargePointStatus.PREPARING
RESERVED, FINISHING = ChargePointStatus.RESERVED, ChargePointStatus.FINISHING
UNAVAILABLE, FAULTED = ChargePointStatus.UNAVAILABLE, ChargePointStatus.FAULTED
INOPERATIVE, OPERATIVE = AvailabilityType.INOPERATIVE, AvailabilityType.OPERATIVE
CHARGES = {ChargePointStatus.CHARGING, ChargePointStatus.SUSPENDED_EV}


class TestWhatWasAnswered:
    """It lasts, also when the power goes at the very moment at which the answer leaves."""

    class Guillotine:
        """Cuts the power when the next answer has been sent; a `FrameObserver`."""

        station: SimulatedStation | None = None

        def received(self, frame: bytes, event: Event) -> None:
            """See nothing."""

        def sent(self, frame: bytes) -> None:
            if self.station is not None and frame.startswith(b"[3,"):
                self.station.cut_power()

    class Promise(NamedTuple):
        """What is asked for, after something else, and whether it was kept."""

        request: Request[Any]
        is_kept: Callable[[World], Awaitable[bool]]
        before: Request[Any] | None = None

    @staticmethod
    def has(key: str, value: str) -> Callable[[World], Awaitable[bool]]:
        async def is_kept(w: World) -> bool:
            (found,) = (await w.central.call(GetConfiguration(key=(key,)))).configuration_key or ()
            return found.value == value

        return is_kept

    @staticmethod
    def offers(current_a: float) -> Callable[[World], Awaitable[bool]]:
        async def is_kept(w: World) -> bool:
            await w.charge(id_tag="SOMEBODY")
            return w.hardware.connectors[0].offered_a == current_a

        return is_kept

    @staticmethod
    def shows(what: Callable[[World], bool]) -> Callable[[World], Awaitable[bool]]:
        async def is_kept(w: World) -> bool:
            return what(w)

        return is_kept

    @staticmethod
    def told(action: str, status: str) -> Callable[[World], Awaitable[bool]]:
        async def is_kept(w: World) -> bool:
            sent = (each.request for each in w.central.received)
            return any(each.action == action and getattr(each, "status", "") == status for each in sent)

        return is_kept

    RESERVATION = ReserveNow(
        connector_id=1, expiry_date=BEGINNING + timedelta(hours=1), id_tag=TAG, reservation_id=7
    )
    LIMIT = SetChargingProfile(connector_id=0, cs_charging_profiles=profile(periods=10))
    LIST = SendLocalList(
        list_version=5,
        update_type=UpdateType.FULL,
        local_authorization_list=(
            AuthorizationData(id_tag=TAG, id_tag_info=IdTagInfo(status=AuthorizationStatus.ACCEPTED)),
        ),
    )
    NO_LIST = SendLocalList(list_version=6, update_type=UpdateType.FULL)
    LOG = GetLog(
        log_type=LogType.DIAGNOSTICS_LOG, request_id=7, log=LogParameters(remote_location="ftp://files")
    )
    PROMISES = (
        Promise(ChangeConfiguration(key="ConnectionTimeOut", value="77"), has("ConnectionTimeOut", "77")),
        Promise(ChangeConfiguration(key="OutboxCapacity", value="77"), has("OutboxCapacity", "77")),
        Promise(
            ChangeAvailability(connector_id=2, type=INOPERATIVE),
            shows(lambda w: [w.status(1), w.status(2)] == [AVAILABLE, UNAVAILABLE]),
        ),
        Promise(
            ChangeAvailability(connector_id=0, type=INOPERATIVE),
            shows(lambda w: [w.snapshot.status, w.status(1), w.status(2)] == 3 * [UNAVAILABLE]),
        ),
        Promise(
            ChangeAvailability(connector_id=1, type=OPERATIVE),
            shows(lambda w: w.status(1) is AVAILABLE),
            before=ChangeAvailability(connector_id=1, type=INOPERATIVE),
        ),
        Promise(RESERVATION, shows(lambda w: w.status() is RESERVED)),
        Promise(
            CancelReservation(reservation_id=7), shows(lambda w: w.status() is AVAILABLE), before=RESERVATION
        ),
        Promise(LIMIT, offers(10)),
        Promise(ClearChargingProfile(), offers(32), before=LIMIT),
        Promise(LIST, shows(lambda w: w.snapshot.local_list_version == 5)),
        Promise(NO_LIST, shows(lambda w: w.snapshot.local_list_version == 0), before=LIST),
        Promise(ClearCache(), shows(lambda w: not w.station._store.read("cache"))),
        Promise(
            UpdateFirmware(location="ftp://files/good", retrieve_date=BEGINNING),
            told("FirmwareStatusNotification", "Installed"),
        ),
        Promise(
            GetDiagnostics(location="ftp://files"), told("DiagnosticsStatusNotification", "UploadFailed")
        ),
        Promise(LOG, told("LogStatusNotification", "UploadFailure")),
    )

    @pytest.mark.parametrize("promise", PROMISES, ids=lambda each: each.request.action)
    @story
    async def test_it_lasts(self, promise: Promise) -> None:
        """R-122, R-127, R-282, R-301, R-349: persist, then acknowledge."""
        guillotine = self.Guillotine()
        async with world(observer=guillotine, transfer=files()) as w:
            await w.charge()
            w.hardware.tap(1, TAG)
            w.hardware.unplug(1)
            await w.after()
            if promise.before is not None:
                await w.central.call(promise.before)
            guillotine.station = w.station
            with suppress(Disconnected):
                await w.central.call(promise.request)
            assert not w.station.has_power

            guillotine.station = None
            w.station.restore_power()
            await w.after(90)

            assert await promise.is_kept(w)


class TestWhateverHappens:
    @pytest.mark.parametrize("seed", range(16))
    @story
    async def test_it_stays_in_order_and_everything_is_told(self, seed: int) -> None:
        """R-068, R-108, R-112, R-200, R-207, R-213, R-214, R-219, R-233, R-238, R-239, R-338."""
        central = Ledger(VirtualClock().now)
        with noting_what_is_posted() as posted:
            async with world(
                central=central,
                transfer=files(),
                has_fixed_cables=seed % 4 == 3,
                equipment={"grid_current_a": 40.0} if seed % 2 else None,
                **PATIENT,
            ) as w:
                walk, watch = Walk(w, central, seed), Watch(w)
                for _ in range(120):
                    await walk.step()
                    watch.look()
                await walk.come_home()
                watch.look()

                assert w.snapshot.undelivered == 0
                assert not [
                    each for each in w.snapshot.complaints if each.startswith("refused-call/Internal")
                ]
        assert {each.code for each in walk.refusals} <= {ErrorCode.GENERIC_ERROR}  # while it boots
        assert_reported_as_the_matrix_says(central)
        assert_told_as_it_was_posted(central, posted)
        assert_each_transaction_makes_sense(posted)


# What is looked at while it goes on.


def parts_of(w: World) -> Parts | None:
    """Return what the charge point is made of while it is up."""
    lifetime = w.station.program._lifetime
    if lifetime is None or lifetime._is_over or not w.station.has_power:
        return None
    return lifetime._parts


class Watch:
    """Looks at a charge point after each thing that happens to it."""

    def __init__(self, w: World) -> None:
        self._w = w
        self._clock_offset = timedelta()
        self._clock_set_at_s = 0.0

    def look(self) -> None:
        for connector in self._w.hardware.connectors:
            assert connector.offered_a > 0 or connector.power_w == 0
        parts = parts_of(self._w)
        if parts is None:
            assert all(connector.offered_a == 0 for connector in self._w.hardware.connectors)
            return
        for session in parts.sessions:
            assert_energy_only_in_a_transaction(session)
            assert_status_is_that_of_the_session(session)
            assert_in_service_as_was_wanted(parts, session)
            assert_reserved_for_somebody(parts, session)
        assert_memory_is_durable(parts, self._w.station._store)
        if self._is_clock_left_alone(parts):
            assert_within_limits(parts, self._w.station._store)

    def _is_clock_left_alone(self, parts: Parts) -> bool:
        """Whether whoever waits for a time of day has had time to look at the clock since it was set."""
        now_s = asyncio.get_running_loop().time()
        offset = parts.clock.now() - BEGINNING - timedelta(seconds=now_s)
        if abs(offset - self._clock_offset) > timedelta(seconds=0.5):
            self._clock_offset, self._clock_set_at_s = offset, now_s
        return now_s - self._clock_set_at_s > LOOK_S + 2


def assert_energy_only_in_a_transaction(session: ConnectorSession) -> None:
    offered_a = session.hardware.offered_a  # type: ignore[attr-defined]  # it is simulated
    may_flow = session.transaction is not None and session.status in CHARGES
    assert (offered_a > 0) is may_flow, (offered_a, session.status)
    assert offered_a == 0 or 6 <= offered_a <= session.hardware.max_current_a


def assert_status_is_that_of_the_session(session: ConnectorSession) -> None:
    status, has_begun = session.status_beneath_fault, session.authorization is not None
    assert (session.transaction is not None) is (status in TRANSACTION_STATUSES)
    assert not has_begun or status in TRANSACTION_STATUSES | {PREPARING}
    assert session.locked_for is None or status is FINISHING
    assert status is not AVAILABLE or not session.hardware.is_plugged
    assert (session.status is FAULTED) is (session.error_code is not ChargePointErrorCode.NO_ERROR) or (
        session.error_code
        in {ChargePointErrorCode.EV_COMMUNICATION_ERROR, ChargePointErrorCode.CONNECTOR_LOCK_FAILURE}
    )


def assert_in_service_as_was_wanted(parts: Parts, session: ConnectorSession) -> None:
    status = session.status_beneath_fault
    if parts.controller.is_operative(session.connector_id):
        assert status is not UNAVAILABLE
    else:
        assert status in TRANSACTION_STATUSES | {FINISHING, UNAVAILABLE}


def assert_reserved_for_somebody(parts: Parts, session: ConnectorSession) -> None:
    bound = [each for each in parts.reservations.current if each.connector_id == session.connector_id]
    assert len(bound) <= 1
    assert (session.status is RESERVED and bound) or session.status is not RESERVED
    assert not bound or session.status in {RESERVED, PREPARING}


def assert_memory_is_durable(parts: Parts, store: Store) -> None:
    """Assert that a loss of power now would lose nothing that somebody goes by."""
    in_store = {
        key: json.decode(record, type=Transaction) for key, record in store.read("transaction").items()
    }
    running = {each.key for each in in_store.values() if not each.is_stopped}
    assert running == {each.transaction.key for each in parts.sessions if each.transaction is not None}
    assert running == {each.key for each in parts.transactions.running()}
    assert len(store.read("outbox")) == len(parts.outbox)
    assert len(store.read("cache")) == len(parts.cache)
    assert len(store.read("local list")) == len(parts.local_list)
    assert tuple(read_reservations(store).values()) == tuple(
        sorted(parts.reservations.current, key=lambda each: str(each.reservation_id))
    )
    for name, text in store.read("configuration").items():
        (key,) = parts.configuration.get((name,)).configuration_key or ()
        assert key.value == text.decode()
    of_transactions = {each.transaction for each in ChargingProfiles(store).installed} - {None}
    assert of_transactions <= running


def assert_within_limits(parts: Parts, store: Store) -> None:
    """Assert that what is offered is what the installed profiles allow, going by the brute force."""
    grid_a = Decimal(str(parts.hardware.max_current_a))
    situation = Situation(
        circuits=[Circuit(grid_a, 3), *(_circuit(session) for session in parts.sessions)],
        installed=ChargingProfiles(store).installed,
        running=parts.smart_charging._running(),
    )
    offered_a = [
        Decimal(str(session.hardware.offered_a))  # type: ignore[attr-defined]  # it is simulated
        for session in parts.sessions
    ]
    for session, current_a in zip(parts.sessions, offered_a, strict=True):
        if session.transaction is not None:
            assert current_a <= _limit_a(parts, situation, session.connector_id)
    assert sum(offered_a) <= _limit_a(parts, replace(situation, running={}), 0)


def _circuit(session: ConnectorSession) -> Circuit:
    return Circuit(Decimal(str(session.hardware.max_current_a)), session.hardware.phases)


def _limit_a(parts: Parts, situation: Situation, connector_id: int) -> Decimal:
    now = parts.clock.now()
    ((limit_a, _),) = brute_force.limits(situation, connector_id, now, 1, ChargingRateUnit.A)
    return limit_a


# What is looked at in the end.


class Post(NamedTuple):
    """A transaction-related message when it became durable, and our own key of its transaction."""

    transaction: str
    request: TransactionRequest


_DECODERS = {
    each.action: PayloadDecoder[TransactionRequest](each)
    for each in (StartTransaction, MeterValues, StopTransaction)
}


@contextmanager
def noting_what_is_posted() -> Iterator[list[Post]]:
    """Note each transaction-related message at the moment at which it becomes durable."""
    posted: list[Post] = []
    commit = MemoryStore.commit

    def noting(store: MemoryStore, *changes: Change) -> None:
        known = store.read("outbox")
        for kind, key, record in changes:
            if kind == "outbox" and record is not None and key not in known:
                message = json.decode(record)
                request = _DECODERS[message["action"]].strict(json.encode(message["payload"]))
                posted.append(Post(message["transaction"], request))
        commit(store, *changes)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemoryStore, "commit", noting)
        yield posted


def assert_reported_as_the_matrix_says(central: Ledger) -> None:
    """Assert it of all that was reported on one connection after one boot: in between, steps are left out."""
    latest: dict[int, tuple[object, StatusNotification]] = {}
    boots = 0
    for request, _, connection in central.received:
        boots += isinstance(request, BootNotification)
        if not isinstance(request, StatusNotification):
            continue
        assert request.connector_id != 0 or request.status in CONTROLLER_STATUSES
        assert request.status is not FAULTED or request.error_code is not ChargePointErrorCode.NO_ERROR
        since, before = latest.get(request.connector_id, (None, request))
        if since == (connection, boots) and before.status is not request.status:
            assert transition_between(before.status, request.status), (before, request)
        latest[request.connector_id] = ((connection, boots), request)


def assert_told_as_it_was_posted(central: Ledger, posted: list[Post]) -> None:
    """Assert that everything arrived, in order, with its transactionId, and only what failed came again."""
    ids: dict[str, int] = {}
    expected: list[TransactionRequest] = []
    for key, request in posted:
        if isinstance(request, StartTransaction):
            ids[key] = central.ids[request]
            expected.append(request)
        else:
            expected.append(structs.replace(request, transaction_id=ids[key]) if key else request)
    told = [each.request for each in central.received if _is_of_transactions(each.request)]
    assert [request for request, _ in groupby(told)] == expected


def _is_of_transactions(request: Request[Any]) -> bool:
    if isinstance(request, MeterValues):
        return request.meter_value[0].sampled_value[0].context is not ReadingContext.TRIGGER
    return isinstance(request, StartTransaction | StopTransaction)


def assert_each_transaction_makes_sense(posted: list[Post]) -> None:
    by_key = sorted((post for post in posted if post.transaction), key=lambda post: post.transaction)
    readings: dict[int, list[tuple[int, int]]] = {1: [], 2: []}
    for _, posts in groupby(by_key, key=lambda post: post.transaction):
        start, *between, stop = (post.request for post in posts)
        assert isinstance(start, StartTransaction)
        assert isinstance(stop, StopTransaction)
        values = [each for each in between if isinstance(each, MeterValues)]
        assert len(values) == len(between)
        assert {each.connector_id for each in values} <= {start.connector_id}
        assert stop.id_tag is None or {start.id_tag, stop.id_tag} in ({start.id_tag}, {"A", "B"})
        registers = [start.meter_start, *(register for each in values for register in _registers(each))]
        assert registers == sorted(registers)
        assert registers[-1] <= stop.meter_stop
        readings[start.connector_id].append((start.meter_start, stop.meter_stop))
    for each in readings.values():
        assert all(before[1] <= after[0] for before, after in pairwise(sorted(each)))


def _registers(values: MeterValues) -> Iterator[int]:
    for value in values.meter_value:
        for sample in value.sampled_value:
            if sample.measurand is Measurand.ENERGY_ACTIVE_IMPORT_REGISTER and sample.phase is None:
                yield int(sample.value)

"""A charge point's life at random: what drivers, technicians, a network and a central system can do to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from msgspec import structs
from tests.chargepoint.central_system import ACCEPTED, BLOCKED, REFUSED, SILENCE, CentralSystem, Late, boot
from tests.chargepoint.transfers import FakeTransfer
from tests.chargepoint.world import World, vehicle
from tests.charging.installing import ABSOLUTE, DAILY, DEFAULT, MAX, RELATIVE, TX, A, W, profile

from voltyard.chargepoint.simulator.firmware import image
from voltyard.protocol.messages import (
    AuthorizationData,
    AuthorizationStatus,
    Authorize,
    AvailabilityType,
    BootNotification,
    CancelReservation,
    ChangeAvailability,
    ChangeConfiguration,
    ChargePointErrorCode,
    ChargingProfile,
    ClearCache,
    ClearChargingProfile,
    GetCompositeSchedule,
    GetConfiguration,
    GetDiagnostics,
    GetLocalListVersion,
    GetLog,
    Heartbeat,
    IdTagInfo,
    LogParameters,
    LogType,
    MessageTrigger,
    MeterValues,
    RegistrationStatus,
    RemoteStartTransaction,
    RemoteStopTransaction,
    ReserveNow,
    Reset,
    ResetType,
    SendLocalList,
    SetChargingProfile,
    StartTransaction,
    StatusNotification,
    StopTransaction,
    TriggerMessage,
    UnlockConnector,
    UpdateFirmware,
    UpdateType,
)
from voltyard.protocol.payload import Payload, Request
from voltyard.transport.errors import CallRejected, PeerError

IN_GROUP: Final = IdTagInfo(status=AuthorizationStatus.ACCEPTED, parent_id_tag="GROUP")
TAGS: Final = {
    "A": IN_GROUP,
    "B": IN_GROUP,
    "C": ACCEPTED,
    "BLOCKED": BLOCKED,
    "ELSEWHERE": IdTagInfo(status=AuthorizationStatus.CONCURRENT_TX),
}
PATIENT: Final[dict[str, Any]] = {
    # Enough attempts that nothing is given up.
    "TransactionMessageAttempts": "99",
    "TransactionMessageRetryInterval": "1",
    "MeterValueSampleInterval": "10",
    "ConnectionTimeOut": "30",
}
_SETTINGS: Final = {
    "AllowOfflineTxForUnknownId": ("true", "false"),
    "AuthorizationCacheEnabled": ("true", "false"),
    "AuthorizeRemoteTxRequests": ("true", "false"),
    "ClockAlignedDataInterval": ("0", "30", "900"),
    "ConnectionTimeOut": ("0", "10", "40"),
    "LocalAuthListEnabled": ("true", "false"),
    "LocalPreAuthorize": ("true", "false"),
    "MaxEnergyOnInvalidId": ("0", "50"),
    "MeterValueSampleInterval": ("0", "5", "30"),
    "NumberOfConnectors": ("7",),
    "ReservationsAccepted": ("true", "true", "false"),
    "StopTransactionOnEVSideDisconnect": ("true", "false"),
    "StopTransactionOnInvalidId": ("true", "false"),
    "StopTxnAlignedData": ("", "Energy.Active.Import.Register"),
    "StopTxnSampledData": ("", "Energy.Active.Import.Register", "SoC"),
    "UnlockConnectorOnEVSideDisconnect": ("true", "false"),
}
_FAULTS: Final = (
    ChargePointErrorCode.GROUND_FAILURE,
    ChargePointErrorCode.OTHER_ERROR,
    ChargePointErrorCode.EV_COMMUNICATION_ERROR,
    ChargePointErrorCode.READER_FAILURE,
)
# Never none at all: what is done at one moment could not be told apart from what was done before.
_PAUSES_S: Final = (0.002, 0.01, 0.2, 0.5, 1, 2, 5, 15, 45)
_LONG_S: Final = (300, 1200)


class Ledger(CentralSystem):
    """A central system to which the same start is the same transaction, however often it comes."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(now)
        self.ids: dict[StartTransaction, int] = {}
        self.ahead = timedelta()
        self.tags |= TAGS
        self.now = lambda: now() + self.ahead

    def _usual_answer(self, request: Request[Any]) -> Payload:
        answer = super()._usual_answer(request)
        if isinstance(request, StartTransaction):
            return structs.replace(answer, transaction_id=self.ids.setdefault(request, len(self.ids) + 1))
        return answer


def files() -> FakeTransfer:
    """Make what firmware can be had from and logs are brought to."""
    return FakeTransfer({"ftp://files/good": image("2.0"), "ftp://files/bad": b"no image"}, takes_s=3)


class Walk:
    """Does one thing after the other, sensible or not; `refusals` are the CALLERRORs that came of it."""

    def __init__(self, w: World, central: Ledger, seed: int) -> None:
        self.w = w
        self.central = central
        self.choose = Random(seed)
        self.refusals: list[CallRejected] = []
        self._list_version = 0
        self._calls: set[asyncio.Task[None]] = set()

    async def step(self) -> None:
        """Have somebody do something, and let time pass."""
        choice = self.choose
        if not self.w.station.has_power and choice.random() < 0.4:
            self.w.station.restore_power()
        if not self.central.is_reachable and choice.random() < 0.25:
            self.central.is_reachable = True
        (act,) = choice.choices((_drive, _repair, _disturb, _command), (45, 10, 10, 30))
        await act(self)
        await asyncio.sleep(choice.choice(_PAUSES_S if choice.random() < 0.97 else _LONG_S))

    async def come_home(self) -> None:
        """Put everything right, end what is going on, and have it told."""
        if not self.w.station.has_power:
            self.w.station.restore_power()
        self.central.is_reachable = True
        self.central._scripts.clear()
        await asyncio.wait([asyncio.create_task(asyncio.sleep(120)), *self._calls])
        for place in (0, 1, 2):
            self.w.hardware.clear_fault(place)
        self.w.hardware.press_emergency_button()
        await asyncio.sleep(400)

    def connector_id(self) -> int:
        return self.choose.randint(1, 2)

    def list_version(self) -> int:
        self._list_version += self.choose.randint(0, 1)
        return max(1, self._list_version)

    async def call(self, request: Request[Any]) -> None:
        """Ask for it, at times without waiting for the answer."""
        calling = asyncio.create_task(self._call(request))
        self._calls.add(calling)
        if self.choose.random() < 0.7:
            await asyncio.wait({calling})

    async def _call(self, request: Request[Any]) -> None:
        try:
            await self.central.call(request, timeout=20)
        except CallRejected as rejected:
            self.refusals.append(rejected)
        except PeerError:
            return


async def _drive(walk: Walk) -> None:
    connector_id = walk.connector_id()
    plug, hardware = walk.w.hardware.connectors[connector_id - 1], walk.w.hardware
    match walk.choose.randrange(14):
        case 0 | 1 | 2 | 3 | 4 if not plug.is_plugged:
            soc_percent, target_percent = walk.choose.choice(((20, 100), (79.95, 80), (100, 100)))
            hardware.plug_in(connector_id, vehicle(soc_percent, target_percent))
        case 5 if plug.is_plugged and (not plug.is_locked or walk.choose.random() < 0.1):
            hardware.unplug(connector_id)
        case 6 if plug.is_plugged:
            hardware.unplug_at_vehicle(connector_id)
        case 7:
            hardware.pause(connector_id)
        case 8:
            hardware.resume(connector_id)
        case _:
            await _tap(walk, connector_id)


async def _tap(walk: Walk, connector_id: int) -> None:
    id_tag = walk.choose.choice((*TAGS, "A", "A", "A"))
    for _ in range(walk.choose.choice((1, 1, 1, 2))):
        walk.w.hardware.tap(connector_id, id_tag)
        await asyncio.sleep(0.003)


async def _repair(walk: Walk) -> None:
    choice, station, hardware = walk.choose, walk.w.station, walk.w.hardware
    match choice.randrange(12):
        case 0 | 1:
            hardware.raise_fault(choice.randint(0, 2), choice.choice(_FAULTS))
        case 2 if station.has_power:
            station.cut_power()
        case 3:
            station.reboot(choice.choice(list(ResetType)))
        case 4:
            hardware.press_emergency_button()
        case 5:
            hardware.connectors[choice.randrange(2)].is_lock_jammed = choice.random() < 0.5
        case 6:
            hardware.failing_restarts = choice.randint(0, 1)
        case 7:
            walk.central.ahead += timedelta(seconds=choice.choice((-7200, -40, 40, 3600)))
        case _:
            for place in (0, 1, 2):
                hardware.clear_fault(place)


async def _disturb(walk: Walk) -> None:
    choice, central = walk.choose, walk.central
    match choice.randrange(6):
        case 0:
            central.go_offline()
        case 1:
            central.cut()
        case 2 | 3:
            kinds = (StartTransaction, StopTransaction, MeterValues, StatusNotification, Authorize, Heartbeat)
            answers = (Late(3), Late(10), REFUSED, SILENCE)
            central.script(choice.choice(kinds), choice.choice(answers))
        case 4:
            status = choice.choice((RegistrationStatus.PENDING, RegistrationStatus.REJECTED))
            central.script(BootNotification, boot(central.now(), status, 5))
        case _:
            central.is_reachable = True


async def _command(walk: Walk) -> None:
    if walk.central._peer is not None:
        await walk.call(walk.choose.choice(_COMMANDS)(walk))


# What the central system asks for.


def _start(walk: Walk) -> Request[Any]:
    described = structs.replace(_profile(walk), charging_profile_purpose=TX)
    return RemoteStartTransaction(
        id_tag=walk.choose.choice(list(TAGS)),
        connector_id=walk.choose.choice((None, 1, 2)),
        charging_profile=walk.choose.choice((None, described)),
    )


def _transaction_id(walk: Walk) -> int:
    return walk.choose.choice((*list(walk.central.ids.values())[-3:], 1))


def _stop(walk: Walk) -> Request[Any]:
    return RemoteStopTransaction(transaction_id=_transaction_id(walk))


def _unlock(walk: Walk) -> Request[Any]:
    return UnlockConnector(connector_id=walk.connector_id())


def _reset(walk: Walk) -> Request[Any]:
    type = walk.choose.choice(list(ResetType))
    return walk.choose.choice((Reset(type=type), ClearCache(), GetConfiguration()))


def _change_availability(walk: Walk) -> Request[Any]:
    types = (*3 * [AvailabilityType.OPERATIVE], AvailabilityType.INOPERATIVE)
    return ChangeAvailability(connector_id=walk.choose.randint(0, 2), type=walk.choose.choice(types))


def _reserve(walk: Walk) -> Request[Any]:
    choice = walk.choose
    return ReserveNow(
        connector_id=choice.randint(0, 2),
        expiry_date=walk.central.now() + timedelta(seconds=choice.choice((5, 60, 600))),
        id_tag=choice.choice("ABC"),
        parent_id_tag=choice.choice((None, "GROUP")),
        reservation_id=choice.randint(1, 4),
    )


def _cancel(walk: Walk) -> Request[Any]:
    return CancelReservation(reservation_id=walk.choose.randint(1, 4))


def _profile(walk: Walk) -> ChargingProfile:
    choice, now = walk.choose, walk.central.now().replace(microsecond=0)
    unit, kind = choice.choice((A, W)), choice.choice((ABSOLUTE, RELATIVE, DAILY))
    factor = 690 if unit is W else 1
    later = sorted(choice.sample(range(5, 400), choice.randint(0, 2)))
    return profile(
        choice.randint(1, 6),
        choice.choice((MAX, DEFAULT, TX)),
        {begin: choice.choice((0, 5, 6, 8, 10, 16, 32)) * factor for begin in (0, *later)},
        level=choice.randint(0, 2),
        unit=unit,
        start=None if kind is RELATIVE else now + timedelta(seconds=choice.randint(-300, 100)),
        duration=choice.choice((None, 100, 500)),
        recurrency=DAILY if kind is DAILY else None,
        valid_from=choice.choice((None, now + timedelta(seconds=choice.randint(-100, 200)))),
        valid_to=choice.choice((None, now + timedelta(seconds=choice.randint(210, 600)))),
    )


def _set_profile(walk: Walk) -> Request[Any]:
    described = _profile(walk)
    if described.charging_profile_purpose is TX and walk.choose.random() < 0.3:
        described = structs.replace(described, transaction_id=_transaction_id(walk))
    return SetChargingProfile(connector_id=walk.choose.randint(0, 2), cs_charging_profiles=described)


def _clear_profile(walk: Walk) -> Request[Any]:
    choice = walk.choose.choice
    return ClearChargingProfile(
        id=choice((None, 1, 2)), connector_id=choice((None, 0, 1)), stack_level=choice((None, 0))
    )


def _composite_schedule(walk: Walk) -> Request[Any]:
    return GetCompositeSchedule(
        connector_id=walk.choose.randint(0, 2),
        duration=walk.choose.choice((60, 3600)),
        charging_rate_unit=walk.choose.choice((None, A, W)),
    )


def _send_list(walk: Walk) -> Request[Any]:
    choice = walk.choose
    entries = tuple(
        AuthorizationData(id_tag=each, id_tag_info=choice.choice((TAGS[each], TAGS[each], BLOCKED)))
        for each in choice.sample(list(TAGS), choice.randint(0, 3))
    )
    return SendLocalList(
        list_version=walk.list_version(),
        update_type=choice.choice(list(UpdateType)),
        local_authorization_list=entries,
    )


def _configure(walk: Walk) -> Request[Any]:
    key = walk.choose.choice(list(_SETTINGS))
    return ChangeConfiguration(key=key, value=walk.choose.choice(_SETTINGS[key]))


def _trigger(walk: Walk) -> Request[Any]:
    return TriggerMessage(
        requested_message=walk.choose.choice(list(MessageTrigger)),
        connector_id=walk.choose.choice((None, 0, 1, 2)),
    )


def _fetch(walk: Walk) -> Request[Any]:
    log = LogParameters(remote_location="ftp://files/logs")
    number = walk.choose.randint(1, 99)
    return walk.choose.choice(
        (
            GetDiagnostics(location="ftp://files/in", retries=1, retry_interval=2),
            GetLog(log_type=walk.choose.choice(list(LogType)), request_id=number, log=log),
            GetLocalListVersion(),
        )
    )


def _update_firmware(walk: Walk) -> Request[Any]:
    when = walk.central.now() + timedelta(seconds=walk.choose.randint(-5, 60))
    name = walk.choose.choice(("good", "bad", "none"))
    request = UpdateFirmware(location=f"ftp://files/{name}", retrieve_date=when, retries=0)
    return walk.choose.choice((request, GetLocalListVersion()))


_COMMANDS: Final[Sequence[Callable[[Walk], Request[Any]]]] = (
    *(_start, _start, _stop, _stop, _unlock, _reset, _change_availability, _change_availability),
    *(_reserve, _reserve, _cancel, _set_profile, _set_profile, _set_profile, _clear_profile),
    *(_composite_schedule, _send_list, _configure, _configure, _trigger, _fetch, _update_firmware),
)

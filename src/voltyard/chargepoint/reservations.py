"""Reservations: which connector is kept for whom, and who may begin where because of it (OCPP 1.6 §5.13)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum, auto
from itertools import chain
from types import MappingProxyType
from typing import Final

from voltyard.chargepoint.authorization import Authorization, is_id_token
from voltyard.chargepoint.clock import LOOK_S, Clock, sleep_unless
from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.connectors import ConnectorSession
from voltyard.chargepoint.controller import Controller
from voltyard.chargepoint.flag import Flag
from voltyard.chargepoint.reservation_records import Reservation, ended, made, read_reservations
from voltyard.chargepoint.store import Store
from voltyard.chargepoint.surroundings import Spawn
from voltyard.charging.connector import TRANSACTION_STATUSES
from voltyard.protocol.messages import ChargePointStatus, ReservationStatus, ReserveNow

_OUT_OF_ORDER: Final[Mapping[ChargePointStatus, ReservationStatus]] = MappingProxyType(
    {
        ChargePointStatus.FAULTED: ReservationStatus.FAULTED,
        ChargePointStatus.UNAVAILABLE: ReservationStatus.UNAVAILABLE,
    }
)
_SESSION_OVER: Final = frozenset(
    {ChargePointStatus.AVAILABLE, ChargePointStatus.FINISHING, ChargePointStatus.UNAVAILABLE}
)
# Where there are as many of one kind as of another, the first is said.
_REASONS: Final = (ReservationStatus.OCCUPIED, ReservationStatus.UNAVAILABLE, ReservationStatus.FAULTED)


class Standing(IntEnum):
    """What the reservations mean for somebody who wants to begin at a connector; the first is the best."""

    HOLDER = auto()
    """One of them is his."""
    GUEST = auto()
    """None is against it."""
    UNKNOWN = auto()
    """That depends on his parent, which has to be asked for."""
    STRANGER = auto()
    """The connector is kept for others."""


class Reservations:
    """The reservations of a charge point; they last over any restart.

    One of a connector makes it Reserved whenever it is free. One of connector 0 makes no connector Reserved;
    strangers are refused where they would leave too few free ones. A reservation is in use from the
    tag on and ends with the transaction, so one that comes to nothing holds on.
    """

    __slots__ = (
        "_clock",
        "_configuration",
        "_controller",
        "_in_use",
        "_reservations",
        "_sessions",
        "_spawn",
        "_store",
        "_woken",
    )

    def __init__(
        self,
        store: Store,
        configuration: Configuration,
        clock: Clock,
        controller: Controller,
        sessions: Sequence[ConnectorSession],
        spawn: Spawn,
    ) -> None:
        self._store = store
        self._configuration = configuration
        self._clock = clock
        self._controller = controller
        self._sessions = sessions
        self._spawn = spawn
        self._reservations = read_reservations(store)
        self._in_use: dict[int, int] = {}
        # There is nothing to keep at most charge points most of the time, so nothing waits there.
        self._woken: Flag | None = None

    def restore(self) -> None:
        """Keep again what was reserved before the boot, as far as it can still be had."""
        usable = {0} | {
            session.connector_id
            for session in self._sessions
            if session.status is not ChargePointStatus.UNAVAILABLE
        }
        self._end(each for each in self._all if each.connector_id not in usable)
        self._changed()

    # What the central system wants.

    def reserve(self, request: ReserveNow) -> ReservationStatus:
        """Answer ReserveNow; once Accepted the reservation is durable."""
        if self._is_out_of_question(request):
            return ReservationStatus.REJECTED
        hindrance = self._hindrance(request)
        if hindrance is not None:
            return hindrance
        if not self._is_renewal(request):
            self._forget_use(request.reservation_id)
        reservation = Reservation(
            reservation_id=request.reservation_id,
            connector_id=request.connector_id,
            id_tag=request.id_tag,
            parent_id_tag=request.parent_id_tag,
            expires_at=request.expiry_date,
        )
        self._store.commit(made(reservation))
        self._reservations[reservation.reservation_id] = reservation
        self._changed()
        return ReservationStatus.ACCEPTED

    @property
    def current(self) -> tuple[Reservation, ...]:
        """What is kept for whom now."""
        return tuple(self._all)

    def cancel(self, reservation_id: int) -> bool:
        """End a reservation; False if there is none with this id (OCPP 1.6 §5.1)."""
        reservation = self._reservations.get(reservation_id)
        if reservation is None:
            return False
        self._end((reservation,))
        self._changed()
        return True

    # Who may begin.

    def standing(self, connector_id: int, authorization: Authorization) -> Standing:
        """Say what the reservations mean for an identifier whose parent may not be known."""
        if self._reservation_for(connector_id, authorization) is not None:
            return Standing.HOLDER
        is_for_a_group = any(each.parent_id_tag for each in self._offered_at(connector_id))
        if is_for_a_group and not authorization.parent_id_tag:
            return Standing.UNKNOWN
        return Standing.STRANGER if self._is_kept(connector_id) else Standing.GUEST

    def begin(self, session: ConnectorSession, authorization: Authorization) -> bool:
        """Begin a session with the reservation it is entitled to; False if it may or can not begin."""
        connector_id = session.connector_id
        reservation = self._reservation_for(connector_id, authorization)
        if reservation is None:
            return not self._is_kept(connector_id) and session.begin(authorization)
        if not session.may_begin:
            return False
        self._in_use[connector_id] = reservation.reservation_id
        return session.begin(authorization, reservation.reservation_id)

    # What becomes of them.

    def follow(self, connector_id: int, status: ChargePointStatus) -> None:
        """Follow the status of a connector, or with 0 that of the charge point."""
        if status in _OUT_OF_ORDER:
            self._end(each for each in self._all if connector_id in {0, each.connector_id})
        if status in TRANSACTION_STATUSES and connector_id in self._in_use:
            # Its record went in the commit that began the transaction.
            del self._reservations[self._in_use.pop(connector_id)]
        elif status in _SESSION_OVER:
            self._in_use.pop(connector_id, None)
        # The session is in the middle of something; what follows for it has to come after that.
        self._wake()

    async def _keep(self, woken: Flag) -> None:
        while True:
            woken.clear()
            now = self._clock.now()
            self._end(each for each in self._all if each.expires_at <= now)
            self._arrange()
            if not self._reservations:
                break
            left_s = (min(each.expires_at for each in self._all) - now).total_seconds()
            await sleep_unless(self._clock, min(left_s, LOOK_S), woken)
        self._woken = None

    def _changed(self) -> None:
        self._arrange()
        if self._reservations and self._woken is None:
            self._woken = Flag()
            self._spawn(self._keep(self._woken))
        self._wake()

    def _wake(self) -> None:
        if self._woken is not None:
            self._woken.set()

    def _arrange(self) -> None:
        for session in self._sessions:
            if self._bound_to(session.connector_id) is None:
                session.unreserve()
            else:
                session.reserve()

    def _end(self, reservations: Iterable[Reservation]) -> None:
        over = [each.reservation_id for each in reservations]
        if over:
            self._store.commit(*map(ended, over))
        for reservation_id in over:
            self._forget_use(reservation_id)
            del self._reservations[reservation_id]

    def _forget_use(self, reservation_id: int) -> None:
        for session in self._sessions:
            if self._in_use.get(session.connector_id) == reservation_id:
                del self._in_use[session.connector_id]
                session.forget_reservation()

    # What there is.

    @property
    def _all(self) -> Iterable[Reservation]:
        return self._reservations.values()

    def _bound_to(self, connector_id: int) -> Reservation | None:
        return next((each for each in self._all if each.connector_id == connector_id), None)

    def _promised(self, *, replaced: int | None = None) -> list[Reservation]:
        """Return those that one free connector each is owed to, the first to expire first."""
        taken = {replaced, *self._in_use.values()}
        owed = (each for each in self._all if each.connector_id == 0 and each.reservation_id not in taken)
        return sorted(owed, key=lambda each: each.expires_at)

    def _free(self, *, replaced: int | None = None) -> set[int]:
        """Return the connectors that nobody uses and nobody has reserved."""
        bound = {each.connector_id for each in self._all if each.reservation_id != replaced}
        return {
            session.connector_id
            for session in self._sessions
            if session.status in {ChargePointStatus.AVAILABLE, ChargePointStatus.RESERVED}
            and session.connector_id not in bound
        }

    def _offered_at(self, connector_id: int) -> Sequence[Reservation]:
        bound = self._bound_to(connector_id)
        return self._promised() if bound is None else (bound,)

    def _is_kept(self, connector_id: int) -> bool:
        """Whether only holders of a reservation may begin there."""
        if self._bound_to(connector_id) is not None:
            return True
        return len(self._free() - {connector_id}) < len(self._promised())

    def _reservation_for(self, connector_id: int, authorization: Authorization) -> Reservation | None:
        offered = self._offered_at(connector_id)
        own = (each for each in offered if each.is_for_tag(authorization.id_tag))
        of_group = (each for each in offered if each.is_for_group(authorization))
        return next(chain(own, of_group), None)

    # What ReserveNow meets.

    def _is_out_of_question(self, request: ReserveNow) -> bool:
        connector_id = request.connector_id
        if not self._configuration.boolean("ReservationsAccepted") or not is_id_token(request.id_tag):
            return True
        if connector_id == 0 and not self._configuration.boolean("ReserveConnectorZeroSupported"):
            return True
        return connector_id > len(self._sessions) or request.expiry_date <= self._clock.now()

    def _hindrance(self, request: ReserveNow) -> ReservationStatus | None:
        """Say why there is no connector to reserve; None if there is."""
        whole = _OUT_OF_ORDER.get(self._controller.status)
        if whole is not None:
            return whole
        if self._is_renewal(request):
            return None
        connector_id, replaced = request.connector_id, request.reservation_id
        free = self._free(replaced=replaced)
        is_enough = len(free) > len(self._promised(replaced=replaced))
        if is_enough and (connector_id == 0 or connector_id in free):
            return None
        wanted = [session for session in self._sessions if connector_id in {0, session.connector_id}]
        reasons = [_OUT_OF_ORDER.get(session.status, ReservationStatus.OCCUPIED) for session in wanted]
        return max(_REASONS, key=reasons.count)

    def _is_renewal(self, request: ReserveNow) -> bool:
        """Whether it is the same reservation again, only with another end or parent."""
        former = self._reservations.get(request.reservation_id)
        if former is None or not former.is_for_tag(request.id_tag):
            return False
        return former.connector_id == request.connector_id

"""Smart charging: what charging profiles and the grid leave to each connector, now and from when on anew.

OCPP 1.6 §3.13. Limits are set again at once when profiles, transactions or the demand of vehicles change, and
when the next period of a profile begins.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from voltyard.chargepoint.charging_profiles import ChargingProfiles
from voltyard.chargepoint.clock import LOOK_S, Clock
from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.connectors import ConnectorSession
from voltyard.chargepoint.demand import Demand
from voltyard.chargepoint.hardware import Hardware
from voltyard.chargepoint.surroundings import Spawn
from voltyard.chargepoint.transactions import Transaction
from voltyard.charging.balancing import Claim, share
from voltyard.charging.errors import ProfileRefused
from voltyard.charging.limits import (
    Bound,
    Circuit,
    Situation,
    charge_point_maximum,
    own_limit_of,
    seconds_of,
)
from voltyard.charging.profiles import (
    CHARGE_POINT,
    Bounds,
    Installed,
    InstalledProfile,
    RunningTransaction,
    check_for_remote_start,
    clear,
    install,
    set_profile,
    without_ended,
)
from voltyard.charging.schedule import composite_schedule
from voltyard.protocol.messages import (
    ChargingProfile,
    ChargingProfilePurpose,
    ChargingRateUnit,
    ChargingSchedule,
)

SETTLING_S: Final = 1.0
"""After this it is looked at what vehicles said while they were told their limits."""

_WORTH_NOTICING: Final = timedelta(seconds=2)
_UNITS: Final[Mapping[str, ChargingRateUnit]] = MappingProxyType(
    {"Current": ChargingRateUnit.A, "Power": ChargingRateUnit.W}
)


class SmartCharging:
    """The installed profiles, and the limits that follow from them for the connectors' sessions."""

    __slots__ = (
        "_clock",
        "_configuration",
        "_demands",
        "_hardware",
        "_is_balancing",
        "_is_overtaken",
        "_limits_a",
        "_looking",
        "_profiles",
        "_sessions",
        "_spawn",
    )

    def __init__(
        self,
        profiles: ChargingProfiles,
        configuration: Configuration,
        hardware: Hardware,
        sessions: Sequence[ConnectorSession],
        clock: Clock,
        spawn: Spawn,
    ) -> None:
        self._profiles = profiles
        self._configuration = configuration
        self._hardware = hardware
        self._sessions = sessions
        self._clock = clock
        self._spawn = spawn
        self._demands: dict[str, Demand] = {}
        self._limits_a: dict[int, float] = {}
        self._is_balancing = False
        self._is_overtaken = False
        self._looking: asyncio.Task[None] | None = None

    # What the central system asks for.

    def has_connector(self, connector_id: int) -> bool:
        """Whether there is such a connector; the charge point as a whole is 0."""
        return CHARGE_POINT <= connector_id <= len(self._sessions)

    def set_profile(self, connector_id: int, profile: ChargingProfile) -> bool:
        """Install a profile (OCPP 1.6 §5.16); False if it breaks a rule."""
        try:
            following = set_profile(
                self._profiles.installed,
                connector_id,
                profile,
                running=self._running().get(connector_id),
                bounds=self._bounds,
                now=self._clock.now(),
            )
        except ProfileRefused:
            return False
        self._profiles.keep(following)
        self.balance()
        return True

    def clear_profiles(
        self,
        *,
        id: int | None = None,
        connector_id: int | None = None,
        purpose: ChargingProfilePurpose | None = None,
        stack_level: int | None = None,
    ) -> bool:
        """Remove what matches (OCPP 1.6 §5.5); False if nothing does."""
        before = self._profiles.installed
        following = clear(before, id=id, connector_id=connector_id, purpose=purpose, stack_level=stack_level)
        self._profiles.keep(following)
        self.balance()
        return len(following) < len(before)

    def composite_schedule(
        self, connector_id: int, duration_s: int, unit: ChargingRateUnit | None
    ) -> tuple[datetime, ChargingSchedule]:
        """Return when a schedule that begins now begins, and the schedule (OCPP 1.6 §5.7)."""
        start = self._clock.now().replace(microsecond=0)
        bounds = self._bounds
        schedule = composite_schedule(
            self._situation(self._running()),
            connector_id,
            start,
            duration_s,
            unit,
            max_periods=max(1, bounds.max_periods),
            usual_unit=min(bounds.allowed_units, default=ChargingRateUnit.A),
        )
        return start, schedule

    def may_promise(self, profile: ChargingProfile) -> bool:
        """Whether the profile of a RemoteStartTransaction can be that of a transaction (OCPP 1.6 §5.11).

        It is installed when the transaction begins whose `Authorization` has it.
        """
        try:
            check_for_remote_start(
                self._profiles.installed, profile, bounds=self._bounds, now=self._clock.now()
            )
        except ProfileRefused:
            return False
        return True

    # What follows for the connectors.

    def balance(self) -> None:
        """Set the limits of all connectors to what holds now, and see to it that this is done in time."""
        if self._is_balancing:
            # Hardware that answers an offer at once: what it says counts in the next round, and a vehicle
            # that cannot make up its mind has no round after round without an end.
            self._is_overtaken = True
            return
        self._is_balancing = True
        self._is_overtaken = False
        try:
            wait_s = self._balance()
        finally:
            self._is_balancing = False
        self._look_again(SETTLING_S if self._is_overtaken else wait_s)

    def _balance(self) -> float | None:
        """Set the limits; return after how many seconds to do so again."""
        running = self._running()
        self._follow(running)
        now = self._clock.now()
        now_s = seconds_of(now)
        situation = self._situation(running)
        maximum = charge_point_maximum(situation, ChargingRateUnit.A)(now_s)
        # When there is not enough for all, who came first is served first.
        order = sorted(running, key=lambda connector_id: running[connector_id].started_at)
        own = [own_limit_of(situation, each, ChargingRateUnit.A, now_s)(now_s) for each in order]
        claims = [
            Claim(bound.limit.amount, self._demands[running[each].key].wants_energy)
            for each, bound in zip(order, own, strict=True)
        ]
        shares_a = map(float, share(maximum.limit.amount, claims))
        self._offer(running, dict(zip(order, shares_a, strict=True)))
        return self._wait_s(now, [maximum, *own] if own else [])

    def _follow(self, running: Mapping[int, RunningTransaction]) -> None:
        """Keep up with the transactions that have begun and ended."""
        keys = {each.key for each in running.values()}
        following = without_ended(self._profiles.installed, keys)
        for connector_id, transaction in running.items():
            if transaction.key not in self._demands:
                following = self._with_promised(following, connector_id, transaction)
        self._profiles.keep(following)
        began_at = self._clock.monotonic()
        self._demands = {key: self._demands.get(key) or Demand(began_at) for key in keys}
        for connector_id, transaction in running.items():
            asks = self._sessions[connector_id - 1].wants_energy
            self._demands[transaction.key].observe(asks=asks, now=self._clock.monotonic())

    def _with_promised(
        self, installed: Installed, connector_id: int, transaction: RunningTransaction
    ) -> Installed:
        authorization = self._sessions[connector_id - 1].authorization
        if authorization is None or authorization.charging_profile is None:
            return installed
        new = InstalledProfile(
            connector_id=connector_id,
            profile=authorization.charging_profile,
            transaction=transaction.key,
        )
        return install(installed, new)

    def _offer(self, running: Mapping[int, RunningTransaction], limits_a: dict[int, float]) -> None:
        before, self._limits_a = self._limits_a, limits_a
        # Less for one before there is more for another: not even for a moment is it too much together.
        for connector_id in sorted(limits_a, key=lambda each: limits_a[each] - before.get(each, 0.0)):
            limit_a = limits_a[connector_id]
            demand = self._demands[running[connector_id].key]
            demand.offered(is_enough=limit_a > 0, now=self._clock.monotonic())
            if before.get(connector_id) != limit_a:
                self._sessions[connector_id - 1].limit(limit_a)

    def _wait_s(self, now: datetime, bounds: Sequence[Bound]) -> float | None:
        waits = [
            min(LOOK_S, bound.until - seconds_of(now) - now.microsecond / 1e6)
            for bound in bounds
            if bound.until is not None
        ]
        if bounds and self._profiles.installed:
            # The clock may be set back behind the beginning of a profile.
            waits.append(LOOK_S)
        waits += [
            demand.decided_at - self._clock.monotonic()
            for demand in self._demands.values()
            if demand.decided_at is not None
        ]
        return min(waits, default=None)

    def _look_again(self, wait_s: float | None) -> None:
        if self._looking is not None:
            self._looking.cancel()
        self._looking = None if wait_s is None else self._spawn(self._balance_after(wait_s))

    async def _balance_after(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._looking = None
        self.balance()

    # What there is.

    def _running(self) -> dict[int, RunningTransaction]:
        return {
            session.connector_id: RunningTransaction(
                transaction.key, transaction.transaction_id, self._started_at(transaction)
            )
            for session in self._sessions
            if (transaction := session.transaction) is not None
        }

    def _started_at(self, transaction: Transaction) -> datetime:
        """Return when a transaction began, by the clock as it is set now."""
        demand = self._demands.get(transaction.key)
        if demand is None:
            return transaction.started_at
        began_at = self._clock.now() - timedelta(seconds=self._clock.monotonic() - demand.began_at)
        is_clock_set = abs(began_at - transaction.started_at) > _WORTH_NOTICING
        return began_at if is_clock_set else transaction.started_at

    def _situation(self, running: Mapping[int, RunningTransaction]) -> Situation:
        connectors = self._hardware.connectors
        grid_a = self._hardware.max_current_a
        circuits = [_circuit(grid_a, max(each.phases for each in connectors))]
        circuits += [_circuit(min(grid_a, each.max_current_a), each.phases) for each in connectors]
        return Situation(circuits=circuits, installed=self._profiles.installed, running=running)

    @property
    def _bounds(self) -> Bounds:
        integer, items = self._configuration.integer, self._configuration.items
        return Bounds(
            max_stack_level=integer("ChargeProfileMaxStackLevel"),
            allowed_units=[_UNITS[each] for each in items("ChargingScheduleAllowedChargingRateUnit")],
            max_periods=integer("ChargingScheduleMaxPeriods"),
            max_installed=integer("MaxChargingProfilesInstalled"),
        )


def _circuit(max_current_a: float, phases: int) -> Circuit:
    # By its digits: 16.1 A is not a little less.
    return Circuit(Decimal(str(max_current_a)), phases)

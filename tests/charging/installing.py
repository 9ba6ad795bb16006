"""Charging profiles and what they are installed on, in few words, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from voltyard.charging.limits import Circuit, Situation
from voltyard.charging.profiles import Bounds, Installed, RunningTransaction, set_profile
from voltyard.charging.schedule import composite_schedule
from voltyard.protocol.messages import (
    ChargingProfile,
    ChargingProfileKind,
    ChargingProfilePurpose,
    ChargingRateUnit,
    ChargingSchedule,
    ChargingSchedulePeriod,
    RecurrencyKind,
)
from voltyard.protocol.payload import Tenths

A, W = ChargingRateUnit.A, ChargingRateUnit.W
MAX = ChargingProfilePurpose.CHARGE_POINT_MAX_PROFILE
DEFAULT = ChargingProfilePurpose.TX_DEFAULT_PROFILE
TX = ChargingProfilePurpose.TX_PROFILE
ABSOLUTE = ChargingProfileKind.ABSOLUTE
RECURRING = ChargingProfileKind.RECURRING
RELATIVE = ChargingProfileKind.RELATIVE
DAILY, WEEKLY = RecurrencyKind.DAILY, RecurrencyKind.WEEKLY

EARLY = datetime(2013, 1, 1, tzinfo=UTC)
NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)
BOUNDS = Bounds(max_stack_level=9, allowed_units=frozenset({A, W}), max_periods=10, max_installed=100)
CIRCUIT = Circuit(Decimal(32), 3)


def at(text: str) -> datetime:
    """Read `2024-03-10T07:00`, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def after(seconds: float) -> datetime:
    """Return a moment after noon."""
    return NOON + timedelta(seconds=seconds)


def profile(
    id: int = 1,
    purpose: ChargingProfilePurpose = DEFAULT,
    periods: Mapping[int, float] | float = 16,
    *,
    level: int = 0,
    unit: ChargingRateUnit = A,
    start: datetime | None = None,
    duration: int | None = None,
    recurrency: RecurrencyKind | None = None,
    kind: ChargingProfileKind | None = None,
    phases: int | None = None,
    valid_from: datetime | None = None,
    valid_to: datetime | None = None,
    transaction_id: int | None = None,
    min_charging_rate: Tenths | None = None,
) -> ChargingProfile:
    """Build a profile: Recurring with a recurrency, Absolute with a start, else Relative; as installed.

    A ChargePointMaxProfile that says nothing of it started long ago.
    """
    if purpose is MAX and start is None and kind is None:
        start = EARLY
    usual = RECURRING if recurrency else RELATIVE if start is None else ABSOLUTE
    return ChargingProfile(
        charging_profile_id=id,
        stack_level=level,
        charging_profile_purpose=purpose,
        charging_profile_kind=kind or usual,
        recurrency_kind=recurrency,
        valid_from=valid_from,
        valid_to=valid_to,
        transaction_id=transaction_id,
        charging_schedule=ChargingSchedule(
            charging_rate_unit=unit,
            start_schedule=start,
            duration=duration,
            min_charging_rate=min_charging_rate,
            charging_schedule_period=tuple(
                ChargingSchedulePeriod(start_period=begin, limit=Tenths(str(limit)), number_phases=phases)
                for begin, limit in (periods if isinstance(periods, Mapping) else {0: periods}).items()
            ),
        ),
    )


def transaction(connector_id: int = 1, started_at: datetime = NOON) -> RunningTransaction:
    """Build the transaction of a connector; its id is 100 more than that."""
    return RunningTransaction(f"t{connector_id}", 100 + connector_id, started_at)


def running(*connector_ids: int, started_at: datetime = NOON) -> dict[int, RunningTransaction]:
    """Build transactions."""
    return {each: transaction(each, started_at) for each in connector_ids}


def installed(
    *profiles: tuple[int, ChargingProfile],
    transactions: Mapping[int, RunningTransaction] | None = None,
    bounds: Bounds = BOUNDS,
    now: datetime = EARLY,
) -> Installed:
    """Install profiles on connectors as SetChargingProfile does, one after the other."""
    result: Installed = ()
    for connector_id, each in profiles:
        of_connector = (transactions or {}).get(connector_id)
        result = set_profile(result, connector_id, each, running=of_connector, bounds=bounds, now=now)
    return result


def situation(
    *profiles: tuple[int, ChargingProfile],
    transactions: Mapping[int, RunningTransaction] | None = None,
    circuits: Sequence[Circuit] | None = None,
) -> Situation:
    """Build what limits follow from; the wires carry 32 A on three phases everywhere."""
    return Situation(
        circuits=circuits or 4 * [CIRCUIT],
        installed=installed(*profiles, transactions=transactions),
        running=transactions or {},
    )


def composite(
    circumstances: Situation,
    start: datetime,
    duration_s: int,
    unit: ChargingRateUnit | None = A,
    connector_id: int = 1,
    max_periods: int = 100,
) -> list[tuple[int, float]]:
    """Return the composite schedule as pairs of startPeriod and limit."""
    schedule = composite_schedule(
        circumstances, connector_id, start, duration_s, unit, max_periods=max_periods
    )
    return [(each.start_period, float(each.limit)) for each in schedule.charging_schedule_period]

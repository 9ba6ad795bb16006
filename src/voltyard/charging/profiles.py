"""Installed charging profiles: which a charge point takes, which they replace, which are cleared.

Pure functions over a tuple of installed profiles: each returns the tuple that follows (OCPP 1.6 §3.13, §5.5,
§5.16).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final, NamedTuple

from voltyard.charging.errors import ProfileRefused
from voltyard.protocol.messages import (
    ChargingProfile,
    ChargingProfileKind,
    ChargingProfilePurpose,
    ChargingRateUnit,
)
from voltyard.protocol.payload import Structure

CHARGE_POINT: Final = 0
"""The connectorId of the charge point as a whole."""


class InstalledProfile(Structure, frozen=True, kw_only=True):
    """A charging profile and the connector it is for.

    `transaction` is the charge point's own name of the transaction a TxProfile belongs to: the central
    system's transactionId may not be known yet. It is None for the other purposes.
    """

    connector_id: int
    profile: ChargingProfile
    transaction: str | None = None

    @property
    def purpose(self) -> ChargingProfilePurpose:
        return self.profile.charging_profile_purpose


Installed = tuple[InstalledProfile, ...]


class RunningTransaction(NamedTuple):
    """A transaction in progress: our own name of it, the central system's if it is known, its start."""

    key: str
    transaction_id: int | None
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What the configuration keys of OCPP 1.6 §9.4 allow."""

    max_stack_level: int
    allowed_units: Collection[ChargingRateUnit]
    max_periods: int
    max_installed: int


def set_profile(
    installed: Installed,
    connector_id: int,
    profile: ChargingProfile,
    *,
    running: RunningTransaction | None,
    bounds: Bounds,
    now: datetime,
) -> Installed:
    """Install the profile of a SetChargingProfile (OCPP 1.6 §5.16).

    `running` is the transaction in progress at the connector. Raises `ProfileRefused`.
    """
    _refuse_for(_misplacements(connector_id, profile, running))
    _refuse_for(_flaws(profile, bounds, now))
    is_of_transaction = profile.charging_profile_purpose is _TX_PROFILE
    new = InstalledProfile(
        connector_id=connector_id,
        profile=profile,
        transaction=running.key if is_of_transaction and running is not None else None,
    )
    following = install(installed, new)
    if len(following) > bounds.max_installed:
        raise ProfileRefused("more profiles than MaxChargingProfilesInstalled")
    return following


def check_for_remote_start(
    installed: Installed, profile: ChargingProfile, *, bounds: Bounds, now: datetime
) -> None:
    """Check the profile of a RemoteStartTransaction, a TxProfile to be (OCPP 1.6 §5.11).

    Raises `ProfileRefused`.
    """
    if profile.charging_profile_purpose is not _TX_PROFILE:
        raise ProfileRefused("not a TxProfile")
    if profile.transaction_id is not None:
        raise ProfileRefused("transactionId of a transaction that has not started")
    _refuse_for(_flaws(profile, bounds, now))
    remaining = clear(installed, id=profile.charging_profile_id)
    if len(remaining) >= bounds.max_installed:
        raise ProfileRefused("more profiles than MaxChargingProfilesInstalled")


def install(installed: Installed, new: InstalledProfile) -> Installed:
    """Add a profile in place of those with its id or with its connector, purpose, level and transaction."""
    return (*(each for each in installed if not _is_replaced(each, new)), new)


def clear(
    installed: Installed,
    *,
    id: int | None = None,
    connector_id: int | None = None,
    purpose: ChargingProfilePurpose | None = None,
    stack_level: int | None = None,
) -> Installed:
    """Return what a ClearChargingProfile leaves (OCPP 1.6 §5.5).

    With an id nothing else counts (errata 3.26); otherwise all that is given has to match (errata 3.25), and
    without any of it everything does.
    """
    if id is not None:
        return tuple(each for each in installed if each.profile.charging_profile_id != id)
    criteria: list[Callable[[InstalledProfile], bool]] = []
    if connector_id is not None:
        criteria.append(lambda each: each.connector_id == connector_id)
    if purpose is not None:
        criteria.append(lambda each: each.purpose is purpose)
    if stack_level is not None:
        criteria.append(lambda each: each.profile.stack_level == stack_level)
    return tuple(each for each in installed if not all(matches(each) for matches in criteria))


def without_ended(installed: Installed, running: Collection[str]) -> Installed:
    """Return what is left when only these transactions run: a TxProfile ends with its own (§3.13.1)."""
    return tuple(each for each in installed if each.transaction is None or each.transaction in running)


_MAX_PROFILE: Final = ChargingProfilePurpose.CHARGE_POINT_MAX_PROFILE
_TX_PROFILE: Final = ChargingProfilePurpose.TX_PROFILE


def _is_replaced(old: InstalledProfile, new: InstalledProfile) -> bool:
    return old.profile.charging_profile_id == new.profile.charging_profile_id or _place(old) == _place(new)


def _place(each: InstalledProfile) -> tuple[object, ...]:
    return each.connector_id, each.purpose, each.profile.stack_level, each.transaction


def _refuse_for(reasons: Iterator[str]) -> None:
    reason = next(reasons, None)
    if reason is not None:
        raise ProfileRefused(reason)


def _misplacements(
    connector_id: int, profile: ChargingProfile, running: RunningTransaction | None
) -> Iterator[str]:
    purpose, transaction_id = profile.charging_profile_purpose, profile.transaction_id
    if purpose is _MAX_PROFILE and connector_id != CHARGE_POINT:
        yield "ChargePointMaxProfile on a connector"
    if purpose is _TX_PROFILE:
        if connector_id == CHARGE_POINT or running is None:
            yield "TxProfile without a transaction"
        elif transaction_id not in {None, running.transaction_id}:
            yield "transactionId of another transaction"
    elif transaction_id is not None:
        yield "transactionId without TxProfile"


def _flaws(profile: ChargingProfile, bounds: Bounds, now: datetime) -> Iterator[str]:
    if not 0 <= profile.stack_level <= bounds.max_stack_level:
        yield "stackLevel above ChargeProfileMaxStackLevel"
    if profile.charging_schedule.charging_rate_unit not in bounds.allowed_units:
        yield "unit not in ChargingScheduleAllowedChargingRateUnit"
    yield from _flaws_of_periods(profile, bounds)
    yield from _flaws_of_kind(profile)
    if profile.valid_to is not None:
        if profile.valid_from is not None and profile.valid_to <= profile.valid_from:
            yield "validTo not after validFrom"
        if profile.valid_to <= now:
            yield "validTo in the past"


def _flaws_of_periods(profile: ChargingProfile, bounds: Bounds) -> Iterator[str]:
    periods = profile.charging_schedule.charging_schedule_period
    if not 1 <= len(periods) <= bounds.max_periods:
        yield "no period or more than ChargingScheduleMaxPeriods"
    elif periods[0].start_period != 0:
        # Errata 3.45: nothing would say what holds until then.
        yield "first startPeriod not 0"
    elif any(later.start_period <= earlier.start_period for earlier, later in pairwise(periods)):
        yield "startPeriods not ascending"
    elif any(period.limit < 0 for period in periods):
        yield "negative limit"


def _flaws_of_kind(profile: ChargingProfile) -> Iterator[str]:
    kind = profile.charging_profile_kind
    has_start = profile.charging_schedule.start_schedule is not None
    if kind is ChargingProfileKind.RECURRING:
        if profile.recurrency_kind is None or not has_start:
            yield "Recurring without recurrencyKind or startSchedule"
    elif profile.recurrency_kind is not None:
        yield "recurrencyKind without Recurring"
    elif profile.charging_profile_purpose is _MAX_PROFILE and not (
        kind is ChargingProfileKind.ABSOLUTE and has_start
    ):
        # It would begin with a transaction, but it is not about one.
        yield "ChargePointMaxProfile without a start"

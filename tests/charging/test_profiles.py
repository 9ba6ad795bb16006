"""Which profiles are installed, which they replace, which are cleared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs
from tests.charging.installing import (
    ABSOLUTE,
    BOUNDS,
    DAILY,
    DEFAULT,
    EARLY,
    MAX,
    NOON,
    RECURRING,
    RELATIVE,
    TX,
    A,
    W,
    after,
    composite,
    installed,
    profile,
    running,
    situation,
    transaction,
)

from voltyard.charging.errors import ProfileRefused
from voltyard.charging.limits import Situation
from voltyard.charging.profiles import (
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
from voltyard.protocol.messages import ChargingProfile, ChargingSchedule, ChargingSchedulePeriod
from voltyard.protocol.payload import Tenths


def refusal(
    connector_id: int,
    described: ChargingProfile,
    *,
    already: Installed = (),
    of: RunningTransaction | None = None,
    bounds: Bounds = BOUNDS,
) -> str:
    """Try to install a profile, and return why that was refused."""
    with pytest.raises(ProfileRefused) as refused:
        set_profile(already, connector_id, described, running=of, bounds=bounds, now=NOON)
    return refused.value.reason


def ids(profiles: Installed) -> set[int]:
    return {each.profile.charging_profile_id for each in profiles}


class TestPlace:
    """Each purpose has its connectors (OCPP 1.6 §3.13.1)."""

    def test_the_maximum_belongs_to_the_charge_point(self) -> None:
        """R-326."""
        assert refusal(1, profile(purpose=MAX)) == "ChargePointMaxProfile on a connector"
        assert ids(installed((0, profile(purpose=MAX)))) == {1}

    def test_a_tx_profile_belongs_to_a_transaction_on_a_connector(self) -> None:
        """R-327."""
        described = profile(purpose=TX)

        assert refusal(0, described) == "TxProfile without a transaction"
        assert refusal(0, described, of=transaction()) == "TxProfile without a transaction"
        assert refusal(1, described) == "TxProfile without a transaction"
        assert installed((1, described), transactions=running(1)) == (
            InstalledProfile(connector_id=1, profile=described, transaction="t1"),
        )

    def test_a_transaction_id_has_to_be_that_of_the_transaction(self) -> None:
        fitting = profile(purpose=TX, transaction_id=101)

        assert ids(installed((1, fitting), transactions=running(1))) == {1}
        other = profile(purpose=TX, transaction_id=999)
        assert refusal(1, other, of=transaction()) == "transactionId of another transaction"
        unnamed = transaction()._replace(transaction_id=None)
        assert refusal(1, fitting, of=unnamed) == "transactionId of another transaction"

    @pytest.mark.parametrize("purpose", [MAX, DEFAULT])
    def test_a_transaction_id_is_for_tx_profiles_only(self, purpose: Any) -> None:
        described = profile(purpose=purpose, transaction_id=101)

        assert refusal(0, described, of=transaction()) == "transactionId without TxProfile"

    def test_defaults_are_for_all_connectors_or_for_one(self) -> None:
        both = installed((0, profile(1)), (3, profile(2)))

        assert [(each.connector_id, each.transaction) for each in both] == [(0, None), (3, None)]


def with_periods(*periods: tuple[int, int]) -> ChargingProfile:
    schedule = ChargingSchedule(
        charging_rate_unit=A,
        charging_schedule_period=tuple(
            ChargingSchedulePeriod(start_period=start, limit=Tenths(limit)) for start, limit in periods
        ),
    )
    return structs.replace(profile(), charging_schedule=schedule)


class TestContent:
    """What a profile has to be like (reference D.3)."""

    def test_bounds_of_the_configuration_hold(self) -> None:
        """R-356: stack level, periods, count."""
        bounds = replace(BOUNDS, max_stack_level=2, max_periods=2, max_installed=2)
        already = installed((0, profile(1)), (0, profile(2, level=1)), bounds=bounds)

        too_high, too_many = profile(3, level=3), profile(3, periods={0: 1, 1: 2, 2: 3})
        assert refusal(0, too_high, bounds=bounds) == "stackLevel above ChargeProfileMaxStackLevel"
        assert refusal(0, too_many, bounds=bounds) == "no period or more than ChargingScheduleMaxPeriods"
        third = profile(3, level=2)
        reason = refusal(0, third, already=already, bounds=bounds)
        assert reason == "more profiles than MaxChargingProfilesInstalled"

    def test_a_replacement_needs_no_room(self) -> None:
        full = installed((0, profile(1)), bounds=replace(BOUNDS, max_installed=1))

        bounds = replace(BOUNDS, max_installed=1)
        following = set_profile(full, 0, profile(2), running=None, bounds=bounds, now=NOON)

        assert ids(following) == {2}

    @pytest.mark.parametrize(("allowed", "refused"), [(A, W), (W, A)])
    def test_the_unit_has_to_be_an_allowed_one(self, allowed: Any, refused: Any) -> None:
        """R-355."""
        bounds = replace(BOUNDS, allowed_units=frozenset({allowed}))

        assert ids(installed((0, profile(unit=allowed)), bounds=bounds)) == {1}
        reason = refusal(0, profile(unit=refused), bounds=bounds)
        assert reason == "unit not in ChargingScheduleAllowedChargingRateUnit"

    def test_the_first_period_begins_at_the_start(self) -> None:
        """R-343."""
        assert refusal(0, with_periods((1, 16))) == "first startPeriod not 0"

    @pytest.mark.parametrize("starts", [(0, 60, 30), (0, 0), (0, 30, 30)])
    def test_periods_ascend(self, starts: tuple[int, ...]) -> None:
        described = with_periods(*((start, 16) for start in starts))

        assert refusal(0, described) == "startPeriods not ascending"

    @pytest.mark.parametrize(
        ("described", "reason"),
        [
            (with_periods(), "no period or more than ChargingScheduleMaxPeriods"),
            (with_periods((0, 6), (60, -1)), "negative limit"),
            (profile(level=-1), "stackLevel above ChargeProfileMaxStackLevel"),
            (
                profile(kind=RECURRING, start=EARLY),
                "Recurring without recurrencyKind or startSchedule",
            ),
            (profile(recurrency=DAILY), "Recurring without recurrencyKind or startSchedule"),
            (profile(kind=ABSOLUTE, recurrency=DAILY, start=EARLY), "recurrencyKind without Recurring"),
            (profile(kind=RELATIVE, recurrency=DAILY), "recurrencyKind without Recurring"),
            (profile(purpose=MAX, kind=RELATIVE), "ChargePointMaxProfile without a start"),
            (profile(purpose=MAX, kind=RELATIVE, start=EARLY), "ChargePointMaxProfile without a start"),
            (profile(purpose=MAX, kind=ABSOLUTE), "ChargePointMaxProfile without a start"),
            (profile(valid_from=after(60), valid_to=after(60)), "validTo not after validFrom"),
            (profile(valid_to=NOON), "validTo in the past"),
        ],
    )
    def test_what_means_nothing_is_refused(self, described: ChargingProfile, reason: str) -> None:
        assert refusal(0, described) == reason

    @pytest.mark.parametrize(
        "described",
        [
            profile(kind=ABSOLUTE),
            profile(kind=RELATIVE, start=EARLY),
            profile(start=EARLY, recurrency=DAILY),
            profile(purpose=MAX, start=EARLY, recurrency=DAILY),
            profile(valid_from=EARLY, valid_to=after(1)),
            profile(periods=0),
            profile(duration=0),
        ],
    )
    def test_what_means_something_is_not(self, described: ChargingProfile) -> None:
        following = set_profile((), 0, described, running=None, bounds=BOUNDS, now=NOON)

        assert [each.profile for each in following] == [described]


class TestReplacing:
    """What a new profile takes the place of (OCPP 1.6 §3.13.2, §5.16.3)."""

    def test_the_same_purpose_and_level_is_replaced(self) -> None:
        """R-332."""
        assert ids(installed((0, profile(1, level=2)), (0, profile(2, level=2)))) == {2}

    def test_the_same_id_is_replaced_wherever_it_was(self) -> None:
        """R-333."""
        transactions = running(1)
        following = installed(
            (0, profile(1)), (2, profile(1, level=3)), (1, profile(1, TX)), transactions=transactions
        )

        assert [(each.connector_id, each.purpose) for each in following] == [(1, TX)]

    def test_what_differs_in_connector_purpose_or_level_stays(self) -> None:
        following = installed(
            (0, profile(1)),
            (0, profile(2, level=1)),
            (1, profile(3)),
            (1, profile(4, TX)),
            (0, profile(5, MAX)),
            transactions=running(1),
        )

        assert ids(following) == {1, 2, 3, 4, 5}

    def test_the_same_level_of_another_transaction_stays(self) -> None:
        """It is not this one's to replace; it ends with its own."""
        before = install((), InstalledProfile(connector_id=1, profile=profile(1, TX), transaction="t0"))

        following = set_profile(before, 1, profile(2, TX), running=transaction(), bounds=BOUNDS, now=NOON)

        assert ids(following) == {1, 2}

    def test_nothing_of_what_was_given_changes(self) -> None:
        before = installed((0, profile(1)))

        installed_next = set_profile(before, 0, profile(2), running=None, bounds=BOUNDS, now=NOON)

        assert (ids(before), ids(installed_next)) == ({1}, {2})


class TestEnding:
    """TxProfiles end with their transaction (OCPP 1.6 §3.13.1)."""

    def test_tx_profiles_end_with_their_transaction_and_others_do_not(self) -> None:
        """R-331."""
        transactions = running(1, 2)
        before = installed(
            (0, profile(1)), (1, profile(2, TX)), (2, profile(3, TX)), transactions=transactions
        )

        assert ids(without_ended(before, {"t2"})) == {1, 3}
        assert ids(without_ended(before, {"t1", "t2"})) == {1, 2, 3}

    def test_afterwards_only_the_hardware_limits(self) -> None:
        """R-331."""
        here = situation((1, profile(1, TX, 6)), transactions=running(1))

        left = Situation(
            circuits=here.circuits, installed=without_ended(tuple(here.installed), ()), running={}
        )

        assert composite(left, NOON, 60) == [(0, 32)]


class TestClearing:
    """ClearChargingProfile (OCPP 1.6 §5.5)."""

    BEFORE = installed(
        (0, profile(1, MAX)),
        (0, profile(2)),
        (0, profile(3, level=1)),
        (1, profile(4, level=1)),
        (1, profile(5, TX, level=1)),
        transactions=running(1),
    )

    def test_with_an_id_nothing_else_counts(self) -> None:
        """R-363."""
        after_it = clear(self.BEFORE, id=2, connector_id=9, purpose=TX, stack_level=5)

        assert ids(after_it) == {1, 3, 4, 5}

    @pytest.mark.parametrize(
        ("criteria", "left"),
        [
            ({}, set[int]()),
            ({"connector_id": 0}, {4, 5}),
            ({"connector_id": 1}, {1, 2, 3}),
            ({"purpose": DEFAULT}, {1, 5}),
            ({"stack_level": 1}, {1, 2}),
            ({"purpose": DEFAULT, "stack_level": 1}, {1, 2, 5}),
            ({"purpose": DEFAULT, "stack_level": 1, "connector_id": 1}, {1, 2, 3, 5}),
        ],
    )
    def test_otherwise_all_criteria_have_to_match(self, criteria: dict[str, Any], left: set[int]) -> None:
        """R-364."""
        assert ids(clear(self.BEFORE, **criteria)) == left

    @pytest.mark.parametrize(
        "criteria", [{"id": 77}, {"connector_id": 2}, {"stack_level": 5}, {"purpose": TX, "stack_level": 0}]
    )
    def test_where_nothing_matches_everything_stays(self, criteria: dict[str, Any]) -> None:
        """R-365."""
        assert clear(self.BEFORE, **criteria) == self.BEFORE


class TestRemoteStart:
    """A profile that waits for its transaction (OCPP 1.6 §5.11)."""

    def refusal(
        self, described: ChargingProfile, already: Installed = (), bounds: Bounds = BOUNDS
    ) -> str | None:
        try:
            check_for_remote_start(already, described, bounds=bounds, now=NOON)
        except ProfileRefused as refused:
            return refused.reason
        return None

    def test_it_has_to_be_a_tx_profile_of_no_transaction_yet(self) -> None:
        """R-262."""
        assert self.refusal(profile(purpose=TX)) is None
        assert self.refusal(profile(purpose=DEFAULT)) == "not a TxProfile"
        assert self.refusal(profile(purpose=MAX)) == "not a TxProfile"
        known = self.refusal(profile(purpose=TX, transaction_id=5))
        assert known == "transactionId of a transaction that has not started"

    def test_its_content_is_checked_as_that_of_any_other(self) -> None:
        assert self.refusal(profile(purpose=TX, level=10)) == "stackLevel above ChargeProfileMaxStackLevel"

    def test_there_has_to_be_room_for_it(self) -> None:
        bounds = replace(BOUNDS, max_installed=1)
        already = installed((0, profile(1)))

        assert (
            self.refusal(profile(2, TX), already, bounds) == "more profiles than MaxChargingProfilesInstalled"
        )
        assert self.refusal(profile(1, TX), already, bounds) is None

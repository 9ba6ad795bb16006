"""Composite schedules: the worked examples of the specification, and any profiles against brute force."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.charging import brute_force
from tests.charging.installing import (
    BOUNDS,
    DAILY,
    DEFAULT,
    EARLY,
    MAX,
    NOON,
    RELATIVE,
    TX,
    WEEKLY,
    A,
    W,
    after,
    at,
    composite,
    profile,
    running,
    situation,
)

from voltyard.charging.limits import Circuit, Situation
from voltyard.charging.profiles import Installed, RunningTransaction, set_profile
from voltyard.charging.schedule import MOST_STEPS, composite_schedule
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

DAY_S = 86_400
WEEK_S = 7 * DAY_S


class TestExamples:
    """The worked examples; the wires carry 32 A on three phases."""

    DAY_TARIFF = profile(
        100,
        periods={0: 11000, 28800: 6000, 72000: 11000},
        unit=W,
        start=EARLY,
        duration=DAY_S,
        recurrency=DAILY,
    )
    MORNING = at("2024-03-10T07:00")
    CAP = profile(1, MAX, 10)

    def test_x1_a_daily_profile_restarts_every_24_hours(self) -> None:
        """R-344: the example of OCPP 1.6 §3.13.7."""
        here = situation((1, self.DAY_TARIFF), transactions=running(1))

        assert composite(here, self.MORNING, 50_400, W) == [(0, 11000), (3600, 6000), (46800, 11000)]

    def test_x2_the_lower_of_two_purposes_counts(self) -> None:
        """R-337, and R-362: 6000 W / 690 V = 8.695… A are rounded down."""
        here = situation((1, self.DAY_TARIFF), (0, self.CAP), transactions=running(1))

        assert composite(here, self.MORNING, 50_400, W) == [(0, 6900), (3600, 6000), (46800, 6900)]
        assert composite(here, self.MORNING, 50_400, A) == [(0, 10), (3600, 8.6), (46800, 10)]

    def test_x2b_watts_become_amperes(self) -> None:
        here = situation((1, self.DAY_TARIFF), transactions=running(1))

        assert composite(here, self.MORNING, 50_400, A) == [(0, 15.9), (3600, 8.6), (46800, 15.9)]

    def test_x3_the_highest_stack_level_counts(self) -> None:
        """R-334."""
        usual = profile(1, periods={0: 16, 21600: 8, 82800: 16}, start=EARLY, recurrency=DAILY)
        christmas = profile(2, periods=32, level=1, start=at("2024-12-25T10:00"), duration=7200)
        here = situation((0, usual), (0, christmas))

        assert composite(here, at("2024-12-25T09:00"), 18_000) == [(0, 8), (3600, 32), (10800, 8)]

    NIGHT = profile(1, periods=24, level=3, start=at("2024-01-01T22:00"), duration=28_800, recurrency=DAILY)

    def test_x4a_gaps_between_recurrences_are_without_limit(self) -> None:
        """R-339."""
        here = situation((0, self.NIGHT))

        assert composite(here, at("2024-06-01T20:00"), 43_200) == [(0, 32), (7200, 24), (36000, 32)]

    def test_x4b_gaps_between_recurrences_fall_to_the_level_below(self) -> None:
        """R-339."""
        here = situation((0, self.NIGHT), (0, profile(2, periods=10, start=EARLY)))

        assert composite(here, at("2024-06-01T20:00"), 43_200) == [(0, 10), (7200, 24), (36000, 10)]

    def test_x5_a_schedule_longer_than_its_recurrence_is_cut(self) -> None:
        """R-340."""
        too_long = profile(
            periods={0: 6, 43200: 20, 90000: 30}, start=EARLY, duration=100_000, recurrency=DAILY
        )

        result = composite(situation((0, too_long)), at("2024-06-01T18:00"), DAY_S)

        assert result == [(0, 20), (21600, 6), (64800, 20)]

    def test_x6_periods_beyond_the_duration_are_not_executed(self) -> None:
        """R-341."""
        short = profile(purpose=TX, periods={0: 16, 1800: 10, 3600: 20}, duration=3600)
        here = situation((1, short), transactions=running(1))

        assert composite(here, NOON, 7200) == [(0, 16), (1800, 10), (3600, 32)]

    HELD = profile(1, TX, {0: 16, 1800: 10}, duration=7200)

    def test_x7_the_last_period_is_held_until_the_duration_is_over(self) -> None:
        """R-342."""
        here = situation((1, self.HELD), transactions=running(1))

        assert composite(here, NOON, 10_800) == [(0, 16), (1800, 10), (7200, 32)]

    def test_x8_a_tx_profile_overrules_the_default_while_it_lasts(self) -> None:
        """R-330."""
        here = situation((1, self.HELD), (0, profile(2, periods=6)), transactions=running(1))

        assert composite(here, after(1200), 7200) == [(0, 16), (600, 10), (6000, 6)]

    def test_x9_a_tx_profile_that_is_not_valid_any_more_gives_way_to_the_default(self) -> None:
        valid = profile(1, TX, 25, level=5, valid_to=at("2024-05-17T13:00"))
        here = situation((1, valid), (0, profile(2, periods=10)), transactions=running(1))

        assert composite(here, NOON, 7200) == [(0, 25), (3600, 10)]

    def test_x10_what_replaces_a_profile_leaves_nothing_of_it_before_it_is_valid(self) -> None:
        """R-335."""
        here = situation((0, profile(1, periods=16)), (0, profile(2, periods=12, valid_from=after(1800))))

        assert composite(here, NOON, 3600) == [(0, 32), (1800, 12)]

    def test_x11_a_default_of_a_connector_replaces_that_of_all_for_it(self) -> None:
        """R-328, R-329."""
        here = situation((0, profile(1, periods=16)), (1, profile(2, periods=10)))

        assert composite(here, NOON, 3600, connector_id=1) == [(0, 10)]
        assert composite(here, NOON, 3600, connector_id=2) == [(0, 16)]

    def test_x11b_a_default_of_all_on_another_level_still_takes_part(self) -> None:
        here = situation(
            (0, profile(1, periods=16)), (1, profile(2, periods=10)), (0, profile(3, periods=13, level=1))
        )

        assert composite(here, NOON, 3600, connector_id=1) == [(0, 13)]

    @pytest.mark.parametrize(("phases", "limit"), [(1, 32.1), (2, 16.0), (3, 10.7), (None, 10.7)])
    def test_x12_watts_are_divided_by_the_phases_and_three_if_none_are_named(
        self, phases: int | None, limit: float
    ) -> None:
        """R-345."""
        wide = 2 * [Circuit(Decimal(63), 3)]
        here = situation((1, profile(periods=7400, unit=W, phases=phases)), circuits=wide)

        assert composite(here, NOON, 60) == [(0, limit)]
        assert composite(here, NOON, 60, W) == [(0, 7400)]

    @pytest.mark.parametrize(
        ("start", "result"),
        [
            ("2024-06-03T08:00", [(0, 6), (3600, 16), (36000, 6)]),
            ("2024-06-04T08:00", [(0, 32)]),
            ("2024-06-02T23:00", [(0, 32), (3600, 6), (36000, 16)]),
        ],
    )
    def test_x13_a_weekly_profile_restarts_every_seven_days(
        self, start: str, result: list[tuple[int, float]]
    ) -> None:
        """R-344."""
        monday = profile(
            periods={0: 6, 32400: 16, 64800: 6},
            start=at("2024-01-01T00:00"),
            duration=DAY_S,
            recurrency=WEEKLY,
        )

        assert composite(situation((0, monday)), at(start), 43_200) == result

    def test_x14_connector_0_is_the_sum_of_what_runs_and_at_most_the_maximum(self) -> None:
        """R-359."""
        transactions = running(1, 2)
        cap = profile(1, MAX, {0: 32, 1800: 25}, start=NOON)
        loads = (1, profile(2, TX, 20)), (2, profile(3, TX, 10))
        here = situation((0, cap), *loads, transactions=transactions)

        assert composite(here, NOON, 3600, connector_id=0) == [(0, 30), (1800, 25)]
        assert composite(here, NOON, 3600, connector_id=1) == [(0, 20)]
        assert composite(situation((0, cap)), NOON, 3600, connector_id=0) == [(0, 32), (1800, 25)]

    FOR_EVER = profile(1, periods={0: 14, 3600: 7}, level=9, start=NOON)

    def test_x15_a_top_level_without_duration_never_falls_back(self) -> None:
        """R-336."""
        here = situation((0, self.FOR_EVER), (0, profile(2, periods=10)))

        assert composite(here, NOON, DAY_S) == [(0, 14), (3600, 7)]

    def test_x16_without_profiles_only_the_hardware_limits(self) -> None:
        """R-351."""
        assert composite(situation(), NOON, 3600) == [(0, 32)]
        assert composite(situation(), NOON, 3600, W) == [(0, 22080)]

    def test_x17_a_limit_of_nothing_is_reported_as_such(self) -> None:
        here = situation((1, profile(purpose=TX, periods={0: 0, 900: 16})), transactions=running(1))

        assert composite(here, NOON, 1800) == [(0, 0), (900, 16)]

    def test_x18_without_a_transaction_one_is_taken_to_start_now(self) -> None:
        here = situation((0, profile(periods={0: 6, 600: 12})))

        assert composite(here, NOON, 1200) == [(0, 6), (600, 12)]

    def test_x19_stack_levels_of_two_purposes_are_not_compared(self) -> None:
        """R-337."""
        here = situation((0, profile(2, MAX, 8)), (0, self.FOR_EVER))

        assert composite(here, NOON, 7200) == [(0, 8), (3600, 7)]

    def test_x20_the_maximum_has_stack_levels_of_its_own(self) -> None:
        above = profile(2, MAX, 20, level=1, start=after(600), duration=600)

        assert composite(situation((0, profile(1, MAX, 8)), (0, above)), NOON, 3600) == [
            (0, 8),
            (600, 20),
            (1200, 8),
        ]


class TestAnswer:
    """What the schedule says beside its limits."""

    def schedule(
        self,
        *profiles: tuple[int, ChargingProfile],
        unit: ChargingRateUnit | None = None,
        duration_s: int = 3600,
        max_periods: int = 100,
        start: datetime = NOON,
        transactions: Mapping[int, RunningTransaction] | None = None,
    ) -> ChargingSchedule:
        here = situation(*profiles, transactions=transactions)
        return composite_schedule(here, 1, start, duration_s, unit, max_periods=max_periods)

    def test_it_has_no_start_schedule(self) -> None:
        """R-358."""
        schedule = self.schedule((0, profile(start=EARLY)))

        assert schedule.start_schedule is None
        assert schedule.duration == 3600

    def test_parts_of_a_second_are_dropped(self) -> None:
        schedule = self.schedule((0, profile(periods={0: 6, 10: 12}, start=NOON)), start=after(0.9))

        assert [each.start_period for each in schedule.charging_schedule_period] == [0, 10]

    def test_equal_neighbours_are_one_period(self) -> None:
        first = profile(1, TX, {0: 16, 600: 10}, duration=1200)

        schedule = self.schedule((1, first), (0, profile(2, periods=10)), transactions=running(1))

        assert [each.start_period for each in schedule.charging_schedule_period] == [0, 600]

    def test_equal_limits_for_other_phases_are_two_periods(self) -> None:
        single = profile(1, TX, 10, duration=600, phases=1)

        schedule = self.schedule((1, single), (0, profile(2, periods=10)), transactions=running(1))

        assert schedule.charging_schedule_period == (
            ChargingSchedulePeriod(start_period=0, limit=Tenths(10), number_phases=1),
            ChargingSchedulePeriod(start_period=600, limit=Tenths(10)),
        )

    def test_too_many_periods_shorten_it_and_never_blur_it(self) -> None:
        schedule = self.schedule((0, profile(periods={0: 6, 600: 7, 1200: 8})), max_periods=2)

        assert [each.limit for each in schedule.charging_schedule_period] == [6, 7]
        assert schedule.duration == 1200

    def test_ten_years_of_weekly_profiles_take_as_long_as_there_are_periods(self) -> None:
        ten_years_s = 10 * 365 * DAY_S
        weekly = profile(1, periods={0: 6, 3600: 16}, start=EARLY, recurrency=WEEKLY, duration=7200)

        schedule = self.schedule((0, weekly), duration_s=ten_years_s, max_periods=24)

        assert len(schedule.charging_schedule_period) == 24
        assert schedule.duration is not None
        assert 7 * WEEK_S < schedule.duration < 8 * WEEK_S

    def test_what_never_changes_but_recurs_is_looked_at_so_far_and_not_farther(self) -> None:
        schedule = self.schedule((0, profile(start=EARLY, recurrency=DAILY)), duration_s=2**62)

        assert len(schedule.charging_schedule_period) == 1
        assert schedule.duration == MOST_STEPS * DAY_S - DAY_S // 2

    def test_what_never_changes_at_all_may_take_for_ever(self) -> None:
        assert self.schedule((0, profile(start=EARLY)), duration_s=2**62).duration == 2**62

    @pytest.mark.parametrize(
        ("profiles", "unit"),
        [
            ([], A),
            ([profile(1, periods=5000, unit=W)], W),
            ([profile(1, periods=5000, unit=W), profile(2, MAX, 4000, unit=W)], W),
            # Where the hardware alone limits, no unit comes from it.
            ([profile(1, periods=5000, unit=W, duration=60)], W),
            ([profile(1, TX, periods=5000, unit=W, duration=60), profile(2, periods=6)], A),
        ],
    )
    def test_a_unit_nobody_asked_for_is_that_of_the_profiles(
        self, profiles: list[ChargingProfile], unit: ChargingRateUnit
    ) -> None:
        connectors = [(0 if each.charging_profile_purpose is MAX else 1, each) for each in profiles]

        schedule = self.schedule(*connectors, transactions=running(1))

        assert schedule.charging_rate_unit is unit

    def test_advice_on_the_least_rate_is_passed_on_from_a_profile_that_rules_alone(self) -> None:
        advised = profile(1, min_charging_rate=Tenths(8))
        other = profile(2, MAX, {0: 32, 60: 10}, start=NOON)

        assert self.schedule((0, advised), unit=A).min_charging_rate == 8
        # It would be of another unit.
        assert self.schedule((0, advised), unit=W).min_charging_rate is None
        assert self.schedule((0, advised), (0, other), unit=A).min_charging_rate is None
        assert self.schedule((0, advised), (0, other), unit=A, duration_s=60).min_charging_rate == 8
        assert self.schedule(unit=A).min_charging_rate is None

    def test_phases_beyond_what_the_connector_has_change_nothing(self) -> None:
        """R-346: no recalculation (errata 3.34)."""
        single_phase = 2 * [Circuit(Decimal(32), 1)]
        in_amperes = situation((1, profile(periods=16, phases=3)), circuits=single_phase)
        in_watts = situation((1, profile(periods=3000, unit=W, phases=3)), circuits=single_phase)

        assert composite(in_amperes, NOON, 60, A) == [(0, 16)]
        assert composite(in_watts, NOON, 60, W) == [(0, 3000)]

    def test_a_sum_of_thirds_is_not_rounded_before_it_is_summed(self) -> None:
        thirds = [(each, profile(each, TX, 2300, unit=W)) for each in (1, 2, 3)]
        here = situation(*thirds, transactions=running(1, 2, 3))

        assert composite(here, NOON, 60, A, connector_id=0) == [(0, 10)]

    def test_a_recurring_profile_does_not_act_before_its_first_start(self) -> None:
        here = situation((0, profile(periods=6, start=after(100), recurrency=DAILY)))

        assert composite(here, NOON, 200) == [(0, 32), (100, 6)]

    def test_the_start_of_a_relative_profile_is_ignored(self) -> None:
        relative = profile(purpose=TX, periods={0: 6, 60: 12}, kind=RELATIVE, start=after(30))
        here = situation((1, relative), transactions=running(1))

        assert composite(here, NOON, 120) == [(0, 6), (60, 12)]

    def test_an_absolute_profile_without_a_start_begins_with_the_charging(self) -> None:
        absolute = profile(purpose=TX, periods={0: 6, 60: 12}, kind=ChargingProfileKind.ABSOLUTE)
        here = situation((1, absolute), transactions=running(1))

        assert composite(here, after(30), 120) == [(0, 6), (30, 12)]

    def test_a_profile_of_an_earlier_transaction_says_nothing_about_this_one(self) -> None:
        """R-331."""
        here = situation((1, profile(purpose=TX, periods=6)), transactions=running(1))
        ended = Situation(circuits=here.circuits, installed=here.installed, running={})

        assert composite(ended, NOON, 60) == [(0, 32)]


# Any profiles against brute force.

CIRCUITS = (
    Circuit(Decimal(50), 3),
    Circuit(Decimal(32), 3),
    Circuit(Decimal("16.5"), 1),
    Circuit(Decimal(40), 2),
)
WINDOW_S = 90
MONDAY = at("2024-06-03T08:00")

# Built once: building strategies takes longer than drawing from them.
UNITS = st.sampled_from(ChargingRateUnit)
CONNECTORS = st.integers(0, 3)
_BEGINS = st.sets(st.integers(1, 150), max_size=3)
_LATE = st.sampled_from((0, 0, DAY_S, WEEK_S))
_PHASES = (None, 1, 2, 3)
# Limit and phases in one number: the fewer draws, the faster.
_LIMITS = {A: st.integers(0, 400 * 4), W: st.integers(0, 300_000 * 4)}
_KINDS = st.sampled_from(ChargingProfileKind)
_KINDS_WITH_START = st.sampled_from((ChargingProfileKind.ABSOLUTE, ChargingProfileKind.RECURRING))
_RECURRENCIES = st.sampled_from(RecurrencyKind)
_STARTS = st.tuples(st.integers(-300, 150), st.integers(0, 15))
_DURATIONS = st.none() | st.tuples(st.sampled_from((0, DAY_S, WEEK_S)), st.integers(-100, 200))
_VALIDITIES = st.lists(st.none() | st.integers(-100, 150), min_size=2, max_size=2)
_LEVELS = st.integers(0, 2)
_BOOLEANS = st.booleans()
_TRANSACTIONS = st.dictionaries(st.integers(1, 3), st.integers(0, 300))
_COUNTS = st.integers(0, 6)
_ANY_PURPOSE = st.sampled_from(ChargingProfilePurpose)
_NO_TX = st.sampled_from((MAX, DEFAULT))


@st.composite
def periods(draw: st.DrawFn, unit: ChargingRateUnit, scale_s: int) -> tuple[ChargingSchedulePeriod, ...]:
    # Some are near the end of the day or the week: cut by the recurrence, or run just before it.
    late_s = max(0, draw(_LATE) - 75 * scale_s)
    begins = sorted(draw(_BEGINS))

    def period(begin: int) -> ChargingSchedulePeriod:
        tenths, phases = divmod(draw(_LIMITS[unit]), len(_PHASES))
        limit = Tenths(Decimal(tenths) / 10)
        return ChargingSchedulePeriod(start_period=begin, limit=limit, number_phases=_PHASES[phases])

    return tuple(map(period, (0, *(late_s + each * scale_s for each in begins))))


@st.composite
def profiles(draw: st.DrawFn, id: int, purpose: ChargingProfilePurpose, scale_s: int) -> ChargingProfile:
    def moment(offset: int | None) -> datetime | None:
        return None if offset is None else MONDAY + timedelta(seconds=offset * scale_s)

    unit = draw(UNITS)
    kind = draw(_KINDS_WITH_START if purpose is MAX else _KINDS)
    is_recurring = kind is ChargingProfileKind.RECURRING
    offset, days_ago = draw(_STARTS)
    start = MONDAY + timedelta(days=-days_ago, seconds=offset * scale_s)
    length = draw(_DURATIONS)
    valid_from, valid_to = draw(_VALIDITIES)
    if valid_from is not None and valid_to is not None:
        valid_from, valid_to = min(valid_from, valid_to), max(valid_from, valid_to) + 1
    return ChargingProfile(
        charging_profile_id=id,
        stack_level=draw(_LEVELS),
        charging_profile_purpose=purpose,
        charging_profile_kind=kind,
        recurrency_kind=draw(_RECURRENCIES) if is_recurring else None,
        valid_from=moment(valid_from),
        valid_to=moment(valid_to),
        charging_schedule=ChargingSchedule(
            charging_rate_unit=unit,
            start_schedule=start if is_recurring or purpose is MAX or draw(_BOOLEANS) else None,
            duration=None if length is None else max(0, length[0] + length[1] * scale_s),
            charging_schedule_period=draw(periods(unit, scale_s)),
        ),
    )


@st.composite
def situations(draw: st.DrawFn, scale_s: int = 1) -> Situation:
    """Draw transactions and up to six profiles, installed one after the other."""
    transactions = {
        each: RunningTransaction(f"t{each}", each, MONDAY - timedelta(seconds=ago * scale_s))
        for each, ago in draw(_TRANSACTIONS).items()
    }
    result: Installed = ()
    for id in range(draw(_COUNTS)):
        purpose = draw(_ANY_PURPOSE if transactions else _NO_TX)
        places = {MAX: [0], DEFAULT: [0, 1, 2, 3], TX: sorted(transactions)}[purpose]
        connector_id = places[draw(CONNECTORS) % len(places)]
        result = set_profile(
            result,
            connector_id,
            draw(profiles(id, purpose, scale_s)),
            running=transactions.get(connector_id),
            bounds=BOUNDS,
            now=EARLY,
        )
    return Situation(circuits=CIRCUITS, installed=result, running=transactions)


def spread(schedule: ChargingSchedule, every_s: int = 1) -> list[tuple[Decimal, int]]:
    """Return the limit and the phases at each second of a schedule."""
    assert schedule.duration is not None
    ends = [*(each.start_period for each in schedule.charging_schedule_period[1:]), schedule.duration]
    return [
        (period.limit, period.number_phases or 3)
        for period, end in zip(schedule.charging_schedule_period, ends, strict=True)
        for _ in range(period.start_period, end, every_s)
    ]


class TestBruteForce:
    @settings(max_examples=1000, deadline=None, derandomize=True)
    @given(here=situations(), connector_id=CONNECTORS, unit=UNITS)
    def test_a_schedule_is_what_brute_force_finds_second_by_second(
        self, here: Situation, connector_id: int, unit: ChargingRateUnit
    ) -> None:
        """R-328 to R-342, R-344, R-345, R-359 and R-362 for any profiles."""
        schedule = composite_schedule(here, connector_id, MONDAY, WINDOW_S, unit, max_periods=WINDOW_S)

        assert spread(schedule) == brute_force.limits(here, connector_id, MONDAY, WINDOW_S, unit)

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(here=situations(3600), connector_id=CONNECTORS, unit=UNITS)
    def test_a_schedule_of_three_weeks_is_what_brute_force_finds_hour_by_hour(
        self, here: Situation, connector_id: int, unit: ChargingRateUnit
    ) -> None:
        """Where everything happens at full hours, hours are as good as seconds."""
        duration_s = 3 * WEEK_S

        schedule = composite_schedule(here, connector_id, MONDAY, duration_s, unit, max_periods=1000)

        assert {each.start_period % 3600 for each in schedule.charging_schedule_period} == {0}
        hours = brute_force.limits(here, connector_id, MONDAY, duration_s, unit, every_s=3600)
        assert spread(schedule, every_s=3600) == hours

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(here=situations(), connector_id=CONNECTORS, max_periods=st.integers(1, 4))
    def test_a_cut_schedule_is_the_beginning_of_the_whole(
        self, here: Situation, connector_id: int, max_periods: int
    ) -> None:
        whole = composite_schedule(here, connector_id, MONDAY, WINDOW_S, A, max_periods=WINDOW_S)

        cut = composite_schedule(here, connector_id, MONDAY, WINDOW_S, A, max_periods=max_periods)

        assert len(cut.charging_schedule_period) <= max_periods
        assert spread(cut) == spread(whole)[: cut.duration]
        periods_left = len(whole.charging_schedule_period) - len(cut.charging_schedule_period)
        assert (cut.duration == WINDOW_S) is (periods_left == 0)

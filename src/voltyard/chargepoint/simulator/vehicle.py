"""An electric vehicle: a battery that fills, takes the less the fuller it is, and rests when it likes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Final, Protocol

from voltyard.chargepoint.simulator.course import NOTHING, Course

VOLTAGE_V: Final = 230.0
"""Between a phase and neutral."""

_FULL_PERCENT: Final = 100.0
_TAPER_FROM_PERCENT: Final = 80.0
_TRICKLE_FROM_PERCENT: Final = 97.0
_TRICKLE: Final = 0.12
"""Which part of its power the vehicle still takes when it is almost full."""
_FALL: Final = (1.0 - _TRICKLE) / (_TRICKLE_FROM_PERCENT - _TAPER_FROM_PERCENT)
_HOUR_S: Final = 3600.0
# Formulas end where they should but for the last digits.
_CLOSE_PERCENT: Final = 1e-6
_CLOSE_WH: Final = 0.01
_CLOSE_W: Final = 0.01
_CLOSE_S: Final = 1e-6


class Pilot(StrEnum):
    """What the charge point tells a vehicle by the control pilot (IEC 61851-1)."""

    OFF = "off"
    """Nothing: the charge point has no power, or the line is broken."""
    STEADY = "steady"
    """It is connected, and offered nothing."""
    PULSED = "pulsed"
    """It may draw."""


class PilotState(StrEnum):
    """What is at a connector by the states of IEC 61851-1."""

    NO_VEHICLE = "A"
    CONNECTED = "B"
    """The vehicle asks for nothing."""
    READY = "C"
    """The vehicle asks for energy or takes it; whether it gets any is another matter."""


class Outlet(Protocol):
    """Where a vehicle is connected."""

    @property
    def drawn_wh(self) -> float:
        """What has flowed since the vehicle was last told to `charge`."""

    def vehicle_changed(self) -> None:
        """Its driver has done something: look at the vehicle anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleModel:
    """What vehicles of one make have in common: usable battery, on-board charger, phases, habits.

    It is ready `reaction_s` after it was connected, and draws so long after it was offered energy; then its
    power rises by `ramp_w_per_s`. At `pause_at_percent` it pauses by itself for `pause_s`. When it is full
    it takes `conditioning_w` for `conditioning_s` of each hour, to keep its battery warm.
    """

    name: str
    battery_wh: float
    max_power_w: float
    phases: int
    efficiency: float = 0.91
    power_factor: float = 1.0
    reaction_s: float = 0.0
    ramp_w_per_s: float = 800.0
    pause_at_percent: float | None = None
    pause_s: float = 0.0
    conditioning_w: float = 0.0
    conditioning_s: float = 180.0


MODELS: Final = (
    VehicleModel(
        name="city car",
        battery_wh=36_800,
        max_power_w=7_200,
        phases=1,
        efficiency=0.88,
        power_factor=0.99,
        reaction_s=2.0,
        ramp_w_per_s=600,
    ),
    VehicleModel(
        name="hatchback",
        battery_wh=32_300,
        max_power_w=7_200,
        phases=2,
        power_factor=0.99,
        reaction_s=1.5,
    ),
    VehicleModel(
        name="compact",
        battery_wh=58_000,
        max_power_w=11_000,
        phases=3,
        power_factor=0.995,
        reaction_s=2.5,
    ),
    VehicleModel(
        name="saloon",
        battery_wh=75_000,
        max_power_w=11_000,
        phases=3,
        efficiency=0.92,
        power_factor=0.995,
        reaction_s=1.0,
        ramp_w_per_s=1_500,
        conditioning_w=1_800,
    ),
    VehicleModel(
        name="van",
        battery_wh=60_000,
        max_power_w=21_600,
        phases=3,
        efficiency=0.93,
        power_factor=0.98,
        reaction_s=3.0,
        pause_at_percent=60,
        pause_s=240,
    ),
    VehicleModel(
        name="plug-in hybrid",
        battery_wh=10_400,
        max_power_w=3_600,
        phases=1,
        efficiency=0.86,
        power_factor=0.98,
        reaction_s=2.0,
        ramp_w_per_s=300,
    ),
)


class Vehicle:
    """One vehicle with its battery; it stops at `target_percent` as its driver has set it."""

    __slots__ = (
        "_drawing",
        "_full_since_s",
        "_is_paused",
        "_may_pause",
        "_model",
        "_outlet",
        "_ready",
        "_rests_until_s",
        "_stored_wh",
        "_target_wh",
    )

    def __init__(self, model: VehicleModel, soc_percent: float, *, target_percent: float = 100.0) -> None:
        self._model = model
        self._stored_wh = model.battery_wh * soc_percent / _FULL_PERCENT
        self._target_wh = model.battery_wh * target_percent / _FULL_PERCENT
        self._outlet: Outlet | None = None
        self._is_paused = False
        self._may_pause = model.pause_at_percent is not None and soc_percent < model.pause_at_percent
        self._rests_until_s = -inf
        self._full_since_s: float | None = None
        self._ready = _Delayed(model.reaction_s)
        self._drawing = _Delayed(model.reaction_s)

    # What it is like, and what its driver does.

    @property
    def model(self) -> VehicleModel:
        return self._model

    @property
    def phases(self) -> int:
        return self._model.phases

    @property
    def soc_percent(self) -> float:
        """The state of charge at this moment."""
        return self._live_wh / self._model.battery_wh * _FULL_PERCENT

    @property
    def is_full(self) -> bool:
        """Whether the battery is as full as the driver wants it."""
        return self._target_wh - self._live_wh <= _CLOSE_WH

    @property
    def is_paused(self) -> bool:
        """Whether its driver has paused it."""
        return self._is_paused

    @property
    def wants_energy(self) -> bool:
        """Whether its battery is to be filled and its driver has not paused it."""
        return not (self._is_paused or self.is_full)

    def pause(self) -> None:
        """Have it ask for nothing until `resume`."""
        self._is_paused = True
        self._tell()

    def resume(self) -> None:
        """Have it ask for energy again, also after a pause of its own."""
        self._is_paused = False
        self._rests_until_s = -inf
        self._tell()

    def set_target(self, percent: float) -> None:
        """Have it fill its battery up to there."""
        self._target_wh = self._model.battery_wh * percent / _FULL_PERCENT
        self._tell()

    def power_w(self, offered_a: float, phases: int = 3) -> float:
        """Return what its battery would take now of so many amperes on each of so many phases."""
        return 0.0 if self.is_full else min(self.drawable_w(offered_a, phases), self._curve_w())

    def drawable_w(self, offered_a: float, phases: int = 3) -> float:
        """Return what so many amperes on each of so many phases come to with its plug."""
        return offered_a * VOLTAGE_V * min(phases, self.phases) * self._model.power_factor

    # What the outlet does with it; times are in simulated seconds.

    @property
    def is_ready(self) -> bool:
        """Whether it asks for energy, control pilot state C, whatever it is offered."""
        return self._ready.is_so

    def connect(self, outlet: Outlet) -> None:
        """Take notice of being plugged in."""
        self.disconnect()
        self._outlet = outlet

    def disconnect(self) -> None:
        """Take notice of being unplugged."""
        self._outlet = None
        self._ready = _Delayed(self._model.reaction_s)
        self._drawing = _Delayed(self._model.reaction_s)
        self._rests_until_s = -inf
        self._full_since_s = None

    def charge(self, energy_wh: float) -> None:
        """Put energy from the outlet into the battery."""
        self._stored_wh = self._after(energy_wh)

    def look(self, now_s: float, pilot: Pilot) -> float:
        """Make up its mind, and return when to look again by itself."""
        self._rest(now_s)
        wills = pilot is not Pilot.OFF and self._wills(now_s)
        return min(
            self._ready.follow(wills, now_s),
            self._drawing.follow(wills and pilot is Pilot.PULSED, now_s),
            self._rests_until_s if self._rests_until_s > now_s else inf,
            self._conditioning_changes_s(now_s),
        )

    def plan(self, power_w: float, limit_w: float) -> Course:
        """Return how its power goes on from what it is, at most `limit_w`; it falls at once, rises slowly."""
        if limit_w <= 0 or not (self._ready.is_so and self._drawing.is_so):
            return NOTHING
        if self._is_filled:
            return Course(min(limit_w, self._model.conditioning_w))
        curve_w = self._curve_w()
        goal_w = min(limit_w, curve_w)
        if power_w < goal_w - _CLOSE_W:
            ramp = self._model.ramp_w_per_s
            course = Course(power_w, slope_w_per_s=ramp, lasts_s=(goal_w - power_w) / ramp)
        elif self._tapers and curve_w <= limit_w + _CLOSE_W:
            course = Course(goal_w, decay_per_s=self._decay_per_s)
        else:
            course = Course(goal_w)
        return course._replace(lasts_s=min(course.lasts_s, course.seconds_for(self._wh_to_bend(limit_w))))

    # Its battery.

    @property
    def _live_wh(self) -> float:
        if self._outlet is None:
            return self._stored_wh
        drawn_wh = self._outlet.drawn_wh
        return self._after(drawn_wh)

    def _after(self, energy_wh: float) -> float:
        filled_wh = min(self._stored_wh + energy_wh * self._model.efficiency, self._target_wh)
        return max(self._stored_wh, filled_wh)

    @property
    def _is_filled(self) -> bool:
        return self._target_wh - self._stored_wh <= _CLOSE_WH

    @property
    def _stored_percent(self) -> float:
        return self._stored_wh / self._model.battery_wh * _FULL_PERCENT

    def _curve_w(self) -> float:
        above = min(self._stored_percent, _TRICKLE_FROM_PERCENT) - _TAPER_FROM_PERCENT
        return self._model.max_power_w * (1.0 - _FALL * max(0.0, above))

    @property
    def _tapers(self) -> bool:
        soc_percent = self._stored_percent + _CLOSE_PERCENT
        return _TAPER_FROM_PERCENT <= soc_percent < _TRICKLE_FROM_PERCENT

    @property
    def _decay_per_s(self) -> float:
        # The power falls in proportion to what is charged, which is in proportion to the power.
        percent_per_ws = self._model.efficiency * _FULL_PERCENT / self._model.battery_wh / _HOUR_S
        return self._model.max_power_w * _FALL * percent_per_ws

    def _wh_to_bend(self, limit_w: float) -> float:
        """Return what flows until the curve bends, a limit ceases to matter, or it is time to stop."""
        soc_percent = self._stored_percent
        bends = (bend for bend in self._bends(limit_w) if bend > soc_percent + _CLOSE_PERCENT)
        charged = min(bends, default=soc_percent) - soc_percent
        return charged / _FULL_PERCENT * self._model.battery_wh / self._model.efficiency

    def _bends(self, limit_w: float) -> Iterator[float]:
        yield self._target_wh / self._model.battery_wh * _FULL_PERCENT
        yield _TAPER_FROM_PERCENT
        yield _TRICKLE_FROM_PERCENT
        if limit_w < self._model.max_power_w:
            yield _TAPER_FROM_PERCENT + (1.0 - limit_w / self._model.max_power_w) / _FALL
        if self._may_pause and self._model.pause_at_percent is not None:
            yield self._model.pause_at_percent

    # Its mind.

    def _rest(self, now_s: float) -> None:
        pause_at = self._model.pause_at_percent
        if self._may_pause and pause_at is not None and self._stored_percent >= pause_at - _CLOSE_PERCENT:
            self._may_pause = False
            self._rests_until_s = now_s + self._model.pause_s
        if not self._is_filled:
            self._full_since_s = None
        elif self._full_since_s is None:
            self._full_since_s = now_s

    def _wills(self, now_s: float) -> bool:
        if self._is_paused or now_s < self._rests_until_s - _CLOSE_S:
            return False
        return self._conditions(now_s) if self._is_filled else True

    def _conditions(self, now_s: float) -> bool:
        if self._full_since_s is None or self._model.conditioning_w <= 0:
            return False
        return self._into_hour_s(now_s) >= _HOUR_S - self._model.conditioning_s - _CLOSE_S

    def _conditioning_changes_s(self, now_s: float) -> float:
        if self._full_since_s is None or self._model.conditioning_w <= 0:
            return inf
        edge_s = _HOUR_S if self._conditions(now_s) else _HOUR_S - self._model.conditioning_s
        return now_s + edge_s - self._into_hour_s(now_s)

    def _into_hour_s(self, now_s: float) -> float:
        return 0.0 if self._full_since_s is None else (now_s - self._full_since_s) % _HOUR_S

    def _tell(self) -> None:
        if self._outlet is not None:
            self._outlet.vehicle_changed()


class _Delayed:
    """Something that is so a while after it could be."""

    __slots__ = ("_delay_s", "_due_s", "is_so")

    def __init__(self, delay_s: float) -> None:
        self.is_so = False
        self._delay_s = delay_s
        self._due_s: float | None = None

    def follow(self, can_be: bool, now_s: float) -> float:
        """Follow whether it can be so, and return when it will be; infinity if it is or cannot be."""
        if not can_be:
            self._due_s = None
            self.is_so = False
            return inf
        if self._due_s is None:
            self._due_s = now_s + self._delay_s
        self.is_so = now_s >= self._due_s - _CLOSE_S
        return inf if self.is_so else self._due_s

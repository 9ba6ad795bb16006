"""A simulated connector: contactor, lock, meter and pilot as numbers, and the vehicle that is plugged in.

Everything is computed when somebody asks or when something changes; in between nothing has to be done. What
flows until the next change is a formula of time (`Course`), so a reading is right at any moment.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum, auto
from math import inf
from random import Random
from typing import Final, NamedTuple, Protocol

from voltyard.chargepoint.clock import Clock
from voltyard.chargepoint.hardware import ConnectorHardware, Measurement
from voltyard.chargepoint.simulator.course import NOTHING, Course
from voltyard.chargepoint.simulator.flow import Flow
from voltyard.chargepoint.simulator.grid import Grid
from voltyard.chargepoint.simulator.memory import Memory
from voltyard.chargepoint.simulator.meter import (
    ELECTRICAL,
    PHASES,
    Load,
    Registers,
    electrical,
    registers_from,
)
from voltyard.chargepoint.simulator.timeline import Timeline
from voltyard.chargepoint.simulator.vehicle import VOLTAGE_V, Pilot, PilotState, Vehicle
from voltyard.chargepoint.simulator.warmth import (
    COOL_CELSIUS,
    TOO_HOT_CELSIUS,
    seconds_until,
)
from voltyard.protocol.messages import Location, Measurand, ReadingContext, UnitOfMeasure

MEASURANDS: Final = ELECTRICAL | {
    Measurand.CURRENT_OFFERED,
    Measurand.POWER_OFFERED,
    Measurand.SOC,
    Measurand.TEMPERATURE,
}
"""What a connector measures: all but RPM, for it has no fan, and Interval, which is computed of registers."""

_MINIMUM_CURRENT_A: Final = 6.0
"""Less the control pilot cannot say (IEC 61851-1)."""
_LOCK_S: Final = 0.3
_SHORTEST_STEP_S: Final = 1e-3
_CLOSE_CELSIUS: Final = 1e-3
_WARMTH_STEP_S: Final = 5.0


class Feed(StrEnum):
    """How a connector is fed by its charge point."""

    ON = auto()
    ISOLATED = auto()
    """A dangerous defect keeps the contactor open; the vehicle stays as it is."""
    DEAD = auto()
    """Neither power nor pilot: the vehicle gives up."""


class Cabinet(NamedTuple):
    """What the connectors of one charge point share; `changed` is told when something has changed."""

    timeline: Timeline
    grid: Grid
    memory: Memory
    changed: Callable[[], None]


class Signer(Protocol):
    """Signs readings of a meter."""

    @property
    def public_key(self) -> bytes:
        """What its signatures are verified with, as DER (SubjectPublicKeyInfo)."""

    def sign(self, register_wh: int, context: ReadingContext, id_tag: str, now: datetime) -> bytes:
        """Return the signed reading."""


class SimulatedConnector(ConnectorHardware):
    """One connector; a vehicle can be plugged in and takes what it is offered, slowly at first.

    By hand: `is_lock_jammed` lets every unlocking fail, `failing_unlocks` so many of the next ones. Raises
    `ValueError` for a number of phases that no connector has.
    """

    def __init__(
        self,
        clock: Clock,
        random: Random,
        *,
        register_wh: float = 0.0,
        has_lock: bool = True,
        max_current_a: float = 32.0,
        phases: int = 3,
        signer: Signer | None = None,
    ) -> None:
        if not 1 <= phases <= len(PHASES):
            raise ValueError(f"a connector has 1 to {len(PHASES)} phases, not {phases}")
        self.is_lock_jammed = False
        self.failing_unlocks = 0
        self._clock = clock
        self._has_lock = has_lock
        self._max_current_a = max_current_a
        self._phases = phases
        self._signer = signer
        self._cabinet = Cabinet(Timeline(clock), Grid(random), Memory(), _nothing)
        self._key = ""
        self._flow = Flow(Registers().raised_to(register_wh, phases))
        self._vehicle: Vehicle | None = None
        self._feed = Feed.ON
        self._offered_a = 0.0
        self._is_overheated = False
        self._is_locked = False
        self._changes_at_s = inf

    # What the charge point asks of it.

    @property
    def has_lock(self) -> bool:
        return self._has_lock

    @property
    def is_plugged(self) -> bool:
        return self._vehicle is not None

    @property
    def wants_energy(self) -> bool:
        return self.pilot_state is PilotState.READY

    @property
    def max_current_a(self) -> float:
        return self._max_current_a

    @property
    def phases(self) -> int:
        return self._phases

    @property
    def register_wh(self) -> int:
        return int(self._flow.registers(self._now()).total_wh)

    @property
    def measurands(self) -> frozenset[Measurand]:
        return MEASURANDS

    def measure(self) -> Sequence[Measurement]:
        """Return what its instruments show; the state of charge only with a vehicle."""
        now_s, flow, grid = self._now(), self._flow, self._cabinet.grid
        shown = electrical(
            self.load,
            flow.registers(now_s),
            grid.voltages_v(now_s),
            grid.frequency_hz(now_s),
            Location.OUTLET,
        )
        shown += (
            Measurement(Measurand.CURRENT_OFFERED, self._offered_a, UnitOfMeasure.A),
            Measurement(Measurand.POWER_OFFERED, self._offered_a * VOLTAGE_V * self._phases, UnitOfMeasure.W),
            Measurement(
                Measurand.TEMPERATURE, flow.celsius(now_s), UnitOfMeasure.CELCIUS, location=Location.BODY
            ),
        )
        if self._vehicle is not None:
            soc_percent = self._vehicle.soc_percent
            shown.append(Measurement(Measurand.SOC, soc_percent, UnitOfMeasure.PERCENT, location=Location.EV))
        return shown

    def sign(self, context: ReadingContext, id_tag: str, now: datetime) -> bytes | None:
        return None if self._signer is None else self._signer.sign(self.register_wh, context, id_tag, now)

    def offer(self, current_a: float) -> None:
        """Offer so many amperes per phase; less than 6 is no offer (IEC 61851-1)."""
        offered_a = min(current_a, self._max_current_a) if current_a >= _MINIMUM_CURRENT_A else 0.0
        if offered_a != self._offered_a:
            now_s = self._now()
            self._offered_a = offered_a
            self._reconsider(now_s)

    def lock(self) -> None:
        self._is_locked = self._has_lock

    async def unlock(self) -> bool:
        await self._clock.sleep(_LOCK_S)
        fails = self.is_lock_jammed or self.failing_unlocks > 0
        self.failing_unlocks = max(0, self.failing_unlocks - 1)
        self._is_locked = fails and self._is_locked
        return not fails

    # What it is like besides.

    @property
    def offered_a(self) -> float:
        """What the vehicle may draw, in amperes per phase."""
        return self._offered_a

    @property
    def is_locked(self) -> bool:
        return self._is_locked

    @property
    def vehicle(self) -> Vehicle | None:
        """The vehicle that is plugged in."""
        return self._vehicle

    @property
    def pilot_state(self) -> PilotState:
        """What the control pilot shows."""
        self._now()
        if self._vehicle is None:
            return PilotState.NO_VEHICLE
        return PilotState.READY if self._vehicle.is_ready else PilotState.CONNECTED

    @property
    def power_w(self) -> float:
        """The active power that flows."""
        return self._flow.power_w(self._now())

    @property
    def celsius(self) -> float:
        """How warm it is inside."""
        return self._flow.celsius(self._now())

    @property
    def load(self) -> Load:
        """What flows on each of its phases."""
        return self._flow.load(self._now(), self._phases)

    @property
    def registers(self) -> Registers:
        """What its meter has counted."""
        return self._flow.registers(self._now())

    @property
    def grid(self) -> Grid:
        """What it is connected to."""
        return self._cabinet.grid

    @property
    def public_key(self) -> bytes | None:
        """What its signed readings are verified with, as DER; None where it signs nothing."""
        return None if self._signer is None else self._signer.public_key

    # What happens to it.

    def plug_in(self, vehicle: Vehicle) -> None:
        """Connect a vehicle, in place of one that is there."""
        self.unplug()
        now_s = self._now()
        self._vehicle = vehicle
        vehicle.connect(self)
        self._reconsider(now_s)

    def unplug(self) -> None:
        """Take the vehicle away; what flows stops at once."""
        vehicle = self._vehicle
        if vehicle is None:
            return
        now_s = self._now()
        self._look(now_s)
        self._vehicle = None
        vehicle.disconnect()
        self._reconsider(now_s)
        self._cabinet.memory.keep(self._key, self._flow.registers(now_s).to_bytes())

    def set_ambient(self, celsius: float) -> None:
        """Have another weather."""
        now_s = self._now()
        self._look(now_s)
        self._flow.set_ambient(celsius)
        self._reconsider(now_s)

    # What the charge point it is built into does with it.

    def build_in(self, place: int, cabinet: Cabinet) -> None:
        """Become one of the connectors of a charge point; its meter remembers what it has counted there."""
        known_wh = self.registers.total_wh
        self._cabinet = cabinet
        self._key = f"registers {place}"
        kept = registers_from(cabinet.memory.read(self._key))
        self._flow.set_registers(kept.raised_to(known_wh, self._phases))

    def feed(self, feed: Feed) -> None:
        """Feed it, or do not."""
        if feed is not self._feed:
            now_s = self._now()
            self._feed = feed
            self._reconsider(now_s)

    @property
    def changes_at_s(self) -> float:
        """When something changes by itself, in simulated seconds; infinity if nothing does."""
        return self._changes_at_s

    @property
    def is_overheated(self) -> bool:
        """Whether it is so hot that nothing flows until it has cooled down."""
        self._now()
        return self._is_overheated

    def move_on(self, now_s: float) -> None:
        """Let happen what has become due."""
        while self._changes_at_s <= now_s:
            self._look(self._changes_at_s)

    @property
    def drawn_wh(self) -> float:
        """See `Outlet`."""
        return self._flow.energy_wh(self._now())

    def vehicle_changed(self) -> None:
        """See `Outlet`."""
        self._reconsider(self._now())

    # How one thing leads to another.

    def _now(self) -> float:
        now_s = self._cabinet.timeline.now_s
        if self._changes_at_s <= now_s:
            self.move_on(now_s)
            self._cabinet.changed()
        return now_s

    def _reconsider(self, now_s: float) -> None:
        self._look(now_s)
        self._cabinet.changed()

    def _look(self, now_s: float) -> None:
        """Draw sums, and find out how everything goes on from now."""
        before_w = self._flow.power_w(now_s)
        energy_wh = self._flow.draw_sums(now_s)
        self._follow_warmth(now_s)
        vehicle = self._vehicle
        if vehicle is None:
            course, wakes_s = NOTHING, inf
            self._flow.go_on(course, self._phases, 1.0)
        else:
            vehicle.charge(energy_wh)
            wakes_s = vehicle.look(now_s, self._pilot)
            course = vehicle.plan(before_w, self._limit_w(vehicle))
            self._flow.go_on(course, min(self._phases, vehicle.phases), vehicle.model.power_factor)
        change_s = min(wakes_s, now_s + course.lasts_s, now_s + self._warmth_matters_in_s(now_s, course))
        self._changes_at_s = max(change_s, now_s + _SHORTEST_STEP_S)

    @property
    def _pilot(self) -> Pilot:
        if self._feed is Feed.DEAD:
            return Pilot.OFF
        is_offered = self._offered_a > 0 and self._feed is Feed.ON and not self._is_overheated
        return Pilot.PULSED if is_offered else Pilot.STEADY

    def _limit_w(self, vehicle: Vehicle) -> float:
        return vehicle.drawable_w(self._offered_a, self._phases) if self._pilot is Pilot.PULSED else 0.0

    def _follow_warmth(self, now_s: float) -> None:
        celsius = self._flow.celsius(now_s)
        limit = COOL_CELSIUS if self._is_overheated else TOO_HOT_CELSIUS
        self._is_overheated = celsius > limit - _CLOSE_CELSIUS

    def _warmth_matters_in_s(self, now_s: float, course: Course) -> float:
        # Reckoned with the most power there will be: it may be too early, then it is looked at again.
        most_w = max(course.power_w, course.power_w_at(course.lasts_s) if course.slope_w_per_s else 0.0)
        limit = COOL_CELSIUS - 2 * _CLOSE_CELSIUS if self._is_overheated else TOO_HOT_CELSIUS
        seconds = seconds_until(limit, most_w, self._flow.celsius(now_s), self._flow.ambient_celsius)
        return max(seconds, _WARMTH_STEP_S)


def _nothing() -> None:
    """Tell nobody."""

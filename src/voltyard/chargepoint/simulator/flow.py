"""What flows through a connector, and what it leaves behind: energy in the meter's registers, and warmth."""

from __future__ import annotations

from math import sqrt

from voltyard.chargepoint.simulator.course import NOTHING, Course
from voltyard.chargepoint.simulator.meter import Load, Registers
from voltyard.chargepoint.simulator.warmth import AMBIENT_CELSIUS, celsius_at


class Flow:
    """Goes on by itself as its course says; only where a new one begins are sums drawn.

    All times are in simulated seconds. Asking what is at a later moment changes nothing.
    """

    __slots__ = (
        "_ambient_celsius",
        "_began_s",
        "_celsius",
        "_course",
        "_phases",
        "_reactive_share",
        "_registers",
    )

    def __init__(self, registers: Registers) -> None:
        self._registers = registers
        self._course = NOTHING
        self._began_s = 0.0
        self._phases = 1
        self._reactive_share = 0.0
        self._celsius = self._ambient_celsius = AMBIENT_CELSIUS

    @property
    def ambient_celsius(self) -> float:
        """How warm the weather is, as last told."""
        return self._ambient_celsius

    def power_w(self, now_s: float) -> float:
        """Return the active power."""
        return self._course.power_w_at(self._passed_s(now_s))

    def energy_wh(self, now_s: float) -> float:
        """Return what has flowed since the course began."""
        return self._course.energy_wh_at(self._passed_s(now_s))

    def celsius(self, now_s: float) -> float:
        """Return how warm the connector is."""
        return celsius_at(self._course, self._passed_s(now_s), self._celsius, self._ambient_celsius)

    def registers(self, now_s: float) -> Registers:
        """Return the meter's registers."""
        energy_wh = self.energy_wh(now_s)
        return self._registers.plus(energy_wh, self._phases, energy_wh * self._reactive_share)

    def load(self, now_s: float, phases: int) -> Load:
        """Return what flows on each of so many phases of the connector."""
        active_w = self.power_w(now_s) / self._phases
        reactive_var = active_w * self._reactive_share
        unused = phases - self._phases
        return Load(
            (active_w,) * self._phases + (0.0,) * unused, (reactive_var,) * self._phases + (0.0,) * unused
        )

    def draw_sums(self, now_s: float) -> float:
        """Put down what there is at a moment, and return the energy since the course began."""
        energy_wh = self.energy_wh(now_s)
        self._registers, self._celsius = self.registers(now_s), self.celsius(now_s)
        self._began_s = now_s
        return energy_wh

    def go_on(self, course: Course, phases: int, power_factor: float) -> None:
        """Follow a new course from where sums were drawn, on the first so many phases."""
        self._course = course
        self._phases = phases
        self._reactive_share = sqrt(1.0 - power_factor**2) / power_factor

    def set_registers(self, registers: Registers) -> None:
        """Go on from registers that were kept; to be called where sums were drawn."""
        self._registers = registers

    def set_ambient(self, celsius: float) -> None:
        """Have another weather from where sums were drawn."""
        self._ambient_celsius = celsius

    def _passed_s(self, now_s: float) -> float:
        return max(0.0, now_s - self._began_s)

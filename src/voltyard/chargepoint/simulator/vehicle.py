"""An electric vehicle: a battery that fills, and takes the less the fuller it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

VOLTAGE_V: Final = 230.0
"""Between a phase and neutral."""

_FULL_PERCENT: Final = 100.0
_TAPER_FROM_PERCENT: Final = 80.0
_TAPER_TO: Final = 0.12
"""Which part of its power the vehicle still takes just before it is full."""
_EFFICIENCY: Final = 0.91
"""What of the energy from the outlet arrives in the battery."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleModel:
    """What vehicles of one make have in common: usable battery, on-board charger, phases it uses."""

    name: str
    battery_wh: float
    max_power_w: float
    phases: int


MODELS: Final = (
    VehicleModel(name="city car", battery_wh=36_800, max_power_w=7_400, phases=1),
    VehicleModel(name="compact", battery_wh=58_000, max_power_w=11_000, phases=3),
    VehicleModel(name="saloon", battery_wh=75_000, max_power_w=11_000, phases=3),
    VehicleModel(name="van", battery_wh=60_000, max_power_w=22_000, phases=3),
    VehicleModel(name="plug-in hybrid", battery_wh=10_400, max_power_w=3_700, phases=1),
)


class Vehicle:
    """One vehicle with its battery; it stops at `target_percent` as its driver has set it."""

    def __init__(self, model: VehicleModel, soc_percent: float, *, target_percent: float = 100.0) -> None:
        self._model = model
        self._stored_wh = model.battery_wh * soc_percent / _FULL_PERCENT
        self._target_wh = model.battery_wh * target_percent / _FULL_PERCENT

    @property
    def phases(self) -> int:
        return self._model.phases

    @property
    def soc_percent(self) -> float:
        return self._stored_wh / self._model.battery_wh * _FULL_PERCENT

    @property
    def wants_energy(self) -> bool:
        return self._stored_wh < self._target_wh

    def power_w(self, offered_a: float) -> float:
        """Return what the vehicle would take now of so many amperes per phase."""
        if not self.wants_energy:
            return 0.0
        return min(offered_a * VOLTAGE_V * self.phases, self._model.max_power_w * self._taper())

    def charge(self, energy_wh: float) -> None:
        """Put energy from the outlet into the battery."""
        self._stored_wh = min(self._stored_wh + energy_wh * _EFFICIENCY, self._target_wh)

    def _taper(self) -> float:
        above = max(0.0, self.soc_percent - _TAPER_FROM_PERCENT)
        return 1.0 - (1.0 - _TAPER_TO) * above / (_FULL_PERCENT - _TAPER_FROM_PERCENT)

"""The main meter of a charge point, connector 0: what all connectors take, and the charge point itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from voltyard.chargepoint.hardware import Measurement, Meter
from voltyard.chargepoint.simulator.connector import Cabinet, SimulatedConnector
from voltyard.chargepoint.simulator.meter import (
    ELECTRICAL,
    PHASES,
    Load,
    Registers,
    electrical,
    registers_from,
)
from voltyard.protocol.messages import Location, Measurand

OWN_W: Final = 8.0
"""What the charge point takes for itself, on L1."""

_KEY: Final = "registers 0"
_S_PER_H: Final = 3600.0


class MainMeter(Meter):
    """Measures at the inlet, on three phases.

    A reading is remembered before it is shown: after any restart the registers go on from there.
    """

    def __init__(self, connectors: Sequence[SimulatedConnector], cabinet: Cabinet) -> None:
        self._connectors = connectors
        self._cabinet = cabinet
        kept = registers_from(cabinet.memory.read(_KEY))
        # At the first start it has counted what the connectors have: they were all there was.
        begins = kept.raised_to(self._of_connectors.total_wh, len(PHASES))
        self._kept_wh = begins.total_wh
        self._besides = begins.together_with(self._of_connectors, -1)
        self._own_w = OWN_W
        self._since_s = cabinet.timeline.now_s

    @property
    def measurands(self) -> frozenset[Measurand]:
        return ELECTRICAL

    def measure(self) -> Sequence[Measurement]:
        now_s, grid = self._cabinet.timeline.now_s, self._cabinet.grid
        registers = self._registers(now_s)
        if registers.total_wh - self._kept_wh >= 1:
            self._cabinet.memory.keep(_KEY, registers.to_bytes())
            self._kept_wh = registers.total_wh
        return electrical(
            self.load, registers, grid.voltages_v(now_s), grid.frequency_hz(now_s), Location.INLET
        )

    @property
    def load(self) -> Load:
        """What flows on each phase."""
        active_w, reactive_var = [self._own_w, 0.0, 0.0], [0.0, 0.0, 0.0]
        for connector in self._connectors:
            load = connector.load
            for phase, watt in enumerate(load.active_w):
                active_w[phase] += watt
                reactive_var[phase] += load.reactive_var[phase]
        return Load(tuple(active_w), tuple(reactive_var))

    def switch(self, is_on: bool) -> None:
        """Take notice of the power of the charge point coming or going."""
        now_s = self._cabinet.timeline.now_s
        self._besides = self._besides.plus(self._own_wh(now_s), 1, 0.0)
        self._since_s = now_s
        self._own_w = OWN_W if is_on else 0.0

    @property
    def _of_connectors(self) -> Registers:
        total = Registers()
        for connector in self._connectors:
            total = total.together_with(connector.registers)
        return total

    def _registers(self, now_s: float) -> Registers:
        return self._besides.together_with(self._of_connectors).plus(self._own_wh(now_s), 1, 0.0)

    def _own_wh(self, now_s: float) -> float:
        return self._own_w * (now_s - self._since_s) / _S_PER_H

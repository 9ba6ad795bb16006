"""Simulated hardware on a bench, without a program, and somebody who hears what it tells."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.chargepoint.virtual_time import VirtualClock

from voltyard.chargepoint.hardware import Meter
from voltyard.chargepoint.simulator import SimulatedConnector, SimulatedHardware
from voltyard.protocol.messages import BootNotification, Measurand, Phase

BOOT = BootNotification(charge_point_vendor="v", charge_point_model="m", firmware_version="1.0")


def connector(**options: Any) -> SimulatedConnector:
    """Build a connector."""
    return SimulatedConnector(VirtualClock(), Random(1), **options)


def hardware(*connectors: SimulatedConnector, **options: Any) -> SimulatedHardware:
    """Build hardware, with one connector unless told otherwise; its time stands still until moved on."""
    return SimulatedHardware(connectors or (connector(),), VirtualClock(), BOOT, **options)


def value(meter: Meter, measurand: Measurand, phase: Phase | None = None) -> float:
    """Return the one value a meter shows of a measurand."""
    (found,) = values(meter, measurand, phase)
    return found


def values(meter: Meter, measurand: Measurand, phase: Phase | None = None) -> list[float]:
    """Return what a meter shows of a measurand."""
    return [each.value for each in meter.measure() if (each.measurand, each.phase) == (measurand, phase)]


class Ears:
    """Hears everything; a `HardwareListener`."""

    def __init__(self) -> None:
        self.heard: list[tuple[Any, ...]] = []

    def __getattr__(self, event: str) -> Any:
        return lambda *facts: self.heard.append((event, *facts))

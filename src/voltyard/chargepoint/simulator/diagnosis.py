"""What simulated hardware says about itself in a diagnostics archive: plain text, a line for each thing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import structs

from voltyard.chargepoint.hardware import Measurement, Meter
from voltyard.chargepoint.simulator.connector import SimulatedConnector
from voltyard.chargepoint.simulator.defects import Defects
from voltyard.protocol.messages import BootNotification


def describe(
    boot_notification: BootNotification,
    connectors: Sequence[SimulatedConnector],
    main_meter: Meter | None,
    defects: Defects,
) -> str:
    """Return who the hardware is, what is broken, and what everything measures."""
    lines = [*_identity(boot_notification), *_defects(defects, len(connectors))]
    if main_meter is not None:
        lines += _readings("main meter", main_meter)
    for connector_id, connector in enumerate(connectors, 1):
        name = f"connector {connector_id}"
        lines.append(f"{name}: pilot state {connector.pilot_state}, offered {connector.offered_a:.1f} A")
        lines.append(f"{name}: {'locked' if connector.is_locked else 'not locked'}")
        lines += _readings(name, connector)
    return "".join(f"{line}\n" for line in lines)


def _identity(boot_notification: BootNotification) -> Iterator[str]:
    for name, value in structs.asdict(boot_notification).items():
        if value is not None:
            yield f"{name.replace('_', ' ')}: {value}"


def _defects(defects: Defects, connectors: int) -> Iterator[str]:
    for place in range(connectors + 1):
        for defect in defects.at(place):
            yield f"defect at {place}: {' '.join(filter(None, defect))}"


def _readings(name: str, meter: Meter) -> Iterator[str]:
    for measurement in meter.measure():
        yield f"{name}: {_quantity(measurement)} {measurement.value:.3f} {measurement.unit or ''}".rstrip()


def _quantity(measurement: Measurement) -> str:
    parts = (measurement.measurand, measurement.phase, measurement.location)
    return " ".join(part for part in parts if part is not None)

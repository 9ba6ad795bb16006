"""The simulated hardware keeps to the ports that any hardware has to keep to."""

from __future__ import annotations

from random import Random

from tests.chargepoint.virtual_time import VirtualClock

from voltyard.chargepoint.hardware import ConnectorHardware, Hardware, Measurement
from voltyard.chargepoint.simulator import SimulatedConnector, SimulatedHardware
from voltyard.protocol.messages import BootNotification, Location, Measurand, UnitOfMeasure


def test_the_simulator_implements_the_ports() -> None:
    # What the annotations say is checked by mypy.
    clock = VirtualClock()
    connector: ConnectorHardware = SimulatedConnector(clock, Random(1))
    boot = BootNotification(charge_point_vendor="v", charge_point_model="m")
    hardware: Hardware = SimulatedHardware([SimulatedConnector(clock, Random(1))], clock, boot)

    assert {each.measurand for each in connector.measure()} <= connector.measurands
    assert hardware.boot_notification == boot
    assert len(hardware.connectors) == 1


def test_a_measurement_is_the_overall_value_at_the_outlet_unless_it_says_otherwise() -> None:
    measurement = Measurement(Measurand.POWER_ACTIVE_IMPORT, 5.0, UnitOfMeasure.W)

    assert (measurement.phase, measurement.location) == (None, Location.OUTLET)

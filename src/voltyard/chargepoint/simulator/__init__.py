"""A charge point without hardware: vehicles, connectors and drivers as programs."""

from voltyard.chargepoint.simulator.driver import Driver
from voltyard.chargepoint.simulator.hardware import SimulatedConnector, SimulatedHardware
from voltyard.chargepoint.simulator.station import SimulatedStation, Simulation, simulated_station
from voltyard.chargepoint.simulator.vehicle import MODELS, Vehicle, VehicleModel

__all__ = [
    "MODELS",
    "Driver",
    "SimulatedConnector",
    "SimulatedHardware",
    "SimulatedStation",
    "Simulation",
    "Vehicle",
    "VehicleModel",
    "simulated_station",
]

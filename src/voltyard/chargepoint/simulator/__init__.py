"""A charge point without hardware: vehicles, connectors and drivers as programs."""

from voltyard.chargepoint.simulator.arrivals import (
    SITES,
    AlwaysCharging,
    Arrivals,
    DailyArrivals,
    Site,
    SteadyArrivals,
    any_site,
)
from voltyard.chargepoint.simulator.connector import SimulatedConnector
from voltyard.chargepoint.simulator.driver import Driver
from voltyard.chargepoint.simulator.faults import (
    NO_FAULTS,
    Direction,
    Fault,
    FaultRate,
    NetworkFaults,
    UnreliableNetwork,
)
from voltyard.chargepoint.simulator.fleet import STATION_PLACE, Fleet, FleetPlan, FleetTotals
from voltyard.chargepoint.simulator.hardware import SimulatedHardware
from voltyard.chargepoint.simulator.station import (
    DEFAULT_ID_TAGS,
    SimulatedStation,
    Simulation,
    simulated_station,
)
from voltyard.chargepoint.simulator.vehicle import MODELS, Vehicle, VehicleModel

__all__ = [
    "DEFAULT_ID_TAGS",
    "MODELS",
    "NO_FAULTS",
    "SITES",
    "STATION_PLACE",
    "AlwaysCharging",
    "Arrivals",
    "DailyArrivals",
    "Direction",
    "Driver",
    "Fault",
    "FaultRate",
    "Fleet",
    "FleetPlan",
    "FleetTotals",
    "NetworkFaults",
    "SimulatedConnector",
    "SimulatedHardware",
    "SimulatedStation",
    "Simulation",
    "Site",
    "SteadyArrivals",
    "UnreliableNetwork",
    "Vehicle",
    "VehicleModel",
    "any_site",
    "simulated_station",
]

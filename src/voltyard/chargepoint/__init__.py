"""An OCPP 1.6 charge point: on your hardware, or simulated (`voltyard.chargepoint.simulator`)."""

from voltyard.chargepoint.clock import Clock, SystemClock
from voltyard.chargepoint.complaints import Complaint, Complaints
from voltyard.chargepoint.connection import Terms, stay_connected_to
from voltyard.chargepoint.errors import StateCorrupt, StateUnusable, UnknownConnector
from voltyard.chargepoint.hardware import ConnectorHardware, Hardware, HardwareListener, Measurement, Meter
from voltyard.chargepoint.keys import Key
from voltyard.chargepoint.snapshot import ConnectorSnapshot, StationSnapshot
from voltyard.chargepoint.station import Station
from voltyard.chargepoint.store import Change, MemoryStore, SqliteStore, Store, open_store
from voltyard.chargepoint.uplink import StayConnected

__all__ = [
    "Change",
    "Clock",
    "Complaint",
    "Complaints",
    "ConnectorHardware",
    "ConnectorSnapshot",
    "Hardware",
    "HardwareListener",
    "Key",
    "Measurement",
    "MemoryStore",
    "Meter",
    "SqliteStore",
    "StateCorrupt",
    "StateUnusable",
    "Station",
    "StationSnapshot",
    "StayConnected",
    "Store",
    "SystemClock",
    "Terms",
    "UnknownConnector",
    "open_store",
    "stay_connected_to",
]

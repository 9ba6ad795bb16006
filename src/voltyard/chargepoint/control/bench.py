"""A simulated charge point on a tester's bench: the hands, the cables and the instruments around it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from msgspec import UNSET, Raw

from voltyard.chargepoint.control.message_log import MessageLog
from voltyard.chargepoint.control.problems import Refused
from voltyard.chargepoint.control.requests import (
    Call,
    Fault,
    Habits,
    Lock,
    Network,
    Outages,
    Plug,
    Power,
    Repair,
    SetClock,
    Unplug,
    Weather,
)
from voltyard.chargepoint.control.views import (
    CallFailure,
    CallOutcome,
    ClockState,
    ConnectorState,
    HardwareState,
    Keys,
    NetworkState,
    State,
    VehicleState,
    view_key,
)
from voltyard.chargepoint.errors import UnknownConnector
from voltyard.chargepoint.simulator import (
    MODELS,
    NO_FAULTS,
    NetworkFaults,
    SimulatedConnector,
    SimulatedStation,
    UnreliableNetwork,
    Vehicle,
)
from voltyard.protocol.messages import ChargePointErrorCode, ConfigurationStatus, ResetType
from voltyard.transport.errors import AnswerInvalid, CallRejected, CallTimedOut, Disconnected

_MODELS: Final = {model.name: model for model in MODELS}
_POSSIBLE_YEARS: Final = range(1970, 2200)
"""A clock without a battery begins in 1970; see also `StationClock`."""


class Bench:
    """What the control API can do with a charge point, its network and its log of messages.

    Raises `Refused` for what cannot be done now or at all, and `UnknownConnector`.
    """

    def __init__(self, station: SimulatedStation, network: UnreliableNetwork, log: MessageLog) -> None:
        self._station = station
        self._network = network
        self.log = log

    def close(self) -> None:
        """End all that waits for messages."""
        self.log.close()

    # What there is to see.

    def state(self) -> State:
        """Return everything."""
        station = self._station
        return State(
            identity=station.identity,
            power="restored" if station.has_power else "cut",
            clock=ClockState(now=station.clock.now(), ahead_s=station.clock.ahead_s),
            network=self._network_state(),
            station=station.snapshot(),
            hardware=self._hardware_state(),
            complaints=dict(station.complaints),
            vehicle_models=sorted(_MODELS),
            last_message=self.log.last_number,
        )

    def connector_state(self, connector_id: int) -> ConnectorState:
        """Return what the hardware of a connector is like."""
        connector, vehicle = self._connector(connector_id), self._connector(connector_id).vehicle
        return ConnectorState(
            connector_id=connector_id,
            vehicle=None if vehicle is None else _vehicle_state(vehicle),
            offered_a=connector.offered_a,
            power_w=connector.power_w,
            register_wh=connector.register_wh,
            celsius=connector.celsius,
            has_lock=connector.has_lock,
            is_locked=connector.is_locked,
            is_lock_jammed=connector.is_lock_jammed,
            failing_unlocks=connector.failing_unlocks,
            public_key=None if connector.public_key is None else connector.public_key.hex(),
            defects=self._defects(connector_id),
        )

    # What hands do at a connector.

    def plug(self, connector_id: int, plug: Plug) -> None:
        """Plug a vehicle in."""
        model = _MODELS.get(plug.model)
        if model is None:
            raise Refused(
                HTTPStatus.UNPROCESSABLE_ENTITY, f"no such model: {plug.model[:50]!a}", field="model"
            )
        if self._connector(connector_id).is_plugged:
            raise Refused(HTTPStatus.CONFLICT, f"connector {connector_id} has a vehicle")
        vehicle = Vehicle(model, plug.soc_percent, target_percent=plug.target_percent)
        self._station.hardware.plug_in(connector_id, vehicle)

    def unplug(self, connector_id: int, unplug: Unplug) -> None:
        """Pull the cable out."""
        if unplug.end == "vehicle":
            self._plugged(connector_id)
            self._station.hardware.unplug_at_vehicle(connector_id)
        else:
            self._station.hardware.unplug(connector_id)

    def tap(self, connector_id: int, id_tag: str) -> None:
        """Present a card."""
        self._station.hardware.tap(connector_id, id_tag)

    def raise_fault(self, connector_id: int, fault: Fault) -> None:
        """Break something; 0 is the charge point itself."""
        if fault.error_code is ChargePointErrorCode.NO_ERROR:
            raise Refused(
                HTTPStatus.UNPROCESSABLE_ENTITY, "NoError is nothing that can break", field="error_code"
            )
        self._station.hardware.raise_fault(
            connector_id, fault.error_code, fault.info, fault.vendor_error_code
        )

    def clear_fault(self, connector_id: int, repair: Repair) -> None:
        """Repair one thing, or everything."""
        self._place(connector_id)
        self._station.hardware.clear_fault(connector_id, repair.error_code)

    def set_vehicle(self, connector_id: int, habits: Habits) -> None:
        """Do what the vehicle's driver can do at the vehicle."""
        vehicle = self._plugged(connector_id)
        if habits.target_percent is not UNSET:
            vehicle.set_target(habits.target_percent)
        hardware = self._station.hardware
        if habits.is_paused is not UNSET:
            (hardware.pause if habits.is_paused else hardware.resume)(connector_id)

    def set_lock(self, connector_id: int, lock: Lock) -> None:
        """Say how unlocking ends."""
        connector = self._connector(connector_id)
        if not connector.has_lock:
            raise Refused(HTTPStatus.CONFLICT, f"connector {connector_id} has a fixed cable and no lock")
        if lock.is_jammed is not UNSET:
            connector.is_lock_jammed = lock.is_jammed
        if lock.failing_unlocks is not UNSET:
            connector.failing_unlocks = lock.failing_unlocks

    # What is done to the charge point as a whole.

    def press_emergency_button(self) -> None:
        """Stop everything at once."""
        self._station.hardware.press_emergency_button()

    def set_power(self, power: Power) -> None:
        """Cut the power or restore it."""
        if power.state == "cut":
            self._station.cut_power()
        else:
            self._station.restore_power()

    def set_network(self, network: Network) -> NetworkState:
        """Change the network."""
        if network.faults is not UNSET:
            self._network.faults = _faults(network.faults)
        if network.state is not UNSET:
            (self._network.up if network.state == "up" else self._network.down)()
        return self._network_state()

    def reboot(self, type: ResetType) -> None:
        """Restart the program, or all."""
        if not self._station.reboot(type):
            raise Refused(HTTPStatus.CONFLICT, "the program does not run")

    def set_clock(self, wanted: SetClock) -> ClockState:
        """Set the clock, right or wrong."""
        clock = self._station.clock
        if wanted.now is not UNSET and wanted.ahead_s is not UNSET:
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "either now or ahead_s, not both", field="ahead_s")
        if wanted.now is not UNSET:
            _check_year(wanted.now, "now")
            clock.set(wanted.now)
        else:
            ahead_s = 0.0 if wanted.ahead_s is UNSET else wanted.ahead_s
            _check_year(clock.now() + timedelta(seconds=ahead_s - clock.ahead_s), "ahead_s")
            clock.set_ahead(ahead_s)
        return ClockState(now=clock.now(), ahead_s=clock.ahead_s)

    def set_weather(self, weather: Weather) -> None:
        """Have another weather."""
        self._station.hardware.set_ambient(weather.celsius)

    def set_outages(self, outages: Outages) -> None:
        """Say what fails the next times."""
        hardware = self._station.hardware
        if outages.failing_restarts is not UNSET:
            hardware.failing_restarts = outages.failing_restarts
        if outages.failing_installs is not UNSET:
            hardware.failing_installs = outages.failing_installs

    # What goes over the wire.

    async def call(self, call: Call, payload: bytes) -> CallOutcome:
        """Send what is asked for and say what became of it; `payload` is that of the CALL as it was sent."""
        given = [each for each in (call.action, call.frame, call.frame_base64) if each is not UNSET]
        if len(given) != 1:
            raise Refused(
                HTTPStatus.UNPROCESSABLE_ENTITY, "one of action, frame and frame_base64 is expected"
            )
        snapshot = self._station.snapshot()
        if snapshot is None or not snapshot.is_connected:
            raise Refused(HTTPStatus.CONFLICT, "the charge point is not connected")
        if call.action is not UNSET:
            return await self._call(call.action, payload, call.timeout_s)
        frame = call.frame_base64 if call.frame is UNSET else call.frame.encode()
        return await self._exchange(b"" if frame is UNSET else frame, call.timeout_s)

    async def _call(self, action: str, payload: bytes, timeout_s: float) -> CallOutcome:
        try:
            answer = await self._station.program.call_raw(action, payload, timeout_s)
        except CallRejected as error:
            return CallOutcome(
                outcome="rejected", error=CallFailure(code=error.code, description=error.description)
            )
        except AnswerInvalid as error:
            return CallOutcome(outcome="invalid", error=CallFailure(code=None, description=str(error)))
        except CallTimedOut:
            return CallOutcome(outcome="timed_out")
        except Disconnected:
            return CallOutcome(outcome="disconnected")
        return CallOutcome(outcome="answered", payload=Raw(answer))

    async def _exchange(self, frame: bytes, timeout_s: float) -> CallOutcome:
        try:
            answer = await self._station.program.exchange(frame, timeout_s)
        except Disconnected:
            return CallOutcome(outcome="disconnected")
        if answer is None:
            return CallOutcome(outcome="sent")
        return CallOutcome(outcome="answered", frame=answer.decode(errors="replace"))

    # What the program is set to.

    def configuration(self) -> Keys:
        """Return the configuration keys, of the program that runs or of the one that ran last."""
        keys = self._station.program.configuration.get().configuration_key or ()
        return Keys(keys=[view_key(key) for key in keys])

    def configure(self, values: Mapping[str, str]) -> dict[str, ConfigurationStatus]:
        """Set keys as a technician on the spot does; those that can be set are, also beside others."""
        if not self._station.has_power:
            raise Refused(HTTPStatus.CONFLICT, "the charge point has no power")
        configuration = self._station.program.configuration
        statuses = {key: configuration.change(key, value) for key, value in values.items()}
        refused = [f"{key}: {status}" for key, status in statuses.items() if status in _NOT_SET]
        if refused:
            raise Refused(
                HTTPStatus.UNPROCESSABLE_ENTITY, ", ".join(refused), field=refused[0].partition(":")[0]
            )
        return statuses

    def _connector(self, connector_id: int) -> SimulatedConnector:
        connectors = self._station.hardware.connectors
        if not 1 <= connector_id <= len(connectors):
            raise UnknownConnector(connector_id)
        return connectors[connector_id - 1]

    def _place(self, connector_id: int) -> None:
        if connector_id != 0:
            self._connector(connector_id)

    def _plugged(self, connector_id: int) -> Vehicle:
        vehicle = self._connector(connector_id).vehicle
        if vehicle is None:
            raise Refused(HTTPStatus.CONFLICT, f"connector {connector_id} has no vehicle")
        return vehicle

    def _hardware_state(self) -> HardwareState:
        hardware = self._station.hardware
        return HardwareState(
            ambient_celsius=hardware.ambient_celsius,
            failing_restarts=hardware.failing_restarts,
            failing_installs=hardware.failing_installs,
            defects=self._defects(0),
            connectors=[self.connector_state(each) for each in range(1, len(hardware.connectors) + 1)],
        )

    def _defects(self, connector_id: int) -> list[ChargePointErrorCode]:
        return [defect.error_code for defect in self._station.hardware.defects.at(connector_id)]

    def _network_state(self) -> NetworkState:
        return NetworkState(state="up" if self._network.is_up else "down", faults=str(self._network.faults))


_NOT_SET: Final = frozenset({ConfigurationStatus.REJECTED, ConfigurationStatus.NOT_SUPPORTED})


def _check_year(now: datetime, field: str) -> None:
    if now.year not in _POSSIBLE_YEARS:
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "no clock can be set to this year", field=field)


def _faults(text: str) -> NetworkFaults:
    if not text.strip():
        return NO_FAULTS
    try:
        return NetworkFaults.parse(text)
    except ValueError as error:
        raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), field="faults") from error


def _vehicle_state(vehicle: Vehicle) -> VehicleState:
    return VehicleState(
        model=vehicle.model.name,
        soc_percent=vehicle.soc_percent,
        wants_energy=vehicle.wants_energy,
        is_paused=vehicle.is_paused,
    )

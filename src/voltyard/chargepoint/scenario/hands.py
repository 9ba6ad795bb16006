"""The hands of a tester at a simulated charge point: each step that does something to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from voltyard.chargepoint.clock import Clock
from voltyard.chargepoint.scenario import steps
from voltyard.chargepoint.scenario.errors import StepFailed
from voltyard.chargepoint.scenario.scenario import as_text
from voltyard.chargepoint.scenario.steps import Step
from voltyard.chargepoint.simulator import SimulatedHardware, SimulatedStation, Vehicle, VehicleModel
from voltyard.chargepoint.simulator.faults import UnreliableNetwork
from voltyard.protocol.messages import ConfigurationStatus

_TAKEN: Final = frozenset({ConfigurationStatus.ACCEPTED, ConfigurationStatus.REBOOT_REQUIRED})


class Hands:
    """Does what a tester does; `do` raises `StepFailed` for what cannot be done now."""

    def __init__(self, station: SimulatedStation, network: UnreliableNetwork, clock: Clock) -> None:
        self.station = station
        self.network = network
        self.clock = clock

    @property
    def hardware(self) -> SimulatedHardware:
        return self.station.hardware

    def can(self, step: Step) -> bool:
        """Whether a step is one for hands."""
        return type(step) in _SKILLS

    async def do(self, step: Step) -> None:
        """Do a step."""
        doing = _SKILLS[type(step)](self, step)
        if doing is not None:
            await doing


def _plug(hands: Hands, step: steps.Plug) -> None:
    model = VehicleModel(
        name="scenario", battery_wh=step.battery_wh, max_power_w=step.max_power_w, phases=step.phases
    )
    vehicle = Vehicle(model, step.soc_percent, target_percent=step.target_percent)
    hands.hardware.plug_in(step.connector, vehicle)


def _vehicle(hands: Hands, step: steps.Vehicle) -> None:
    vehicle = hands.hardware.connectors[step.connector - 1].vehicle
    if vehicle is None:
        raise StepFailed(f"there is no vehicle at connector {step.connector}")
    if step.target_percent is not None:
        vehicle.set_target(step.target_percent)
    if step.is_paused is not None:
        (hands.hardware.pause if step.is_paused else hands.hardware.resume)(step.connector)


def _fault(hands: Hands, step: steps.Fault) -> None:
    hands.hardware.raise_fault(step.connector, step.error_code, step.info, step.vendor_error_code)


def _lock(hands: Hands, step: steps.Lock) -> None:
    connector = hands.hardware.connectors[step.connector - 1]
    if not connector.has_lock:
        raise StepFailed(f"connector {step.connector} has a fixed cable and no lock")
    if step.is_jammed is not None:
        connector.is_lock_jammed = step.is_jammed
    if step.failing_unlocks is not None:
        connector.failing_unlocks = step.failing_unlocks


def _power(hands: Hands, step: steps.Power) -> None:
    if step.state == "restored":
        hands.station.restore_power()
    else:
        hands.station.cut_power()


def _network(hands: Hands, step: steps.Network) -> None:
    if step.faults is not None:
        hands.network.faults = step.faults
    match step.state:
        case "up":
            hands.network.up()
        case "down":
            hands.network.down()
        case None:
            return


def _reboot(hands: Hands, step: steps.Reboot) -> None:
    if not hands.station.reboot(step.type):
        raise StepFailed("the charge point is not up")


def _outages(hands: Hands, step: steps.Outages) -> None:
    if step.failing_restarts is not None:
        hands.hardware.failing_restarts = step.failing_restarts
    if step.failing_installs is not None:
        hands.hardware.failing_installs = step.failing_installs


def _set(hands: Hands, step: steps.Set) -> None:
    status = hands.station.program.configuration.change(step.key, as_text(step.value))
    if status not in _TAKEN:
        raise StepFailed(f"{step.key} cannot be set to {as_text(step.value)!r}: {status}")


def _skills() -> dict[type[Step], Callable[[Hands, Any], Awaitable[None] | None]]:
    return {
        steps.Plug: _plug,
        steps.Unplug: lambda hands, step: hands.hardware.unplug(step.connector),
        steps.UnplugAtVehicle: lambda hands, step: hands.hardware.unplug_at_vehicle(step.connector),
        steps.Vehicle: _vehicle,
        steps.Tap: lambda hands, step: hands.hardware.tap(step.connector, step.id_tag),
        steps.Fault: _fault,
        steps.ClearFault: lambda hands, step: hands.hardware.clear_fault(step.connector, step.error_code),
        steps.Lock: _lock,
        steps.Emergency: lambda hands, _: hands.hardware.press_emergency_button(),
        steps.Power: _power,
        steps.Network: _network,
        steps.Reboot: _reboot,
        steps.Outages: _outages,
        steps.Weather: lambda hands, step: hands.hardware.set_ambient(step.celsius),
        steps.Clock: lambda hands, step: hands.station.clock.set_ahead(step.ahead_s),
        steps.Set: _set,
        steps.Wait: lambda hands, step: hands.clock.sleep(step.seconds),
    }


_SKILLS: Final[Mapping[type[Step], Callable[[Hands, Any], Awaitable[None] | None]]] = MappingProxyType(
    _skills()
)

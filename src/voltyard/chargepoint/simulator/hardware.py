"""Simulated hardware of a charge point, and the hands of those who use it, repair it and drive up to it.

Nothing has to be done at a charge point at which nothing changes: time can pass by itself (`run`) or be
moved on from outside (`advance`), and costs something only where a vehicle does something.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping, Sequence
from math import inf
from pathlib import Path
from typing import Any, Final

from msgspec import structs

from voltyard.chargepoint.clock import Clock, sleep_unless
from voltyard.chargepoint.errors import UnknownConnector
from voltyard.chargepoint.flag import Flag
from voltyard.chargepoint.hardware import Hardware, HardwareListener
from voltyard.chargepoint.simulator.connector import Cabinet, Feed, SimulatedConnector
from voltyard.chargepoint.simulator.defects import DANGEROUS, Defect, Defects
from voltyard.chargepoint.simulator.diagnosis import describe
from voltyard.chargepoint.simulator.firmware import version_of
from voltyard.chargepoint.simulator.grid import MainFuse
from voltyard.chargepoint.simulator.main_meter import MainMeter
from voltyard.chargepoint.simulator.memory import Memory
from voltyard.chargepoint.simulator.timeline import Timeline
from voltyard.chargepoint.simulator.vehicle import VOLTAGE_V, Vehicle
from voltyard.chargepoint.simulator.warmth import AMBIENT_CELSIUS
from voltyard.chargepoint.store import Store
from voltyard.protocol.messages import BootNotification, ChargePointErrorCode, ResetType

MAIN_FUSE: Final = "MainFuse"
"""The vendorErrorCode of a main fuse that has tripped."""

_RESTART_S: Final = {ResetType.SOFT: 2.0, ResetType.HARD: 5.0}
_INSTALL_S: Final = 20.0
_SHORTEST_WAIT_S: Final = 1e-3
_FIRMWARE: Final = "firmware version"


class SimulatedHardware(Hardware):
    """A charge point's hardware, and the hands of those who use it.

    `speed` makes physics run faster than the clock: with 60, a minute's energy flows in a second. All
    connectors together may draw `max_current_a` per phase, or as much as they can; more for long trips the
    main fuse (OverCurrentFailure of connector 0, repaired by `clear_fault`). What the hardware remembers
    without power is in `store`. What people do at a connector that does not exist raises `UnknownConnector`.
    So many of the next restarts fail as `failing_restarts` says, and of the
    next installations as `failing_installs` says.
    """

    def __init__(
        self,
        connectors: Sequence[SimulatedConnector],
        clock: Clock,
        boot_notification: BootNotification,
        *,
        speed: float = 1.0,
        max_current_a: float | None = None,
        has_main_meter: bool = True,
        store: Store | None = None,
    ) -> None:
        self.failing_restarts = 0
        self.failing_installs = 0
        self._connectors = tuple(connectors)
        self._clock = clock
        self._timeline = Timeline(clock, speed)
        self._memory = Memory(store)
        self._boot_notification = boot_notification
        if (version := self._memory.read(_FIRMWARE)) is not None:
            self._call_firmware(version.decode())
        self._grid = self._connectors[0].grid
        cabinet = Cabinet(self._timeline, self._grid, self._memory, self._look_again)
        for connector_id, connector in enumerate(self._connectors, 1):
            connector.build_in(connector_id, cabinet)
        self._main_meter = MainMeter(self._connectors, cabinet) if has_main_meter else None
        usable_a = sum(connector.max_current_a for connector in self._connectors)
        self._max_current_a = usable_a if max_current_a is None else max_current_a
        self._fuse = MainFuse(self._max_current_a) if self._max_current_a < usable_a else None
        self._defects = Defects()
        self._overheated: frozenset[int] = frozenset()
        self._ambient_celsius = AMBIENT_CELSIUS
        self._listener: HardwareListener | None = None
        self._told = [False] * len(self._connectors)
        self._changes_at_s = inf
        self._woken = Flag()
        self._plan()

    # What the charge point asks of it.

    @property
    def boot_notification(self) -> BootNotification:
        return self._boot_notification

    @property
    def connectors(self) -> Sequence[SimulatedConnector]:
        return self._connectors

    @property
    def max_current_a(self) -> float:
        return self._max_current_a

    @property
    def main_meter(self) -> MainMeter | None:
        return self._main_meter

    def attach(self, listener: HardwareListener | None) -> None:
        """Tell `listener` from now on, and at once what is broken: restarting a program repairs nothing."""
        self._listener = listener
        self._told = [connector.wants_energy for connector in self._connectors]
        if listener is not None:
            for place, defect in tuple(self._defects):
                listener.fault_raised(place, *defect)

    async def restart(self, type: ResetType) -> bool:
        await self._clock.sleep(_RESTART_S[type] / self.speed)
        if self.failing_restarts > 0:
            self.failing_restarts -= 1
            return False
        return True

    async def install(self, image: Path) -> bool:
        """Install an image as `firmware.image` makes them; it takes 20 simulated seconds."""
        version = version_of(image)
        if version is None:
            return False
        await self._clock.sleep(_INSTALL_S / self.speed)
        if self.failing_installs > 0:
            self.failing_installs -= 1
            return False
        self._memory.keep(_FIRMWARE, version.encode())
        self._call_firmware(version)
        return True

    def diagnostics(self) -> Mapping[str, bytes]:
        text = describe(self._boot_notification, self._connectors, self._main_meter, self._defects)
        return {"hardware.txt": text.encode()}

    # How time passes.

    @property
    def speed(self) -> float:
        return self._timeline.speed

    @property
    def next_change_s(self) -> float | None:
        """In how many simulated seconds something changes by itself; None if nothing does."""
        is_near = self._changes_at_s < inf
        return max(0.0, self._changes_at_s - self._timeline.now_s) if is_near else None

    async def run(self) -> None:
        """Let the simulated world go on with the clock until cancelled."""
        self._timeline.flow()
        try:
            while True:
                self._woken.clear()
                self._settle(self._timeline.now_s)
                await self._wait()
        finally:
            self._timeline.stop()

    def advance(self, seconds: float) -> None:
        """Let simulated time pass at once, besides what flows."""
        end_s = self._timeline.now_s + seconds
        while self._changes_at_s <= end_s:
            at_s = self._changes_at_s
            self._timeline.wait_until(at_s)
            self._settle(at_s)
        self._timeline.pass_by(max(0.0, end_s - self._timeline.now_s))

    # What people do.

    def plug_in(self, connector_id: int, vehicle: Vehicle) -> None:
        """Connect a vehicle to a connector."""
        connector = self._connector(connector_id)
        connector.plug_in(vehicle)
        self._told[connector_id - 1] = connector.wants_energy
        if self._listener is not None:
            self._listener.plugged_in(connector_id)

    def unplug(self, connector_id: int) -> None:
        """Pull the cable out of the connector."""
        self._take_away(connector_id)
        if self._listener is not None:
            self._listener.unplugged(connector_id)

    def unplug_at_vehicle(self, connector_id: int) -> None:
        """Pull the cable out of the vehicle; a fixed one is out of everything then."""
        self._take_away(connector_id)
        if self._listener is None:
            return
        if self._connector(connector_id).has_lock:
            self._listener.ev_disconnected(connector_id)
        else:
            self._listener.unplugged(connector_id)

    def pause(self, connector_id: int) -> bool:
        """Have the vehicle there ask for nothing until `resume`; False if there is none."""
        vehicle = self._connector(connector_id).vehicle
        if vehicle is not None:
            vehicle.pause()
            self._tell()
        return vehicle is not None

    def resume(self, connector_id: int) -> bool:
        """Have the vehicle there ask for energy again; False if there is none."""
        vehicle = self._connector(connector_id).vehicle
        if vehicle is not None:
            vehicle.resume()
            self._tell()
        return vehicle is not None

    def tap(self, connector_id: int, id_tag: str) -> None:
        """Present an identifier at the reader of a connector, in vain where it is broken or has no power."""
        self._connector(connector_id)
        is_deaf = any(
            self._defects.has(place, ChargePointErrorCode.READER_FAILURE) for place in (0, connector_id)
        )
        if self._listener is not None and self.has_power and not is_deaf:
            self._listener.tag_presented(connector_id, id_tag)

    def press_emergency_button(self) -> None:
        """Stop everything at once."""
        for connector in self._connectors:
            connector.offer(0.0)
        if self._listener is not None:
            self._listener.emergency_stopped()

    # What breaks, and who repairs it.

    @property
    def defects(self) -> Defects:
        """What is broken; to look at."""
        return self._defects

    def raise_fault(
        self, connector_id: int, error_code: ChargePointErrorCode, info: str = "", vendor_error_code: str = ""
    ) -> None:
        """Break something; 0 breaks the charge point itself. Of several defects the last one is told.

        With a dangerous one nothing flows (`DANGEROUS`), of the charge point at no connector at all. With
        ReaderFailure nobody hears a tap, with EVCommunicationError the vehicle hears no pilot. Raises
        `ValueError` for NoError.
        """
        self._place(connector_id)
        defect = Defect(error_code, info, vendor_error_code)
        self._defects.add(connector_id, defect)
        self._feed()
        if self._listener is not None:
            self._listener.fault_raised(connector_id, *defect)
        self._tell()

    def clear_fault(self, connector_id: int, error_code: ChargePointErrorCode | None = None) -> None:
        """Repair one thing, or all that is broken there; what is left then counts."""
        self._place(connector_id)
        if not self._defects.remove(connector_id, error_code):
            return
        self._feed()
        left = self._defects.at(connector_id)
        if self._listener is not None:
            if left:
                self._listener.fault_raised(connector_id, *left[-1])
            else:
                self._listener.fault_cleared(connector_id)
        self._tell()
        self._watch_warmth()

    @property
    def has_power(self) -> bool:
        return self._grid.is_on

    def cut_power(self) -> None:
        """Take the power away from the whole charge point: nothing flows, contactors drop, readers are dark.

        What becomes of its program is not for the hardware to say.
        """
        self._switch(False)
        for connector in self._connectors:
            connector.offer(0.0)
        self._feed()
        self._tell()

    def restore_power(self) -> None:
        """Give the power back; nothing flows until the program offers it."""
        self._switch(True)
        self._feed()
        self._tell()

    @property
    def ambient_celsius(self) -> float:
        return self._ambient_celsius

    def set_ambient(self, celsius: float) -> None:
        """Have another weather. A connector at 75 °C protects itself until it is at 60: HighTemperature."""
        self._ambient_celsius = celsius
        for connector in self._connectors:
            connector.set_ambient(celsius)

    def update(self, boot_notification: BootNotification) -> None:
        """Be another one from now on: another modem, for example."""
        self._boot_notification = boot_notification

    # How one thing leads to another.

    def _connector(self, connector_id: int) -> SimulatedConnector:
        if not 1 <= connector_id <= len(self._connectors):
            raise UnknownConnector(connector_id)
        return self._connectors[connector_id - 1]

    def _place(self, connector_id: int) -> None:
        if connector_id != 0:
            self._connector(connector_id)

    def _wait(self) -> Coroutine[Any, Any, bool]:
        """Wait until something changes by itself or by hand."""
        next_s = self.next_change_s
        return sleep_unless(
            self._clock, None if next_s is None else max(next_s / self.speed, _SHORTEST_WAIT_S), self._woken
        )

    def _look_again(self) -> None:
        """Take notice of a connector at which something has changed; the listener is told later."""
        self._plan()
        self._woken.set()

    def _plan(self) -> None:
        next_changes = [connector.changes_at_s for connector in self._connectors]
        if self._fuse is not None:
            next_changes.append(self._fuse.trips_at_s)
        self._changes_at_s = min(next_changes)

    def _settle(self, now_s: float) -> None:
        """Let happen what has become due, and tell it."""
        for connector in self._connectors:
            connector.move_on(now_s)
        self._watch_warmth()
        self._watch_fuse(now_s)
        self._tell()
        self._plan()

    def _tell(self) -> None:
        for connector_id, connector in enumerate(self._connectors, 1):
            wants = connector.wants_energy
            if wants is self._told[connector_id - 1]:
                continue
            self._told[connector_id - 1] = wants
            if self._listener is not None:
                self._listener.supply_changed(connector_id)

    def _take_away(self, connector_id: int) -> None:
        self._connector(connector_id).unplug()
        self._told[connector_id - 1] = False

    def _switch(self, is_on: bool) -> None:
        self._grid.is_on = is_on
        if self._main_meter is not None:
            self._main_meter.switch(is_on)

    def _feed(self) -> None:
        is_dead = not self.has_power or self._defects.has(0, *DANGEROUS)
        for connector_id, connector in enumerate(self._connectors, 1):
            if is_dead or self._defects.has(connector_id, ChargePointErrorCode.EV_COMMUNICATION_ERROR):
                connector.feed(Feed.DEAD)
            elif self._defects.has(connector_id, *DANGEROUS):
                connector.feed(Feed.ISOLATED)
            else:
                connector.feed(Feed.ON)

    def _watch_warmth(self) -> None:
        overheated = frozenset(
            connector_id
            for connector_id, connector in enumerate(self._connectors, 1)
            if connector.is_overheated
        )
        before, self._overheated = self._overheated, overheated
        for connector_id in sorted(overheated):
            # To call it repaired does not cool it.
            if not self._defects.has(connector_id, ChargePointErrorCode.HIGH_TEMPERATURE):
                self.raise_fault(connector_id, ChargePointErrorCode.HIGH_TEMPERATURE)
        for connector_id in sorted(before - overheated):
            self.clear_fault(connector_id, ChargePointErrorCode.HIGH_TEMPERATURE)

    def _watch_fuse(self, now_s: float) -> None:
        if self._fuse is None:
            return
        currents_a = [0.0, 0.0, 0.0]
        for connector in self._connectors:
            for phase, watt in enumerate(connector.load.active_w):
                currents_a[phase] += watt / VOLTAGE_V
        if self._fuse.load(currents_a, now_s):
            self.raise_fault(0, ChargePointErrorCode.OVER_CURRENT_FAILURE, "main fuse", MAIN_FUSE)

    def _call_firmware(self, version: str) -> None:
        self._boot_notification = structs.replace(self._boot_notification, firmware_version=version)

"""A charge point on hardware of your own: a wall box whose controller speaks lines of text over TCP."""

import asyncio
import sys
from pathlib import Path

from voltyard import chargepoint
from voltyard.protocol.messages import BootNotification


class WallBox(chargepoint.Hardware, chargepoint.ConnectorHardware):
    """Is told `offer 16.0`; tells `plug 1`, `draw 1`, `tag 04A2B3` and `meter 123456`."""

    boot_notification = BootNotification(charge_point_vendor="Acme", charge_point_model="Wall")
    max_current_a, phases, register_wh, is_plugged, wants_energy = 16.0, 1, 0, False, False

    def __init__(self, controller: asyncio.StreamWriter) -> None:
        self.controller = controller

    @property
    def connectors(self) -> "tuple[WallBox]":
        return (self,)

    def attach(self, listener: chargepoint.HardwareListener | None) -> None:
        self.listener = listener

    def offer(self, current_a: float) -> None:
        self.controller.write(f"offer {current_a:.1f}\n".encode())

    def told(self, word: str, value: str) -> None:
        match word:
            case "meter":
                self.register_wh = int(value)
            case "plug":
                self.is_plugged = value == "1"
            case "draw":
                self.wants_energy = value == "1"
        if self.listener is not None:  # nobody listens while the charge point restarts
            match word, value:
                case "plug", _:
                    (self.listener.plugged_in if self.is_plugged else self.listener.unplugged)(1)
                case "draw", _:
                    self.listener.supply_changed(1)
                case "tag", _:
                    self.listener.tag_presented(1, value)


async def main(url: str, identity: str, password: str, controller: str) -> None:
    reader, writer = await asyncio.open_connection(*controller.split(":"))
    box, key = WallBox(writer), password.encode()
    line = chargepoint.stay_connected_to(url, identity, password=key, terms=lambda: station.terms)
    station = chargepoint.Station(box, line, store=chargepoint.open_store(Path("state", identity)))
    running = asyncio.create_task(station.run())
    while text := await reader.readline():
        box.told(*text.decode().split())
    running.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:5]))

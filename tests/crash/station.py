"""A charging station to be killed: always charging, often offline, with a ledger of what it recorded.

    python -m tests.crash.station URL IDENTITY DIRECTORY SEED [--drain]

With `--drain` nobody comes any more; it ends when everything has been delivered.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
from base64 import b64encode
from pathlib import Path
from typing import Final

from voltyard.chargepoint import Change, SqliteStore, Station, Store, SystemClock, stay_connected_to
from voltyard.chargepoint.simulator import MODELS, SimulatedConnector, SimulatedHardware, Vehicle
from voltyard.chargepoint.simulator.faults import UnreliableNetwork
from voltyard.chargepoint.transactions import last_register_wh
from voltyard.protocol.messages import BootNotification

LEDGER: Final = "ledger.jsonl"
CONNECTORS: Final = (1, 2, 3, 4)
OUTBOX: Final = "outbox"
ID_TAGS: Final = tuple(f"TAG{number:02}" for number in range(20))

_BOOT: Final = BootNotification(charge_point_vendor="Voltyard", charge_point_model="Crash")
_SETTINGS: Final = {
    "MeterValueSampleInterval": "1",
    "ClockAlignedDataInterval": "1",
    "AllowOfflineTxForUnknownId": "true",
    "LocalPreAuthorize": "true",
    # The central system is there or away, but never refuses.
    "TransactionMessageRetryInterval": "1",
}
_SPEED: Final = 3600.0


class Ledger:
    """A store that writes down each message before it is recorded and once it is, each time to the disk."""

    def __init__(self, store: Store, path: Path) -> None:
        self._store = store
        self._file = path.open("ab")

    def read(self, kind: str) -> dict[str, bytes]:
        return self._store.read(kind)

    def commit(self, *changes: Change) -> None:
        posted = [change for change in changes if change.kind == OUTBOX and change.value is not None]
        self._write("intent", posted)
        self._store.commit(*changes)
        self._write("done", posted)

    def close(self) -> None:
        self._store.close()

    def _write(self, what: str, posted: list[Change]) -> None:
        for _, key, value in posted:
            record = {"what": what, "key": key, "record": b64encode(value or b"").decode()}
            self._file.write(json.dumps(record).encode() + b"\n")
        if posted:
            self._file.flush()
            os.fsync(self._file.fileno())


async def charge(hardware: SimulatedHardware, connector_id: int, chance: random.Random) -> None:
    """Come and go at one connector until cancelled."""
    while True:
        await asyncio.sleep(chance.uniform(0, 0.3))
        hardware.plug_in(connector_id, Vehicle(chance.choice(MODELS), chance.uniform(5, 50)))
        hardware.tap(connector_id, id_tag := chance.choice(ID_TAGS))
        await asyncio.sleep(chance.choice((0.1, 0.5, 1.5)))
        if chance.random() < 0.7:
            hardware.tap(connector_id, id_tag)
        hardware.unplug(connector_id)


async def come_and_go(network: UnreliableNetwork, chance: random.Random) -> None:
    """Take the network away now and then until cancelled."""
    while True:
        await asyncio.sleep(chance.uniform(0.1, 2.0))
        network.down()
        await asyncio.sleep(chance.uniform(0.1, 2.0))
        network.up()


async def drained(station: Station) -> None:
    """Wait until everything has been delivered."""
    while True:
        snapshot = station.snapshot()
        is_registered = snapshot is not None and snapshot.registration is not None
        if snapshot is not None and is_registered and snapshot.undelivered == 0:
            return
        await asyncio.sleep(0.05)


async def main(url: str, identity: str, directory: Path, seed: int, *, drains: bool) -> None:
    """Charge until killed, or deliver what there is."""
    chance = random.Random(seed)
    clock = SystemClock()
    store = Ledger(SqliteStore(directory), directory / LEDGER)
    connectors = [
        SimulatedConnector(clock, random.Random(seed), register_wh=last_register_wh(store, connector_id))
        for connector_id in CONNECTORS
    ]
    hardware = SimulatedHardware(connectors, clock, _BOOT, speed=_SPEED)
    network = UnreliableNetwork(stay_connected_to(url, identity, longest_delay_s=0.2), chance, clock)
    station = Station(hardware, network, store=store, clock=clock, settings=_SETTINGS)
    tasks = [asyncio.create_task(station.run()), asyncio.create_task(hardware.run())]
    if drains:
        await drained(station)
    else:
        tasks += [asyncio.create_task(charge(hardware, each, chance)) for each in CONNECTORS]
        tasks.append(asyncio.create_task(come_and_go(network, chance)))
        sys.stdout.write("up\n")
        sys.stdout.flush()
        await asyncio.gather(*tasks)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    store.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("identity")
    parser.add_argument("directory", type=Path)
    parser.add_argument("seed", type=int)
    parser.add_argument("--drain", action="store_true")
    options = parser.parse_args()
    asyncio.run(main(options.url, options.identity, options.directory, options.seed, drains=options.drain))
    sys.exit(0)

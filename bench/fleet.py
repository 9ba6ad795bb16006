"""What a simulated charge point costs: memory and CPU of `voltyard fleet`, station by station.

`python -m bench.fleet` runs a fleet that charges all the time against a central system in another process
that accepts everything, for about two minutes, and prints KiB per station, the share of one core, and the CPU
time per message. `--where` tells which lines of code the memory was asked for by.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from os import sysconf
from pathlib import Path
from typing import NamedTuple

import uvloop

from bench.processes import allow_many_connections
from voltyard.chargepoint.connection import stay_connected_to
from voltyard.chargepoint.simulator import AlwaysCharging, Fleet, FleetPlan
from voltyard.chargepoint.simulator.dice import Chance
from voltyard.transport.deadlines import Deadlines

GOAL_KIB = 40.0
"""At most so much memory a station (milestone 2)."""

_ROOT = Path(__file__).parent.parent
_INTERVAL_S = 30
_WARM_UP_STATIONS = 50
_SETTLE_S = 5.0
_NEARLY_ALL = 0.97
"""Some drivers are unlucky: they present their card before the charge point is up, and try again later."""
_SHOWN_LINES = 40


class Cost(NamedTuple):
    """What a fleet cost; `messages` are those sent and received while the CPU time was taken."""

    stations: int
    kib_per_station: float
    cpu_s: float
    seconds: float
    messages: int

    def __str__(self) -> str:
        share = self.cpu_s / self.seconds
        return (
            f"{self.stations} charging stations: {self.kib_per_station:.1f} KiB each (goal {GOAL_KIB:.0f}), "
            f"{self.messages / self.seconds:.0f} messages/s, {share:.1%} of one core, "
            f"{self.cpu_s * 1e6 / max(1, self.messages):.0f} us per message"
        )


@contextmanager
def accepting() -> Iterator[str]:
    """Run a central system that accepts everything, and give its URL."""
    command = (sys.executable, "-m", "bench.servers.accepting")
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"ws://127.0.0.1:{int(process.stdout.readline())}/ocpp"
        finally:
            process.kill()


async def measure(url: str, stations: int, seconds: float, per_s: float, *, where: bool = False) -> Cost:
    """Run a small fleet first, so that what all have in common is there, then the one that is measured."""
    async with asyncio.TaskGroup() as tasks:
        warm = _fleet(url, "WARM-", _WARM_UP_STATIONS, per_s)
        running = [tasks.create_task(warm.run())]
        await _until_charging(warm, _WARM_UP_STATIONS)
        before_kib = _resident_kib()
        if where:
            tracemalloc.start()
        fleet = _fleet(url, "FLEET-", stations, per_s)
        running.append(tasks.create_task(fleet.run()))
        await _until_charging(fleet, stations)
        used_kib = _resident_kib() - before_kib
        if where:
            _show_lines(stations)
        cost = await _watch(fleet, stations, used_kib / stations, seconds)
        for task in running:
            task.cancel()
    return cost


async def _watch(fleet: Fleet, stations: int, kib_per_station: float, seconds: float) -> Cost:
    began, cpu_s, totals = time.monotonic(), time.process_time(), fleet.totals()
    await asyncio.sleep(seconds)
    later = fleet.totals()
    assert later.charging >= _NEARLY_ALL * stations, f"{later.charging} of {stations} charge"
    return Cost(
        stations=stations,
        kib_per_station=kib_per_station,
        cpu_s=time.process_time() - cpu_s,
        seconds=time.monotonic() - began,
        messages=later.messages_sent
        + later.messages_received
        - totals.messages_sent
        - totals.messages_received,
    )


class _Soon(AlwaysCharging):
    """The next vehicle comes as soon as the charge point can have booted."""

    def wait_s(self, now: datetime, random: Chance) -> float:
        return random.uniform(2, 4)


def _fleet(url: str, prefix: str, stations: int, per_s: float) -> Fleet:
    plan = FleetPlan(
        count=stations,
        prefix=prefix,
        per_s=per_s,
        arrivals=lambda random: _Soon(),
        settings={"MeterValueSampleInterval": str(_INTERVAL_S)},
    )
    deadlines = Deadlines(asyncio.get_running_loop())
    return Fleet(plan, partial(stay_connected_to, url, deadlines=deadlines))


async def _until_charging(fleet: Fleet, stations: int) -> None:
    while fleet.totals().charging < _NEARLY_ALL * stations:
        await asyncio.sleep(0.5)
    await asyncio.sleep(_SETTLE_S)


def _resident_kib() -> int:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])  # proc(5): the second field is resident
    return pages * sysconf("SC_PAGE_SIZE") // 1024


def _show_lines(stations: int) -> None:
    snapshot = tracemalloc.take_snapshot()
    tracemalloc.stop()
    for grouping in ("filename", "lineno"):
        for line in snapshot.statistics(grouping)[:_SHOWN_LINES]:
            kib, blocks = line.size / 1024 / stations, line.count / stations
            print(f"{kib:7.2f} KiB {blocks:6.1f} blocks  {str(line.traceback).split('/python3.')[-1]}")
        print()


def main() -> None:
    """Measure as the arguments say."""
    arguments = argparse.ArgumentParser(prog="python -m bench.fleet", description=__doc__)
    arguments.add_argument("--stations", type=int, default=2000)
    arguments.add_argument("--seconds", type=float, default=30.0, help="how long CPU time is taken")
    arguments.add_argument("--ramp", type=float, default=200.0, help="stations a second")
    arguments.add_argument("--where", action="store_true", help="which lines asked for the memory")
    options = arguments.parse_args()
    allow_many_connections()
    with accepting() as url, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(runner.run(measure(url, options.stations, options.seconds, options.ramp, where=options.where)))


if __name__ == "__main__":
    main()

"""The load generator: many charge points in one process, each with one CALL outstanding.

`python -m bench.load URL PREFIX CONNECTIONS` connects as PREFIX00000, PREFIX00001, ..., boots each
charge point and prints `ready`; then it reads one `Order` as JSON a line from standard input and prints
one `Outcome` a line, until its input ends. A CALLERROR or an unexpected answer ends it with status 1.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import Counter, defaultdict, deque
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
import uvloop

from bench.chargepoint import ChargePoint
from bench.figures import Order, Outcome, percentile
from bench.script import METER_VALUES_PER_TRANSACTION, Call, script
from bench.websocket import handshake

CONNECTING_AT_ONCE = 64
ANSWER_TIMEOUT_S = 30.0
# The charge points' clocks run a minute a message; this keeps them behind the server's.
CLOCKS_BEHIND = timedelta(days=7)

_TICK_S = 0.001
_TURNS_BEFORE_READING = 32

T = TypeVar("T")


class LoadError(Exception):
    """The server did not answer as a central system must."""


class Tally:
    """What has been answered in one run, and after how long."""

    def __init__(self) -> None:
        self.began_at = time.perf_counter()
        self.ended_at = self.began_at
        self._cpu_s = time.process_time()
        self._acknowledged: Counter[str] = Counter()
        self._latencies: list[float] = []
        self._lags: list[float] = [0.0]

    def answered(self, action: str, due_at: float) -> None:
        """Count the answer that came just now."""
        self.ended_at = time.perf_counter()
        self._acknowledged[action] += 1
        self._latencies.append(self.ended_at - due_at)

    def sent(self, lag_s: float) -> None:
        """Count how late something was sent."""
        self._lags.append(lag_s)

    def outcome(self) -> Outcome:
        """Return the figures of the whole run."""
        cpu_s = time.process_time() - self._cpu_s
        latencies, lags = sorted(self._latencies), sorted(self._lags)
        return Outcome(
            acknowledged=dict(self._acknowledged),
            seconds=self.ended_at - self.began_at,
            p50_ms=percentile(latencies, 50) * 1e3,
            p99_ms=percentile(latencies, 99) * 1e3,
            max_ms=percentile(latencies, 100) * 1e3,
            lag_p99_ms=percentile(lags, 99) * 1e3,
            generator_cpu_us=cpu_s * 1e6 / max(1, len(latencies)),
        )


async def saturate(order: Order, charge_points: Sequence[ChargePoint]) -> Outcome:
    """Let each charge point send as soon as its last CALL is answered."""
    tally = Tally()
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    left, busy = order.messages, 0

    def send_next(charge_point: ChargePoint) -> None:
        nonlocal left, busy
        if left > 0 and tally.ended_at - tally.began_at < order.seconds:
            left -= 1
            busy += 1
            charge_point.send()

    def answered(charge_point: ChargePoint, call: Call) -> None:
        nonlocal busy
        tally.answered(call.action, charge_point.due_at)
        busy -= 1
        send_next(charge_point)
        if busy == 0:
            done.set_result(None)

    for charge_point in charge_points:
        charge_point.follow(answered)
        send_next(charge_point)
    async with asyncio.timeout(order.seconds + ANSWER_TIMEOUT_S):
        await done
    return tally.outcome()


async def pace(order: Order, rate: float, charge_points: Sequence[ChargePoint]) -> Outcome:
    """Give the charge points their turns, `rate` a second; a turn that is missed is taken later.

    The latency of a missed turn counts from when it was due, so that a server that stalls does not
    hide it by slowing the load. The generator's own tick does not count: see `Outcome.lag_p99_ms`.
    """
    tally = Tally()
    missed: defaultdict[ChargePoint, deque[float]] = defaultdict(deque)
    turns = min(order.messages, round(order.seconds * rate))
    answers = asyncio.Semaphore(0)

    def answered(charge_point: ChargePoint, call: Call) -> None:
        tally.answered(call.action, charge_point.due_at)
        answers.release()
        if missed[charge_point]:
            charge_point.send(missed[charge_point].popleft())

    for charge_point in charge_points:
        charge_point.follow(answered)
    for turn in range(turns):
        due_at = tally.began_at + turn / rate
        if turn % _TURNS_BEFORE_READING == 0:
            await asyncio.sleep(0)
        while time.perf_counter() < due_at:
            await asyncio.sleep(_TICK_S)
        charge_point = charge_points[turn % len(charge_points)]
        if charge_point.is_busy:
            missed[charge_point].append(due_at)
        else:
            tally.sent(charge_point.send() - due_at)
    for _ in range(turns):
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            await answers.acquire()
    return tally.outcome()


class Load:
    """All charge points of this process."""

    def __init__(self, url: str, prefix: str, connections: int) -> None:
        parts = urlsplit(url)
        self._host, self._port, self._path = parts.hostname or "", parts.port or 80, parts.path
        self._prefix = prefix
        self._connections = connections
        self._charge_points: list[ChargePoint] = []
        self._failure: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def work(self) -> None:
        """Connect, then carry out the orders on standard input until it ends."""
        await self._unless_failed(self._connect())
        print("ready", flush=True)
        while line := await self._unless_failed(asyncio.to_thread(sys.stdin.readline)):
            outcome = await self._unless_failed(self._carry_out(msgspec.json.decode(line, type=Order)))
            print(msgspec.json.encode(outcome).decode(), flush=True)
        for charge_point in self._charge_points:
            charge_point.close()

    async def _carry_out(self, order: Order) -> Outcome:
        if order.rate is None:
            return await saturate(order, self._charge_points)
        return await pace(order, order.rate, self._charge_points)

    async def _connect(self) -> None:
        places = asyncio.Semaphore(CONNECTING_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for index in range(self._connections):
                group.create_task(self._connect_one(index, places))

    async def _connect_one(self, index: int, places: asyncio.Semaphore) -> None:
        async with places, asyncio.timeout(ANSWER_TIMEOUT_S):
            charge_point = self._charge_point(index)
            loop = asyncio.get_running_loop()
            await loop.create_connection(lambda: charge_point, self._host, self._port)
            await charge_point.ready
        self._charge_points.append(charge_point)

    def _charge_point(self, index: int) -> ChargePoint:
        identity = f"{self._prefix}{index:05}"
        opening = handshake(self._host, self._port, f"{self._path}{identity}")
        calls = script(
            id_tag=identity,
            begins_at=datetime.now(UTC) - CLOCKS_BEHIND,
            first_meter_values=index % (METER_VALUES_PER_TRANSACTION + 1),
        )
        return ChargePoint(opening, calls, self._failed)

    def _failed(self, reason: str) -> None:
        if not self._failure.done():
            self._failure.set_result(reason)

    async def _unless_failed(self, work: Coroutine[Any, Any, T]) -> T:
        task = asyncio.ensure_future(work)
        await asyncio.wait((task, self._failure), return_when=asyncio.FIRST_COMPLETED)
        if self._failure.done():
            task.cancel()
            raise LoadError(self._failure.result())
        return task.result()


def main() -> None:
    """Generate load as the arguments and standard input say."""
    arguments = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    arguments.add_argument(
        "url", help="where charge points connect, up to their identity: ws://host:port/path/"
    )
    arguments.add_argument("prefix", help="of the identities and idTags, five digits follow")
    arguments.add_argument("connections", type=int)
    options = arguments.parse_args()

    async def work() -> None:
        await Load(options.url, options.prefix, options.connections).work()

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(work())
    except (LoadError, TimeoutError, OSError) as error:
        sys.exit(f"load: {type(error).__name__}: {error}")


if __name__ == "__main__":
    main()

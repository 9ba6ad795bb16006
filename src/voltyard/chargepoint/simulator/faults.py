"""A network that fails: messages that get lost, late or doubled, connections that are cut or go dead."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final, Protocol, runtime_checkable

from voltyard.chargepoint.clock import Clock, sleep_unless
from voltyard.chargepoint.flag import Flag
from voltyard.chargepoint.simulator.dice import Chance
from voltyard.chargepoint.simulator.fault_rates import (
    NO_FAULTS,
    Direction,
    Fault,
    FaultRate,
    NetworkFaults,
)
from voltyard.chargepoint.uplink import StayConnected
from voltyard.transport.link import Link, Receiver

__all__ = ["NO_FAULTS", "Direction", "Fault", "FaultRate", "NetworkFaults", "UnreliableNetwork"]

_ANSWER: Final = re.compile(rb"\s*\[\s*[34]")
_GOING_AWAY: Final = 1001


@runtime_checkable
class Severable(Protocol):
    """A link that can be cut as a power failure would."""

    def abort(self) -> None:
        """End the connection without a word."""


@runtime_checkable
class Freezable(Protocol):
    """A link with a life of its own beneath the messages: pings, which a dead one does not answer."""

    def freeze(self) -> None:
        """Neither read nor write any more; the connection stays until somebody gives it up."""


class UnreliableNetwork:
    """Stays connected through a network with faults; is itself a `StayConnected`.

    `happened` is told each fault as it happens. The same `random` makes the same faults, message by message.
    """

    def __init__(
        self,
        stay_connected: StayConnected,
        random: Chance,
        clock: Clock,
        faults: NetworkFaults = NO_FAULTS,
        *,
        happened: Callable[[Fault], None] = lambda fault: None,
    ) -> None:
        self._stay_connected = stay_connected
        self._clock = clock
        self._judge = _Judge(random, faults, happened)
        self._connections: set[_Connection] = set()
        self._changed = Flag()
        self._is_up = Flag()
        self._is_up.set()
        self._is_down = Flag()

    @property
    def faults(self) -> NetworkFaults:
        """What goes wrong and how often; may be replaced at any time."""
        return self._judge.faults

    @faults.setter
    def faults(self, faults: NetworkFaults) -> None:
        self._judge.faults = faults
        self._changed.set()

    @property
    def is_up(self) -> bool:
        """Whether there is a network at all."""
        return self._is_up.is_set()

    def down(self) -> None:
        """Take the network away: the connection is gone, and nobody can connect."""
        self._is_up.clear()
        self._is_down.set()
        for connection in tuple(self._connections):
            connection.abort()

    def up(self) -> None:
        """Bring the network back; whoever waits for it connects at once."""
        self._is_down.clear()
        self._is_up.set()

    def __call__(self, connected: Callable[[Link], Receiver]) -> Coroutine[Any, Any, None]:
        """Connect, and connect again whenever the connection is lost, until cancelled."""
        return self._run(connected)

    async def _run(self, connected: Callable[[Link], Receiver]) -> None:
        while True:
            await self._is_up.wait()
            async with asyncio.TaskGroup() as tasks:
                opened = partial(self._open, connected, tasks.create_task)
                while_up = (
                    tasks.create_task(self._stay_connected(opened)),
                    tasks.create_task(self._fail_in_time()),
                )
                try:
                    await self._is_down.wait()
                finally:
                    # What is late now would come after the end.
                    for connection in self._connections:
                        connection.die()
                for task in while_up:
                    task.cancel()

    async def _fail_in_time(self) -> None:
        while True:
            self._changed.clear()
            if not await sleep_unless(self._clock, self._judge.next_in_s(), self._changed):
                rate = self._judge.in_time(has_victim=bool(self._connections))
                for connection in tuple(self._connections):
                    connection.suffer(rate)

    def _open(self, connected: Callable[[Link], Receiver], spawn: _Spawn, link: Link) -> Receiver:
        connection = _Connection(link, self._judge, self._clock, spawn, ended=self._connections.discard)
        self._connections.add(connection)
        connection.deliver_to(connected(connection))
        return connection


_Spawn = Callable[[Coroutine[Any, Any, None]], object]


class _Judge:
    """Decides what goes wrong, and tells."""

    __slots__ = ("_happened", "_random", "faults")

    def __init__(self, random: Chance, faults: NetworkFaults, happened: Callable[[Fault], None]) -> None:
        self._random = random
        self._happened = happened
        self.faults = faults

    def of_message(self, direction: Direction) -> FaultRate | None:
        if not self.faults:
            return None
        rate = self.faults.to_message(direction, self._random.random())
        if rate is not None:
            self._happened(rate.fault)
        return rate

    def late_s(self, rate: FaultRate) -> float:
        return self._random.uniform(0.0, rate.late_s)

    def next_in_s(self) -> float | None:
        """Return in how many seconds something happens by itself, or None for never."""
        per_s = self.faults.per_s
        return self._random.expovariate(per_s) if per_s else None

    def in_time(self, *, has_victim: bool) -> FaultRate:
        rate = self.faults.in_time(self._random.random())
        if has_victim:
            self._happened(rate.fault)
        return rate


class _Connection:
    """One connection with faults: a link to the charge point, a receiver to the network."""

    def __init__(
        self,
        link: Link,
        judge: _Judge,
        clock: Clock,
        spawn: _Spawn,
        *,
        ended: Callable[[_Connection], None],
    ) -> None:
        self._link = link
        self._judge = judge
        self._ended = ended
        self._out = _Way(clock, spawn, link.send)
        self._in = _Way(clock, spawn, self._deliver)

    def deliver_to(self, receiver: Receiver) -> None:
        """Say who receives."""
        self._receiver = receiver

    # What the charge point wants.

    def send(self, frame: bytes) -> None:
        self._carry(frame, Direction.OUT)

    def close(self, code: int = 1000, reason: str = "") -> None:
        if self._out.is_dead:
            # The wish to close does not get through either; what ends it is that nobody waits any longer.
            self.abort()
        else:
            self._link.close(code, reason)

    # What the network brings.

    def frame_received(self, frame: bytes) -> None:
        self._carry(frame, Direction.IN)

    def connection_lost(self, code: int, reason: str) -> None:
        self.die()
        self._ended(self)
        self._receiver.connection_lost(code, reason)

    # What happens to it.

    def abort(self) -> None:
        """End it without a word."""
        self.die()
        if isinstance(self._link, Severable):
            self._link.abort()
        else:
            self._link.close(_GOING_AWAY)

    def suffer(self, rate: FaultRate) -> None:
        """Be hit by something that happens to connections."""
        match rate.fault:
            case Fault.CUT:
                self.abort()
            case Fault.HALF_OPEN:
                for way in self._ways(rate.direction):
                    way.die()
                if rate.direction is None and isinstance(self._link, Freezable):
                    self._link.freeze()
            case Fault.SILENCE:
                for way in self._ways(rate.direction):
                    way.is_silent = True

    def die(self) -> None:
        """Let nothing pass any more."""
        self._out.die()
        self._in.die()

    def _carry(self, frame: bytes, direction: Direction) -> None:
        way = self._out if direction is Direction.OUT else self._in
        rate = None if way.is_dead else self._judge.of_message(direction)
        if rate is None:
            way.carry(frame)
            return
        match rate.fault:
            case Fault.DROP:
                pass
            case Fault.DELAY:
                way.hold_up(frame, self._judge.late_s(rate))
            case Fault.REORDER:
                way.sidetrack(frame, self._judge.late_s(rate))
            case Fault.DUPLICATE:
                way.carry(frame)
                way.carry(frame)
            case _:
                self.suffer(rate)
                way.carry(frame)

    def _ways(self, direction: Direction | None) -> tuple[_Way, ...]:
        match direction:
            case Direction.OUT:
                return (self._out,)
            case Direction.IN:
                return (self._in,)
            case None:
                return (self._out, self._in)

    def _deliver(self, frame: bytes) -> None:
        self._receiver.frame_received(frame)


class _Way:
    """One direction of a connection, until it is dead."""

    __slots__ = ("_clock", "_held", "_pass_on", "_spawn", "is_dead", "is_silent")

    def __init__(self, clock: Clock, spawn: _Spawn, pass_on: Callable[[bytes], None]) -> None:
        self.is_dead = False
        self.is_silent = False
        self._clock = clock
        self._spawn = spawn
        self._pass_on = pass_on
        self._held: list[tuple[float, bytes]] = []

    def die(self) -> None:
        """Let nothing pass any more."""
        self.is_dead = True
        self._held.clear()

    def carry(self, frame: bytes) -> None:
        """Let a message pass, behind those that are held up."""
        if self._held:
            self._held.append((self._clock.monotonic(), frame))
        else:
            self._hand_over(frame)

    def hold_up(self, frame: bytes, seconds: float) -> None:
        """Let a message pass later, and those that follow not before it."""
        if self.is_dead:
            return
        self._held.append((self._clock.monotonic() + seconds, frame))
        if len(self._held) == 1:
            self._spawn(self._release())

    def sidetrack(self, frame: bytes, seconds: float) -> None:
        """Let a message pass later, overtaken by those that follow."""
        if not self.is_dead:
            self._spawn(self._pass_later(frame, seconds))

    async def _release(self) -> None:
        while self._held:
            due, frame = self._held[0]
            await self._clock.sleep(due - self._clock.monotonic())
            if self._held:
                del self._held[0]
                self._hand_over(frame)

    async def _pass_later(self, frame: bytes, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._hand_over(frame)

    def _hand_over(self, frame: bytes) -> None:
        if not (self.is_dead or (self.is_silent and _ANSWER.match(frame))):
            self._pass_on(frame)

"""A charge point behind a network with faults, and the faults one by one."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from tests.aio import Recorder, run
from tests.chargepoint.central_system import ACCEPTED, CentralSystem
from tests.chargepoint.virtual_time import VirtualClock, story
from tests.chargepoint.world import World, world

from voltyard.chargepoint.clock import SystemClock
from voltyard.chargepoint.connection import Terms, stay_connected_to
from voltyard.chargepoint.simulator import Fault, FaultRate, NetworkFaults, UnreliableNetwork
from voltyard.chargepoint.simulator.faults import NO_FAULTS
from voltyard.protocol.messages import (
    MeterValues,
    StartTransaction,
    StartTransactionResponse,
    StopTransaction,
)
from voltyard.protocol.payload import Payload, Request
from voltyard.transport import memory
from voltyard.transport.handshake import Admission, Handshake
from voltyard.transport.link import Link, Receiver
from voltyard.transport.server import serve

INTERVAL_S = 10


class Wire:
    """A network with faults between two ends that only listen, and its `StayConnected`."""

    def __init__(self, faults: str = "", seed: int = 1) -> None:
        self.near, self.far = Recorder(), Recorder()
        self.happened: list[Fault] = []
        self.network = UnreliableNetwork(
            self._stay_connected,
            Random(seed),
            VirtualClock(),
            NetworkFaults.parse(faults) if faults else NO_FAULTS,
            happened=self.happened.append,
        )

    async def __aenter__(self) -> Wire:
        self._running = asyncio.create_task(self.network(self.near))
        await asyncio.sleep(0.1)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._running.cancel()
        await asyncio.wait({self._running})

    def send(self, *frames: bytes, to: str = "far") -> None:
        link = self.near.link if to == "far" else self.far.link
        for frame in frames:
            link.send(frame)

    async def arrived(self, after_s: float = 0.1, at: str = "far") -> list[bytes]:
        """Let time pass and take what has arrived."""
        await asyncio.sleep(after_s)
        frames = (self.far if at == "far" else self.near).frames
        return [frames.get_nowait() for _ in range(frames.qsize())]

    async def _stay_connected(self, connected: Callable[[Link], Receiver]) -> None:
        while True:
            await self._connection(connected, asyncio.Event())
            await asyncio.sleep(5)

    async def _connection(self, connected: Callable[[Link], Receiver], lost: asyncio.Event) -> None:
        near, _ = memory.connect(connected, lambda link: _Telling(self.far(link), lost))
        try:
            await lost.wait()
        finally:
            near.close(1001)


class _Telling:
    def __init__(self, receiver: Recorder, lost: asyncio.Event) -> None:
        self.frame_received = receiver.frame_received
        self._receiver = receiver
        self._lost = lost

    def connection_lost(self, code: int, reason: str) -> None:
        self._receiver.connection_lost(code, reason)
        self._lost.set()


CALL = b'[2,"1","Heartbeat",{}]'
ANSWER = b' [3,"1",{}]'
REJECTION = b'[4,"1","GenericError","",{}]'


@story
async def test_without_faults_everything_passes_in_order() -> None:
    async with Wire() as wire:
        wire.send(CALL, ANSWER, REJECTION)
        wire.send(ANSWER, CALL, to="near")

        assert await wire.arrived() == [CALL, ANSWER, REJECTION]
        assert await wire.arrived(at="near") == [ANSWER, CALL]
        assert wire.happened == []


@story
async def test_messages_get_lost() -> None:
    async with Wire("drop-out=1") as wire:
        wire.send(CALL, ANSWER)
        wire.send(ANSWER, to="near")

        assert await wire.arrived() == []
        assert await wire.arrived(at="near") == [ANSWER]
        assert wire.happened == [Fault.DROP, Fault.DROP]


@story
async def test_messages_arrive_twice() -> None:
    async with Wire("duplicate=1") as wire:
        wire.send(CALL, ANSWER)

        assert await wire.arrived() == [CALL, CALL, ANSWER, ANSWER]


@story
async def test_late_messages_hold_up_those_behind_them() -> None:
    async with Wire("delay=1:10s") as wire:
        wire.send(CALL)
        wire.network.faults = NO_FAULTS
        wire.send(ANSWER, REJECTION)

        early = await wire.arrived(0.5)
        late = await wire.arrived(10)

    assert (early, late) == ([], [CALL, ANSWER, REJECTION])


@story
async def test_late_messages_are_overtaken() -> None:
    async with Wire("reorder=1:10s") as wire:
        wire.send(CALL)
        wire.network.faults = NO_FAULTS
        wire.send(ANSWER, REJECTION)

        early = await wire.arrived(0.5)
        late = await wire.arrived(10)

    assert (early, late) == ([ANSWER, REJECTION], [CALL])


@pytest.mark.parametrize("faults", ["delay=1:10s", "reorder=1:10s"])
@story
async def test_what_is_late_is_lost_with_its_connection(faults: str) -> None:
    async with Wire(faults) as wire:
        wire.send(CALL, ANSWER)
        wire.send(CALL, to="near")
        wire.near.link.close(1000, "bye")
        wire.network.faults = NO_FAULTS

        assert await wire.arrived(20) == []
        assert await wire.arrived(at="near") == []
        assert (wire.near.losses, wire.near.connections) == ([(1000, "bye")], 2)


@story
async def test_connections_are_cut() -> None:
    async with Wire("cut=1") as wire:
        wire.send(CALL, ANSWER)

        assert await wire.arrived() == []
        assert (wire.near.losses, wire.far.losses) == ([(1006, "")], [(1006, "")])
        assert wire.happened == [Fault.CUT]


@story
async def test_connections_go_dead_until_somebody_gives_them_up() -> None:
    async with Wire("half-open=1") as wire:
        wire.send(CALL)
        wire.network.faults = NO_FAULTS
        wire.send(CALL)
        wire.send(CALL, to="near")

        assert await wire.arrived(3600) == []
        assert await wire.arrived(at="near") == []
        assert (wire.near.losses, wire.far.losses) == ([], [])
        wire.near.link.close(1000, "nobody answers")
        await asyncio.sleep(10)

        assert (wire.near.losses, wire.far.losses) == ([(1006, "")], [(1006, "")])
        wire.send(CALL)
        assert await wire.arrived() == [CALL]


@story
async def test_connections_go_dead_in_one_direction() -> None:
    async with Wire("half-open-in=1") as wire:
        wire.send(CALL, to="near")
        wire.send(ANSWER)

        assert await wire.arrived(at="near") == []
        assert await wire.arrived() == [ANSWER]
        wire.near.link.close(1000, "bye")
        await asyncio.sleep(1)
        assert wire.far.losses == [(1000, "bye")]


@story
async def test_answers_are_swallowed_and_calls_are_not() -> None:
    async with Wire("silence-out=1") as wire:
        wire.send(CALL, ANSWER, REJECTION, CALL)
        wire.send(ANSWER, to="near")

        assert await wire.arrived() == [CALL, CALL]
        assert await wire.arrived(at="near") == [ANSWER]
        assert wire.near.losses == []


@story
async def test_things_happen_in_time_too() -> None:
    async with Wire("cut=60/h") as wire:
        await asyncio.sleep(3600)
        connections, cuts = wire.near.connections, len(wire.happened)
        wire.network.faults = NO_FAULTS
        await asyncio.sleep(3600)

        assert 35 < cuts < 90
        assert connections == cuts + 1 == wire.near.connections
        wire.network.faults = NetworkFaults(FaultRate(fault=Fault.HALF_OPEN, per_s=1.0))
        await asyncio.sleep(20)
        wire.send(CALL)
        assert await wire.arrived() == []


@story
async def test_the_network_is_taken_away_and_brought_back() -> None:
    async with Wire() as wire:
        wire.network.down()
        wire.network.down()
        await asyncio.sleep(100)
        assert not wire.network.is_up
        assert (wire.near.connections, wire.near.losses) == (1, [(1006, "")])

        wire.network.up()
        await asyncio.sleep(0.1)

        assert wire.network.is_up
        assert wire.near.connections == 2
        wire.send(CALL)
        assert await wire.arrived() == [CALL]


@story
async def test_the_same_numbers_make_the_same_faults() -> None:
    async def some(seed: int) -> tuple[list[Fault], list[bytes]]:
        async with Wire("drop=0.2,duplicate=0.2,delay=0.2,reorder=0.2", seed) as wire:
            wire.send(*(b"%d" % number for number in range(200)))
            return wire.happened, await wire.arrived(10)

    assert await some(1) == await some(1) != await some(2)


@story
async def test_a_link_that_cannot_be_cut_is_closed() -> None:
    closed: list[int] = []

    class Plain:
        def send(self, frame: bytes) -> None:
            raise AssertionError(frame)

        def close(self, code: int = 1000, reason: str = "") -> None:
            closed.append(code)

    async def stay_connected(connected: Callable[[Link], Receiver]) -> None:
        connected(Plain())
        await asyncio.Event().wait()

    near = Recorder()
    network = UnreliableNetwork(stay_connected, Random(1), VirtualClock())
    running = asyncio.create_task(network(near))
    await asyncio.sleep(1)
    network.down()
    near.link.send(CALL)
    running.cancel()
    await asyncio.wait({running})

    assert closed == [1001]


class Ledger(CentralSystem):
    """Takes each message once, however often it comes, and keeps what follows from it."""

    def __init__(self, now: Callable[[], datetime], faults: str) -> None:
        super().__init__(now)
        self.transactions: dict[tuple[object, ...], int] = {}
        self.metered: dict[int, list[datetime]] = {}
        self.stops: dict[int, StopTransaction] = {}
        self.happened = Counter[Fault]()
        self.network = UnreliableNetwork(
            super().stay_connected,
            Random(4),
            VirtualClock(),
            NetworkFaults.parse(faults),
            happened=lambda fault: self.happened.update({fault: 1}),
        )

    def stay_connected(self, connected: Callable[[Link], Receiver]) -> Coroutine[Any, Any, None]:
        return self.network(connected)

    def _usual_answer(self, request: Request[Any]) -> Payload:
        match request:
            case StartTransaction():
                key = (request.connector_id, request.id_tag, request.timestamp, request.meter_start)
                id = self.transactions.setdefault(key, len(self.transactions) + 1)
                return StartTransactionResponse(id_tag_info=ACCEPTED, transaction_id=id)
            case MeterValues(transaction_id=int(id), meter_value=(value,)):
                times = self.metered.setdefault(id, [])
                times += [] if value.timestamp in times else [value.timestamp]
            case StopTransaction():
                assert self.stops.setdefault(request.transaction_id, request) == request
            case _:
                pass
        return super()._usual_answer(request)


async def charge_now_and_then(w: World, rounds: int) -> None:
    """Charge at both connectors, at the second a little later."""
    for _ in range(rounds):
        for connector_id in (1, 2):
            await w.charge(connector_id)
            await w.after(40)
        await w.after(25)
        for connector_id in (1, 2):
            w.hardware.unplug(connector_id)
            await w.after(20)


@pytest.mark.parametrize(
    "faults",
    [
        "drop=0.1",
        "delay=0.3:40s",
        "reorder=0.2:60s",
        "duplicate=0.3",
        "cut=0.05",
        "cut=60/h",
        "half-open=0.03",
        "silence=0.03",
        "drop=0.02,delay=0.1:20s,reorder=0.05:20s,duplicate=0.05,cut=0.02,half-open=0.01,silence=0.01",
    ],
)
@story
async def test_every_transaction_arrives_once_in_effect_and_in_order(faults: str) -> None:
    """R-199, R-200, R-205."""
    ledger = Ledger(VirtualClock().now, "drop=0")
    async with world(
        central=ledger,
        LocalPreAuthorize="true",
        MeterValueSampleInterval=str(INTERVAL_S),
        TransactionMessageAttempts="50",
        TransactionMessageRetryInterval="1",
        HeartbeatInterval="20",
    ) as w:
        await w.charge()
        w.hardware.unplug(1)
        ledger.network.faults = NetworkFaults.parse(faults)
        await charge_now_and_then(w, rounds=6)
        ledger.network.faults = NO_FAULTS
        async with asyncio.timeout(3600):
            while w.snapshot.undelivered:
                await w.after(1)

    assert ledger.happened.total() > 3
    assert len(ledger.transactions) == 13
    assert list(ledger.stops) == list(ledger.transactions.values())
    for (_, _, began_at, meter_start), id in ledger.transactions.items():
        stop, times = ledger.stops[id], ledger.metered.get(id, [])
        assert stop.meter_stop >= int(str(meter_start))
        assert times == sorted(times)
        assert isinstance(began_at, datetime)
        assert len(times) == (stop.timestamp - began_at) // timedelta(seconds=INTERVAL_S)


@pytest.mark.integration
def test_over_a_socket_a_dead_connection_answers_no_pings_and_a_new_one_is_made() -> None:
    """R-081."""

    async def main() -> tuple[list[tuple[int, str]], bytes, int]:
        near, far = Recorder(), Recorder()

        async def admit(_handshake: Handshake) -> Admission:
            return Admission(connected=far)

        async with await serve(admit, "127.0.0.1", 0) as listener:
            stay_connected = stay_connected_to(
                f"ws://127.0.0.1:{listener.port}/ocpp",
                "CP-1",
                terms=lambda: Terms(ping_interval_s=0.05),
                longest_delay_s=0.05,
            )
            network = UnreliableNetwork(stay_connected, Random(1), SystemClock())
            running = asyncio.create_task(network(near))
            await near.opened()
            network.faults = NetworkFaults.parse("half-open=1")
            near.link.send(b"to nobody")
            losses = [await near.lost()]
            network.faults = NO_FAULTS
            await near.opened()
            near.link.send(CALL)
            frame = await far.frames.get()
            running.cancel()
            await asyncio.wait({running})
            return losses, frame, near.connections

    losses, frame, connections = run(main())

    assert losses == [(1006, "no answer to a ping")]
    assert frame == CALL
    assert connections >= 2

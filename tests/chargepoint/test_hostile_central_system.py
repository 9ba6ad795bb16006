"""Whatever a central system does: the charge point stays up, its transaction goes on, and it is counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import json
from tests.aio import run
from tests.chargepoint.central_system import SILENCE, CentralSystem
from tests.chargepoint.hostility import Forger, Forgery, commands, error, frame, result, silence
from tests.chargepoint.virtual_time import VirtualClock, story
from tests.chargepoint.virtual_time import run as run_virtually
from tests.chargepoint.world import TAG, World, vehicle, world

from voltyard.chargepoint.simulator import Simulation, simulated_station
from voltyard.chargepoint.uplink import CALL_TIMEOUT_S
from voltyard.protocol.messages import (
    Authorize,
    AvailabilityType,
    BootNotification,
    ChangeAvailability,
    Heartbeat,
    MeterValues,
    Reason,
    RemoteStartTransaction,
    RemoteStopTransaction,
    Reset,
    ResetType,
    StartTransaction,
    StatusNotification,
    StopTransaction,
    UnlockConnector,
)
from voltyard.transport.errors import CallRejected, PeerError
from voltyard.transport.handshake import Admission
from voltyard.transport.server import serve

# Enough of them that nothing is given up in the hour that a central system is mad.
PATIENT: dict[str, Any] = {"TransactionMessageAttempts": "99", "TransactionMessageRetryInterval": "5"}


@asynccontextmanager
async def charging(**configuration: str) -> AsyncIterator[tuple[World, Forger]]:
    """Run a charge point that charges at connector 1, and a central system that may go mad."""
    forger = Forger(VirtualClock().now)
    options: dict[str, Any] = {"MeterValueSampleInterval": "10", **PATIENT, **configuration}
    async with world(central=forger, **options) as w:
        await w.charge()
        yield w, forger


async def finish(w: World, *, patience_s: float = 700) -> StopTransaction:
    """End the transaction at the reader; return its end as the central system gets it."""
    assert w.connector().energy_wh is not None
    assert w.hardware.connectors[0].offered_a > 0
    w.hardware.tap(1, TAG)
    await w.after()
    (stop,) = await w.central.until(StopTransaction, within_s=patience_s)
    assert w.snapshot.undelivered == 0
    return stop


def assert_told_in_order(w: World, transaction_id: int | None = 1001) -> None:
    """Assert that one transaction was told from its start to its end, nothing of it twice."""
    (stop,) = w.central.requests(StopTransaction)
    values = w.central.requests(MeterValues)
    stamps = [each.meter_value[0].timestamp for each in values]
    assert len(w.central.requests(StartTransaction)) >= 1
    assert stamps == sorted(set(stamps))
    assert (stop.reason, stop.id_tag) == (Reason.LOCAL, TAG)
    if transaction_id is not None:
        assert {stop.transaction_id, *(each.transaction_id for each in values)} == {transaction_id}


GARBAGE = (
    *(b"", b" ", b"null", b"true", b"0", b'"text"', b"{}", b"[]", b"[3]", b"[2]", b"{[", b"[9,1,2]", b"\x00"),
    *(b'[2,"",{}]', b"\xff\xfe", b"[" * 5000, b'["2","1","Reset",{}]', b'[2.5,"1","Reset",{}]', b"[true,1]"),
    *(b'[2,1,"Reset",{}]', b'[2,null,"Reset",{}]', b'[1e999,"1"]', b"[" * 100_000, b'[2,"\xd8"]', b"[3,[]]"),
)


@story
async def test_garbage_is_ignored() -> None:
    async with charging() as (w, _):
        for garbage in GARBAGE:
            w.central.send_raw(garbage)
        await w.after(25)

        assert w.snapshot.complaints == {"unreadable-frame": len(GARBAGE)}
        assert w.central.connections == 1
        await finish(w)
        assert_told_in_order(w)


FRAMES = st.one_of(
    st.binary(max_size=200),
    st.text(max_size=200).map(str.encode),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=10,
    ).map(json.encode),
    st.tuples(
        st.sampled_from([2, 3, 4, "2", 5]),
        st.text(max_size=40),
        st.sampled_from(["Reset", "FooBar", "", 5, {}]),
        st.none() | st.lists(st.integers()) | st.dictionaries(st.text(max_size=5), st.integers()),
    ).map(json.encode),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(FRAMES, min_size=1, max_size=25))
def test_no_frame_at_all_stops_a_transaction(frames: list[bytes]) -> None:
    async def tell() -> None:
        async with charging() as (w, _):
            for each in frames:
                w.central.send_raw(each)
            await w.after(15)

            assert sum(w.snapshot.complaints.values()) >= 1
            await finish(w)
            assert_told_in_order(w)

    run_virtually(tell())


@story
async def test_what_is_nested_without_end_is_refused_or_ignored() -> None:
    async with charging() as (w, _):
        deep = b"[" * 10_000 + b"]" * 10_000
        for payload in (deep, b'{"key":%b}' % deep):
            with pytest.raises(CallRejected):
                await w.central.call_raw("GetConfiguration", payload)
        w.central.send_raw(b'[2,"1",%b,{}]' % deep)
        w.central.send_raw(b'[3,"1",%b]' % deep)
        w.central.send_raw(deep)
        await w.after(15)

        assert w.snapshot.complaints == {
            "refused-call/FormationViolation": 3,
            "unreadable-frame": 1,
            "unsolicited-answer": 1,
        }
        await finish(w)
        assert_told_in_order(w)


@story
async def test_answers_that_nobody_asked_for_are_ignored() -> None:
    async with charging() as (w, _):
        for number in range(1000):
            w.central.send_raw(b'[3,"%d",{"transactionId":666}]' % number)
            w.central.send_raw(b'[4,"%d","InternalError","",{}]' % number)
        await w.after(15)

        assert w.snapshot.complaints == {"unsolicited-answer": 2000}
        await finish(w)
        assert_told_in_order(w)


@story
async def test_a_second_answer_and_one_that_comes_too_late_are_ignored() -> None:
    async with charging() as (w, forger):
        forger.forgeries["MeterValues"] = frame(b'[3,"ID",{}]')
        await w.after(10)
        id = json.decode(next(each for each in reversed(forger.frames) if b"MeterValues" in each))[1]
        w.central.send_raw(b'[4,"%b","InternalError","",{}]' % id.encode())
        forger.forgeries.clear()
        w.central.script(MeterValues, SILENCE)
        await w.after(60)

        assert w.snapshot.complaints == {"late-answer": 1, "unanswered-call": 1, "unsolicited-answer": 1}
        await finish(w)


@story
async def test_calls_that_are_wrong_are_refused_each_with_its_code() -> None:
    async with charging() as (w, _):
        for action, payload in (
            ("Reset", b'{"type":"Warm"}'),
            ("RemoteStopTransaction", b'{"transactionId":"x"}'),
            ("RemoteStopTransaction", b"{}"),
            ("ChangeConfiguration", b"[]"),
            ("FooBar", b"{}"),
            ("StartTransaction", b"{}"),
        ):
            with pytest.raises(CallRejected):
                await w.central.call_raw(action, payload)
        w.central.send_raw(b'[2,"1","Reset"]')
        w.central.send_raw(b'[2,"%b","ClearCache",{"more":1}]' % (b"x" * 50))
        await w.after(1)

        assert w.snapshot.complaints == {
            "deviation/unknown-field": 1,
            "long-message-id": 1,
            "refused-call/FormationViolation": 2,
            "refused-call/NotImplemented": 1,
            "refused-call/NotSupported": 1,
            "refused-call/OccurenceConstraintViolation": 1,
            "refused-call/PropertyConstraintViolation": 1,
            "refused-call/TypeConstraintViolation": 1,
        }
        await finish(w)


@story
async def test_the_same_call_again_and_again_is_done_once() -> None:
    async with charging() as (w, _):
        for _ in range(100):
            w.central.send_raw(b'[2,"1","UnlockConnector",{"connectorId":2}]')
        await w.after(5)

        assert w.snapshot.complaints == {"repeated-call": 99}
        await finish(w)


@story
async def test_contradictory_commands_leave_what_runs_alone() -> None:
    async with charging() as (w, _):
        random = Random(1)
        orders: list[Any] = [
            ChangeAvailability(connector_id=0, type=AvailabilityType.INOPERATIVE),
            ChangeAvailability(connector_id=0, type=AvailabilityType.OPERATIVE),
            ChangeAvailability(connector_id=1, type=AvailabilityType.INOPERATIVE),
            ChangeAvailability(connector_id=1, type=AvailabilityType.OPERATIVE),
            RemoteStartTransaction(id_tag="OTHER", connector_id=1),
            RemoteStartTransaction(id_tag=TAG),
            RemoteStopTransaction(transaction_id=4711),
            UnlockConnector(connector_id=2),
        ]
        for _ in range(300):
            await w.central.call(random.choice(orders))
        await w.after(15)

        await finish(w)
        assert_told_in_order(w)


@pytest.mark.parametrize("seed", range(5))
@story
async def test_a_storm_of_resets_and_starts_ends_in_order(seed: int) -> None:
    async with charging() as (w, _):
        random = Random(seed)
        orders: list[Any] = [
            Reset(type=ResetType.SOFT),
            Reset(type=ResetType.HARD),
            RemoteStartTransaction(id_tag=TAG, connector_id=1),
            ChangeAvailability(connector_id=0, type=AvailabilityType.INOPERATIVE),
            ChangeAvailability(connector_id=0, type=AvailabilityType.OPERATIVE),
        ]
        for _ in range(60):
            try:
                await w.central.call(random.choice(orders), timeout=5)
            except (PeerError, AssertionError):
                # It restarts, or has not booted yet.
                await w.after(1)
            await w.after(random.choice((0, 0, 0.5, 3)))
        await w.after(60)

        starts, stops = w.central.requests(StartTransaction), w.central.requests(StopTransaction)
        running = [each for each in w.snapshot.connectors if each.transaction_id is not None]
        assert len(starts) == len(stops) + len(running)
        assert {each.reason for each in stops} <= {Reason.SOFT_RESET, Reason.HARD_RESET}
        assert w.snapshot.registration == "Accepted"


@settings(max_examples=30, deadline=None)
@given(st.lists(commands(), min_size=1, max_size=12))
def test_no_commands_whatever_their_values_end_the_charge_point(orders: list[tuple[str, bytes]]) -> None:
    async def tell() -> None:
        async with charging() as (w, _):
            for action, payload in orders:
                try:
                    await w.central.call_raw(action, payload, timeout=5)
                except (PeerError, AssertionError):
                    # It refuses, or was told to restart.
                    await w.after(1)
            await w.after(90)

            assert w.snapshot.registration == "Accepted"
            w.hardware.unplug(1)
            await w.after(60)
            starts, stops = w.central.requests(StartTransaction), w.central.requests(StopTransaction)
            assert len(starts) == len(stops) + sum(
                each.energy_wh is not None for each in w.snapshot.connectors
            )

    run_virtually(tell())


@story
async def test_a_callerror_to_everything_delays_and_loses_nothing() -> None:
    async with charging() as (w, forger):
        forger.forgeries["*"] = error()
        await w.after(60)
        assert w.connector().energy_wh is not None
        assert w.snapshot.complaints["call-error/InternalError"] > 3
        forger.forgeries["*"] = error("Nonsense" * 100)
        await w.after(60)
        assert w.snapshot.complaints["call-error/GenericError"] > 1
        forger.forgeries.clear()
        await w.after(600)

        await finish(w)
        assert_told_in_order(w)


@story
async def test_a_callerror_to_the_start_of_a_transaction_leaves_it_running() -> None:
    forger = Forger(VirtualClock().now)
    async with world(central=forger, **PATIENT, MeterValueSampleInterval="10") as w:
        forger.forgeries["StartTransaction"] = error("SecurityError")
        await w.charge()
        await w.after(30)
        assert w.connector().transaction_id is None
        forger.forgeries.clear()
        await w.after(300)

        await finish(w)
        assert_told_in_order(w)
        assert w.snapshot.complaints.keys() == {"call-error/SecurityError"}


@story
async def test_an_hour_of_silence_is_made_up_for() -> None:
    async with charging() as (w, forger):
        forger.forgeries["*"] = silence
        await w.after(3600)
        assert w.connector().energy_wh is not None
        assert w.snapshot.complaints["unanswered-call"] >= 3600 / CALL_TIMEOUT_S / 3
        forger.forgeries.clear()
        await w.after(600)

        await finish(w)
        assert_told_in_order(w)
        # One before, 360 in the hour, 60 after.
        assert len(w.central.requests(MeterValues)) >= 360


WRONG = (b"[]", b"5", b'"x"', b'{"a":1}', b'{"idTagInfo":5}', b'{"idTagInfo":{"status":"Maybe"}}')
OFFENCES: tuple[Forgery, ...] = (
    *map(result, WRONG),
    frame(b'[3,"ID"]'),
    frame(b'[3,"ID",{},{}]'),
    frame(b'[4,"ID",5,5,5]'),
    frame(b'[3,"ID",%b]' % (b"[" * 10_000 + b"]" * 10_000)),
)
OUR_CALLS = (BootNotification, Authorize, StartTransaction, MeterValues, StatusNotification, Heartbeat)


@pytest.mark.parametrize("offence", OFFENCES, ids=range(len(OFFENCES)))
@pytest.mark.parametrize("request_type", [*OUR_CALLS, StopTransaction])
@story
async def test_wrong_answers_to_any_call_do_no_harm(request_type: Any, offence: Forgery) -> None:
    forger = Forger(VirtualClock().now)
    forger.interval_s = 20
    forger.forgeries[request_type.action] = offence
    async with world(central=forger, is_booted=False, **PATIENT, MeterValueSampleInterval="50") as w:
        await w.after(3)
        await w.charge()
        await w.after(180)
        w.hardware.tap(1, TAG)
        await w.after(2)
        assert sum(w.snapshot.complaints.values()) >= 1

        forger.forgeries.clear()
        await w.after(1200)
        w.hardware.unplug(1)
        await w.charge()
        await w.after(300)
        w.hardware.tap(1, TAG)
        await w.after(2)
        assert w.snapshot.undelivered == 0
        assert w.central.requests(StopTransaction)[-1].reason is Reason.LOCAL


@pytest.mark.parametrize(
    "answer",
    [
        b'{"status":"Accepted","currentTime":"%b","interval":-5}',
        b'{"status":"Accepted","currentTime":"%b","interval":1000000000000}',
        b'{"status":"Accepted","currentTime":"%b","interval":9223372036854775807}',
        b'{"status":"Accepted","currentTime":"0001-01-01T00:00:00Z","interval":300}',
        b'{"status":"Accepted","currentTime":"0001-01-01T00:00:00+14:00","interval":300}',
        b'{"status":"Accepted","currentTime":"9999-12-31T23:59:59.999999Z","interval":300}',
        b'{"status":"Accepted","currentTime":"9999-12-31T23:59:59-14:00","interval":300}',
        b'{"status":"Accepted","currentTime":"1969-12-31T23:59:59Z","interval":0}',
        b'{"status":"Accepted","currentTime":"2199-12-31T23:59:59Z","interval":300}',
        b'{"status":"Pending","currentTime":"%b","interval":-5}',
        b'{"status":"Rejected","currentTime":"%b","interval":-1}',
        b'{"status":"Perhaps","currentTime":"%b","interval":300}',
        b'{"status":"Accepted","currentTime":"soon","interval":300}',
        b'{"status":"Accepted","currentTime":5,"interval":"often"}',
    ],
)
@story
async def test_no_answer_to_a_boot_notification_ends_the_charge_point(answer: bytes) -> None:
    forger = Forger(VirtualClock().now)
    forger.forgeries["BootNotification"] = result(answer.replace(b"%b", b"2024-05-17T10:00:00Z"))
    async with world(central=forger, is_booted=False, **PATIENT, ClockAlignedDataInterval="900") as w:
        await w.after(1800)
        forger.forgeries.clear()
        await w.after(1800)

        assert w.snapshot.registration == "Accepted"


@pytest.mark.parametrize("transaction_id", [0, -1, 2**31, 2**63 - 1, -(2**63)])
@story
async def test_any_transaction_id_is_good_enough(transaction_id: int) -> None:
    forger = Forger(VirtualClock().now)
    async with world(central=forger, MeterValueSampleInterval="10") as w:
        answer = {"transactionId": transaction_id, "idTagInfo": {"status": "Accepted"}}
        forger.forgeries["StartTransaction"] = result(json.encode(answer))
        await w.charge()
        await w.after(25)

        stop = await finish(w)
        assert stop.transaction_id == transaction_id


@pytest.mark.parametrize("moment", [b"0001-01-01T00:00:00Z", b"9999-12-31T23:59:59.999Z"])
@story
async def test_impossible_times_are_not_taken_over(moment: bytes) -> None:
    async with charging(MeterValueSampleInterval="0") as (w, forger):
        forger.forgeries["Heartbeat"] = result(b'{"currentTime":"%b"}' % moment)
        await w.after(900)
        forger.forgeries.clear()

        assert w.snapshot.complaints.keys() == {"impossible-time"}
        stop = await finish(w)
        assert stop.timestamp.year == 2024


@pytest.mark.integration
def test_frames_that_no_websocket_may_carry_cost_the_connection_and_nothing_else() -> None:
    async def main() -> None:
        central = CentralSystem(VirtualClock().now)
        links: list[Any] = []

        def accept(link: Any) -> Any:
            links.append(link)
            return central._accept(link, asyncio.Event())

        async def admit(_: Any) -> Any:
            return Admission(connected=accept)

        async with await serve(admit, "127.0.0.1", 0) as listener:
            station = simulated_station(
                f"ws://127.0.0.1:{listener.port}/ocpp",
                Simulation(identity="CP-1", has_drivers=False),
                longest_delay_s=0.05,
            )
            running = asyncio.create_task(station.run())
            await central.until(StatusNotification, 3)
            station.hardware.plug_in(1, vehicle())
            station.hardware.tap(1, TAG)
            await central.until(StartTransaction)
            offences: dict[str, Any] = {
                "lost-connection/1009": lambda link: link.send(b'[2,"1","Reset",{}]'.ljust(1_000_000)),
                "lost-connection/1007": lambda link: link.send(b"\xff\xfe"),
                "lost-connection/1003": lambda link: link._transport.write(b"\x82\x02hi"),
                "lost-connection/1002": lambda link: link._transport.write(b"\xf1\x02hi"),
            }
            for number, (name, offend) in enumerate(offences.items(), 2):
                offend(links[-1])
                while len(links) < number:
                    await asyncio.sleep(0.01)
                assert station.complaints[name] == 1
            while not (snapshot := station.snapshot()) or not snapshot.is_connected:
                await asyncio.sleep(0.01)
            station.hardware.tap(1, TAG)
            (stop,) = await central.until(StopTransaction, within_s=5)
            running.cancel()
            await asyncio.wait({running})

        assert stop.reason is Reason.LOCAL
        assert len(central.requests(BootNotification)) == 1

    run(main(), timeout=20)

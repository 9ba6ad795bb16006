"""The way to the central system."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs
from tests.chargepoint.central_system import CentralSystem, Late
from tests.chargepoint.virtual_time import VirtualClock, story

from voltyard.chargepoint.uplink import CALL_TIMEOUT_S, Uplink
from voltyard.protocol.errors import CallError, ErrorCode
from voltyard.protocol.messages import DataTransfer, Heartbeat
from voltyard.protocol.payload import Payload
from voltyard.protocol.rpc import CallReceived, Event
from voltyard.transport import memory
from voltyard.transport.errors import CallRejected, CallTimedOut, Disconnected
from voltyard.transport.peer import Peer


class Deaf:
    """Answers nothing."""

    def respond(self, peer: Peer, call: CallReceived) -> Payload:
        raise CallError(ErrorCode.NOT_SUPPORTED)


def connect(uplink: Uplink, central: CentralSystem) -> memory.MemoryLink:
    near, _ = memory.connect(
        lambda link: uplink.connected(Deaf(), link), lambda link: central._accept(link, asyncio.Event())
    )
    return near


@story
async def test_without_a_connection_calls_fail_at_once() -> None:
    uplink = Uplink(VirtualClock())

    with pytest.raises(Disconnected, match="not connected"):
        await uplink.call(Heartbeat())

    assert not uplink.is_connected
    uplink.close()
    uplink.reconnect()
    uplink.after_answer(lambda: pytest.fail("no call is being answered"))
    await uplink.down.wait()


@story
async def test_a_connection_carries_calls_until_it_is_lost() -> None:
    clock = VirtualClock()
    uplink, central = Uplink(clock), CentralSystem(clock.now)
    await clock.sleep(50)
    assert uplink.silent_for_s == 50
    link = connect(uplink, central)
    await uplink.up.wait()

    answer = await uplink.call(Heartbeat())
    assert answer.current_time == clock.now()
    assert uplink.silent_for_s == 0
    link.abort()
    await uplink.down.wait()

    assert not uplink.is_connected


@story
async def test_a_call_in_flight_fails_with_the_connection_or_in_time() -> None:
    clock = VirtualClock()
    uplink, central = Uplink(clock), CentralSystem(clock.now)
    link = connect(uplink, central)
    central.script(DataTransfer, *2 * [Late(1000)])

    with pytest.raises(CallTimedOut):
        await uplink.call(DataTransfer(vendor_id="v"))
    assert clock.monotonic() == CALL_TIMEOUT_S
    asyncio.get_running_loop().call_later(3, link.abort)
    with pytest.raises(Disconnected):
        await uplink.call(DataTransfer(vendor_id="v"))

    assert clock.monotonic() == CALL_TIMEOUT_S + 3


@story
async def test_a_newer_connection_takes_over_and_the_older_one_takes_nothing_with_it() -> None:
    clock = VirtualClock()
    uplink, central = Uplink(clock), CentralSystem(clock.now)
    older = connect(uplink, central)
    connect(uplink, central)

    older.abort()
    await clock.sleep(1)

    assert uplink.is_connected
    assert (await uplink.call(Heartbeat())).current_time == clock.now()
    uplink.close()
    await uplink.down.wait()


@story
async def test_what_breaks_the_specification_is_not_sent_and_counts_as_rejected() -> None:
    clock = VirtualClock()
    uplink, central = Uplink(clock), CentralSystem(clock.now)
    connect(uplink, central)

    with capture_logs() as logs, pytest.raises(CallRejected, match="FormationViolation"):
        await uplink.call(DataTransfer(vendor_id="\x00"))

    assert central.received == []
    assert [each["action"] for each in logs] == ["DataTransfer"]
    assert (await uplink.call(Heartbeat())).current_time == clock.now()


@story
async def test_a_raw_call_is_sent_as_it_is_and_its_answer_comes_unread() -> None:
    clock = VirtualClock()
    uplink, central = Uplink(clock), CentralSystem(clock.now)
    connect(uplink, central)

    answer = await uplink.call_raw("Authorize", b'{"idTag":"X","more":1}', 30)

    assert answer == b'{"idTagInfo":{"status":"Accepted"}}'
    with pytest.raises(CallRejected, match="NotImplemented"):
        await uplink.call_raw("Nonsense", b"null", 30)
    central.script(DataTransfer, Late(1000))
    with pytest.raises(CallTimedOut):
        await uplink.call_raw("DataTransfer", b'{"vendorId":"v"}', 7)
    assert clock.monotonic() == 7


@story
async def test_a_whole_frame_is_sent_at_once_whatever_else_is_under_way() -> None:
    clock = VirtualClock()
    seen: list[bytes] = []
    uplink, central = Uplink(clock, observer=Frames(seen)), CentralSystem(clock.now)
    connect(uplink, central)
    central.script(DataTransfer, Late(20))
    waiting = asyncio.create_task(uplink.call(DataTransfer(vendor_id="v")))
    await clock.sleep(1)

    answering = asyncio.create_task(uplink.exchange(b'[2,"mine","Heartbeat",{}]', 60))
    await clock.sleep(30)

    assert (await answering or b"").startswith(b'[3,"mine",')
    assert await uplink.exchange(b"garbage", 60) is None
    assert (await waiting).status == "Accepted"
    assert b"garbage" in seen
    assert b'[2,"mine","Heartbeat",{}]' in seen
    assert uplink.complaints.counts == {}


@story
async def test_without_a_connection_nothing_raw_is_sent_either() -> None:
    uplink = Uplink(VirtualClock())

    with pytest.raises(Disconnected):
        await uplink.call_raw("Heartbeat", b"{}", 30)
    with pytest.raises(Disconnected):
        await uplink.exchange(b"x", 30)


@story
async def test_the_end_of_a_connection_is_blamed_on_what_was_sent_on_it_if_that_was_it() -> None:
    clock = VirtualClock()
    uplink, central = Uplink(clock), CentralSystem(clock.now)
    for code in (1000, 1001, 1007, 1009):
        link = connect(uplink, central)
        link.close(code)
        await uplink.down.wait()

    assert uplink.complaints.counts == {"lost-connection/1007": 1, "lost-connection/1009": 1}


class Frames:
    """Keeps what is sent."""

    def __init__(self, seen: list[bytes]) -> None:
        self._seen = seen

    def received(self, frame: bytes, event: Event) -> None:
        """See `FrameObserver`."""

    def sent(self, frame: bytes) -> None:
        self._seen.append(frame)

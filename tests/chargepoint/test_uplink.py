"""The way to the central system."""

from __future__ import annotations

import asyncio

import pytest
from tests.chargepoint.central_system import CentralSystem, Late
from tests.chargepoint.virtual_time import VirtualClock, story

from voltyard.chargepoint.uplink import CALL_TIMEOUT_S, Uplink
from voltyard.protocol.errors import CallError, ErrorCode
from voltyard.protocol.messages import DataTransfer, Heartbeat
from voltyard.protocol.payload import Payload
from voltyard.protocol.rpc import CallReceived
from voltyard.transport import memory
from voltyard.transport.errors import CallTimedOut, Disconnected
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
    uplink.after_answer(lambda: pytest.fail("no call is being answered"))
    await uplink.down()


@story
async def test_a_connection_carries_calls_until_it_is_lost() -> None:
    clock = VirtualClock()
    uplink, central = Uplink(clock), CentralSystem(clock.now)
    await clock.sleep(50)
    assert uplink.silent_for_s == 50
    link = connect(uplink, central)
    await uplink.up()

    answer = await uplink.call(Heartbeat())
    assert answer.current_time == clock.now()
    assert uplink.silent_for_s == 0
    link.abort()
    await uplink.down()

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
    await uplink.down()

"""Frames sent beside the conversation find their answers."""

from __future__ import annotations

import asyncio

import pytest
from tests.chargepoint.virtual_time import VirtualClock, story

from voltyard.chargepoint.exchange import Exchanges
from voltyard.protocol.rpc import UNSOLICITED, CallAnswered, FrameIgnored

IGNORED = FrameIgnored(UNSOLICITED)


@pytest.mark.parametrize(
    ("frame", "answer"),
    [
        (b'[2,"1","Heartbeat",{}]', b'[3,"1",{"a":1}]'),
        (b'[2,"1","Heartbeat",{}]', b'[4,"1","InternalError","",{}]'),
        (b'[2,"1","Heart', b' [ 4 , "1" , "FormationViolation"]'),
        (b'["2","1"]', b'[4,"1"]'),
        (b'[7,"1",{}]', b'[4,"1"]'),
        (b'[2,"a\\u0062","Heartbeat",{}]', b'[3,"ab",{}]'),
    ],
)
@story
async def test_the_answer_is_the_frame_with_the_same_id(frame: bytes, answer: bytes) -> None:
    exchanges = Exchanges()
    waiting = asyncio.create_task(exchanges.answer(frame, VirtualClock(), 30))
    await asyncio.sleep(1)

    assert not exchanges.take(b'[3,"2",{}]', IGNORED)
    assert not exchanges.take(b'[2,"1","Reset",{}]', IGNORED)
    assert not exchanges.take(answer, CallAnswered("1", b"{}"))
    assert not exchanges.take(answer, FrameIgnored("garbage"))
    assert exchanges.take(answer, IGNORED)
    assert await waiting == answer
    assert not exchanges.take(answer, IGNORED)


@pytest.mark.parametrize(
    "frame",
    [
        b"[" + b" " * 10**6,
        b'[2,"' + b"x" * 10**6,
        b"",
        b"garbage",
        b"[]",
        b"[2]",
        b"[2,1]",
        b'[3,"1",{}]',
        b'[4,"1"]',
        b'[2,"\\ud800","A",{}]',
    ],
    ids=lambda frame: repr(frame[:20]),
)
@story
async def test_nobody_waits_for_what_cannot_be_answered(frame: bytes) -> None:
    clock = VirtualClock()

    assert await Exchanges().answer(frame, clock, 30) is None
    assert clock.monotonic() == 0


@story
async def test_there_is_an_end_to_waiting() -> None:
    clock, exchanges = VirtualClock(), Exchanges()

    assert await exchanges.answer(b'[2,"1","Heartbeat",{}]', clock, 30) is None
    assert clock.monotonic() == 30
    assert not exchanges.take(b'[3,"1",{}]', IGNORED)


@story
async def test_answers_to_the_same_id_come_in_the_order_of_the_frames() -> None:
    clock, exchanges = VirtualClock(), Exchanges()
    frame = b'[2,"1","Heartbeat",{}]'
    waiting = [asyncio.create_task(exchanges.answer(frame, clock, 30)) for _ in range(2)]
    await asyncio.sleep(1)

    exchanges.take(b'[3,"1",{"a":1}]', IGNORED)
    exchanges.take(b'[3,"1",{"a":2}]', IGNORED)

    assert await asyncio.gather(*waiting) == [b'[3,"1",{"a":1}]', b'[3,"1",{"a":2}]']

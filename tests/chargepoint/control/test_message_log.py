"""The log of frames: bounded, numbered, and followed by whoever wants to."""

from __future__ import annotations

import asyncio

from tests.chargepoint.virtual_time import BEGINNING, VirtualClock, story

from voltyard.chargepoint.control.message_log import Message, MessageLog
from voltyard.chargepoint.simulator.fault_rates import Direction
from voltyard.protocol.rpc import FrameIgnored

IGNORED = FrameIgnored("")


def log(**limits: int) -> MessageLog:
    return MessageLog(VirtualClock().now, **limits)


def frames(messages: list[Message]) -> list[bytes]:
    return [each.logged.frame for each in messages]


@story
async def test_it_keeps_what_goes_and_comes_with_number_time_and_direction() -> None:
    kept = log()
    kept.sent(b"one")
    await asyncio.sleep(5)
    kept.received(b"two", IGNORED)

    one, two = (each.logged for each in kept.messages())

    assert (one.number, one.direction, one.frame) == (1, Direction.OUT, b"one")
    assert (two.number, two.direction, two.frame) == (2, Direction.IN, b"two")
    assert one.at == BEGINNING
    assert (two.at - one.at).total_seconds() == 5
    assert kept.last_number == 2
    assert frames(list(kept.messages(after=1))) == [b"two"]


@story
async def test_an_answer_is_about_the_action_of_its_call() -> None:
    kept = log()
    kept.sent(b'[2,"1","Heartbeat",{}]')
    kept.received(b'[2,"1","Reset",{"type":"Soft"}]', IGNORED)
    kept.received(b'[3,"1",{"currentTime":""}]', IGNORED)
    kept.sent(b'[4,"1","InternalError","",{}]')
    kept.received(b'[3,"1",{}]', IGNORED)
    for garbage in (b"", b"[2]", b'[2,"x"]', b'[2,"x",5]', b"[5]", b'[5,"1"]', b"[3,1]", b"[" * 5000):
        kept.received(garbage, IGNORED)

    actions = [each.action for each in kept.messages()]

    assert actions == ["Heartbeat", "Reset", "Heartbeat", "Reset", *9 * [None]]


@story
async def test_it_forgets_the_oldest_when_there_are_too_many() -> None:
    kept = log(frames=3)
    for number in range(1, 6):
        kept.sent(b"%d" % number)

    assert frames(list(kept.messages())) == [b"3", b"4", b"5"]
    assert frames(list(kept.messages(after=1))) == [b"3", b"4", b"5"]
    assert frames(list(kept.messages(after=4))) == [b"5"]
    assert kept.last_number == 5


@story
async def test_it_forgets_the_oldest_when_they_are_too_large() -> None:
    kept = log(max_bytes=10)
    for frame in (b"1234", b"5678", b"90", b"!"):
        kept.sent(frame)
    assert frames(list(kept.messages())) == [b"5678", b"90", b"!"]

    kept.sent(b"x" * 11)

    assert frames(list(kept.messages())) == []
    kept.sent(b"y")
    assert frames(list(kept.messages())) == [b"y"]


@story
async def test_whoever_follows_gets_what_is_there_and_what_comes_until_the_end() -> None:
    kept = log(frames=100)
    kept.sent(b'[2,"1","Heartbeat",{}]')
    kept.sent(b"two")
    followed: list[Message] = []

    async def follow() -> None:
        followed.extend([each async for each in kept.follow(1)])

    following = asyncio.create_task(follow())
    await asyncio.sleep(1)
    kept.received(b'[3,"1",{}]', IGNORED)
    kept.sent(b"four")
    await asyncio.sleep(1)
    kept.close()
    await following

    assert frames(followed) == [b"two", b'[3,"1",{}]', b"four"]
    assert [each.action for each in followed] == [None, "Heartbeat", None]


@story
async def test_whoever_follows_too_slowly_misses_what_is_forgotten() -> None:
    kept = log(frames=2)
    following = kept.follow(0)
    kept.sent(b"1")
    assert (await anext(following)).logged.frame == b"1"
    for number in range(2, 6):
        kept.sent(b"%d" % number)

    assert [(await anext(following)).logged.number for _ in range(2)] == [4, 5]
    kept.close()
    assert [each async for each in following] == []

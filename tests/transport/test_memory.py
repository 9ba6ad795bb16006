from __future__ import annotations

import asyncio

from tests.aio import Echo, Recorder, run

from voltyard.transport import memory


def test_frames_arrive_in_the_order_they_were_sent_and_not_at_once() -> None:
    async def story() -> list[bytes]:
        left, right = Recorder(), Recorder()
        link, _ = memory.connect(left, right)

        for number in range(3):
            link.send(b"%d" % number)
        assert right.frames.empty()

        return [await right.frames.get() for _ in range(3)]

    assert run(story()) == [b"0", b"1", b"2"]


def test_both_ends_talk() -> None:
    async def story() -> bytes:
        left = Recorder()
        link, _ = memory.connect(left, Echo())

        link.send("Grüße".encode())

        return await left.frames.get()

    assert run(story()) == "Grüße".encode()


def test_closing_tells_both_ends_once_and_after_what_was_sent_before() -> None:
    async def story() -> tuple[bytes, list[list[tuple[int, str]]]]:
        left, right = Recorder(), Recorder()
        link, _ = memory.connect(left, right)

        link.send(b"last words")
        link.close(1008, "replaced")
        link.close(1000)
        await left.lost()
        await right.lost()

        return right.frames.get_nowait(), [left.losses, right.losses]

    assert run(story()) == (b"last words", [[(1008, "replaced")], [(1008, "replaced")]])


def test_what_is_sent_to_an_end_that_has_closed_is_dropped() -> None:
    async def story() -> tuple[bool, bool]:
        left, right = Recorder(), Recorder()
        near, far = memory.connect(left, right)

        near.close()
        far.send(b"too late")
        near.send(b"too late")
        await left.lost()
        near.send(b"much too late")
        near.close(1002)
        await asyncio.sleep(0)

        return left.frames.empty(), right.frames.empty()

    assert run(story()) == (True, True)


def test_ends_that_close_at_the_same_time_each_report_their_own_close() -> None:
    async def story() -> list[list[tuple[int, str]]]:
        left, right = Recorder(), Recorder()
        near, far = memory.connect(left, right)

        near.close(1000)
        far.close(1001)
        await left.lost()
        await right.lost()
        await asyncio.sleep(0)

        return [left.losses, right.losses]

    assert run(story()) == [[(1000, "")], [(1001, "")]]


def test_a_connection_that_is_cut_loses_what_was_under_way() -> None:
    async def story() -> tuple[bool, list[list[tuple[int, str]]]]:
        left, right = Recorder(), Recorder()
        link, _ = memory.connect(left, right)

        link.send(b"lost")
        link.abort()
        link.abort()
        await left.lost()
        await right.lost()
        await asyncio.sleep(0)

        return right.frames.empty(), [left.losses, right.losses]

    assert run(story()) == (True, [[(1006, "")], [(1006, "")]])

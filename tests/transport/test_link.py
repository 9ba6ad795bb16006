"""What every link does, whatever it is made of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from tests.aio import Recorder, run

from voltyard.transport import memory
from voltyard.transport.client import connect
from voltyard.transport.handshake import Admission, Handshake
from voltyard.transport.server import serve

Connecting = Callable[[Recorder, Recorder], AbstractAsyncContextManager[None]]
Story = Callable[[Recorder, Recorder], Coroutine[Any, Any, None]]


@asynccontextmanager
async def in_memory(left: Recorder, right: Recorder) -> AsyncIterator[None]:
    memory.connect(left, right)
    yield


@asynccontextmanager
async def over_websocket(left: Recorder, right: Recorder) -> AsyncIterator[None]:
    async def admit(_: Handshake) -> Admission:
        return Admission(connected=right)

    async with await serve(admit, "127.0.0.1", 0) as listener:
        await connect(f"ws://127.0.0.1:{listener.port}/ocpp", "CP1", left)
        yield


@asynccontextmanager
async def over_websocket_from_the_server(left: Recorder, right: Recorder) -> AsyncIterator[None]:
    async with over_websocket(right, left):
        yield


@pytest.fixture(
    params=[
        in_memory,
        pytest.param(over_websocket, marks=pytest.mark.integration),
        pytest.param(over_websocket_from_the_server, marks=pytest.mark.integration),
    ]
)
def tell(request: pytest.FixtureRequest) -> Callable[[Story], None]:
    connecting: Connecting = request.param

    def tell(story: Story) -> None:
        async def told() -> None:
            left, right = Recorder(), Recorder()
            async with connecting(left, right):
                await story(left, right)

        run(told())

    return tell


def test_delivers_frames_unchanged_and_in_order(tell: Callable[[Story], None]) -> None:
    frames = ["Grüße".encode(), b"", b"x" * 60_000, *(b"%d" % number for number in range(100))]

    async def story(left: Recorder, right: Recorder) -> None:
        for frame in frames:
            left.link.send(frame)

        assert [await right.frames.get() for _ in frames] == frames

    tell(story)


def test_carries_frames_that_cross(tell: Callable[[Story], None]) -> None:
    async def story(left: Recorder, right: Recorder) -> None:
        left.link.send(b"to the right")
        right.link.send(b"to the left")

        assert (await left.frames.get(), await right.frames.get()) == (b"to the left", b"to the right")

    tell(story)


def test_closes_after_what_was_sent_and_tells_both_ends_once(tell: Callable[[Story], None]) -> None:
    async def story(left: Recorder, right: Recorder) -> None:
        left.link.send(b"last words")
        left.link.close(1008, "replaced")
        left.link.close(1001, "too late")
        left.link.send(b"too late")

        assert await right.lost() == (1008, "replaced")
        assert await left.lost() == (1008, "replaced")
        assert (len(left.losses), len(right.losses)) == (1, 1)
        assert [right.frames.get_nowait()] == [b"last words"]
        assert right.frames.empty()

    tell(story)


def test_delivers_nothing_to_an_end_that_has_closed(tell: Callable[[Story], None]) -> None:
    async def story(left: Recorder, right: Recorder) -> None:
        left.link.close()
        right.link.send(b"crosses the close")

        assert await left.lost() == (1000, "")
        assert left.frames.empty()

    tell(story)


def test_takes_no_offence_at_being_used_after_its_end(tell: Callable[[Story], None]) -> None:
    async def story(left: Recorder, right: Recorder) -> None:
        left.link.close()
        await left.lost()
        await right.lost()

        for link in (left.link, right.link):
            link.send(b"too late")
            link.close(1001)

        assert left.losses == right.losses == [(1000, "")]

    tell(story)

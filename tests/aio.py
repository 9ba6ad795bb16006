"""What asynchronous tests share: a bounded run, a receiver that remembers, and timers whose time is ours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import uvloop

from voltyard.transport.link import Link

T = TypeVar("T")


def run(
    main: Coroutine[Any, Any, T],
    timeout: float = 10.0,
    *,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop,
    faults: list[str] | None = None,
) -> T:
    """Run `main` to its end in a loop of its own.

    Fails after `timeout` seconds, and when a callback or a forgotten task failed, unless the caller gives
    a list to collect such `faults` in.
    """
    unexpected: list[str] = []
    collected = unexpected if faults is None else faults

    async def bounded() -> T:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: collected.append(_describe(context)))
        async with asyncio.timeout(timeout):
            return await main

    with asyncio.Runner(loop_factory=loop_factory, debug=False) as runner:
        result = runner.run(bounded())
    assert not unexpected, unexpected
    return result


class Recorder:
    """A receiver that keeps what it is told; called with a link it becomes that link's receiver."""

    def __init__(self) -> None:
        self.link: Link
        self.connections = 0
        self.frames: asyncio.Queue[bytes] = asyncio.Queue()
        self.losses: list[tuple[int, str]] = []
        self._opened = asyncio.Event()
        self._lost = asyncio.Event()

    def __call__(self, link: Link) -> Recorder:
        self.link = link
        self.connections += 1
        self._lost.clear()
        self._opened.set()
        return self

    def frame_received(self, frame: bytes) -> None:
        self.frames.put_nowait(frame)

    def connection_lost(self, code: int, reason: str) -> None:
        self.losses.append((code, reason))
        self._opened.clear()
        self._lost.set()

    async def opened(self) -> Link:
        """Wait until a connection is open."""
        await self._opened.wait()
        return self.link

    async def lost(self) -> tuple[int, str]:
        """Wait until the connection is lost and return the code and the reason."""
        await self._lost.wait()
        return self.losses[-1]


class Echo(Recorder):
    """A receiver that sends every frame back."""

    def frame_received(self, frame: bytes) -> None:
        self.link.send(frame)


class FakeTimers:
    """The time and the timers of a loop, but time passes when told."""

    def __init__(self) -> None:
        self._now = 0.0
        self.pending: list[FakeTimer] = []

    def time(self) -> float:
        return self._now

    def call_at(self, when: float, callback: Callable[[], object]) -> FakeTimer:
        timer = FakeTimer(self, when, callback)
        self.pending.append(timer)
        return timer

    def advance(self, seconds: float) -> None:
        """Let time pass and run what becomes due, in order."""
        end = self._now + seconds
        while due := [timer for timer in self.pending if timer.when <= end]:
            timer = min(due, key=lambda timer: timer.when)
            timer.cancel()
            self._now = max(self._now, timer.when)
            timer.callback()
        self._now = end


class FakeTimer:
    """One of them."""

    def __init__(self, timers: FakeTimers, when: float, callback: Callable[[], object]) -> None:
        self.when = when
        self.callback = callback
        self._timers = timers

    def cancel(self) -> None:
        self._timers.pending.remove(self)


def _describe(context: dict[str, Any]) -> str:
    return f"{context['message']}: {context.get('exception')!r}"

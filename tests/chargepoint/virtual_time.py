"""Time that passes only when nothing else is to be done: hours of a charge point's life in milliseconds."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

SHORTEST_SLEEP_S = 1e-6
BEGINNING = datetime(2024, 5, 17, 9, 59, 30, tzinfo=UTC)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop that jumps to its next timer instead of waiting for it.

    Everything asyncio times (sleeps, timeouts, call_later) obeys it. A program that waits for what can
    never happen fails at once instead of hanging.
    """

    def __init__(self) -> None:
        self._now_s = 0.0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        return self._now_s

    def jump(self, seconds: float) -> None:
        self._now_s += seconds


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events:
            if timeout is None:
                raise RuntimeError("everything waits, and nothing will ever happen")
            self._loop.jump(timeout)
        return events


class VirtualClock:
    """The clock of a charge point that lives in virtual time."""

    def __init__(self, beginning: datetime = BEGINNING) -> None:
        self._beginning = beginning

    def now(self) -> datetime:
        return self._beginning + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        # What is left by rounding would not move the time on: who looks at the clock again waits for ever.
        await asyncio.sleep(max(seconds, SHORTEST_SLEEP_S) if seconds > 0 else seconds)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in virtual time; fails when a callback or a forgotten task failed."""
    faults: list[str] = []

    async def watched() -> T:
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: faults.append(f"{context['message']}: {context.get('exception')!r}")
        )
        return await main

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        result = runner.run(watched())
    assert not faults, faults
    return result


def story(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Make a test of a coroutine function that lives in virtual time."""

    @wraps(test)
    def tell(*args: P.args, **kwargs: P.kwargs) -> None:
        run(test(*args, **kwargs))

    return tell

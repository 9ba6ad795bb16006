"""Running until told to stop: Ctrl-C and SIGTERM end a command in order, and that is a success."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import TypeVar

T = TypeVar("T")


def run_until_stopped(main: Coroutine[None, None, T]) -> T | None:
    """Run a coroutine and return what it returns, or None when a signal has cancelled it.

    A second signal cuts short whatever is still being closed.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_cancelled_by_signals(main))


async def _cancelled_by_signals(main: Coroutine[None, None, T]) -> T | None:
    loop = asyncio.get_running_loop()
    task = loop.create_task(main)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        await asyncio.wait([task])
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
    return None if task.cancelled() else task.result()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # noqa: PLC0415 - absent on some systems, and not needed there
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop

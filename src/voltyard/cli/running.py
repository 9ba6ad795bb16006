"""Running until told to stop: Ctrl-C and SIGTERM end a command in order, and that is a success."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine


def run_until_stopped(main: Coroutine[None, None, None]) -> None:
    """Run a coroutine until it returns, raises, or a signal cancels it.

    A second signal cuts short whatever is still being closed.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_cancelled_by_signals(main))


async def _cancelled_by_signals(main: Coroutine[None, None, None]) -> None:
    loop = asyncio.get_running_loop()
    task = loop.create_task(main)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        await asyncio.wait([task])
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
    if not task.cancelled():
        task.result()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # noqa: PLC0415 - absent on some systems, and not needed there
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop

"""Something that is so or not yet and is waited for: an `asyncio.Event` of which many weigh little."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from types import TracebackType


class Flag:
    """Is not set at first; setting it wakes all who wait."""

    __slots__ = ("_is_set", "_wakes")

    def __init__(self) -> None:
        self._is_set = False
        self._wakes: tuple[Callable[[], None], ...] = ()

    def is_set(self) -> bool:
        """Whether it is so."""
        return self._is_set

    def set(self) -> None:
        """Say that it is so."""
        self._is_set = True
        wakes, self._wakes = self._wakes, ()
        for wake in wakes:
            wake()

    def clear(self) -> None:
        """Say that it is not so; whoever has been woken wakes all the same."""
        self._is_set = False

    def when_set(self, wake: Callable[[], None]) -> None:
        """Call `wake` when it is set the next time, once."""
        self._wakes += (wake,)

    def forget(self, wake: Callable[[], None]) -> None:
        """Do not call `wake` any more."""
        self._wakes = tuple(each for each in self._wakes if each is not wake)

    async def wait(self) -> None:
        """Wait until it is set."""
        if self._is_set:
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        wake = partial(_resolve, woken)
        self.when_set(wake)
        try:
            await woken
        finally:
            self.forget(wake)


class Interrupted:
    """A context that is left at once when a flag is set, whatever is waited for in it."""

    __slots__ = ("_cancelling", "_flag", "_has_fired", "_task")

    def __init__(self, flag: Flag) -> None:
        self._flag = flag
        self._has_fired = False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None, "to be used in a task"
        self._task = task
        self._cancelling = task.cancelling()
        self._flag.when_set(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self._flag.forget(self)
        if not self._has_fired:
            return False
        # As asyncio.timeout does it: a cancellation from elsewhere that comes at the same time goes on.
        is_ours_alone = self._task.uncancel() <= self._cancelling
        return is_ours_alone and kind is asyncio.CancelledError

    def __call__(self) -> None:
        """Leave it: the flag has been set."""
        self._has_fired = True
        self._task.cancel()


def _resolve(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)

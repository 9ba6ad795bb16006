"""What is done whenever there is something to do, by a task that exists only then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self

from voltyard.chargepoint.flag import Flag
from voltyard.chargepoint.uplink import Caller

Work = Callable[[Caller], Coroutine[Any, Any, None]]
"""Does all there is to do, and returns with the flag cleared that says that there is something."""


class Errands:
    """A task group for work that comes and goes; a task that only waits would weigh more than all it does.

    As in a task group, what fails ends everything else and is raised, in an exception group.
    """

    __slots__ = ("_all", "_caller", "_tasks")

    def __init__(self, caller: Caller) -> None:
        self._tasks = asyncio.TaskGroup()
        self._caller = caller
        self._all: list[_Errand] = []

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        await self._tasks.__aexit__(kind, error, trace)

    def add(self, flag: Flag, work: Work) -> None:
        """Work now if the flag is set, and whenever it is set from now on."""
        errand = _Errand(self, flag, work)
        self._all.append(errand)
        errand.go_on()

    def begin(self, work: Work) -> asyncio.Task[None]:
        """Work now."""
        return self._tasks.create_task(work(self._caller))

    def end(self) -> None:
        """Begin nothing new."""
        for errand in self._all:
            errand.end()


class _Errand:
    __slots__ = ("_errands", "_flag", "_is_over", "_work")

    def __init__(self, errands: Errands, flag: Flag, work: Work) -> None:
        self._errands = errands
        self._flag = flag
        self._work = work
        self._is_over = False

    def __call__(self) -> None:
        """Begin: there is something to do."""
        self._errands.begin(self._work).add_done_callback(self._done)

    def go_on(self) -> None:
        """Begin as soon as there is something to do."""
        if self._flag.is_set():
            self()
        else:
            self._flag.when_set(self)

    def end(self) -> None:
        """Begin no more."""
        self._is_over = True
        self._flag.forget(self)

    def _done(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task.exception() is not None:
            self._errands.end()
        elif not self._is_over:
            self.go_on()

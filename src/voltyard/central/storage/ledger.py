"""The writer: one thread that commits all work that has arrived in one transaction, then tells the waiters.

Persist, then acknowledge: the future of a piece of work is done only after the commit that holds it has been
synced. If a batch fails because of what is in it, it is replayed piece by piece, so that a bad one harms
nobody else; if it fails because of the database, all of it has failed.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

import structlog

from voltyard.central.services.events import Event
from voltyard.central.storage.checkpoints import Checkpointer
from voltyard.central.storage.database import Database
from voltyard.central.storage.errors import Contended, StorageFailed, WorkRefused
from voltyard.central.storage.faults import translate
from voltyard.central.storage.message_log import LoggedFrame
from voltyard.central.storage.work import Work

P = ParamSpec("P")
T = TypeVar("T")

MAX_LINGER_S = 0.005
_LINGER_STEP_S = 0.0005
_LAZY_FLUSH_S = 0.5
_FRAMES_PER_COMMIT = 512
_MAX_BATCH = 1000
# As many frames as wait for a database that is away; then the oldest go.
_MAX_FRAMES = 50_000
# After a batch that failed or was as slow as this, some of the work that waits may have been settled
# elsewhere; for how long to look.
_SLOW_S = 1.0
_SKIM_S = 60.0
_CLOSE_WITHIN_S = 10.0

Rescue = Callable[["asyncio.Future[Any]", Exception], None]
"""Takes care of a future whose work was not committed; it may get its result elsewhere."""

_log = structlog.get_logger()


class _Job(NamedTuple):
    function: Callable[..., Any]
    args: tuple[Any, ...]
    future: asyncio.Future[Any] | None
    rescue: Rescue | None = None


class _Outcome(NamedTuple):
    job: _Job
    result: Any
    error: Exception | None


class Ledger:
    """Runs units of work durably. All methods but the thread's own belong to the event loop."""

    def __init__(self, database: Database, publish: Callable[[list[Event]], None]) -> None:
        self._database = database
        self._publish = publish
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._frames: deque[LoggedFrame] = deque(maxlen=_MAX_FRAMES)
        self._frames_due = False
        self._lazy_flush: asyncio.TimerHandle | None = None
        self._expected = 1.0
        self._connection: Any = None
        self._work: Work | None = None
        self._failing = False
        self._busy_since: float | None = None
        self._skimming_until = 0.0
        self._closed = False
        self._checkpointer = Checkpointer(database) if database.is_sqlite else None
        self._thread = threading.Thread(target=self._write, name="ledger", daemon=True)
        self._thread.start()

    @property
    def is_failing(self) -> bool:
        """Whether the last commit failed."""
        return self._failing

    @property
    def busy_s(self) -> float:
        """For how many seconds the present batch has been under way; what waits behind it waits longer."""
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    def run(
        self, function: Callable[Concatenate[Any, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> asyncio.Future[T]:
        """Run `function(work, *args)` in the next batch; its future is done after the commit.

        What the function raises is raised by the future; `StorageFailed` if the commit did not happen.
        """
        if kwargs:
            raise TypeError("pass arguments by position")
        future: asyncio.Future[T] = self._loop.create_future()
        if self._closed:
            future.set_exception(StorageFailed("the ledger is closed"))
        else:
            self._queue.put(_Job(function, args, future))
        return future

    def run_or(
        self, rescue: Rescue, function: Callable[Concatenate[Any, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> asyncio.Future[T]:
        """Do as `run`, but when that fails call `rescue` (in the event loop) instead of failing the future.

        Who sets the future's result meanwhile settles it: the work is then not begun any more.
        """
        if kwargs:
            raise TypeError("pass arguments by position")
        future: asyncio.Future[T] = self._loop.create_future()
        if self._closed:
            self._loop.call_soon(rescue, future, StorageFailed("the ledger is closed"))
        else:
            self._queue.put(_Job(function, args, future, rescue))
        return future

    def post(
        self, function: Callable[Concatenate[Any, P], object], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Run `function(work, *args)` in the next batch; nobody waits for it, and its failure is logged."""
        if kwargs:
            raise TypeError("pass arguments by position")
        self._queue.put(_Job(function, args, None))

    def log_frame(self, charge_point_id: int, at_us: int, direction: str, frame: str) -> None:
        """Add a frame to the message log; nobody waits for it."""
        self._frames.append(LoggedFrame(charge_point_id, at_us, direction, frame))
        if self._lazy_flush is None:
            self._lazy_flush = self._loop.call_later(_LAZY_FLUSH_S, self._flush_frames)

    async def flush_frames(self) -> None:
        """Store the frames that have been logged, and wait until they are; raises `StorageFailed`."""
        self._frames_due = True
        await self.run(_nothing)

    async def close(self) -> None:
        """Commit what is queued and end the thread; if the database hangs, leave them to themselves."""
        if self._lazy_flush is not None:
            self._lazy_flush.cancel()
        self._flush_frames()
        self._closed = True
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join, _CLOSE_WITHIN_S)
        if self._thread.is_alive():
            _log.error("the database does not answer; its last commit is left alone")
        if self._checkpointer is not None:
            await asyncio.to_thread(self._checkpointer.close)

    def _flush_frames(self) -> None:
        self._lazy_flush = None
        self._frames_due = True
        self._queue.put(_NOTHING)

    def _deliver(self, outcomes: list[_Outcome], events: list[Event]) -> None:
        for job, result, error in outcomes:
            future = job.future
            if future is None or future.done():
                continue
            if error is None:
                future.set_result(result)
            elif job.rescue is not None:
                job.rescue(future, error)
            else:
                future.set_exception(error)
        if events:
            self._publish(events)

    # The thread.

    def _write(self) -> None:
        ending = False
        while not ending:
            job = self._queue.get()
            if job is None:
                break
            self._busy_since = began_at = time.monotonic()
            batch = [job]
            ending = self._gather(batch)
            if began_at < self._skimming_until:
                batch = [job for job in batch if not _is_settled(job)] or [_NOTHING]
            outcomes, events = self._commit(batch)
            self._busy_since = None
            if (ended_at := time.monotonic()) - began_at > _SLOW_S or self._failing:
                self._skimming_until = ended_at + _SKIM_S
            try:
                self._loop.call_soon_threadsafe(self._deliver, outcomes, events)
            except RuntimeError:
                break  # the loop has been closed under us: nobody waits any more
        self._disconnect()

    def _gather(self, batch: list[_Job]) -> bool:
        """Take in what else has arrived, waiting a little while more is to be expected."""
        deadline = 0.0
        while len(batch) < _MAX_BATCH:
            try:
                job = self._queue.get_nowait()
            except Empty:
                # Alone, or as many as lately: commit at once. The rest of a burst is worth waiting for,
                # since a commit costs more than all the work in it.
                now = time.monotonic()
                deadline = deadline or now + MAX_LINGER_S
                if len(batch) >= self._expected - 0.5 or now >= deadline:
                    break
                time.sleep(_LINGER_STEP_S)
                continue
            if job is None:
                return True
            batch.append(job)
        self._expected += (len(batch) - self._expected) * 0.2
        return False

    def _commit(self, batch: list[_Job]) -> tuple[list[_Outcome], list[Event]]:
        frames = self._take_frames()
        try:
            results = self._attempt(batch, frames)
        except Exception as error:  # noqa: BLE001 - whatever it was, somebody is told
            reason = translate(error)
            if _is_trouble(reason):
                self._put_back(frames)
                return [self._failed(job, reason) for job in batch], []
            if len(batch) > 1 or frames:
                return self._one_by_one(batch, frames)
            return [self._failed(batch[0], reason)], []
        self._failing = False
        if self._checkpointer is not None:
            self._checkpointer.committed()
        outcomes = [_Outcome(job, result, None) for job, result in zip(batch, results, strict=True)]
        return outcomes, self._require_work().take_events()

    def _attempt(self, batch: list[_Job], frames: list[LoggedFrame]) -> list[Any]:
        """Run and commit; raises `StorageFailed` if there is no database to begin with."""
        work = self._begin()
        try:
            work.message_log.write(frames)
            results = [function(work, *args) for function, args, _, _ in batch]
            work.commit()
        except BaseException:
            self._roll_back()
            raise
        return results

    def _begin(self) -> Work:
        try:
            try:
                work = self._require_work()
                work.begin()
            except Exception:
                if self._database.is_sqlite:
                    raise
                # A server that was restarted leaves a connection that breaks at its next use.
                self._disconnect()
                work = self._require_work()
                work.begin()
        except Exception as error:
            self._disconnect()
            raise StorageFailed(" ".join(str(error).split())) from error
        return work

    def _one_by_one(self, batch: list[_Job], frames: list[LoggedFrame]) -> tuple[list[_Outcome], list[Event]]:
        outcomes: list[_Outcome] = []
        events: list[Event] = []
        alone: list[LoggedFrame] = []
        pieces = [(job, alone) for job in batch] + [(_NOTHING, frames)]
        for index, (job, logged) in enumerate(pieces):
            if _is_settled(job):
                continue
            try:
                results = self._attempt([job], logged)
            except Exception as error:  # noqa: BLE001 - it is handed to who waits for this piece
                reason = translate(error)
                if _is_trouble(reason):
                    self._put_back(frames)
                    outcomes += [self._failed(job, reason) for job, _ in pieces[index:]]
                    break
                outcomes.append(self._failed(job, reason))
            else:
                self._failing = False
                outcomes.append(_Outcome(job, results[0], None))
                events += self._require_work().take_events()
        return outcomes, events

    def _failed(self, job: _Job, reason: Exception) -> _Outcome:
        if not isinstance(reason, StorageFailed):
            if job.future is None:
                _log.error("work that nobody waits for failed", exc_info=reason)
            return _Outcome(job, None, reason)
        if isinstance(reason, WorkRefused):
            _log.error("work was refused by the database", error=reason.detail)
        elif not self._failing:
            # Once, not for each attempt while it lasts.
            self._failing = True
            _log.error("commit failed", error=reason.detail)
        # An exception of its own for each: whoever raises it hangs a traceback on it.
        return _Outcome(job, None, type(reason)(reason.detail))

    def _take_frames(self) -> list[LoggedFrame]:
        if not self._frames_due and len(self._frames) < _FRAMES_PER_COMMIT:
            return []
        self._frames_due = False
        # One by one: the loop may append to the deque at any moment.
        return [self._frames.popleft() for _ in range(len(self._frames))]

    def _put_back(self, frames: list[LoggedFrame]) -> None:
        """Keep frames for a later batch, the newest of them if not all can be kept."""
        room = _MAX_FRAMES - len(self._frames)
        if room > 0:
            self._frames.extendleft(reversed(frames[-room:]))

    def _require_work(self) -> Work:
        if self._work is None:
            self._connection = self._database.driver_connection()
            self._work = Work(self._connection.cursor(), self._database.dialect)
        return self._work

    def _roll_back(self) -> None:
        try:
            self._require_work().roll_back()
        except Exception:  # noqa: BLE001 - the connection is gone, and the transaction with it
            self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection, self._work = self._connection, None, None
        if connection is not None:
            try:
                connection.close()
            except Exception as error:  # noqa: BLE001 - it is broken, which is why it is closed
                _log.warning("closing a database connection failed", error=str(error))


def _nothing(_work: Work) -> None:
    """The work of a batch that only stores frames."""


def _is_settled(job: _Job) -> bool:
    return job.future is not None and job.future.done() and not job.future.cancelled()


def _is_trouble(reason: Exception) -> bool:
    """Whether it is the database, so that no piece is to blame and none would fare better alone."""
    return isinstance(reason, StorageFailed) and not isinstance(reason, WorkRefused | Contended)


_NOTHING = _Job(_nothing, (), None)

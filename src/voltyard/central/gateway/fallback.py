"""What happens to CALLs while the database is in trouble: kept on the local disk, answered, stored later.

A CALL whose commit fails, or does not come about in time, goes to the spool and is answered once it is
durable there. While the trouble lasts, further CALLs go there at once. Afterwards the spool is drained in
order; until that is done for a charge point, what it sends goes behind. If the spool fails too, its
connection is closed (1013): after a CALLERROR or silence chargers discard what they report of transactions,
after that they keep it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple, Protocol

import structlog

from voltyard.central.gateway.backlog import Backlog
from voltyard.central.gateway.draining import Drain
from voltyard.central.gateway.reserve import INTERVAL_S, IdReserve
from voltyard.central.instants import now_us
from voltyard.central.services.authorization import authorize
from voltyard.central.services.origin import Origin
from voltyard.central.services.records import IdTag
from voltyard.central.services.spooled import ANSWERS, Refusal, SpooledCall, start_key
from voltyard.central.services.transactions import Told
from voltyard.central.storage.errors import SpoolFailed, StorageFailed, is_trouble
from voltyard.central.storage.ledger import Ledger
from voltyard.protocol.errors import CallError, ErrorCode
from voltyard.protocol.messages import (
    AuthorizationStatus,
    IdTagInfo,
    StartTransaction,
    StartTransactionResponse,
)
from voltyard.protocol.payload import Payload, Request

FindTag = Callable[[str], Awaitable[IdTag | None]]

_SPOOL_RETRY_S = 30.0

_log = structlog.get_logger()


class Pace(NamedTuple):
    """How fast trouble is noticed, in seconds.

    A CALL may wait for the batch before its own, for its own, and then for the spool: it is answered within
    twice `stalled_after_s` + `tick_s` + `spool_within_s`, before chargers give up (30 s as a rule).
    """

    tick_s: float = 1.0
    stalled_after_s: float = 8.0
    spool_within_s: float = 5.0
    look_up_within_s: float = 5.0
    look_up_in_trouble_within_s: float = 1.0
    drain_at_start_s: float = 3.0


PACE = Pace()


class InHand(NamedTuple):
    """A CALL that is being answered; `content` is the whole frame of one that is being refused."""

    origin: Origin
    action: str
    content: bytes
    request: Request[Any] | Refusal
    received_at_us: int


class Sender(Protocol):
    """A session, as far as it may have to be rescued."""

    def release(self, error: StorageFailed) -> None:
        """Have the CALL that waits for the ledger rescued, if there is one."""


class Fallback:
    """Stands in for the ledger; see the module. Belongs to the event loop."""

    def __init__(
        self,
        ledger: Ledger,
        backlog: Backlog,
        find_tag: FindTag,
        senders: Callable[[], Iterable[Sender]],
        recovered: Callable[[], None],
        pace: Pace = PACE,
    ) -> None:
        self._ledger = ledger
        self._backlog = backlog
        self._drain = Drain(ledger, backlog)
        self._find_tag = find_tag
        self._senders = senders
        self._recovered = recovered
        self._pace = pace
        self._keeping: dict[asyncio.Future[Any], asyncio.Task[None]] = {}
        self._watching: asyncio.Task[None] | None = None
        self._recovering: asyncio.Task[None] | None = None
        self._troubled_since = 0.0
        self._renewal_at = 0.0
        self._recovery_at = 0.0
        self.reserve = IdReserve(ledger)
        self.in_trouble = False
        self.spooled = 0
        # Whether CALLs may have to go another way than to the ledger: all that a message costs in good times.
        self.is_engaged = bool(backlog.waiting)

    @property
    def undrained(self) -> int:
        """How many CALLs wait in the spool."""
        return len(self._backlog)

    def takes(self, charge_point_id: int) -> bool:
        """Whether what a charge point reports now has to go to the spool."""
        return self.in_trouble or charge_point_id in self._backlog.waiting

    async def open(self) -> None:
        """Stock up on ids and store what an earlier run has left; what takes long goes on behind."""
        self._recovering = asyncio.create_task(self._recover())
        await asyncio.wait({self._recovering}, timeout=self._pace.drain_at_start_s)
        self._watching = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Stop; what is in the spool then is stored after the next start."""
        tasks = [task for task in (self._watching, self._recovering) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *self._keeping.values(), return_exceptions=True)

    async def find_tag(self, id_tag: str) -> IdTag | None:
        """Look a tag up, with little patience while the storage is in trouble; raises `StorageFailed`."""
        pace = self._pace
        return await self._look_up(
            id_tag, pace.look_up_in_trouble_within_s if self.in_trouble else pace.look_up_within_s
        )

    # CALLs.

    def take(self, call: InHand) -> asyncio.Future[Any] | None:
        """Return the answer to come of a CALL, or None if the ledger may have it.

        Raises `CallError` for what cannot wait while the storage is in trouble.
        """
        if not self.takes(call.origin.id):
            return None
        if _may_wait(call):
            answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            self._begin_keeping(call, answer)
            return answer
        if self.in_trouble:
            raise _try_later()
        return None

    def rescue(self, call: InHand, answer: asyncio.Future[Any], error: Exception) -> None:
        """Settle the answer to a CALL that the ledger has not stored."""
        if is_trouble(error):
            self._begin_trouble(error.detail)
        if answer.done() or answer in self._keeping:
            return
        if _may_wait(call):
            self._begin_keeping(call, answer)
        else:
            answer.set_exception(_try_later() if isinstance(error, StorageFailed) else error)

    def _begin_keeping(self, call: InHand, answer: asyncio.Future[Any]) -> None:
        self.is_engaged = True
        task = asyncio.create_task(self._keep(call, answer))
        self._keeping[answer] = task
        task.add_done_callback(lambda _: self._kept(answer))

    def _kept(self, answer: asyncio.Future[Any]) -> None:
        del self._keeping[answer]
        self._note_engagement()

    async def _keep(self, call: InHand, answer: asyncio.Future[Any]) -> None:
        try:
            async with asyncio.timeout(self._pace.spool_within_s):
                response = await self._spool(call)
        except (StorageFailed, TimeoutError) as error:
            _log.error("a call cannot be kept", charge_point=call.origin.identity, error=str(error))
            if not answer.done():
                answer.set_exception(StorageFailed("neither the database nor the spool takes it"))
            return
        self.spooled += 1
        if not answer.done():
            answer.set_result(response)

    async def _spool(self, call: InHand) -> Payload | None:
        """Make a CALL durable and return its answer, None for one that is refused."""
        response: Payload | None = None
        told: Told | None = None
        refusal: Refusal | None = None
        match call.request:
            case Refusal():
                refusal = call.request
            case StartTransaction():
                told, verdict = await self._tell(call.origin.id, call.request)
                response = StartTransactionResponse(transaction_id=told.id, id_tag_info=verdict)
            case _:
                response = ANSWERS[call.action]
        id, identity = call.origin.id, call.origin.identity
        await self._backlog.add(
            SpooledCall(id, identity, call.received_at_us, call.action, call.content, told, refusal)
        )
        return response

    async def _tell(self, charge_point_id: int, request: StartTransaction) -> tuple[Told, IdTagInfo]:
        """Decide what a start is answered: the same id for the same start, and what is known of the tag."""
        try:
            tag = await self._look_up(request.id_tag, self._pace.look_up_in_trouble_within_s)
        except StorageFailed:
            # It has happened already: the charge point knew the tag, or was told to start.
            verdict = IdTagInfo(status=AuthorizationStatus.ACCEPTED)
            is_unverified = True
        else:
            verdict = authorize(tag, now_us())
            is_unverified = False
        told = self._backlog.waiting.told(start_key(charge_point_id, request))
        if told is None:
            reserved = self.reserve.take()
            if reserved is None:
                raise StorageFailed("there is no transaction id left in the reserve")
            told = Told(reserved.number, reserved.id, is_unverified)
        return told, verdict

    async def _look_up(self, id_tag: str, within_s: float) -> IdTag | None:
        try:
            async with asyncio.timeout(within_s):
                return await self._find_tag(id_tag)
        except TimeoutError:
            raise StorageFailed("a tag could not be looked up in time") from None

    # Trouble.

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._pace.tick_s)
            stalled_s = self._ledger.busy_s
            if stalled_s >= self._pace.stalled_after_s:
                self._release_all(StorageFailed(f"no commit for {stalled_s:.0f} s"))
            elif self._ledger.is_failing and not self.in_trouble:
                # What waits would fail as well, each after a wait of its own.
                self._release_all(StorageFailed("the last commit failed"))
            elif self._is_recovery_due():
                self._recovering = asyncio.create_task(self._recover())

    def _release_all(self, error: StorageFailed) -> None:
        self._begin_trouble(error.detail)
        for sender in self._senders():
            sender.release(error)

    def _is_recovery_due(self) -> bool:
        if self._recovering is not None and not self._recovering.done():
            return False
        now = time.monotonic()
        if now >= self._renewal_at:
            return True
        return now >= self._recovery_at and (self.in_trouble or bool(self._backlog))

    async def _recover(self) -> None:
        """Find out whether the database works, and then drain the spool."""
        now = time.monotonic()
        try:
            if now >= self._renewal_at:
                self.reserve.begin_interval()
                self._renewal_at = now + INTERVAL_S
            await self.reserve.renew()
            while await self._drain.step():
                self._end_trouble()
                self._note_engagement()
            self._end_trouble()
        except SpoolFailed as error:
            _log.error("the spool cannot be drained", error=error.detail)
            self._recovery_at = now + _SPOOL_RETRY_S
            self._end_trouble()  # of the database, which has taken the ids
        except StorageFailed as error:
            self._begin_trouble(error.detail)
        self._note_engagement()

    def _begin_trouble(self, reason: str) -> None:
        if not self.in_trouble:
            self.in_trouble = self.is_engaged = True
            self._troubled_since = time.monotonic()
            _log.error("the storage is in trouble, reports go to the spool", reason=reason)

    def _end_trouble(self) -> None:
        if self.in_trouble:
            self.in_trouble = False
            _log.warning(
                "the storage works again",
                seconds=round(time.monotonic() - self._troubled_since, 1),
                undrained=self.undrained,
            )
            self._note_engagement()
            self._recovered()

    def _note_engagement(self) -> None:
        self.is_engaged = self.in_trouble or bool(self._backlog.waiting) or bool(self._keeping)


def _may_wait(call: InHand) -> bool:
    """Whether a CALL can be answered before it is stored where it belongs."""
    return (
        isinstance(call.request, Refusal) or call.action in ANSWERS or call.action == StartTransaction.action
    )


def _try_later() -> CallError:
    # It reports nothing that would be lost; the charge point asks again, or does without.
    return CallError(ErrorCode.INTERNAL_ERROR, "the storage is in trouble, try again later")

"""Getting the outbox to the central system: one message at a time, repeated as OCPP 1.6 §3.7.1 says."""

from __future__ import annotations

from collections.abc import Callable

from voltyard.chargepoint.clock import Clock
from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.outbox import Message, Outbox
from voltyard.chargepoint.transactions import Transaction, Transactions
from voltyard.chargepoint.uplink import Caller
from voltyard.protocol.messages import (
    Heartbeat,
    IdTagInfo,
    StartTransaction,
    StartTransactionResponse,
    StopTransaction,
    StopTransactionResponse,
)
from voltyard.protocol.payload import Payload
from voltyard.transport.errors import AnswerInvalid, CallRejected, CallTimedOut, Disconnected, PeerError


class Delivery:
    """Sends what is in the outbox while there is a connection.

    `learn` is told what an answer says about an identifier, `judged` what it says about a transaction.
    """

    __slots__ = ("_clock", "_configuration", "_judged", "_learn", "_not_before_s", "_outbox", "_transactions")

    def __init__(
        self,
        outbox: Outbox,
        transactions: Transactions,
        configuration: Configuration,
        clock: Clock,
        *,
        learn: Callable[[str, IdTagInfo], None],
        judged: Callable[[Transaction, IdTagInfo], None],
    ) -> None:
        self._outbox = outbox
        self._transactions = transactions
        self._configuration = configuration
        self._clock = clock
        self._learn = learn
        self._judged = judged
        self._not_before_s = clock.monotonic()

    async def run(self, caller: Caller) -> None:
        """Deliver all there is; raises `Disconnected` with the message still in the outbox.

        A pause between two attempts goes on over a loss of the connection.
        """
        while self._outbox.is_filled.is_set():
            pause_s = self._not_before_s - self._clock.monotonic()
            if pause_s > 0:
                await self._clock.sleep(pause_s)
            await self._deliver(caller, await self._outbox.head())

    async def _deliver(self, caller: Caller, message: Message) -> None:
        """Try the message once."""
        try:
            answer = await caller.call(self._transactions.ready_to_send(message))
        except CallRejected:
            self._failed(message)
        except CallTimedOut:
            # Silence of a central system that is there counts as a failure to process, that of a dead
            # connection does not.
            await _probe(caller)
            self._failed(message)
        except AnswerInvalid:
            # It was processed; only the transactionId of a start cannot be done without.
            if isinstance(message.request, StartTransaction):
                self._failed(message)
            else:
                self._transactions.delivered(message)
        else:
            self._answered(message, answer)

    def _answered(self, message: Message, answer: Payload) -> None:
        match message.request, answer:
            case StartTransaction() as request, StartTransactionResponse() as started:
                transaction = self._transactions.started(message, started)
                self._learn(request.id_tag, started.id_tag_info)
                self._judged(transaction, started.id_tag_info)
            case StopTransaction(id_tag=str(id_tag)), StopTransactionResponse(
                id_tag_info=IdTagInfo() as info
            ):
                self._transactions.delivered(message)
                self._learn(id_tag, info)
            case _:
                self._transactions.delivered(message)

    def _failed(self, message: Message) -> None:
        """Count the failure; after the last attempt discard the message, else pause longer each time."""
        message = self._outbox.attempted(message)
        if message.attempts >= self._configuration.integer("TransactionMessageAttempts"):
            self._transactions.discarded(message)
        else:
            pause_s = self._configuration.integer("TransactionMessageRetryInterval") * message.attempts
            self._not_before_s = self._clock.monotonic() + pause_s


async def _probe(caller: Caller) -> None:
    """Raise `Disconnected` unless the central system answers anything at all."""
    try:
        await caller.call(Heartbeat())
    except (CallRejected, AnswerInvalid):
        return
    except PeerError as error:
        raise Disconnected(1006, "the central system is silent") from error

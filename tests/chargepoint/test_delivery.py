"""Transaction-related messages reach the central system once, in order, whatever it does (reference C.6)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from tests.chargepoint.central_system import ACCEPTED, BLOCKED, REFUSED, SILENCE, CentralSystem
from tests.chargepoint.test_configuration import EQUIPMENT
from tests.chargepoint.virtual_time import VirtualClock, story
from tests.chargepoint.world import TAG, World, vehicle, world

from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.delivery import Delivery
from voltyard.chargepoint.keys import table_of
from voltyard.chargepoint.outbox import Outbox
from voltyard.chargepoint.store import MemoryStore
from voltyard.chargepoint.transactions import Transactions
from voltyard.protocol.messages import (
    Authorize,
    ChargePointStatus,
    Heartbeat,
    MeterValues,
    Reason,
    RemoteStopTransaction,
    StartTransaction,
    StartTransactionResponse,
    StopTransaction,
    StopTransactionResponse,
)
from voltyard.protocol.payload import Request
from voltyard.transport.errors import AnswerInvalid
from voltyard.transport.link import Link, Receiver


async def known_tag(w: World) -> None:
    """Have the tag in the cache, so that it charges offline too."""
    w.hardware.tap(2, TAG)
    await w.after()
    w.hardware.tap(2, TAG)
    await w.after()


TRANSACTIONAL = {"StartTransaction", "MeterValues", "StopTransaction"}


def transactional(w: World, *, since: int = 0) -> list[str]:
    return [action for action in w.central.actions(since=since) if action in TRANSACTIONAL]


@story
async def test_a_whole_transaction_offline_is_told_later_with_its_own_times() -> None:
    """R-128, R-199, R-200, R-205, R-207, R-208."""
    async with world(MeterValueSampleInterval="600") as w:
        await known_tag(w)
        w.central.go_offline()
        await w.after(5)
        began = w.clock.now()
        await w.charge()
        await w.after(3000)
        w.hardware.tap(1, TAG)
        await w.after(600)
        assert w.snapshot.undelivered == 7
        w.central.is_reachable = True
        await w.after(10)

        assert transactional(w) == ["StartTransaction"] + 5 * ["MeterValues"] + ["StopTransaction"]
        (start,), (stop,) = w.central.requests(StartTransaction), w.central.requests(StopTransaction)
        assert (start.timestamp, stop.transaction_id) == (began, 1001)
        assert timedelta(seconds=3000) <= stop.timestamp - began < timedelta(seconds=3010)
        assert {each.transaction_id for each in w.central.requests(MeterValues)} == {1001}
        assert w.snapshot.undelivered == 0


@story
async def test_when_there_is_no_room_samples_give_way_and_never_a_start_or_stop() -> None:
    """R-199, R-205."""
    async with world(
        MeterValueSampleInterval="60", OutboxCapacity="10", AllowOfflineTxForUnknownId="true"
    ) as w:
        w.central.go_offline()
        for _ in range(3):
            await w.charge()
            await w.after(600)
            w.hardware.tap(1, TAG)
            await w.after()
            w.hardware.unplug(1)
            await w.after()
        w.central.is_reachable = True
        await w.after(10)

        told = transactional(w)
        assert told == 2 * ["StartTransaction", "StopTransaction"] + ["StartTransaction"] + 4 * [
            "MeterValues"
        ] + ["StopTransaction"]
        assert {each.transaction_id for each in w.central.requests(MeterValues)} == {1003}


@pytest.mark.parametrize("kind", [StartTransaction, MeterValues, StopTransaction])
@story
async def test_a_refused_message_is_repeated_with_growing_pauses(kind: type[StartTransaction]) -> None:
    """R-203: 3 attempts, 60 s: after 60 s and 120 s."""
    async with world(
        MeterValueSampleInterval="200", TransactionMessageAttempts="3", TransactionMessageRetryInterval="60"
    ) as w:
        w.central.script(kind, REFUSED, REFUSED)
        await w.charge()
        await w.after(205)
        w.hardware.tap(1, TAG)
        await w.after(200)

        tries = [each.at for each in w.central.received if isinstance(each.request, kind)]
        pauses = [round((later - earlier).total_seconds()) for earlier, later in pairwise(tries)]
        assert pauses[:2] == [60, 120]
        assert w.snapshot.undelivered == 0


@story
async def test_the_pause_before_the_next_attempt_goes_on_over_a_lost_connection() -> None:
    """R-203, R-205."""
    async with world(TransactionMessageAttempts="3", TransactionMessageRetryInterval="60") as w:
        w.central.script(StartTransaction, REFUSED, REFUSED)
        await w.charge()
        for _ in range(30):
            w.central.cut()
            await w.after(7)

        tries = [each.at for each in w.central.received if isinstance(each.request, StartTransaction)]
        pauses = [round((later - earlier).total_seconds()) for earlier, later in pairwise(tries)]
        assert w.central.connections > 20
        assert pauses == [pytest.approx(60, abs=3), pytest.approx(120, abs=3)]
        assert w.connector().transaction_id == 1001


@pytest.mark.parametrize("attempts", [1, 4])
@story
async def test_without_an_interval_attempts_follow_each_other_at_once(attempts: int) -> None:
    """R-203, R-204."""
    async with world(TransactionMessageAttempts=str(attempts), TransactionMessageRetryInterval="0") as w:
        w.central.script(StartTransaction, *(10 * [REFUSED]))
        await w.charge()

        assert len(w.central.requests(StartTransaction)) == attempts
        assert w.connector().transaction_id == -1


@story
async def test_a_message_that_is_always_refused_is_given_up_and_the_next_one_follows() -> None:
    """R-204."""
    async with world(MeterValueSampleInterval="100", TransactionMessageRetryInterval="1") as w:
        w.central.script(MeterValues, REFUSED, REFUSED, REFUSED)
        await w.charge()
        await w.after(250)

        values = w.central.requests(MeterValues)
        assert values[0] == values[1] == values[2] != values[3]
        assert len(values) == 4


@story
async def test_a_start_that_is_always_refused_makes_the_rest_go_with_minus_one() -> None:
    """R-195."""
    async with world(
        MeterValueSampleInterval="60", TransactionMessageAttempts="2", TransactionMessageRetryInterval="5"
    ) as w:
        w.central.script(StartTransaction, REFUSED, REFUSED)
        await w.charge()
        await w.after(70)
        w.hardware.tap(1, TAG)
        await w.after(5)

        assert [each.transaction_id for each in w.central.requests(MeterValues)] == [-1]
        assert [each.transaction_id for each in w.central.requests(StopTransaction)] == [-1]


@story
async def test_what_is_new_waits_behind_a_blocked_head_but_other_messages_overtake() -> None:
    """R-201, R-202."""
    async with world(MeterValueSampleInterval="10", TransactionMessageRetryInterval="100") as w:
        w.central.script(StartTransaction, REFUSED)
        await w.charge()
        await w.after(50)
        w.hardware.tap(2, "OTHER")
        await w.after(5)
        assert transactional(w) == ["StartTransaction"]
        assert [each.id_tag for each in w.central.requests(Authorize)] == [TAG, "OTHER"]

        await w.after(60)

        assert transactional(w)[:3] == ["StartTransaction", "StartTransaction", "MeterValues"]


@story
async def test_a_lost_connection_loses_no_message_however_often() -> None:
    """R-205."""
    async with world(MeterValueSampleInterval="10") as w:
        await w.charge()
        for _ in range(20):
            await w.after(9.7)
            w.central.cut()
            await w.after(0.6)
        w.hardware.tap(1, TAG)
        await w.after(30)

        stamps = [each.meter_value[0].timestamp for each in w.central.requests(MeterValues)]
        assert stamps == sorted(stamps)
        assert len(set(stamps)) == 20
        assert len(w.central.requests(StopTransaction)) == 1


@story
async def test_silence_of_a_living_central_system_counts_as_a_failure() -> None:
    """Z7: after a timeout a Heartbeat tells whether it is there."""
    async with world(TransactionMessageAttempts="1") as w:
        w.central.script(StartTransaction, SILENCE)
        await w.charge()
        await w.after(100)

        assert len(w.central.requests(Heartbeat)) == 1
        assert w.central.connections == 1
        assert w.snapshot.undelivered == 0
        assert w.connector().transaction_id == -1


@story
async def test_a_refused_heartbeat_is_a_sign_of_life_too() -> None:
    """Z7."""
    async with world(TransactionMessageAttempts="1") as w:
        w.central.script(StartTransaction, SILENCE)
        w.central.script(Heartbeat, REFUSED)
        await w.charge()
        await w.after(100)

        assert w.central.connections == 1
        assert w.connector().transaction_id == -1


@story
async def test_silence_of_a_dead_connection_does_not_count_and_is_left() -> None:
    """Z7."""
    async with world(TransactionMessageAttempts="1") as w:
        w.central.script(StartTransaction, SILENCE)
        w.central.script(Heartbeat, SILENCE)
        await w.charge()
        await w.after(120)

        assert w.central.connections == 2
        assert len(w.central.requests(StartTransaction)) == 2
        assert w.connector().transaction_id is not None


@story
async def test_an_answer_that_comes_too_late_is_no_answer_and_the_one_to_the_repetition_counts() -> None:
    """Z7, R-207."""
    async with world(MeterValueSampleInterval="50", TransactionMessageRetryInterval="30") as w:
        w.central.script(StartTransaction, SILENCE)
        await w.charge()
        await w.after(200)
        w.hardware.tap(1, TAG)
        await w.after(5)

        assert len(w.central.requests(StartTransaction)) == 2
        (stop,) = w.central.requests(StopTransaction)
        ids = {each.transaction_id for each in w.central.requests(MeterValues)} | {stop.transaction_id}
        # The late answer, after 40 s, said 1001, the one after 60 s 1002.
        assert ids == {1002}


@pytest.mark.parametrize("transaction_id", [0, -1, -2])
@story
async def test_ids_that_are_not_positive_are_ids(transaction_id: int) -> None:
    """Errata 3.54."""
    async with world(MeterValueSampleInterval="10") as w:
        answer = StartTransactionResponse(id_tag_info=ACCEPTED, transaction_id=transaction_id)
        w.central.script(StartTransaction, answer)
        await w.charge()
        await w.after(11)
        await w.central.call(RemoteStopTransaction(transaction_id=transaction_id))
        await w.after()

        (metered,), (stop,) = w.central.requests(MeterValues), w.central.requests(StopTransaction)
        assert metered.transaction_id == stop.transaction_id == transaction_id
        assert stop.reason is Reason.REMOTE


class Stutterer(CentralSystem):
    """A central system that says everything twice."""

    def _accept(self, link: Link, lost: asyncio.Event) -> Receiver:
        return super()._accept(Echoing(link), lost)


class Echoing:
    """A link that sends everything twice."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.close = link.close

    def send(self, frame: bytes) -> None:
        self._link.send(frame)
        self._link.send(frame)


@story
async def test_answers_that_come_twice_count_once() -> None:
    """R-200, R-207."""
    central = Stutterer(VirtualClock().now)
    async with world(central=central, MeterValueSampleInterval="10") as w:
        await w.charge()
        await w.after(35)
        w.hardware.tap(1, TAG)
        await w.after(5)

        assert transactional(w) == ["StartTransaction"] + 3 * ["MeterValues"] + ["StopTransaction"]
        assert {each.transaction_id for each in w.central.requests(MeterValues)} == {1001}
        assert w.snapshot.undelivered == 0


class Unusable:
    """A central system whose answers cannot be read."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def call(self, request: Request[Any]) -> Any:
        self.asked.append(request.action)
        raise AnswerInvalid(request.action, "nonsense")


@story
async def test_an_unusable_answer_is_a_failure_only_where_an_id_is_missing() -> None:
    store, clock, caller = MemoryStore(), VirtualClock(), Unusable()
    outbox = Outbox(store)
    transactions = Transactions(store, outbox)
    settings = {"TransactionMessageAttempts": "2", "TransactionMessageRetryInterval": "1"}
    configuration = Configuration(store, table_of(EQUIPMENT, settings))
    key = transactions.begin(1, TAG, None, 0, clock.now()).key
    transactions.end(key, 5, clock.now(), Reason.LOCAL)

    delivery = Delivery(outbox, transactions, configuration, clock, learn=_ignore, judged=_ignore)
    running = asyncio.create_task(delivery.run(caller))
    await clock.sleep(10)
    running.cancel()

    assert caller.asked == ["StartTransaction", "StartTransaction", "StopTransaction"]
    assert len(outbox) == 0


def _ignore(*_: object) -> None:
    """Nobody wants to know."""


@story
async def test_an_answer_to_a_stop_is_remembered() -> None:
    """R-119."""
    async with world(AllowOfflineTxForUnknownId="true") as w:
        w.central.script(StopTransaction, StopTransactionResponse(id_tag_info=BLOCKED))
        await w.charge()
        w.hardware.tap(1, TAG)
        await w.after(5)
        w.hardware.unplug(1)
        w.central.go_offline()
        await w.after(5)

        w.hardware.plug_in(1, vehicle())
        w.hardware.tap(1, TAG)
        await w.after(5)

        assert w.status() is ChargePointStatus.PREPARING


@pytest.mark.parametrize("is_online", [True, False])
@story
async def test_a_late_refusal_of_the_tag_stops_the_transaction(is_online: bool) -> None:
    """R-167, R-171, R-172: online and for a start that was told late."""
    async with world() as w:
        await known_tag(w)
        if not is_online:
            w.central.go_offline()
            await w.after(5)
        w.central.tags[TAG] = BLOCKED
        w.central.script(
            Authorize, *([w.central._usual_answer(Authorize(id_tag="GOOD"))] if is_online else [])
        )
        await w.charge()
        await w.after(20)
        w.central.is_reachable = True
        await w.after(20)

        (stop,) = w.central.requests(StopTransaction)
        assert (stop.reason, stop.id_tag) == (Reason.DE_AUTHORIZED, None)
        assert w.status() is ChargePointStatus.FINISHING
        assert w.hardware.connectors[0].offered_a == 0


@story
async def test_a_verdict_on_what_has_ended_changes_nothing() -> None:
    async with world() as w:
        await known_tag(w)
        w.central.go_offline()
        await w.after(5)
        await w.charge()
        w.hardware.tap(1, TAG)
        await w.after(5)
        w.central.tags[TAG] = BLOCKED
        w.central.is_reachable = True
        await w.after(20)

        (stop,) = w.central.requests(StopTransaction)
        assert stop.reason is Reason.LOCAL

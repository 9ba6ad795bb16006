"""The record of transactions and the messages about them change together."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.chargepoint.central_system import ACCEPTED
from tests.chargepoint.virtual_time import BEGINNING, story

from voltyard.chargepoint.outbox import NO_TRANSACTION, Message, Outbox
from voltyard.chargepoint.store import MemoryStore
from voltyard.chargepoint.transactions import UNKNOWN_ID, Transactions, last_register_wh
from voltyard.protocol.messages import (
    MeterValue,
    MeterValues,
    Reason,
    SampledValue,
    StartTransaction,
    StartTransactionResponse,
    StopTransaction,
)

LATER = BEGINNING + timedelta(minutes=10)
ANSWER = StartTransactionResponse(id_tag_info=ACCEPTED, transaction_id=77)


def metered(wh: int) -> MeterValue:
    return MeterValue(timestamp=LATER, sampled_value=(SampledValue(value=str(wh)),))


class Desk:
    """A store with an outbox and the transactions in it."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()
        self.outbox = Outbox(self.store)
        self.transactions = Transactions(self.store, self.outbox)

    def restart(self) -> Desk:
        return Desk(self.store)

    async def head(self) -> Message:
        return await self.outbox.head()


@story
async def test_a_start_is_told_with_the_meter_reading_in_wh() -> None:
    """R-158."""
    desk = Desk()

    transaction = desk.transactions.begin(2, "A", "GROUP", 1234, BEGINNING)

    assert (await desk.head()).request == StartTransaction(
        connector_id=2, id_tag="A", meter_start=1234, timestamp=BEGINNING
    )
    assert list(desk.transactions.running()) == [transaction]
    assert (transaction.parent_id_tag, transaction.energy_wh) == ("GROUP", 0)


@story
async def test_messages_get_the_id_that_came_with_the_answer() -> None:
    """R-207: messages of a transaction wait for its transactionId."""
    desk = Desk()
    key = desk.transactions.begin(1, "A", None, 100, BEGINNING).key
    desk.transactions.meter(key, 150, metered(150))
    desk.transactions.end(key, 180, LATER, Reason.LOCAL, "A")

    desk.transactions.started(await desk.head(), ANSWER)

    meter_values = desk.transactions.ready_to_send(await desk.head())
    assert isinstance(meter_values, MeterValues)
    assert (meter_values.transaction_id, meter_values.connector_id) == (77, 1)
    desk.transactions.delivered(await desk.head())
    stop = desk.transactions.ready_to_send(await desk.head())
    assert stop == StopTransaction(
        meter_stop=180, timestamp=LATER, transaction_id=77, id_tag="A", reason=Reason.LOCAL
    )


@pytest.mark.parametrize("restarts_after", ["begin", "meter", "end", "started"])
@story
async def test_a_restart_at_any_point_changes_nothing_about_what_is_sent(restarts_after: str) -> None:
    """R-206, R-208."""
    desk = Desk()
    key = desk.transactions.begin(1, "A", None, 100, BEGINNING).key
    for step in ("begin", "meter", "end", "started"):
        match step:
            case "meter":
                desk.transactions.meter(key, 150, metered(150))
            case "end":
                desk.transactions.end(key, 180, LATER, Reason.REMOTE)
            case "started":
                desk.transactions.started(await desk.head(), ANSWER)
        if step == restarts_after:
            desk = desk.restart()

    sent = []
    while len(desk.outbox):
        message = await desk.head()
        sent.append(desk.transactions.ready_to_send(message))
        desk.transactions.delivered(message)

    assert [each.transaction_id for each in sent if not isinstance(each, StartTransaction)] == [77, 77]
    assert desk.store.read("transaction") == {}


@story
async def test_what_ran_when_the_power_went_ends_with_the_last_known_reading() -> None:
    """R-181."""
    desk = Desk()
    desk.transactions.begin(1, "A", None, 100, BEGINNING)
    key = desk.transactions.begin(2, "B", None, 500, BEGINNING).key
    desk.transactions.meter(key, 650, metered(650))

    desk = desk.restart()
    desk.transactions.end_interrupted(Reason.POWER_LOSS)

    assert list(desk.transactions.running()) == []
    assert len(desk.outbox) == 5
    stops = {}
    while len(desk.outbox):
        message = await desk.head()
        if isinstance(message.request, StopTransaction):
            stops[message.request.meter_stop] = message.request
        desk.transactions.delivered(message)
    assert stops.keys() == {100, 650}
    assert stops[650].timestamp == LATER
    assert stops[650].reason is Reason.POWER_LOSS


@story
async def test_what_a_lost_start_leaves_behind_goes_with_minus_one() -> None:
    """R-195."""
    desk = Desk()
    key = desk.transactions.begin(1, "A", None, 100, BEGINNING).key
    desk.transactions.end(key, 180, LATER, Reason.LOCAL)

    desk.transactions.discarded(await desk.head())

    stop = desk.transactions.ready_to_send(await desk.head())
    assert isinstance(stop, StopTransaction)
    assert stop.transaction_id == UNKNOWN_ID == -1
    desk.transactions.discarded(await desk.head())
    assert desk.store.read("transaction") == {}


@story
async def test_readings_without_a_transaction_are_sent_as_they_are() -> None:
    desk = Desk()
    request = MeterValues(connector_id=1, meter_value=(metered(5),))
    desk.outbox.post(request, NO_TRANSACTION)

    message = await desk.head()

    assert desk.transactions.ready_to_send(message) == request
    desk.transactions.delivered(message)
    assert len(desk.outbox) == 0


@story
async def test_the_last_reading_of_each_connector_is_remembered() -> None:
    """R-239: registers are not re-based, so meterStart(2) = meterStop(1) over a restart."""
    desk = Desk()
    assert last_register_wh(desk.store, 1) == 0
    key = desk.transactions.begin(1, "A", None, 100, BEGINNING).key

    desk.transactions.end(key, 180, LATER, Reason.LOCAL)

    assert last_register_wh(desk.store, 1) == 180
    assert last_register_wh(desk.store, 2) == 0

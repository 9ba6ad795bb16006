"""The record of transactions and the messages about them change together."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.chargepoint.central_system import ACCEPTED
from tests.chargepoint.virtual_time import BEGINNING, story

from voltyard.chargepoint.outbox import Message, Outbox, TransactionRequest
from voltyard.chargepoint.store import MemoryStore
from voltyard.chargepoint.transactions import (
    UNKNOWN_ID,
    Reading,
    Transactions,
    Values,
    last_register_wh,
)
from voltyard.protocol.messages import (
    MeterValue,
    MeterValues,
    ReadingContext,
    Reason,
    SampledValue,
    StartTransaction,
    StartTransactionResponse,
    StopTransaction,
)

LATER = BEGINNING + timedelta(minutes=10)
ANSWER = StartTransactionResponse(id_tag_info=ACCEPTED, transaction_id=77)


BEGIN, END = ReadingContext.TRANSACTION_BEGIN, ReadingContext.TRANSACTION_END


def metered(wh: int, context: ReadingContext | None = None) -> MeterValue:
    return MeterValue(timestamp=LATER, sampled_value=(SampledValue(value=str(wh), context=context),))


def reading(key: str, wh: int) -> Reading:
    """Return a reading that is told, kept and may become the last one."""
    value = metered(wh)
    return Reading(1, LATER, Values(told=(value,), kept=(value,), end=metered(wh, END)), key, wh)


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

    async def sent(self) -> list[TransactionRequest]:
        """Send everything."""
        sent = []
        while len(self.outbox):
            message = await self.head()
            sent.append(self.transactions.ready_to_send(message))
            self.transactions.delivered(message)
        return sent


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
    desk.transactions.meter(reading(key, 150))
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
                desk.transactions.meter(reading(key, 150))
            case "end":
                desk.transactions.end(key, 180, LATER, Reason.REMOTE)
            case "started":
                desk.transactions.started(await desk.head(), ANSWER)
        if step == restarts_after:
            desk = desk.restart()

    sent = await desk.sent()

    assert [each.transaction_id for each in sent if not isinstance(each, StartTransaction)] == [77, 77]
    assert desk.store.read("transaction") == {}


@story
async def test_what_ran_when_the_power_went_ends_with_the_last_known_reading() -> None:
    """R-181."""
    desk = Desk()
    desk.transactions.begin(1, "A", None, 100, BEGINNING)
    key = desk.transactions.begin(2, "B", None, 500, BEGINNING).key
    desk.transactions.meter(reading(key, 650))

    desk = desk.restart()
    desk.transactions.end_interrupted(Reason.POWER_LOSS)

    assert list(desk.transactions.running()) == []
    assert len(desk.outbox) == 5
    stops = {each.meter_stop: each for each in await desk.sent() if isinstance(each, StopTransaction)}
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


@pytest.mark.parametrize("transaction_id", [0, -1, -77, 2**40])
@story
async def test_any_id_the_central_system_gives_is_taken(transaction_id: int) -> None:
    """Errata 3.54: 0 and negative ones have no meaning of their own."""
    desk = Desk()
    key = desk.transactions.begin(1, "A", None, 100, BEGINNING).key
    desk.transactions.end(key, 180, LATER, Reason.LOCAL)

    desk.transactions.started(
        await desk.head(), StartTransactionResponse(id_tag_info=ACCEPTED, transaction_id=transaction_id)
    )

    (stop,) = await desk.sent()
    assert isinstance(stop, StopTransaction)
    assert stop.transaction_id == transaction_id


@story
async def test_a_start_that_ends_a_reservation_says_which() -> None:
    """R-159."""
    desk = Desk()

    desk.transactions.begin(1, "A", None, 100, BEGINNING, reservation_id=5)

    (start,) = await desk.sent()
    assert isinstance(start, StartTransaction)
    assert start.reservation_id == 5


@story
async def test_readings_without_a_transaction_are_sent_as_they_are() -> None:
    """R-232."""
    desk = Desk()

    desk.transactions.meter(Reading(0, LATER, Values(told=(metered(5),))), Reading(1, LATER, Values()))

    assert await desk.sent() == [MeterValues(connector_id=0, meter_value=(metered(5),))]


@story
async def test_a_stop_brings_along_what_was_kept() -> None:
    desk = Desk()
    key = desk.transactions.begin(1, "A", None, 100, BEGINNING, values=Values(begin=metered(100, BEGIN))).key
    desk.transactions.meter(reading(key, 120))
    desk.transactions.meter(reading(key, 150))
    desk.transactions.end(key, 180, LATER, Reason.LOCAL, values=Values(end=metered(180, END)))

    stop = (await desk.sent())[-1]

    assert isinstance(stop, StopTransaction)
    assert stop.transaction_data == (metered(100, BEGIN), metered(120), metered(150), metered(180, END))
    assert desk.store.read("collected") == {}


@story
async def test_a_beginning_that_was_not_wanted_at_first_is_told_with_what_is_known() -> None:
    desk = Desk()
    key = desk.transactions.begin(1, "A", None, 100, BEGINNING).key
    late = Values(begin=metered(100, BEGIN), kept=(metered(120),), end=metered(120, END))
    desk.transactions.meter(Reading(1, LATER, late, key, 120))
    desk.transactions.meter(Reading(1, LATER, late, key, 120))
    desk.transactions.end(key, 180, LATER, Reason.LOCAL, values=Values(end=metered(180, END)))

    stop = (await desk.sent())[-1]

    assert isinstance(stop, StopTransaction)
    assert stop.transaction_data == (metered(100, BEGIN), metered(120), metered(120), metered(180, END))


@story
async def test_what_is_not_wanted_at_the_end_is_not_brought_along() -> None:
    """R-243."""
    desk = Desk()
    key = desk.transactions.begin(1, "A", None, 100, BEGINNING, values=Values(begin=metered(100, BEGIN))).key
    desk.transactions.meter(reading(key, 120))
    desk.transactions.end(key, 180, LATER, Reason.LOCAL)

    stop = (await desk.sent())[-1]

    assert isinstance(stop, StopTransaction)
    assert stop.transaction_data is None
    assert desk.store.read("collected") == {}


@pytest.mark.parametrize("samples", [0, 1, 5])
@story
async def test_after_a_loss_of_power_a_stop_brings_what_was_collected_until_then(samples: int) -> None:
    """R-181, R-244: the last known reading is the end."""
    desk = Desk()
    begin = Values(begin=metered(100, BEGIN), end=metered(100, END))
    key = desk.transactions.begin(1, "A", None, 100, BEGINNING, values=begin).key
    for number in range(1, samples + 1):
        desk.transactions.meter(reading(key, 100 + number))

    desk = desk.restart()
    desk.transactions.end_interrupted(Reason.POWER_LOSS)

    stop = (await desk.sent())[-1]
    assert isinstance(stop, StopTransaction)
    between = [metered(100 + number) for number in range(1, samples + 1)]
    assert stop.transaction_data == (metered(100, BEGIN), *between, metered(100 + samples, END))
    assert stop.meter_stop == 100 + samples
    assert desk.store.read("collected") == {}


@story
async def test_the_last_reading_of_each_connector_is_remembered() -> None:
    """R-239: registers are not re-based, so meterStart(2) = meterStop(1) over a restart."""
    desk = Desk()
    assert last_register_wh(desk.store, 1) == 0
    key = desk.transactions.begin(1, "A", None, 100, BEGINNING).key

    desk.transactions.end(key, 180, LATER, Reason.LOCAL)

    assert last_register_wh(desk.store, 1) == desk.transactions.last_register_wh(1) == 180
    assert last_register_wh(desk.store, 2) == 0

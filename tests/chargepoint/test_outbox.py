"""The outbox keeps what was posted, in order, until it is removed."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.chargepoint.virtual_time import BEGINNING, story

from voltyard.chargepoint.outbox import Draft, Message, Outbox
from voltyard.chargepoint.store import Change, MemoryStore
from voltyard.protocol.messages import (
    MeterValue,
    MeterValues,
    ReadingContext,
    Reason,
    SampledValue,
    StartTransaction,
    StopTransaction,
)


def metered(number: int, context: ReadingContext | None = None) -> MeterValues:
    sample = SampledValue(value=str(number), context=context)
    value = MeterValue(timestamp=BEGINNING + timedelta(seconds=number), sampled_value=(sample,))
    return MeterValues(connector_id=1, transaction_id=-1, meter_value=(value,))


START = StartTransaction(connector_id=1, id_tag="A", meter_start=5, timestamp=BEGINNING)
METER = metered(7)
STOP = StopTransaction(meter_stop=9, timestamp=BEGINNING, transaction_id=-1, reason=Reason.LOCAL)
ALL = [Draft(each, "t") for each in (START, METER, STOP)]


async def drain(outbox: Outbox) -> list[Message]:
    """Deliver everything."""
    delivered = []
    while len(outbox):
        message = await outbox.head()
        delivered.append(message)
        outbox.remove(message)
    return delivered


@story
async def test_messages_come_out_in_the_order_they_went_in() -> None:
    """R-200."""
    outbox = Outbox(MemoryStore())
    for draft in ALL:
        outbox.post(draft)
    outbox.post(*ALL)

    delivered = await drain(outbox)

    assert [each.request for each in delivered] == 2 * [START, METER, STOP]
    assert [each.sequence for each in delivered] == [1, 2, 3, 4, 5, 6]


@story
async def test_the_head_is_waited_for() -> None:
    outbox = Outbox(MemoryStore())
    asyncio.get_running_loop().call_later(5, outbox.post, Draft(START, "t"))

    message = await outbox.head()

    assert message == Message(1, START, "t", 0)
    assert asyncio.get_running_loop().time() == 5


@story
async def test_everything_is_there_after_a_restart_with_its_attempts() -> None:
    """R-206, R-208: original timestamps too."""
    store = MemoryStore()
    outbox = Outbox(store)
    outbox.post(*ALL)
    outbox.remove(await outbox.head())
    outbox.attempted(await outbox.head())

    restarted = Outbox(store)

    assert len(restarted) == 2
    head = await restarted.head()
    assert head == Message(2, METER, "t", 1)
    restarted.remove(head)
    assert await restarted.head() == Message(3, STOP, "t", 0)


@story
async def test_what_is_posted_after_a_restart_comes_behind() -> None:
    store = MemoryStore()
    Outbox(store).post(Draft(START, "t"))

    restarted = Outbox(store)
    restarted.post(Draft(STOP, "t"))

    assert (await restarted.head()).request == START
    assert len(Outbox(store)) == 2


@story
async def test_it_is_empty_once_the_last_message_is_gone() -> None:
    outbox = Outbox(MemoryStore())
    assert outbox.is_empty.is_set()

    outbox.post(Draft(START, "t"))
    assert not outbox.is_empty.is_set()
    outbox.remove(await outbox.head())

    assert outbox.is_empty.is_set()


class CountingStore(MemoryStore):
    """A store that counts its commits."""

    commits = 0

    def commit(self, *changes: Change) -> None:
        self.commits += 1
        super().commit(*changes)


@story
async def test_messages_and_what_goes_with_them_are_one_commit() -> None:
    store = CountingStore()
    outbox = Outbox(store)

    outbox.post(*ALL, together=[Change("other", "1", b"x")])
    assert store.read("other") == {"1": b"x"}
    assert store.commits == 1
    outbox.remove(await outbox.head(), Change("other", "1", None))

    assert store.read("other") == {}
    assert store.commits == 2


@story
async def test_when_it_is_full_the_oldest_meter_values_give_way() -> None:
    store = MemoryStore()
    outbox = Outbox(store, 5)
    outbox.post(Draft(START, "t"), *(Draft(metered(number), "t") for number in (1, 2, 3, 4)))
    assert outbox.dropped == 0

    outbox.post(Draft(metered(5), "t"))
    outbox.post(Draft(STOP, "t"))

    assert outbox.dropped == 2
    expected = [START, metered(3), metered(4), metered(5), STOP]
    assert [each.request for each in await drain(Outbox(store))] == expected
    assert [each.request for each in await drain(outbox)] == expected


@story
async def test_what_begins_and_ends_transactions_never_gives_way() -> None:
    begin, end = metered(1, ReadingContext.TRANSACTION_BEGIN), metered(2, ReadingContext.TRANSACTION_END)
    outbox = Outbox(MemoryStore(), 2)

    for _ in range(3):
        outbox.post(*(Draft(each, "t") for each in (START, begin, METER, end, STOP)))

    assert [each.request for each in await drain(outbox)] == 3 * [START, begin, end, STOP]
    assert outbox.dropped == 3


@story
async def test_the_head_stays_for_it_may_be_on_its_way() -> None:
    outbox = Outbox(MemoryStore(), 2)
    outbox.post(Draft(metered(1), "t"), Draft(metered(2), "t"))
    head = await outbox.head()

    outbox.post(Draft(metered(3), "t"))
    outbox.remove(head)

    assert [each.request for each in await drain(outbox)] == [metered(3)]


@pytest.mark.parametrize("number", [1, 6])
@story
async def test_what_may_give_way_is_known_after_a_restart_too(number: int) -> None:
    store = MemoryStore()
    first = Outbox(store)
    first.post(Draft(START, "t"), *(Draft(metered(number), "t") for number in range(1, 6)))
    first.attempted(await first.head())

    restarted = Outbox(store, 4)
    restarted.post(*(Draft(STOP, "t") for _ in range(number)))

    rest = [metered(4), metered(5)] if number == 1 else []
    assert [each.request for each in await drain(restarted)] == [START, *rest, *(number * [STOP])]


@given(st.lists(st.sampled_from(["post", "remove", "attempt", "restart"]), max_size=40))
def test_nothing_is_lost_and_nothing_overtakes_whatever_happens(steps: list[str]) -> None:
    """R-200, R-206."""

    @story
    async def live() -> None:
        store = MemoryStore()
        outbox, expected, number = Outbox(store), [], 0
        for step in steps:
            if step == "post":
                number += 1
                expected.append(number)
                outbox.post(Draft(started(number), "t"))
            elif step == "restart":
                outbox = Outbox(store)
            elif expected:
                message = await outbox.head()
                assert number_of(message) == expected[0]
                if step == "remove":
                    outbox.remove(message)
                    expected.pop(0)
                else:
                    outbox.attempted(message)
        assert len(outbox) == len(expected) == len(Outbox(store))

    live()


@given(st.lists(st.sampled_from(["start", "meter", "deliver", "restart"]), max_size=40), st.integers(1, 8))
def test_only_meter_values_are_ever_dropped_and_the_order_stays(steps: list[str], capacity: int) -> None:
    """R-200, R-205."""

    @story
    async def live() -> None:
        store, delivered, dropped = MemoryStore(), [], 0
        outbox = Outbox(store, capacity)
        for number, step in enumerate(steps):
            match step:
                case "start":
                    outbox.post(Draft(started(number), "t"))
                case "meter":
                    outbox.post(Draft(metered(number), "t"))
                case "restart":
                    dropped += outbox.dropped
                    outbox = Outbox(store, capacity)
                case _ if len(outbox):
                    delivered.append(await outbox.head())
                    outbox.remove(delivered[-1])
        delivered += await drain(outbox)

        numbers = [number_of(each) for each in delivered]
        assert numbers == sorted(set(numbers))
        assert set(numbers) >= {number for number, step in enumerate(steps) if step == "start"}
        assert len(numbers) == steps.count("start") + steps.count("meter") - dropped - outbox.dropped

    live()


def started(number: int) -> StartTransaction:
    timestamp = BEGINNING + timedelta(seconds=number)
    return StartTransaction(connector_id=1, id_tag="A", meter_start=number, timestamp=timestamp)


def number_of(message: Message) -> int:
    match message.request:
        case StartTransaction(meter_start=number):
            return number
        case MeterValues(meter_value=(value,)):
            return int(value.sampled_value[0].value)
        case _:
            raise AssertionError(message)

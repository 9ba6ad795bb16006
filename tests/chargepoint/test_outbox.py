"""The outbox keeps what was posted, in order, until it is removed."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.chargepoint.virtual_time import BEGINNING, story

from voltyard.chargepoint.outbox import Message, Outbox
from voltyard.chargepoint.store import Change, MemoryStore
from voltyard.protocol.messages import (
    MeterValue,
    MeterValues,
    Reason,
    SampledValue,
    StartTransaction,
    StopTransaction,
)

START = StartTransaction(connector_id=1, id_tag="A", meter_start=5, timestamp=BEGINNING)
METER = MeterValues(
    connector_id=1,
    transaction_id=-1,
    meter_value=(MeterValue(timestamp=BEGINNING, sampled_value=(SampledValue(value="7"),)),),
)
STOP = StopTransaction(meter_stop=9, timestamp=BEGINNING, transaction_id=-1, reason=Reason.LOCAL)


@story
async def test_messages_come_out_in_the_order_they_went_in() -> None:
    """R-200."""
    outbox = Outbox(MemoryStore())
    for request in (START, METER, STOP):
        outbox.post(request, "t")

    delivered = []
    while len(outbox):
        message = await outbox.head()
        delivered.append(message.request)
        outbox.remove(message)

    assert delivered == [START, METER, STOP]


@story
async def test_the_head_is_waited_for() -> None:
    outbox = Outbox(MemoryStore())
    asyncio.get_running_loop().call_later(5, outbox.post, START, "t")

    message = await outbox.head()

    assert message == Message(1, START, "t", 0)
    assert asyncio.get_running_loop().time() == 5


@story
async def test_everything_is_there_after_a_restart_with_its_attempts() -> None:
    """R-206, R-208: original timestamps too."""
    store = MemoryStore()
    outbox = Outbox(store)
    for request in (START, METER, STOP):
        outbox.post(request, "t")
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
    Outbox(store).post(START, "t")

    restarted = Outbox(store)
    restarted.post(STOP, "t")

    assert (await restarted.head()).request == START
    assert len(Outbox(store)) == 2


@story
async def test_it_is_empty_once_the_last_message_is_gone() -> None:
    outbox = Outbox(MemoryStore())
    assert outbox.is_empty.is_set()

    outbox.post(START, "t")
    assert not outbox.is_empty.is_set()
    outbox.remove(await outbox.head())

    assert outbox.is_empty.is_set()


@story
async def test_a_message_and_what_goes_with_it_are_one_commit() -> None:
    store = MemoryStore()
    outbox = Outbox(store)

    outbox.post(START, "t", Change("other", "1", b"x"))
    assert store.read("other") == {"1": b"x"}
    outbox.remove(await outbox.head(), Change("other", "1", None))

    assert store.read("other") == {}


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
                timestamp = BEGINNING + timedelta(seconds=number)
                outbox.post(
                    StartTransaction(connector_id=1, id_tag="A", meter_start=number, timestamp=timestamp), "t"
                )
            elif step == "restart":
                outbox = Outbox(store)
            elif expected:
                message = await outbox.head()
                assert message.request.meter_start == expected[0]  # type: ignore[union-attr]  # all are starts
                if step == "remove":
                    outbox.remove(message)
                    expected.pop(0)
                else:
                    outbox.attempted(message)
        assert len(outbox) == len(expected) == len(Outbox(store))

    live()

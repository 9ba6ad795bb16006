"""The bus: order, numbers, what late and slow listeners get."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from tests.aio import run

from voltyard.central.bus import Bus, Numbered
from voltyard.central.services.events import Event


def event(number: int) -> Event:
    return Event("transaction.started", "CP1", number, {"id": number})


def events(count: int) -> list[Event]:
    return [event(number) for number in range(1, count + 1)]


async def taken(stream: AsyncIterator[Numbered], count: int) -> list[int]:
    return [(await anext(stream)).number for _ in range(count)]


async def begun(stream: AsyncIterator[Numbered]) -> asyncio.Task[Numbered]:
    """Begin to wait for the next event of a stream."""

    async def next_one() -> Numbered:
        return await anext(stream)

    waiting = asyncio.create_task(next_one())
    await asyncio.sleep(0)
    return waiting


async def rest(stream: AsyncIterator[Numbered]) -> list[int]:
    return [numbered.number async for numbered in stream]


def test_listeners_hear_every_event_in_order_from_when_they_listen() -> None:
    bus, early, late = Bus(), list[Event](), list[Event]()

    bus.listen(early.append)
    bus.publish([event(1), event(2)])
    bus.listen(late.append)
    bus.publish([event(3)])

    assert early == events(3)
    assert late == [event(3)]


def test_a_stream_yields_what_is_published_while_it_is_read() -> None:
    async def story() -> Numbered:
        bus = Bus()
        bus.publish([event(1)])
        waiting = await begun(bus.stream())

        bus.publish([event(2)])

        return await waiting

    assert run(story()) == Numbered(2, event(2))


def test_who_comes_back_gets_what_it_missed_and_then_what_comes() -> None:
    async def story() -> tuple[list[int], list[int]]:
        bus = Bus()
        bus.publish(events(5))
        stream = bus.stream(after=2)
        missed = await taken(stream, 2)

        bus.publish([event(6)])

        return missed, await taken(stream, 2)

    assert run(story()) == ([3, 4], [5, 6])


def test_only_so_many_events_are_remembered() -> None:
    async def story() -> list[int]:
        bus = Bus()
        bus.publish(events(1500))

        return await taken(bus.stream(after=0), 1000)

    assert run(story()) == list(range(501, 1501))


def test_a_reader_that_is_too_slow_is_ended_and_the_others_go_on() -> None:
    async def story() -> tuple[int, list[int]]:
        bus = Bus()
        slow, fast = bus.stream(), bus.stream()
        waiting_slow, waiting_fast = await begun(slow), await begun(fast)
        bus.publish([event(1)])
        await asyncio.gather(waiting_slow, waiting_fast)

        read = []
        for number in range(2, 2500):
            bus.publish([event(number)])
            read += await taken(fast, 1)

        return len(await rest(slow)), read

    got, read = run(story())
    assert got < 2000
    assert read == list(range(2, 2500))


def test_closing_the_bus_ends_every_stream_after_what_was_published() -> None:
    async def story() -> list[list[int]]:
        bus = Bus()
        streams = [bus.stream(after=0) for _ in range(2)]
        waiting = [await begun(stream) for stream in streams]
        bus.publish(events(3))
        await asyncio.gather(*waiting)

        bus.close()

        return [await rest(stream) for stream in streams]

    assert run(story()) == [[2, 3], [2, 3]]


def test_a_stream_that_is_left_is_forgotten() -> None:
    async def story() -> None:
        bus = Bus()
        stream = bus.stream(after=0)
        bus.publish([event(1)])
        await anext(stream)

        await stream.aclose()  # type: ignore[attr-defined]  # it is an asynchronous generator

        assert not bus._streams

    run(story())

"""A flag that is waited for."""

from __future__ import annotations

import asyncio

import pytest
from tests.chargepoint.virtual_time import story

from voltyard.chargepoint.flag import Flag, Interrupted


def later(seconds: float, flag: Flag) -> None:
    asyncio.get_running_loop().call_later(seconds, flag.set)


@story
async def test_all_who_wait_wake_when_it_is_set_even_if_it_is_cleared_at_once() -> None:
    flag, loop = Flag(), asyncio.get_running_loop()
    waiting = [asyncio.create_task(flag.wait()) for _ in range(3)]
    await asyncio.sleep(5)
    assert not any(task.done() for task in waiting)

    flag.set()
    flag.clear()
    await asyncio.gather(*waiting)

    assert loop.time() == 5
    assert not flag.is_set()


@story
async def test_nobody_waits_for_what_is_so() -> None:
    flag = Flag()
    flag.set()
    flag.set()

    await flag.wait()

    assert flag.is_set()


@story
async def test_whoever_gives_up_waiting_is_forgotten() -> None:
    flag = Flag()
    waiting = [asyncio.create_task(flag.wait()) for _ in range(2)]
    await asyncio.sleep(0)

    waiting[0].cancel()
    await asyncio.sleep(0)
    flag.set()
    await asyncio.wait(waiting)

    assert [task.cancelled() for task in waiting] == [True, False]


@story
async def test_one_who_is_woken_and_cancelled_in_one_turn_is_cancelled() -> None:
    flag = Flag()
    waiting = asyncio.create_task(flag.wait())
    await asyncio.sleep(0)

    waiting.cancel()
    flag.set()
    await asyncio.wait({waiting})

    assert waiting.cancelled()


@story
async def test_setting_it_interrupts_whatever_is_waited_for() -> None:
    flag, loop = Flag(), asyncio.get_running_loop()
    later(3, flag)

    with Interrupted(flag):
        await asyncio.sleep(10)

    assert loop.time() == 3
    later(10, flag)
    with Interrupted(flag):
        await asyncio.sleep(4)
    assert loop.time() == 7
    await asyncio.sleep(100)
    assert loop.time() == 107


@story
async def test_what_fails_fails_and_what_is_over_at_the_same_moment_is_over() -> None:
    flag = Flag()

    with pytest.raises(KeyError), Interrupted(flag):
        raise KeyError
    later(5, flag)
    with Interrupted(flag):
        await asyncio.sleep(5)

    await asyncio.sleep(1)
    assert asyncio.get_running_loop().time() == 6


@pytest.mark.parametrize("is_set_first", [True, False])
@story
async def test_a_cancellation_from_elsewhere_goes_on(is_set_first: bool) -> None:
    flag = Flag()

    async def wait() -> None:
        with Interrupted(flag):
            await asyncio.sleep(10)
        raise AssertionError("goes on although it is cancelled")

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(1)
    for act in (flag.set, waiting.cancel) if is_set_first else (waiting.cancel, flag.set):
        act()
    await asyncio.wait({waiting})

    assert waiting.cancelled()

"""Running until told to stop: a signal ends a command in order, once and for all."""

from __future__ import annotations

import asyncio
import signal

import pytest

from voltyard.cli.running import run_until_stopped


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_in_order(number: signal.Signals) -> None:
    ended: list[str] = []

    async def main() -> int:
        try:
            signal.raise_signal(number)
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("in order")
        return 7

    result = run_until_stopped(main())

    assert (result, ended) == (None, ["in order"])


def test_a_second_signal_cuts_the_closing_short() -> None:
    ended: list[str] = []

    async def main() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
            await asyncio.Event().wait()
        finally:
            signal.raise_signal(signal.SIGTERM)
            await asyncio.Event().wait()
            ended.append("in order")

    run_until_stopped(main())

    assert ended == []


def test_what_the_command_raises_comes_out() -> None:
    async def main() -> None:
        raise OSError("address in use")

    with pytest.raises(OSError, match="address in use"):
        run_until_stopped(main())


def test_a_command_that_is_done_returns_what_came_of_it() -> None:
    async def main() -> int:
        await asyncio.sleep(0)
        return 7

    assert run_until_stopped(main()) == 7


def test_the_signals_are_given_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    async def main() -> None:
        await asyncio.sleep(0)

    run_until_stopped(main())

    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before

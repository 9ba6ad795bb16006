"""The stream of events, over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from msgspec import json
from tests.aio import run
from tests.central.api.system import connected, running

from voltyard.central.api.routes.events import event_stream
from voltyard.central.operations.events import EventView
from voltyard.central.settings import Settings

pytestmark = pytest.mark.integration

EVENTS = "/api/v1/events"


class Reading:
    """An open stream of events."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def event(self) -> dict[str, str]:
        """Return the fields of the next event, comments left out."""
        fields: dict[str, str] = {}
        async for line in self._lines:
            if line:
                name, _, value = line.partition(": ")
                if name:
                    fields[name] = value
            elif fields:
                return fields
        return {}

    async def kinds(self, count: int) -> list[str]:
        """Return the kinds of the next events."""
        return [(await self.event())["event"] for _ in range(count)]


def test_events_arrive_as_they_happen(settings: Settings) -> None:
    async def story() -> tuple[httpx.Headers, list[dict[str, str]]]:
        async with running(settings) as system, system.viewer.stream("GET", EVENTS) as response:
            reading = Reading(response)
            await system.add()
            async with connected(system):
                return response.headers, [await reading.event() for _ in range(3)]

    headers, events = run(story())

    assert headers["content-type"].startswith("text/event-stream")
    assert headers["cache-control"] == "no-store"
    assert [event["event"] for event in events] == [
        "charge_point.created",
        "charge_point.connected",
        "charge_point.booted",
    ]
    booted = json.decode(events[2]["data"])
    assert booted["kind"] == "charge_point.booted"
    assert booted["charge_point"] == "CP1"
    assert booted["details"]["vendor"] == "Acme"
    assert booted["at"].endswith("Z")


def test_a_stream_can_be_about_one_charge_point(settings: Settings) -> None:
    async def story() -> dict[str, str]:
        async with (
            running(settings) as system,
            system.viewer.stream("GET", EVENTS, params={"charge_point": "CP2"}) as response,
        ):
            await system.add("CP1")
            await system.add("CP2")
            return await Reading(response).event()

    assert json.decode(run(story())["data"])["charge_point"] == "CP2"


def test_who_comes_back_gets_what_was_missed(settings: Settings) -> None:
    async def story() -> list[list[str]]:
        async with running(settings) as system:
            for identity in ("CP1", "CP2", "CP3"):
                await system.add(identity)
            # Of a process before this one: everything is new.
            async with system.viewer.stream("GET", EVENTS, headers={"Last-Event-ID": "old-77"}) as response:
                reading = Reading(response)
                events = [await reading.event() for _ in range(3)]
            async with system.viewer.stream(
                "GET", EVENTS, headers={"Last-Event-ID": events[0]["id"]}
            ) as response:
                again = [await Reading(response).event() for _ in range(1)]
            return [
                [json.decode(event["data"])["charge_point"] for event in group] for group in (events, again)
            ]

    assert run(story()) == [["CP1", "CP2", "CP3"], ["CP2"]]


def test_a_stream_ends_when_the_system_does(settings: Settings) -> None:
    async def story() -> tuple[dict[str, str], dict[str, str]]:
        async with running(settings) as system, system.viewer.stream("GET", EVENTS) as response:
            reading = Reading(response)
            system.operations.close()
            ended = await reading.event()
            async with system.viewer.stream("GET", EVENTS) as late:
                return ended, await Reading(late).event()

    assert run(story()) == ({}, {})


def test_a_client_that_leaves_is_forgotten(settings: Settings) -> None:
    async def story() -> int:
        async with running(settings) as system:
            async with system.viewer.stream("GET", EVENTS):
                pass
            while system.operations.events.listeners:
                await asyncio.sleep(0)
            return system.operations.events.listeners

    assert run(story()) == 0


def test_a_quiet_stream_sends_comments() -> None:
    async def silence() -> AsyncIterator[tuple[str, EventView]]:
        await asyncio.get_running_loop().create_future()
        yield "", EventView(kind="", charge_point=None, at="", details={})

    async def story() -> list[bytes]:
        events = silence()
        stream = event_stream(events, asyncio.ensure_future(anext(events)), keep_alive_s=0.001)
        lines = [await anext(stream) for _ in range(3)]
        await stream.aclose()  # type: ignore[attr-defined]  # it is a generator
        return lines

    assert [line[:1] for line in run(story())] == [b":"] * 3

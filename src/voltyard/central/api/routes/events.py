"""What happens, as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated

from litestar import get
from litestar.params import HeaderParameter
from litestar.response import Stream
from msgspec import json

from voltyard.central.api.routes.parameters import ChargePointFilter, Ops
from voltyard.central.operations.events import EventView

KEEP_ALIVE_S = 15.0

Numbered = tuple[str, EventView]


@get("/events", media_type="text/event-stream")
async def stream_events(
    operations: Ops,
    charge_point: ChargePointFilter = None,
    last_event_id: Annotated[
        str | None,
        HeaderParameter(name="Last-Event-ID", description="The id of the last event that was seen."),
    ] = None,
) -> Stream:
    """Stream events as they happen (server-sent events).

    With `Last-Event-ID` those that came after it are sent first, as far as they are remembered.

    Kinds: charge_point.connected, .disconnected, .booted, .created, .changed, .deleted;
    connector.status_changed; transaction.started, .stopped; meter_values.received; command.changed;
    status.reported; security.event; data_transfer.received; certificate.requested; deviation.recorded;
    message.quarantined; id_tag.changed, .removed.
    """
    events = operations.events.stream(last_event_id, charge_point)
    first = _next(events)
    # From here on it listens: who has seen the status of the answer misses nothing.
    await asyncio.sleep(0)
    return Stream(event_stream(events, first, KEEP_ALIVE_S), media_type="text/event-stream")


async def event_stream(
    events: AsyncIterator[Numbered], first: asyncio.Task[Numbered], keep_alive_s: float
) -> AsyncIterator[bytes]:
    """Yield events in the form of the HTML standard, and a comment when there is none for a while.

    `first` is the task that waits for the first one.
    """
    coming = first
    try:
        # Something to begin with, so that a client knows that it is connected.
        yield b": events\n\n"
        while True:
            done, _ = await asyncio.wait({coming}, timeout=keep_alive_s)
            if not done:
                yield b": still here\n\n"
                continue
            try:
                id, event = coming.result()
            except StopAsyncIteration:
                return
            coming = _next(events)
            yield b"id: %b\nevent: %b\ndata: %b\n\n" % (id.encode(), event.kind.encode(), json.encode(event))
    finally:
        coming.cancel()
        with suppress(asyncio.CancelledError, StopAsyncIteration):
            await coming


def _next(events: AsyncIterator[Numbered]) -> asyncio.Task[Numbered]:
    async def step() -> Numbered:
        return await anext(events)

    return asyncio.create_task(step())


ROUTES = (stream_events,)

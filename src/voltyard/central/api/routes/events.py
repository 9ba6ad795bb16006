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
    """
    return Stream(
        event_stream(operations.events.stream(last_event_id, charge_point), KEEP_ALIVE_S),
        media_type="text/event-stream",
    )


async def event_stream(
    events: AsyncIterator[tuple[str, EventView]], keep_alive_s: float
) -> AsyncIterator[bytes]:
    """Yield events in the form of the HTML standard, and a comment when there is none for a while."""
    # Something to begin with, so that a client knows that it is connected.
    yield b": events\n\n"
    coming = _next(events)
    try:
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


def _next(events: AsyncIterator[tuple[str, EventView]]) -> asyncio.Task[tuple[str, EventView]]:
    async def step() -> tuple[str, EventView]:
        return await anext(events)

    return asyncio.create_task(step())


ROUTES = (stream_events,)

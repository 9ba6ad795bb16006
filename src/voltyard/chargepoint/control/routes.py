"""The endpoints: each hands on to the bench."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, HeaderParameter, JSONBody, QueryParameter, SkipValidation
from litestar.response import Stream
from msgspec import Meta, Raw, Struct, json

from voltyard.chargepoint.control.bench import Bench
from voltyard.chargepoint.control.message_log import Message, MessageLog
from voltyard.chargepoint.control.problems import Refused
from voltyard.chargepoint.control.requests import (
    Call,
    ControlRequest,
    Fault,
    Habits,
    Lock,
    Network,
    Outages,
    Plug,
    Power,
    Reboot,
    Repair,
    SetClock,
    Tap,
    Unplug,
    Weather,
)
from voltyard.chargepoint.control.views import (
    CallOutcome,
    ClockState,
    ConnectorState,
    Keys,
    Messages,
    MessageView,
    NetworkState,
    State,
    view_message,
)
from voltyard.chargepoint.simulator.fault_rates import Direction
from voltyard.protocol.messages import ConfigurationStatus

TheBench = NamedDependency[SkipValidation[Bench]]
Number = FromPath[int]

After = Annotated[int, QueryParameter(ge=0, description="Only frames behind the one with this number.")]
Since = Annotated[datetime | None, QueryParameter(description="Only frames from this time on, RFC 3339.")]
Way = Annotated[
    Direction | None, QueryParameter(description="Only `in` or `out`, seen from the charge point.")
]
OfAction = Annotated[str | None, QueryParameter(description="Only CALLs of this action and their answers.")]
Limit = Annotated[int, QueryParameter(ge=1, le=2000, description="How many, the last ones of all.")]
LastSeen = Annotated[
    int | None, HeaderParameter(name="Last-Event-ID", ge=0, description="As `after`, for what reconnects.")
]
Values = dict[Annotated[str, Meta(max_length=50)], Annotated[str, Meta(max_length=500)]]


@get("/state")
async def get_state(bench: TheBench) -> State:
    """Get everything there is to see."""
    return bench.state()


@post("/connectors/{connector_id:int}/plug", status_code=200)
async def plug(bench: TheBench, connector_id: Number, data: JSONBody[Plug]) -> ConnectorState:
    """Plug a vehicle in."""
    bench.plug(connector_id, data)
    return bench.connector_state(connector_id)


@post("/connectors/{connector_id:int}/unplug", status_code=200)
async def unplug(bench: TheBench, connector_id: Number, data: JSONBody[Unplug]) -> ConnectorState:
    """Pull the cable out of the charge point or, while it stays there, out of the vehicle."""
    bench.unplug(connector_id, data)
    return bench.connector_state(connector_id)


@post("/connectors/{connector_id:int}/tap", status_code=200)
async def tap(bench: TheBench, connector_id: Number, data: JSONBody[Tap]) -> ConnectorState:
    """Present a card at the reader of a connector."""
    bench.tap(connector_id, data.id_tag)
    return bench.connector_state(connector_id)


@post("/connectors/{connector_id:int}/fault", status_code=204)
async def raise_fault(bench: TheBench, connector_id: Number, data: JSONBody[Fault]) -> None:
    """Break something at a connector or, with 0, at the charge point itself."""
    bench.raise_fault(connector_id, data)


@post("/connectors/{connector_id:int}/clear-fault", status_code=204)
async def clear_fault(bench: TheBench, connector_id: Number, data: JSONBody[Repair]) -> None:
    """Repair one thing or everything at a connector or, with 0, at the charge point itself."""
    bench.clear_fault(connector_id, data)


@post("/connectors/{connector_id:int}/vehicle", status_code=200)
async def set_vehicle(bench: TheBench, connector_id: Number, data: JSONBody[Habits]) -> ConnectorState:
    """Let the vehicle pause or resume, or charge to another state of charge."""
    bench.set_vehicle(connector_id, data)
    return bench.connector_state(connector_id)


@post("/connectors/{connector_id:int}/lock", status_code=200)
async def set_lock(bench: TheBench, connector_id: Number, data: JSONBody[Lock]) -> ConnectorState:
    """Jam the lock of a connector, or let the next unlockings fail."""
    bench.set_lock(connector_id, data)
    return bench.connector_state(connector_id)


@post("/emergency-stop", status_code=204)
async def press_emergency_button(bench: TheBench) -> None:
    """Press the emergency button."""
    bench.press_emergency_button()


@post("/power", status_code=204)
async def set_power(bench: TheBench, data: JSONBody[Power]) -> None:
    """Cut the power, whatever the program is doing, or restore it, so that it boots."""
    bench.set_power(data)


@post("/network", status_code=200)
async def set_network(bench: TheBench, data: JSONBody[Network]) -> NetworkState:
    """Take the network away, bring it back, or make it unreliable."""
    return bench.set_network(data)


@post("/reboot", status_code=204)
async def reboot(bench: TheBench, data: JSONBody[Reboot]) -> None:
    """Restart the program for a reason of its own, as its watchdog would: nothing is told before."""
    bench.reboot(data.type)


@post("/clock", status_code=200)
async def set_clock(bench: TheBench, data: JSONBody[SetClock]) -> ClockState:
    """Set the charge point's own clock, right or wrong."""
    return bench.set_clock(data)


@post("/weather", status_code=204)
async def set_weather(bench: TheBench, data: JSONBody[Weather]) -> None:
    """Make it hot or cold."""
    bench.set_weather(data)


@post("/outages", status_code=204)
async def set_outages(bench: TheBench, data: JSONBody[Outages]) -> None:
    """Let the next restarts after a reset, or the next installations of firmware, fail."""
    bench.set_outages(data)


class _Sent(Struct):
    payload: Raw = Raw(b"{}")


@post("/call", status_code=200)
async def call(bench: TheBench, data: JSONBody[Call], request: ControlRequest) -> CallOutcome:
    """Send a CALL of any action and payload or any frame at all, and wait for its answer."""
    # As sent: in between, 8.1 would become a binary fraction.
    payload = bytes(json.decode(await request.body(), type=_Sent).payload)
    return await bench.call(data, payload)


@get("/messages")
async def list_messages(
    bench: TheBench,
    after: After = 0,
    since: Since = None,
    direction: Way = None,
    action: OfAction = None,
    limit: Limit = 2000,
) -> Messages:
    """List the last frames, oldest first."""
    if since is not None and since.tzinfo is None:
        raise Refused(HTTPStatus.BAD_REQUEST, "a time with a zone is expected", field="since")
    found = [
        view_message(message)
        for message in bench.log.messages(after)
        if _is_wanted(message, direction, action) and (since is None or message.logged.at >= since)
    ]
    return Messages(messages=found[-limit:], last=bench.log.last_number)


@get("/messages/stream", media_type="text/event-stream")
async def stream_messages(
    bench: TheBench,
    after: After = 0,
    direction: Way = None,
    action: OfAction = None,
    last_event_id: LastSeen = None,
) -> Stream:
    """Stream the frames that are remembered and those that follow (server-sent events)."""
    seen = after if last_event_id is None else last_event_id
    return Stream(_events(bench.log, seen, direction, action), media_type="text/event-stream")


@get("/configuration")
async def get_configuration(bench: TheBench) -> Keys:
    """List the configuration keys."""
    return bench.configuration()


@put("/configuration")
async def set_configuration(bench: TheBench, data: JSONBody[Values]) -> dict[str, ConfigurationStatus]:
    """Set configuration keys as a technician on the spot does.

    If some of them cannot be set the answer says which; all others are set.
    """
    return bench.configure(data)


async def _events(
    log: MessageLog, after: int, direction: Direction | None, action: str | None
) -> AsyncIterator[bytes]:
    # Something to begin with, so that a client knows that it is connected.
    yield b": messages\n\n"
    async for message in log.follow(after):
        if _is_wanted(message, direction, action):
            shown: MessageView = view_message(message)
            yield b"id: %d\ndata: %b\n\n" % (shown.number, json.encode(shown))


def _is_wanted(message: Message, direction: Direction | None, action: str | None) -> bool:
    return direction in {None, message.logged.direction} and action in {None, message.action}


ROUTES = (
    get_state,
    plug,
    unplug,
    tap,
    raise_fault,
    clear_fault,
    set_vehicle,
    set_lock,
    press_emergency_button,
    set_power,
    set_network,
    reboot,
    set_clock,
    set_weather,
    set_outages,
    call,
    list_messages,
    stream_messages,
    get_configuration,
    set_configuration,
)

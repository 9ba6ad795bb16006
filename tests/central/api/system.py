"""A central system as the tests of its API use it, and charge points that talk to it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from msgspec.structs import replace

from voltyard.central.app import CentralSystem
from voltyard.central.credentials import Role
from voltyard.central.operations import Operations
from voltyard.central.operations.requests import NewApiKey
from voltyard.central.settings import Settings
from voltyard.protocol.errors import CallError, ErrorCode
from voltyard.protocol.messages import BootNotification
from voltyard.protocol.payload import Payload, Request
from voltyard.protocol.rpc import CallReceived
from voltyard.transport.client import connect
from voltyard.transport.link import Link
from voltyard.transport.peer import Peer
from voltyard.transport.websocket import WebSocketConnection

PASSWORD = "a-password-of-20-chr"
BOOT = BootNotification(
    charge_point_vendor="Acme",
    charge_point_model="One",
    firmware_version="1.2",
    charge_point_serial_number="S1",
)
NOT_SUPPORTED = CallError(ErrorCode.NOT_SUPPORTED, "not here")


@dataclass
class System:
    """A running central system and clients of its API: one for each role, and one without a key."""

    url: str
    ocpp_url: str
    operations: Operations
    keys: dict[Role, str]
    admin: httpx.AsyncClient
    operator: httpx.AsyncClient
    viewer: httpx.AsyncClient
    stranger: httpx.AsyncClient

    async def add(self, identity: str = "CP1", **settings: Any) -> dict[str, Any]:
        """Create a charge point that may connect and return it as the API shows it."""
        body = {"identity": identity, "password": PASSWORD, **settings}
        response = await self.operator.post("/api/v1/charge-points", json=body)
        assert response.status_code == 201, response.text
        return dict(response.json())


@asynccontextmanager
async def running(settings: Settings, **ocpp: Any) -> AsyncIterator[System]:
    """Run a central system; `ocpp` are settings that differ from the given ones."""
    async with AsyncExitStack() as stack:
        central = await stack.enter_async_context(
            CentralSystem(replace(settings, ocpp=replace(settings.ocpp, **ocpp)))
        )
        keys = {}
        headers_by_role = []
        for role in Role:
            issued = await central.operations.access.create(NewApiKey(name=role, role=role))
            keys[role] = issued.key
            headers_by_role.append({"Authorization": f"Bearer {issued.key}"})
        viewer, operator, admin, stranger = [
            await stack.enter_async_context(
                httpx.AsyncClient(base_url=central.api_url, headers=headers, trust_env=False)
            )
            for headers in (*headers_by_role, {})
        ]
        yield System(
            url=central.api_url,
            ocpp_url=central.ocpp_url,
            operations=central.operations,
            keys=keys,
            admin=admin,
            operator=operator,
            viewer=viewer,
            stranger=stranger,
        )


class Station:
    """A charge point on a real connection: answers as it is told to, and can call."""

    def __init__(self) -> None:
        self.peer: Peer
        self.connection: WebSocketConnection
        self.calls: list[CallReceived] = []
        self.answers: dict[str, Payload | Exception | Callable[[], Awaitable[Payload]]] = {}

    def respond(self, _peer: Peer, call: CallReceived) -> Payload | Awaitable[Payload]:
        """Answer a CALL of the central system."""
        self.calls.append(call)
        match self.answers.get(call.action, NOT_SUPPORTED):
            case Payload() as answer:
                return answer
            case Exception() as error:
                raise error
            case act:
                return act()

    async def call(self, request: Request[Any]) -> Any:
        """Send a CALL and return the answer."""
        return await self.peer.call(request, timeout=5)


@asynccontextmanager
async def connected(system: System, identity: str = "CP1", *, boots: bool = True) -> AsyncIterator[Station]:
    """Connect a charge point, and boot it unless that is not wanted."""
    station = Station()

    def opened(link: Link) -> Peer:
        station.peer = Peer(link, station)
        return station.peer

    station.connection = await connect(
        system.ocpp_url, identity, opened, password=PASSWORD.encode(), ping_interval_s=0
    )
    try:
        if boots:
            await station.call(BOOT)
        yield station
    finally:
        station.connection.close()
        await station.connection.wait_closed()


def until(seconds: float = 5.0) -> Iterator[None]:
    """Go round until the time is over, for what happens elsewhere."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield
    raise AssertionError("it did not happen in time")

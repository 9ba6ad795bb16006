"""Charge points at the other end of a real socket, as obedient or as wild as a test wants them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from tests.central.gateway.outage import System

from voltyard.central.instants import now_us
from voltyard.central.services.commands import create_command, read_command
from voltyard.central.services.records import Command
from voltyard.protocol.errors import CallError, ErrorCode
from voltyard.protocol.messages import BootNotification, BootNotificationResponse
from voltyard.protocol.payload import Payload, Request
from voltyard.protocol.rpc import CallReceived
from voltyard.transport.client import connect
from voltyard.transport.link import Link, Receiver
from voltyard.transport.peer import Peer

Answer = Payload | Exception | Callable[[], Awaitable[Payload]]

BOOT = BootNotification(charge_point_vendor="Acme", charge_point_model="One")
EXPIRY_US = 3600 * 1_000_000


class Charger:
    """A charge point; answers what the table says, by action, and remembers what it was asked."""

    def __init__(self, answers: Mapping[str, Answer] | None = None) -> None:
        self.answers = dict(answers or {})
        self.asked: list[tuple[str, Any]] = []
        self.link: Link
        self.peer: Peer
        self.raw: asyncio.Queue[list[Any]] | None = None
        self.lost: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()

    def __call__(self, link: Link) -> Receiver:
        self.link = link
        self.peer = Peer(link, self)
        return self

    def respond(self, _peer: Peer, call: CallReceived) -> Payload | Awaitable[Payload]:
        self.asked.append((call.action, json.loads(call.payload)))
        match self.answers.get(call.action):
            case None:
                raise CallError(ErrorCode.NOT_SUPPORTED, "not in the table")
            case Exception() as error:
                raise error
            case Payload() as payload:
                return payload
            case answer:
                return answer()

    def frame_received(self, frame: bytes) -> None:
        if self.raw is None:
            self.peer.frame_received(frame)
        else:
            self.raw.put_nowait(json.loads(frame))

    def connection_lost(self, code: int, reason: str) -> None:
        self.peer.connection_lost(code, reason)
        self.lost.set_result((code, reason))

    def take_over(self) -> asyncio.Queue[list[Any]]:
        """Handle frames by hand from now on; they come in here."""
        self.raw = asyncio.Queue()
        return self.raw

    async def boot(self) -> BootNotificationResponse:
        """Send a BootNotification."""
        return await self.peer.call(BOOT)

    async def send(self, request: Request[Any]) -> Any:
        """Send a request and return its response."""
        return await self.peer.call(request)

    async def reply(self, frame: str) -> list[Any]:
        """Send a frame as it is and return the next one that comes."""
        frames = self.take_over()
        self.link.send(frame.encode())
        answer = await frames.get()
        self.raw = None
        return answer


@asynccontextmanager
async def charging_station(
    system: System,
    identity: str = "CP1",
    answers: Mapping[str, Answer] | None = None,
    *,
    password: bytes | None = None,
) -> AsyncIterator[Charger]:
    """A charge point that is connected."""
    charger = Charger(answers)
    connection = await connect(system.gateway.url, identity, charger, password=password)
    try:
        yield charger
    finally:
        connection.close()
        await connection.wait_closed()


async def command(
    system: System, action: str, payload: Mapping[str, Any] | None = None, identity: str = "CP1"
) -> str:
    """Queue a command as the API does, and return its id."""
    text = json.dumps(payload or {})
    request = read_command(action, text.encode())
    created: Command = await system.ledger.run(create_command, identity, request, text, EXPIRY_US, now_us())
    system.gateway.dispatcher.wake(created.charge_point_id)
    return created.id


async def ended(system: System, id: str) -> Command:
    """Wait for the end of a command and return it."""
    while True:
        found: Command | None = await system.ledger.run(lambda work: work.commands.get(id))
        assert found is not None
        if found.ended_at_us is not None:
            return found
        await asyncio.sleep(0.002)

"""The central system that accepts everything, against which a fleet is measured."""

from __future__ import annotations

import json

import pytest
from bench.fleet import accepting
from bench.servers.accepting import answer
from tests.aio import run

from voltyard.protocol.actions import ACTIONS
from voltyard.protocol.codec import PayloadDecoder
from voltyard.transport.conversation import connect_peer
from voltyard.transport.router import Role, Router

FROM_CHARGE_POINTS = [
    "Authorize",
    "BootNotification",
    "Heartbeat",
    "MeterValues",
    "StartTransaction",
    "StatusNotification",
    "StopTransaction",
]


@pytest.mark.parametrize("name", FROM_CHARGE_POINTS)
def test_what_it_answers_is_what_the_specification_asks_for(name: str) -> None:
    call = b'[2,"4711","%s",{"any":"thing"}]' % name.encode()

    kind, id, payload = json.loads(answer(call))

    assert (kind, id) == (3, "4711")
    PayloadDecoder(ACTIONS[name].request.response).strict(json.dumps(payload).encode())


@pytest.mark.integration
def test_long_and_short_messages_are_answered() -> None:
    async def talk(url: str) -> list[bytes]:
        async with connect_peer(url, "CP-1", Router(Role.CHARGE_POINT, {})) as peer:
            long = b'{"text":"%s"}' % (b"x" * 1000)
            return [await peer.call_raw("MeterValues", payload) for payload in (b"{}", long, b"{}")]

    with accepting() as url:
        assert run(talk(url)) == [b"{}"] * 3

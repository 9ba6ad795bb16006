"""Peers over WebSocket in one line, as small programs use them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests import aio

from voltyard.protocol.messages import Heartbeat, HeartbeatResponse
from voltyard.transport import (
    HandshakeRefused,
    Listener,
    Peer,
    Role,
    Router,
    connect_peer,
    serve_peers,
)

PASSWORDS = {"CP1": b"a long enough secret"}
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def beaten(_peer: Peer, _request: Heartbeat) -> HeartbeatResponse:
    return HeartbeatResponse(current_time=NOW)


async def central_system(joined: list[str]) -> Listener:
    return await serve_peers(
        Router[Peer](Role.CENTRAL_SYSTEM, {Heartbeat: beaten}),
        "127.0.0.1",
        0,
        passwords=PASSWORDS,
        joined=lambda identity, _peer: joined.append(identity),
    )


def url(listener: Listener) -> str:
    return f"ws://127.0.0.1:{listener.port}/ocpp"


def test_known_charge_point_with_its_password_is_answered() -> None:
    async def story() -> None:
        joined: list[str] = []
        router = Router[Peer](Role.CHARGE_POINT, {})
        async with (
            await central_system(joined) as listener,
            connect_peer(url(listener), "CP1", router, password=PASSWORDS["CP1"]) as peer,
        ):
            answer = await peer.call(Heartbeat())

        assert answer.current_time == NOW
        assert joined == ["CP1"]

    aio.run(story())


@pytest.mark.parametrize(
    ("identity", "password", "status"), [("CP1", b"another", 401), ("CP1", None, 401), ("CP2", b"any", 404)]
)
def test_others_are_refused(identity: str, password: bytes | None, status: int) -> None:
    """R-003, R-011."""

    async def story() -> None:
        joined: list[str] = []
        router = Router[Peer](Role.CHARGE_POINT, {})
        async with await central_system(joined) as listener:
            with pytest.raises(HandshakeRefused) as refused:
                async with connect_peer(url(listener), identity, router, password=password):
                    pass

        assert refused.value.status == status
        assert joined == []

    aio.run(story())

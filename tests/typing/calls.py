"""What type checkers make of calls: each request brings its own response; read by them, never run."""

from __future__ import annotations

from typing import assert_type

from voltyard.protocol import Payload, Request
from voltyard.protocol.messages import (
    BootNotification,
    BootNotificationResponse,
    ChangeConfiguration,
    ChangeConfigurationResponse,
    DataTransfer,
    DataTransferResponse,
    GetLog,
    GetLogResponse,
    HeartbeatResponse,
    RemoteStartTransaction,
    RemoteStartTransactionResponse,
)
from voltyard.transport.peer import Peer


async def a_call_returns_the_response_of_its_request(peer: Peer, boot: BootNotification, log: GetLog) -> None:
    """In both directions and in every profile."""
    assert_type(
        await peer.call(RemoteStartTransaction(id_tag="042F")),
        RemoteStartTransactionResponse,
    )
    assert_type(
        await peer.call(ChangeConfiguration(key="HeartbeatInterval", value="60"), timeout=5.0),
        ChangeConfigurationResponse,
    )
    assert_type(await peer.call(DataTransfer(vendor_id="com.example")), DataTransferResponse)
    assert_type(await peer.call(boot), BootNotificationResponse)
    assert_type(await peer.call(log), GetLogResponse)


async def a_call_of_any_request_returns_some_payload(peer: Peer, request: Request[Payload]) -> None:
    """Responses are covariant: a table of requests can be sent without knowing what they are."""
    assert_type(await peer.call(request), Payload)


async def what_is_wrong_is_found(peer: Peer, response: HeartbeatResponse) -> None:
    """Each line would be an error without its comment, and the checkers report comments without need."""
    await peer.call(response)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    answer: HeartbeatResponse = await peer.call(DataTransfer(vendor_id="a"))  # type: ignore[arg-type]  # pyright: ignore[reportAssignmentType]
    assert_type(answer, HeartbeatResponse)

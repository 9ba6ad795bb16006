"""From the action of a CALL to the function that answers it: a table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Generic, NamedTuple, TypeVar

from voltyard.protocol.actions import ACTIONS, Action
from voltyard.protocol.codec import Compliance, Decoded, PayloadDecoder
from voltyard.protocol.errors import CallError, ErrorCode
from voltyard.protocol.payload import Payload, Request
from voltyard.protocol.rpc import CallReceived
from voltyard.transport.peer import Peer

C_contra = TypeVar("C_contra", contravariant=True)
Answer = Payload | Awaitable[Payload]
Handler = Callable[[C_contra, Any], Answer]


class Role(Enum):
    """Which side of a conversation we are."""

    CENTRAL_SYSTEM = "central system"
    CHARGE_POINT = "charge point"

    def receives(self, action: Action) -> bool:
        """Whether this side is the one that `action` is sent to."""
        if self is Role.CENTRAL_SYSTEM:
            return action.from_charge_point
        return action.from_central_system


class Route(NamedTuple):
    """How one action is read and who answers it."""

    decoder: PayloadDecoder[Any]
    handler: Handler[Any]


class Router(Generic[C_contra]):
    """The actions one side answers; `C_contra` is what its handlers get beside the request."""

    def __init__(self, role: Role, handlers: Mapping[type[Request[Any]], Handler[C_contra]]) -> None:
        for request in handlers:
            if not role.receives(ACTIONS[request.action]):
                raise ValueError(f"a {role.value} does not receive {request.action}")
        self._routes = {
            request.action: Route(PayloadDecoder(request), handler) for request, handler in handlers.items()
        }

    def route(self, action: str) -> Route:
        """Return the route of an action; raises `CallError` for one that is unknown or not answered here."""
        route = self._routes.get(action)
        if route is None:
            if action in ACTIONS:
                raise CallError(ErrorCode.NOT_SUPPORTED, "this action is not supported here")
            raise CallError(ErrorCode.NOT_IMPLEMENTED, "unknown action")
        return route


class RouterResponder:
    """Answers a peer from a router whose handlers take the peer itself: all that a small program needs."""

    def __init__(self, router: Router[Peer]) -> None:
        self._router = router

    def respond(self, peer: Peer, call: CallReceived) -> Answer:
        """Read the request as strictly as the peer's compliance says and hand it to its handler."""
        route = self._router.route(call.action)
        request = decode(route, call.payload, peer.compliance, datetime.now(UTC)).payload
        return route.handler(peer, request)


def decode(route: Route, payload: bytes, compliance: Compliance, received_at: datetime) -> Decoded[Any]:
    """Read a request strictly or tolerantly; raises `InvalidPayload`."""
    if compliance is Compliance.STRICT:
        return Decoded(route.decoder.strict(payload), (), ())
    return route.decoder.tolerant(payload, received_at)

"""Whether the central system gets an answer: none while it says Rejected (OCPP 1.6 §4.2)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from voltyard.chargepoint.commands import Commands
from voltyard.chargepoint.complaints import Complaints
from voltyard.chargepoint.flag import Flag, Interrupted
from voltyard.chargepoint.registration import Registration
from voltyard.protocol.errors import CallError, ErrorCode
from voltyard.protocol.messages import RegistrationStatus
from voltyard.protocol.payload import Payload
from voltyard.protocol.rpc import CallReceived
from voltyard.transport.peer import Peer
from voltyard.transport.router import Router, decode


class StationResponder:
    """Answers the central system's calls as the registration allows; `offline` is set when it is gone."""

    __slots__ = ("_commands", "_complaints", "_now", "_offline", "_registration", "_router")

    def __init__(
        self,
        router: Router[Commands],
        commands: Commands,
        registration: Registration,
        complaints: Complaints,
        now: Callable[[], datetime],
        offline: Flag,
    ) -> None:
        self._router = router
        self._commands = commands
        self._registration = registration
        self._complaints = complaints
        self._now = now
        self._offline = offline

    def respond(self, peer: Peer, call: CallReceived) -> Payload | Awaitable[Payload]:
        """Return the answer, or an awaitable of it; raises `CallError` and `InvalidPayload`."""
        match self._registration.status:
            case None:
                raise CallError(ErrorCode.GENERIC_ERROR, "the charge point is booting")
            case RegistrationStatus.REJECTED:
                return self._silence()
            case _:
                route = self._router.route(call.action)
                read = decode(route, call.payload, peer.compliance, self._now())
                self._complaints.deviated(read.deviations)
                self._complaints.identified(call.id)
                return route.handler(self._commands, read.payload)

    async def _silence(self) -> Payload:
        with Interrupted(self._offline):
            await self._registration.not_rejected()
        # Nobody waits for this any more: what it asked for is of the past.
        raise CallError(ErrorCode.GENERIC_ERROR, "the charge point was not accepted when this arrived")

"""Who may connect: decided before the upgrade, with no effect on anybody's live session."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable

import structlog

from voltyard.central.attempts import AttemptLimiter
from voltyard.central.credentials import PasswordVerifier
from voltyard.central.instants import now_us
from voltyard.central.services.records import ChargePoint
from voltyard.central.storage.errors import StorageFailed
from voltyard.transport.handshake import Admission, Handshake, Refusal
from voltyard.transport.link import Link, Receiver

REALM = "OCPP"
_RETRY_AFTER_S = 15

_log = structlog.get_logger()


class Gate:
    """Implements the listener's `admit` (WP A00.FR.002, A00.FR.202-204)."""

    def __init__(
        self,
        find: Callable[[str], Awaitable[ChargePoint | None]],
        connected: Callable[[ChargePoint, Link], Receiver],
        is_flapping: Callable[[int, int], bool],
        proven: Callable[[ChargePoint, str], None],
        breached: Callable[[ChargePoint, str, str], None],
        attempts: AttemptLimiter,
        *,
        allow_unauthenticated: bool,
    ) -> None:
        self._find = find
        self._connected = connected
        self._is_flapping = is_flapping
        self._proven = proven
        self._breached = breached
        self._allow_unauthenticated = allow_unauthenticated
        self._verifier = PasswordVerifier()
        self._attempts = attempts

    async def admit(self, handshake: Handshake) -> Admission | Refusal:
        """Admit a charge point that is known and proves who it is."""
        identity, address = handshake.identity, handshake.remote_address
        wait_s = self._attempts.retry_after_s(identity, address)
        if wait_s > 0:
            return Refusal.too_many_attempts(math.ceil(wait_s))
        try:
            charge_point = await self._find(identity)
        except StorageFailed:
            return Refusal.unavailable(_RETRY_AFTER_S)
        if charge_point is None or charge_point.deleted_at_us is not None:
            self._attempts.failed(identity, address)
            return Refusal.unknown()
        fault = await self._fault(charge_point, handshake)
        if fault is not None:
            self._attempts.failed(identity, address)
            self._breached(charge_point, fault, address)
            return Refusal.unauthorized(REALM)
        self._attempts.succeeded(identity, address)
        if self._is_flapping(charge_point.id, now_us()):
            return Refusal.too_many_attempts(_RETRY_AFTER_S)
        return Admission(
            connected=lambda link: self._connected(charge_point, link),
            assume_ocpp16=bool(charge_point.assume_ocpp16),
        )

    def close(self) -> None:
        """End the threads that verify passwords."""
        self._verifier.close()

    async def _fault(self, charge_point: ChargePoint, handshake: Handshake) -> str | None:
        """Return what is wrong with an attempt, or None."""
        profile = charge_point.security_profile
        if profile >= 2 and handshake.tls is None:
            return f"connection without TLS, security profile {profile} is configured"
        if profile == 0:
            return None if self._allow_unauthenticated else "security profile 0 is not allowed here"
        credentials = handshake.credentials
        if credentials is None:
            return "credentials missing"
        if credentials.username != charge_point.identity:
            return "username is not the identity"
        for hashed in (charge_point.password_hash, charge_point.next_password_hash):
            if hashed is not None and await self._verifier.verify(
                charge_point.identity, hashed, credentials.password
            ):
                if charge_point.next_password_hash is not None:
                    self._proven(charge_point, hashed)
                return None
        return "wrong password"

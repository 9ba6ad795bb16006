"""What can go wrong in the rules of charging."""

from __future__ import annotations

from voltyard.protocol.messages import ChargePointStatus


class TransitionRefused(Exception):
    """The connector status matrix has no transition for this event (OCPP 1.6 §4.9)."""

    def __init__(self, connector_id: int, status: ChargePointStatus, event: str) -> None:
        super().__init__(f"connector {connector_id}: nothing leads out of {status} on {event}")
        self.connector_id = connector_id
        self.status = status
        self.event = event


class ProfileRefused(Exception):
    """A charging profile breaks a rule of installing (OCPP 1.6 §3.13, §5.16)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

"""What the journal says of things that happen elsewhere: statuses, settings, calls that were refused."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.journal import Journal
from voltyard.protocol.actions import FeatureProfile
from voltyard.protocol.configuration import CONFIGURATION_KEYS
from voltyard.protocol.errors import CallError, InvalidPayload
from voltyard.protocol.messages import ChargePointErrorCode, StatusNotification
from voltyard.protocol.payload import Payload
from voltyard.protocol.rpc import CallReceived
from voltyard.transport.peer import Peer, Responder

_ACTION_LENGTH: Final = 50


def note_status(journal: Journal, notification: StatusNotification) -> None:
    """Note a status as it is reported."""
    facts = [f"connector {notification.connector_id}: {notification.status}"]
    if notification.error_code is not ChargePointErrorCode.NO_ERROR:
        facts.append(notification.error_code)
    facts += [text for text in (notification.vendor_error_code, notification.info) if text]
    journal.note(", ".join(facts))


def note_setting(journal: Journal, configuration: Configuration, name: str) -> None:
    """Note the value a configuration key has been set to, unless it is secret."""
    keys = configuration.get((name,)).configuration_key or ()
    for key in keys:
        journal.note(f"configuration: {name} is set" + ("" if key.value is None else f" to {key.value}"))
    if name in CONFIGURATION_KEYS and CONFIGURATION_KEYS[name].profile is FeatureProfile.SECURITY:
        journal.note_security("ReconfigurationOfSecurityParameters", name)


class NotingResponder:
    """Answers as another one does, and notes what it refuses."""

    __slots__ = ("_journal", "_responder")

    def __init__(self, responder: Responder, journal: Journal) -> None:
        self._responder = responder
        self._journal = journal

    def respond(self, peer: Peer, call: CallReceived) -> Payload | Awaitable[Payload]:
        """Return the answer, or an awaitable of it; raises `CallError` and `InvalidPayload`."""
        try:
            return self._responder.respond(peer, call)
        except (CallError, InvalidPayload) as refusal:
            self._journal.note(f"{call.action[:_ACTION_LENGTH]}: refused with {refusal.code}")
            raise

"""The payloads of the RemoteTrigger feature profile."""

from __future__ import annotations

from enum import StrEnum

from voltyard.protocol.messages.common import RequestedMessage, TriggerMessageStatus
from voltyard.protocol.payload import Integer, Payload, Request


class MessageTrigger(StrEnum):
    """Which message a TriggerMessage can ask for (OCPP 1.6 §7.32)."""

    BOOT_NOTIFICATION = "BootNotification"
    DIAGNOSTICS_STATUS_NOTIFICATION = "DiagnosticsStatusNotification"
    FIRMWARE_STATUS_NOTIFICATION = "FirmwareStatusNotification"
    HEARTBEAT = "Heartbeat"
    METER_VALUES = "MeterValues"
    STATUS_NOTIFICATION = "StatusNotification"


class TriggerMessageResponse(Payload, frozen=True, kw_only=True):
    """Whether the charge point will send the message (OCPP 1.6 §6.52)."""

    status: TriggerMessageStatus


class TriggerMessage(Request[TriggerMessageResponse], frozen=True, kw_only=True):
    """Asks for a message; `requested_message` should be a `MessageTrigger` (OCPP 1.6 §6.51).

    One that is none of them is answered with NotImplemented. Without `connector_id`: all connectors.
    """

    action = "TriggerMessage"
    response = TriggerMessageResponse

    requested_message: RequestedMessage
    connector_id: Integer | None = None

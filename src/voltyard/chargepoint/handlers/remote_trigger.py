"""What a charge point answers when it is asked to send a message: TriggerMessage and its extension."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from voltyard.chargepoint.commands import Commands
from voltyard.chargepoint.triggers import trigger, trigger_extended
from voltyard.protocol.messages import (
    ExtendedTriggerMessage,
    ExtendedTriggerMessageResponse,
    TriggerMessage,
    TriggerMessageResponse,
)
from voltyard.protocol.payload import Request
from voltyard.transport.router import Handler


def trigger_message(commands: Commands, request: TriggerMessage) -> TriggerMessageResponse:
    """Answer TriggerMessage."""
    return TriggerMessageResponse(status=trigger(commands, request.requested_message, request.connector_id))


def extended_trigger_message(
    commands: Commands, request: ExtendedTriggerMessage
) -> ExtendedTriggerMessageResponse:
    """Answer ExtendedTriggerMessage."""
    status = trigger_extended(commands, request.requested_message, request.connector_id)
    return ExtendedTriggerMessageResponse(status=status)


HANDLERS: Final[Mapping[type[Request[Any]], Handler[Commands]]] = MappingProxyType(
    {TriggerMessage: trigger_message, ExtendedTriggerMessage: extended_trigger_message}
)

"""What a charge point answers to the actions of the security extension (white paper §5)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from voltyard.chargepoint.commands import Commands
from voltyard.protocol.messages import GetLog, GetLogResponse
from voltyard.protocol.payload import Request
from voltyard.transport.router import Handler


def get_log(commands: Commands, request: GetLog) -> GetLogResponse:
    """Answer GetLog, and upload after the answer."""
    parts = commands.parts
    status, file_name = parts.uploads.take_log(request)
    parts.uplink.after_answer(parts.uploads.proceed)
    return GetLogResponse(status=status, filename=file_name)


HANDLERS: Final[Mapping[type[Request[Any]], Handler[Commands]]] = MappingProxyType({GetLog: get_log})

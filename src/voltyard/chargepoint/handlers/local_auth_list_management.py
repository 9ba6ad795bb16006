"""What a charge point answers to the actions of the LocalAuthListManagement profile."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from voltyard.chargepoint.commands import Commands
from voltyard.protocol.messages import (
    GetLocalListVersion,
    GetLocalListVersionResponse,
    SendLocalList,
    SendLocalListResponse,
)
from voltyard.protocol.payload import Request
from voltyard.transport.router import Handler


def get_local_list_version(commands: Commands, request: GetLocalListVersion) -> GetLocalListVersionResponse:
    """Answer GetLocalListVersion."""
    return GetLocalListVersionResponse(list_version=commands.parts.local_list.version)


def send_local_list(commands: Commands, request: SendLocalList) -> SendLocalListResponse:
    """Answer SendLocalList."""
    return SendLocalListResponse(status=commands.parts.local_list.update(request))


HANDLERS: Final[Mapping[type[Request[Any]], Handler[Commands]]] = MappingProxyType(
    {GetLocalListVersion: get_local_list_version, SendLocalList: send_local_list}
)

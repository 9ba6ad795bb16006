"""What a charge point answers to the actions of the FirmwareManagement profile."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from voltyard.chargepoint.commands import Commands
from voltyard.protocol.messages import (
    GetDiagnostics,
    GetDiagnosticsResponse,
    UpdateFirmware,
    UpdateFirmwareResponse,
)
from voltyard.protocol.payload import Request
from voltyard.transport.router import Handler


def get_diagnostics(commands: Commands, request: GetDiagnostics) -> GetDiagnosticsResponse:
    """Answer GetDiagnostics, and upload after the answer."""
    parts = commands.parts
    file_name = parts.uploads.take_diagnostics(request)
    parts.uplink.after_answer(parts.uploads.proceed)
    return GetDiagnosticsResponse(file_name=file_name)


def update_firmware(commands: Commands, request: UpdateFirmware) -> UpdateFirmwareResponse:
    """Answer UpdateFirmware, and begin after the answer."""
    parts = commands.parts
    parts.firmware.update(request)
    parts.uplink.after_answer(parts.firmware.proceed)
    return UpdateFirmwareResponse()


HANDLERS: Final[Mapping[type[Request[Any]], Handler[Commands]]] = MappingProxyType(
    {GetDiagnostics: get_diagnostics, UpdateFirmware: update_firmware}
)

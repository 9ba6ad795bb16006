"""What a charge point answers to the actions of the Core profile, each a command and its status."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from voltyard.chargepoint.commands import Commands
from voltyard.protocol.actions import FeatureProfile
from voltyard.protocol.messages import (
    AvailabilityType,
    ChangeAvailability,
    ChangeAvailabilityResponse,
    ChangeConfiguration,
    ChangeConfigurationResponse,
    ClearCache,
    ClearCacheResponse,
    ClearCacheStatus,
    ConfigurationStatus,
    DataTransfer,
    DataTransferResponse,
    DataTransferStatus,
    GetConfiguration,
    GetConfigurationResponse,
    RemoteStartStopStatus,
    RemoteStartTransaction,
    RemoteStartTransactionResponse,
    RemoteStopTransaction,
    RemoteStopTransactionResponse,
    Reset,
    ResetResponse,
    ResetStatus,
    UnlockConnector,
    UnlockConnectorResponse,
)
from voltyard.protocol.payload import Request
from voltyard.transport.router import Handler

_TAKES_A_NEW_CONNECTION: Final = frozenset({"authorizationkey"})


def change_availability(commands: Commands, request: ChangeAvailability) -> ChangeAvailabilityResponse:
    """Answer ChangeAvailability."""
    is_operative = request.type is AvailabilityType.OPERATIVE
    return ChangeAvailabilityResponse(status=commands.change_availability(request.connector_id, is_operative))


def change_configuration(commands: Commands, request: ChangeConfiguration) -> ChangeConfigurationResponse:
    """Answer ChangeConfiguration."""
    status = commands.parts.configuration.change(request.key, request.value)
    if status is ConfigurationStatus.ACCEPTED and request.key.casefold() in _TAKES_A_NEW_CONNECTION:
        # The new password is for a new connection (white paper A01); what waits to be delivered waits on.
        commands.parts.uplink.after_answer(commands.parts.uplink.reconnect)
    return ChangeConfigurationResponse(status=status)


def clear_cache(commands: Commands, request: ClearCache) -> ClearCacheResponse:
    """Answer ClearCache."""
    if not commands.parts.configuration.has("AuthorizationCacheEnabled"):
        return ClearCacheResponse(status=ClearCacheStatus.REJECTED)  # there is no cache (errata 3.23)
    commands.parts.cache.clear()
    return ClearCacheResponse(status=ClearCacheStatus.ACCEPTED)


def data_transfer(commands: Commands, request: DataTransfer) -> DataTransferResponse:
    """Answer DataTransfer by the vendor's own handler; never a CALLERROR for unknown ones."""
    messages = commands.parts.vendors.get(request.vendor_id)
    if messages is None:
        return DataTransferResponse(status=DataTransferStatus.UNKNOWN_VENDOR_ID)
    handler = messages.get(request.message_id)
    if handler is None:
        return DataTransferResponse(status=DataTransferStatus.UNKNOWN_MESSAGE_ID)
    return handler(request.data)


def get_configuration(commands: Commands, request: GetConfiguration) -> GetConfigurationResponse:
    """Answer GetConfiguration."""
    return commands.parts.configuration.get(request.key or ())


def remote_start(commands: Commands, request: RemoteStartTransaction) -> RemoteStartTransactionResponse:
    """Answer RemoteStartTransaction; without smart charging its charging profile is ignored (§5.11)."""
    has_smart_charging = commands.parts.configuration.supports(FeatureProfile.SMART_CHARGING)
    charging_profile = request.charging_profile if has_smart_charging else None
    is_accepted = commands.start(request.id_tag, request.connector_id, charging_profile)
    return RemoteStartTransactionResponse(status=_start_stop(is_accepted))


def remote_stop(commands: Commands, request: RemoteStopTransaction) -> RemoteStopTransactionResponse:
    """Answer RemoteStopTransaction."""
    return RemoteStopTransactionResponse(status=_start_stop(commands.stop(request.transaction_id)))


def reset(commands: Commands, request: Reset) -> ResetResponse:
    """Answer Reset."""
    is_accepted = commands.reset(request.type)
    return ResetResponse(status=ResetStatus.ACCEPTED if is_accepted else ResetStatus.REJECTED)


async def unlock_connector(commands: Commands, request: UnlockConnector) -> UnlockConnectorResponse:
    """Answer UnlockConnector."""
    return UnlockConnectorResponse(status=await commands.unlock(request.connector_id))


HANDLERS: Final[Mapping[type[Request[Any]], Handler[Commands]]] = MappingProxyType(
    {
        ChangeAvailability: change_availability,
        ChangeConfiguration: change_configuration,
        ClearCache: clear_cache,
        DataTransfer: data_transfer,
        GetConfiguration: get_configuration,
        RemoteStartTransaction: remote_start,
        RemoteStopTransaction: remote_stop,
        Reset: reset,
        UnlockConnector: unlock_connector,
    }
)


def _start_stop(is_accepted: bool) -> RemoteStartStopStatus:
    return RemoteStartStopStatus.ACCEPTED if is_accepted else RemoteStartStopStatus.REJECTED

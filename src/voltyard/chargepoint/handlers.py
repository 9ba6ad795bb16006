"""What a charge point answers to the central system: a table of actions, each a command and its status."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from voltyard.chargepoint.commands import Commands
from voltyard.protocol.messages import (
    AvailabilityType,
    ChangeAvailability,
    ChangeAvailabilityResponse,
    ChangeConfiguration,
    ChangeConfigurationResponse,
    ClearCache,
    ClearCacheResponse,
    ClearCacheStatus,
    DataTransfer,
    DataTransferResponse,
    DataTransferStatus,
    GetConfiguration,
    GetConfigurationResponse,
    GetLocalListVersion,
    GetLocalListVersionResponse,
    RemoteStartStopStatus,
    RemoteStartTransaction,
    RemoteStartTransactionResponse,
    RemoteStopTransaction,
    RemoteStopTransactionResponse,
    Reset,
    ResetResponse,
    ResetStatus,
    SendLocalList,
    SendLocalListResponse,
    TriggerMessage,
    TriggerMessageResponse,
    UnlockConnector,
    UnlockConnectorResponse,
    UpdateStatus,
)
from voltyard.protocol.payload import Request
from voltyard.transport.router import Handler

NO_LOCAL_LIST: Final = -1
"""What GetLocalListVersion says where local lists are not supported (OCPP 1.6 §5.10)."""


def change_availability(commands: Commands, request: ChangeAvailability) -> ChangeAvailabilityResponse:
    """Answer ChangeAvailability."""
    is_operative = request.type is AvailabilityType.OPERATIVE
    return ChangeAvailabilityResponse(status=commands.change_availability(request.connector_id, is_operative))


def change_configuration(commands: Commands, request: ChangeConfiguration) -> ChangeConfigurationResponse:
    """Answer ChangeConfiguration."""
    return ChangeConfigurationResponse(status=commands.parts.configuration.change(request.key, request.value))


def clear_cache(commands: Commands, request: ClearCache) -> ClearCacheResponse:
    """Answer ClearCache."""
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


def get_local_list_version(commands: Commands, request: GetLocalListVersion) -> GetLocalListVersionResponse:
    """Answer GetLocalListVersion."""
    return GetLocalListVersionResponse(list_version=NO_LOCAL_LIST)


def remote_start(commands: Commands, request: RemoteStartTransaction) -> RemoteStartTransactionResponse:
    """Answer RemoteStartTransaction; without smart charging its charging profile is ignored (§5.11)."""
    is_accepted = commands.start(request.id_tag, request.connector_id)
    return RemoteStartTransactionResponse(status=_start_stop(is_accepted))


def remote_stop(commands: Commands, request: RemoteStopTransaction) -> RemoteStopTransactionResponse:
    """Answer RemoteStopTransaction."""
    return RemoteStopTransactionResponse(status=_start_stop(commands.stop(request.transaction_id)))


def reset(commands: Commands, request: Reset) -> ResetResponse:
    """Answer Reset."""
    is_accepted = commands.reset(request.type)
    return ResetResponse(status=ResetStatus.ACCEPTED if is_accepted else ResetStatus.REJECTED)


def send_local_list(commands: Commands, request: SendLocalList) -> SendLocalListResponse:
    """Answer SendLocalList."""
    return SendLocalListResponse(status=UpdateStatus.NOT_SUPPORTED)


def trigger_message(commands: Commands, request: TriggerMessage) -> TriggerMessageResponse:
    """Answer TriggerMessage."""
    return TriggerMessageResponse(status=commands.trigger(request.requested_message, request.connector_id))


async def unlock_connector(commands: Commands, request: UnlockConnector) -> UnlockConnectorResponse:
    """Answer UnlockConnector."""
    return UnlockConnectorResponse(status=await commands.unlock(request.connector_id))


# Actions that are not here are answered with NotSupported.
HANDLERS: Final[Mapping[type[Request[Any]], Handler[Commands]]] = MappingProxyType(
    {
        ChangeAvailability: change_availability,
        ChangeConfiguration: change_configuration,
        ClearCache: clear_cache,
        DataTransfer: data_transfer,
        GetConfiguration: get_configuration,
        GetLocalListVersion: get_local_list_version,
        RemoteStartTransaction: remote_start,
        RemoteStopTransaction: remote_stop,
        Reset: reset,
        SendLocalList: send_local_list,
        TriggerMessage: trigger_message,
        UnlockConnector: unlock_connector,
    }
)


def _start_stop(is_accepted: bool) -> RemoteStartStopStatus:
    return RemoteStartStopStatus.ACCEPTED if is_accepted else RemoteStartStopStatus.REJECTED

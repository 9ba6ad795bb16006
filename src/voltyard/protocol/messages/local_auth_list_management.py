"""The payloads of the LocalAuthListManagement feature profile."""

from __future__ import annotations

from enum import StrEnum

from voltyard.protocol.messages.common import IdTagInfo
from voltyard.protocol.payload import IdToken, Integer, Payload, Request, Structure


class GetLocalListVersionResponse(Payload, frozen=True, kw_only=True):
    """The list's version: 0 when it is empty, -1 when there is none (OCPP 1.6 §6.28)."""

    list_version: Integer


class GetLocalListVersion(Request[GetLocalListVersionResponse], frozen=True, kw_only=True):
    """Asks for the version of the local authorization list (OCPP 1.6 §6.27)."""

    action = "GetLocalListVersion"
    response = GetLocalListVersionResponse


class AuthorizationData(Structure, frozen=True, kw_only=True):
    """An entry of the local list; without `id_tag_info` a differential update deletes it (OCPP 1.6 §7.1)."""

    id_tag: IdToken
    id_tag_info: IdTagInfo | None = None


class UpdateType(StrEnum):
    """Whether a list replaces the stored one or changes it (OCPP 1.6 §7.48)."""

    DIFFERENTIAL = "Differential"
    FULL = "Full"


class UpdateStatus(StrEnum):
    """What became of an update of the local list (OCPP 1.6 §7.47)."""

    ACCEPTED = "Accepted"
    FAILED = "Failed"
    NOT_SUPPORTED = "NotSupported"
    VERSION_MISMATCH = "VersionMismatch"


class SendLocalListResponse(Payload, frozen=True, kw_only=True):
    """What became of the update (OCPP 1.6 §6.42)."""

    status: UpdateStatus


class SendLocalList(Request[SendLocalListResponse], frozen=True, kw_only=True):
    """Replaces or changes the local authorization list (OCPP 1.6 §6.41)."""

    action = "SendLocalList"
    response = SendLocalListResponse

    list_version: Integer
    update_type: UpdateType
    local_authorization_list: tuple[AuthorizationData, ...] | None = None

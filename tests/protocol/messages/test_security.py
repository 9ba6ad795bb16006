"""Security payloads, where the white paper leaves room."""

from __future__ import annotations

from voltyard.protocol.codec import PayloadDecoder, encode
from voltyard.protocol.messages import (
    ExtendedMessageTrigger,
    ExtendedTriggerMessage,
    GetInstalledCertificateIdsResponse,
    GetInstalledCertificateStatus,
    GetLog,
    SecurityEventNotification,
)


def test_an_unknown_message_is_read() -> None:
    trigger = PayloadDecoder(ExtendedTriggerMessage).strict(b'{"requestedMessage":"SelfDestruct"}')

    assert trigger.requested_message not in set(ExtendedMessageTrigger)


def test_a_security_event_of_a_vendor_is_read() -> None:
    raw = b'{"type":"AcmeLidOpened","timestamp":"2024-01-01T00:00:00Z"}'

    assert PayloadDecoder(SecurityEventNotification).strict(raw).type == "AcmeLidOpened"


def test_no_installed_certificates_means_no_list() -> None:
    response = GetInstalledCertificateIdsResponse(status=GetInstalledCertificateStatus.NOT_FOUND)

    assert encode(response) == b'{"status":"NotFound"}'


def test_the_place_for_a_log_may_be_anything_of_512_characters() -> None:
    place = "x" * 512
    raw = f'{{"logType":"SecurityLog","requestId":1,"log":{{"remoteLocation":"{place}"}}}}'

    assert PayloadDecoder(GetLog).strict(raw.encode()).log.remote_location == place

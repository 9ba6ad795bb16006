"""A message the charge point does not know can still be asked for, and is answered with a status."""

from __future__ import annotations

import pytest

from voltyard.protocol.codec import PayloadDecoder, encode
from voltyard.protocol.errors import ErrorCode, InvalidPayload
from voltyard.protocol.messages import MessageTrigger, TriggerMessage


def test_an_unknown_message_is_read() -> None:
    trigger = PayloadDecoder(TriggerMessage).strict(b'{"requestedMessage":"SelfDestruct"}')

    assert trigger.requested_message not in set(MessageTrigger)


def test_a_known_message_is_read_as_the_member_it_is() -> None:
    trigger = PayloadDecoder(TriggerMessage).strict(b'{"requestedMessage":"Heartbeat","connectorId":0}')

    assert trigger.requested_message == MessageTrigger.HEARTBEAT


def test_a_member_is_written_as_its_value() -> None:
    trigger = TriggerMessage(requested_message=MessageTrigger.METER_VALUES, connector_id=1)

    assert encode(trigger) == b'{"requestedMessage":"MeterValues","connectorId":1}'


def test_an_unknown_message_has_at_most_50_characters() -> None:
    with pytest.raises(InvalidPayload) as refused:
        PayloadDecoder(TriggerMessage).strict(b'{"requestedMessage":"%s"}' % (b"x" * 51))

    assert refused.value.code is ErrorCode.PROPERTY_CONSTRAINT_VIOLATION

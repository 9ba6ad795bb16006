"""What a charge point answers when it is asked to send a message, and that the answer comes first."""

from __future__ import annotations

import pytest
from tests.chargepoint.frames import SentFrames
from tests.chargepoint.virtual_time import story
from tests.chargepoint.world import world

from voltyard.protocol.messages import (
    ExtendedTriggerMessage,
    ExtendedTriggerMessageResponse,
    TriggerMessage,
    TriggerMessageResponse,
    TriggerMessageStatus,
)

ACCEPTED, NOT_IMPLEMENTED = TriggerMessageStatus.ACCEPTED, TriggerMessageStatus.NOT_IMPLEMENTED
ASKING = [(TriggerMessage, TriggerMessageResponse), (ExtendedTriggerMessage, ExtendedTriggerMessageResponse)]


@pytest.mark.parametrize(("request_", "response"), ASKING)
@story
async def test_the_message_comes_after_the_answer(
    request_: type[TriggerMessage | ExtendedTriggerMessage],
    response: type[TriggerMessageResponse | ExtendedTriggerMessageResponse],
) -> None:
    """R-283."""
    frames = SentFrames()
    async with world(observer=frames) as w:
        before = len(frames.order)

        answer = await w.central.call(request_(requested_message="Heartbeat"))
        await w.after()

        assert answer == response(status=ACCEPTED)
        assert frames.order[before:] == ["answer", "Heartbeat"]


@pytest.mark.parametrize(("request_", "response"), ASKING)
@story
async def test_an_unknown_message_is_not_implemented(
    request_: type[TriggerMessage | ExtendedTriggerMessage],
    response: type[TriggerMessageResponse | ExtendedTriggerMessageResponse],
) -> None:
    """R-286: a status, no CALLERROR."""
    async with world() as w:
        answer = await w.central.call(request_(requested_message="Foo"))

        assert answer == response(status=NOT_IMPLEMENTED)


@pytest.mark.parametrize("message", ["FirmwareStatusNotification", "SignChargePointCertificate"])
@story
async def test_the_extension_triggers_nothing_of_certificates(message: str) -> None:
    """Signed firmware and certificates are not implemented here."""
    async with world() as w:
        answer = await w.central.call(ExtendedTriggerMessage(requested_message=message))

        assert answer.status is NOT_IMPLEMENTED

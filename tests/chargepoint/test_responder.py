"""Whether the central system's calls are answered; for Rejected and Pending see test_registration."""

from __future__ import annotations

import asyncio

import pytest
from tests.chargepoint.central_system import CentralSystem, boot
from tests.chargepoint.virtual_time import VirtualClock, story
from tests.chargepoint.world import world

from voltyard.protocol.errors import ErrorCode
from voltyard.protocol.messages import BootNotification, RegistrationStatus
from voltyard.transport.errors import CallRejected, Disconnected


@pytest.mark.parametrize(
    ("action", "payload", "code"),
    [
        ("FooBar", b"{}", ErrorCode.NOT_IMPLEMENTED),
        ("reset", b'{"type":"Soft"}', ErrorCode.NOT_IMPLEMENTED),
        ("BootNotification", b"{}", ErrorCode.NOT_SUPPORTED),
        ("CertificateSigned", b"{}", ErrorCode.NOT_SUPPORTED),
        ("RemoteStopTransaction", b"{}", ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION),
        ("RemoteStartTransaction", b'{"idTag":{}}', ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        ("Reset", b'{"type":"Warm"}', ErrorCode.PROPERTY_CONSTRAINT_VIOLATION),
    ],
)
@story
async def test_what_is_wrong_with_a_call_is_said(action: str, payload: bytes, code: ErrorCode) -> None:
    """R-058 to R-062, R-064."""
    async with world() as w:
        with pytest.raises(CallRejected) as rejected:
            await w.central.call_raw(action, payload)

        assert rejected.value.code == code


@story
async def test_small_deviations_are_tolerated() -> None:
    async with world() as w:
        answer = await w.central.call_raw("ClearCache", b'{"vendorExtra":null}')

        assert answer == b'{"status":"Accepted"}'


@story
async def test_nobody_waits_on_a_connection_that_is_gone_for_an_answer_that_is_not_due() -> None:
    """R-094: a charge point that is Rejected for days leaves nothing behind of each connection."""
    central = CentralSystem(VirtualClock().now)
    central.script(BootNotification, boot(central.now(), RegistrationStatus.REJECTED, interval=86_400))
    async with world(central=central, is_booted=False) as w:
        before = len(asyncio.all_tasks())
        for _ in range(20):
            call = asyncio.create_task(central.call_raw("ClearCache", b"{}"))
            await w.after(0.1)
            central.cut()
            await asyncio.wait({call})
            assert isinstance(call.exception(), Disconnected)
            await w.after(2)

        assert len(asyncio.all_tasks()) == before

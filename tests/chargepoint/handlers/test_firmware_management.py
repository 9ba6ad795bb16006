"""What a charge point answers about firmware and diagnostics, and what it does after the answer."""

from __future__ import annotations

import pytest
from tests.chargepoint.frames import SentFrames
from tests.chargepoint.transfers import FakeTransfer
from tests.chargepoint.virtual_time import BEGINNING, story
from tests.chargepoint.world import world

from voltyard.chargepoint.simulator.firmware import image
from voltyard.protocol.errors import ErrorCode
from voltyard.protocol.messages import (
    GetDiagnostics,
    GetDiagnosticsResponse,
    UpdateFirmware,
    UpdateFirmwareResponse,
)
from voltyard.transport.errors import CallRejected

FIRMWARE = "http://files.example/fw"
GET_DIAGNOSTICS = GetDiagnostics(location="http://files.example/in")
UPDATE_FIRMWARE = UpdateFirmware(location=FIRMWARE, retrieve_date=BEGINNING)


@story
async def test_diagnostics_are_uploaded_after_the_answer() -> None:
    """R-371."""
    frames = SentFrames()
    async with world(transfer=FakeTransfer(takes_s=0), observer=frames) as w:
        before = len(frames.order)
        answer = await w.central.call(GET_DIAGNOSTICS)
        await w.after(10)

        assert answer.file_name is not None
        assert frames.order[before:] == ["answer"] + ["DiagnosticsStatusNotification"] * 2


@story
async def test_firmware_is_updated_after_the_answer() -> None:
    frames = SentFrames()
    transfer = FakeTransfer({FIRMWARE: image("2.0")}, takes_s=0)
    async with world(transfer=transfer, observer=frames) as w:
        before = len(frames.order)
        answer = await w.central.call(UPDATE_FIRMWARE)
        await w.after(10)

        assert answer == UpdateFirmwareResponse()
        assert frames.order[before] == "answer"
        assert frames.order.count("FirmwareStatusNotification") == 3


@story
async def test_nothing_to_upload_is_an_empty_answer() -> None:
    """R-372."""
    async with world(transfer=FakeTransfer()) as w:
        answer = await w.central.call(
            GetDiagnostics(location="http://h/", stop_time=BEGINNING.replace(year=2020))
        )

        assert answer == GetDiagnosticsResponse()


@pytest.mark.parametrize("request_", [GET_DIAGNOSTICS, UPDATE_FIRMWARE])
@story
async def test_without_the_feature_profile_there_is_neither(
    request_: GetDiagnostics | UpdateFirmware,
) -> None:
    async with world(SupportedFeatureProfiles="Core") as w:
        with pytest.raises(CallRejected) as rejected:
            await w.central.call(request_)

        assert rejected.value.code == ErrorCode.NOT_SUPPORTED

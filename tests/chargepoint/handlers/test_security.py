"""What a charge point answers when its logs are asked for, and what it does after the answer."""

from __future__ import annotations

from tests.chargepoint.frames import SentFrames
from tests.chargepoint.transfers import FakeTransfer
from tests.chargepoint.virtual_time import BEGINNING, story
from tests.chargepoint.world import world

from voltyard.protocol.messages import GetLog, GetLogResponse, LogParameters, LogStatus, LogType


@story
async def test_a_log_is_uploaded_after_the_answer() -> None:
    """R-388; without the FirmwareManagement profile too."""
    frames = SentFrames()
    request = GetLog(
        log=LogParameters(remote_location="ftp://files.example/in"),
        log_type=LogType.SECURITY_LOG,
        request_id=5,
    )
    transfer = FakeTransfer(takes_s=0)
    async with world(transfer=transfer, observer=frames, SupportedFeatureProfiles="Core") as w:
        before = len(frames.order)
        answer = await w.central.call(request)
        await w.after(10)

        assert answer == GetLogResponse(status=LogStatus.ACCEPTED, filename=transfer.brought[0].file_name)
        assert frames.order[before:] == ["answer"] + ["LogStatusNotification"] * 2


@story
async def test_a_log_that_is_not_there_is_refused_without_a_name() -> None:
    request = GetLog(
        log=LogParameters(remote_location="ftp://h/", latest_timestamp=BEGINNING.replace(year=2020)),
        log_type=LogType.DIAGNOSTICS_LOG,
        request_id=5,
    )
    async with world(transfer=FakeTransfer()) as w:
        assert await w.central.call(request) == GetLogResponse(status=LogStatus.REJECTED)

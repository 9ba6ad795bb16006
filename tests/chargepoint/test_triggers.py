"""Messages that the central system asks for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.chargepoint.central_system import SILENCE, Late
from tests.chargepoint.transfers import FakeTransfer
from tests.chargepoint.virtual_time import BEGINNING, story
from tests.chargepoint.world import World, vehicle, world

from voltyard.chargepoint.commands import MOST_BEGUN
from voltyard.protocol.messages import (
    DiagnosticsStatusNotification,
    ExtendedMessageTrigger,
    ExtendedTriggerMessage,
    FirmwareStatusNotification,
    GetDiagnostics,
    GetLog,
    Heartbeat,
    LogParameters,
    LogStatusNotification,
    LogType,
    MessageTrigger,
    MeterValues,
    ReadingContext,
    StatusNotification,
    TriggerMessage,
    TriggerMessageStatus,
    UpdateFirmware,
    UploadLogStatus,
)


async def trigger(w: World, message: str, connector_id: int | None = None) -> TriggerMessageStatus:
    answer = await w.central.call(TriggerMessage(requested_message=message, connector_id=connector_id))
    return answer.status


@story
async def test_the_answer_comes_first_and_the_message_then() -> None:
    """R-283, R-285: an irrelevant connector is ignored."""
    async with world() as w:
        assert await trigger(w, MessageTrigger.HEARTBEAT, 99) is TriggerMessageStatus.ACCEPTED
        assert w.central.requests(Heartbeat) == []
        await w.after()

        assert len(w.central.requests(Heartbeat)) == 1


@pytest.mark.parametrize(("connector_id", "told"), [(None, [0, 1, 2]), (0, [0]), (2, [2])])
@story
async def test_statuses_of_one_or_all(connector_id: int | None, told: list[int]) -> None:
    """R-284, R-287."""
    async with world() as w:
        before = len(w.central.requests(StatusNotification))
        await trigger(w, MessageTrigger.STATUS_NOTIFICATION, connector_id)
        await w.after()

        assert [each.connector_id for each in w.central.requests(StatusNotification)[before:]] == told


@story
async def test_current_values_with_the_transaction_there_is() -> None:
    """R-230, R-246."""
    async with world() as w:
        await w.charge(2)
        assert await trigger(w, MessageTrigger.METER_VALUES) is TriggerMessageStatus.ACCEPTED
        await w.after()

        values = w.central.requests(MeterValues)
        assert [(each.connector_id, each.transaction_id) for each in values] == [
            (0, None),
            (1, None),
            (2, 1001),
        ]
        samples = values[-1].meter_value[0].sampled_value
        assert {each.context for each in samples} == {ReadingContext.TRIGGER}
        assert {each.measurand for each in samples} == {
            "Energy.Active.Import.Register",
            "Power.Active.Import",
            "Current.Import",
            "Voltage",
            "SoC",
            "Temperature",
        }


@story
async def test_no_values_are_sent_where_none_are_configured() -> None:
    async with world(MeterValuesSampledData="") as w:
        await trigger(w, MessageTrigger.METER_VALUES, 1)
        await w.after()

        assert w.central.requests(MeterValues) == []


@pytest.mark.parametrize(
    ("message", "connector_id", "status"),
    [
        ("Foo", None, TriggerMessageStatus.NOT_IMPLEMENTED),
        (MessageTrigger.STATUS_NOTIFICATION, 3, TriggerMessageStatus.REJECTED),
        (MessageTrigger.STATUS_NOTIFICATION, -1, TriggerMessageStatus.REJECTED),
        (MessageTrigger.METER_VALUES, 0, TriggerMessageStatus.REJECTED),
        (MessageTrigger.BOOT_NOTIFICATION, None, TriggerMessageStatus.REJECTED),
    ],
)
@story
async def test_what_cannot_be_sent(
    message: str, connector_id: int | None, status: TriggerMessageStatus
) -> None:
    """R-106, R-286."""
    async with world(equipment={"has_main_meter": False}) as w:
        before = len(w.central.received)

        assert await trigger(w, message, connector_id) is status
        await w.after()

        assert len(w.central.received) == before


@story
async def test_how_far_transfers_are() -> None:
    """R-288: Idle while there are none."""
    location = "ftp://files.example/x"
    async with world(transfer=FakeTransfer({location: b""}, takes_s=60)) as w:

        async def ask() -> list[str]:
            for message in (
                MessageTrigger.DIAGNOSTICS_STATUS_NOTIFICATION,
                MessageTrigger.FIRMWARE_STATUS_NOTIFICATION,
            ):
                assert await trigger(w, message) is TriggerMessageStatus.ACCEPTED
                await w.after()
            return [
                w.central.requests(DiagnosticsStatusNotification)[-1].status,
                w.central.requests(FirmwareStatusNotification)[-1].status,
            ]

        idle = await ask()
        await w.central.call(UpdateFirmware(location=location, retrieve_date=BEGINNING + timedelta(hours=1)))
        waiting = await ask()
        await w.central.call(GetDiagnostics(location=location))
        await w.after(3600)
        await w.central.call(GetDiagnostics(location=location))
        await w.after()
        busy = await ask()
        await w.after(600)

        assert (idle, waiting, busy) == (["Idle"] * 2, ["Idle"] * 2, ["Uploading", "Downloading"])
        assert await ask() == ["Idle", "Idle"]


@story
async def test_how_far_the_upload_of_a_log_is() -> None:
    """A.12: with the requestId, unless there is none."""
    async with world(transfer=FakeTransfer(takes_s=60)) as w:

        async def ask() -> LogStatusNotification:
            request = ExtendedTriggerMessage(requested_message=ExtendedMessageTrigger.LOG_STATUS_NOTIFICATION)
            assert (await w.central.call(request)).status is TriggerMessageStatus.ACCEPTED
            await w.after()
            return w.central.requests(LogStatusNotification)[-1]

        idle = await ask()
        log = LogParameters(remote_location="ftp://files.example/x")
        await w.central.call(GetLog(log=log, log_type=LogType.SECURITY_LOG, request_id=5))
        busy = await ask()
        await w.after(60)

        assert idle == LogStatusNotification(status=UploadLogStatus.IDLE)
        assert busy == LogStatusNotification(status=UploadLogStatus.UPLOADING, request_id=5)
        assert await ask() == idle


@pytest.mark.parametrize(
    "message",
    [MessageTrigger.DIAGNOSTICS_STATUS_NOTIFICATION, MessageTrigger.FIRMWARE_STATUS_NOTIFICATION],
)
@story
async def test_without_the_feature_profile_there_are_no_transfers_to_tell_of(message: str) -> None:
    async with world(SupportedFeatureProfiles="Core,RemoteTrigger") as w:
        assert await trigger(w, message) is TriggerMessageStatus.NOT_IMPLEMENTED


@story
async def test_what_was_triggered_is_lost_with_the_connection() -> None:
    async with world() as w:
        w.central.script(Heartbeat, SILENCE)
        await trigger(w, MessageTrigger.HEARTBEAT)
        await w.after()
        w.central.cut()
        await w.after(30)

        assert len(w.central.requests(Heartbeat)) == 1
        assert w.snapshot.is_connected


@story
async def test_a_status_does_not_overtake_what_is_older() -> None:
    """R-210."""
    async with world() as w:
        w.central.script(StatusNotification, Late(3))
        w.hardware.plug_in(1, vehicle())
        await w.after(0.1)
        w.hardware.unplug(1)
        w.hardware.plug_in(1, vehicle())

        assert await trigger(w, MessageTrigger.STATUS_NOTIFICATION, 1) is TriggerMessageStatus.ACCEPTED
        await w.after(5)

        assert w.reported()[1:] == ["Preparing", "Available", "Preparing", "Preparing"]


@story
async def test_who_answers_nothing_and_asks_for_more_and_more_is_refused_in_the_end() -> None:
    async with world() as w:
        w.central.script(Heartbeat, *(200 * [SILENCE]))

        answers = [await trigger(w, MessageTrigger.HEARTBEAT) for _ in range(200)]

        assert answers.count(TriggerMessageStatus.ACCEPTED) == MOST_BEGUN
        assert answers[-1] is TriggerMessageStatus.REJECTED
        await w.after(31 * MOST_BEGUN)
        assert await trigger(w, MessageTrigger.HEARTBEAT) is TriggerMessageStatus.ACCEPTED

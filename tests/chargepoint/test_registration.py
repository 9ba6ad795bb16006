"""BootNotification until the central system accepts the charge point."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.chargepoint.central_system import REFUSED, SILENCE, CentralSystem, Late, boot
from tests.chargepoint.virtual_time import BEGINNING, VirtualClock, story
from tests.chargepoint.world import TAG, vehicle, world

from voltyard.chargepoint.registration import RETRY_S
from voltyard.protocol.errors import CallError
from voltyard.protocol.messages import (
    BootNotification,
    ChangeConfiguration,
    ConfigurationStatus,
    GetConfiguration,
    Heartbeat,
    MessageTrigger,
    RegistrationStatus,
    RemoteStartStopStatus,
    RemoteStartTransaction,
    RemoteStopTransaction,
    ResetType,
    StartTransaction,
    StatusNotification,
    StopTransaction,
    TriggerMessage,
    TriggerMessageStatus,
)
from voltyard.transport.errors import CallRejected, CallTimedOut

PENDING, REJECTED = RegistrationStatus.PENDING, RegistrationStatus.REJECTED


def central_system() -> CentralSystem:
    return CentralSystem(VirtualClock().now)


@story
async def test_the_first_message_is_a_boot_notification_and_the_next_are_statuses() -> None:
    """R-083, R-087."""
    async with world(connectors=2) as w:
        assert w.central.actions() == ["BootNotification"] + 3 * ["StatusNotification"]
        assert [each.connector_id for each in w.central.requests(StatusNotification)] == [0, 1, 2]
        assert w.snapshot.registration is RegistrationStatus.ACCEPTED


@story
async def test_nothing_else_is_sent_before_the_answer() -> None:
    """R-084: nor what waits in the outbox, here the end of a transaction before the boot."""
    async with world(AllowOfflineTxForUnknownId="true") as w:
        await w.charge()
        w.central.go_offline()
        w.hardware.tap(1, TAG)
        w.station.reboot(ResetType.HARD)
        await w.after(20)
        w.central.script(BootNotification, SILENCE)
        w.central.is_reachable = True
        since = len(w.central.received)
        w.hardware.plug_in(2, vehicle())
        w.hardware.tap(2, TAG)
        await w.after(25)

        assert w.snapshot.undelivered > 1
        assert w.central.actions(since=since) == ["BootNotification"]
        with pytest.raises(CallRejected, match="booting"):
            await w.central.call(GetConfiguration())
        await w.after(80)
        assert w.central.actions(since=since)[:2] == 2 * ["BootNotification"]
        assert w.snapshot.undelivered == 0


@story
async def test_accepted_sets_the_heartbeat_interval_and_the_clock() -> None:
    """R-085, R-086."""
    ahead = VirtualClock(BEGINNING + timedelta(hours=1))
    central = CentralSystem(ahead.now)
    central.interval_s = 7
    async with world(central=central) as w:
        await w.after(21)

        assert len(w.central.requests(Heartbeat)) == 3
        w.hardware.plug_in(1, vehicle())
        await w.after()
        latest = w.central.requests(StatusNotification)[-1]
        assert latest.timestamp is not None
        assert abs(latest.timestamp - ahead.now()) < timedelta(seconds=2)


@story
async def test_a_heartbeat_interval_of_zero_keeps_our_own() -> None:
    central = central_system()
    central.interval_s = 0
    async with world(central=central, HeartbeatInterval="40") as w:
        await w.after(41)

        assert len(w.central.requests(Heartbeat)) == 1


@pytest.mark.parametrize("status", [PENDING, REJECTED])
@story
async def test_it_is_tried_again_after_the_interval(status: RegistrationStatus) -> None:
    """R-088, R-091, R-095."""
    central = central_system()
    central.script(BootNotification, *2 * [boot(central.now(), status, interval=50)])
    async with world(central=central, is_booted=False) as w:
        await w.after(98)
        assert w.central.actions() == 2 * ["BootNotification"]
        assert w.snapshot.registration is status

        await w.after(5)

        assert w.central.actions()[2:4] == ["BootNotification", "StatusNotification"]


@pytest.mark.parametrize("status", [PENDING, REJECTED])
@pytest.mark.parametrize("interval", [0, -1])
@story
async def test_without_an_interval_nobody_is_flooded(status: RegistrationStatus, interval: int) -> None:
    """R-089."""
    central = central_system()
    central.script(BootNotification, boot(central.now(), status, interval=interval))
    async with world(central=central, is_booted=False) as w:
        await w.after(RETRY_S - 2)
        assert len(w.central.requests(BootNotification)) == 1

        await w.after(4)

        assert len(w.central.requests(BootNotification)) == 2


@pytest.mark.parametrize("answer", [REFUSED, SILENCE])
@story
async def test_a_boot_notification_that_fails_is_repeated(answer: CallError | Late) -> None:
    central = central_system()
    central.script(BootNotification, answer)
    async with world(central=central, is_booted=False) as w:
        await w.central.until(StatusNotification, 3)

        assert len(w.central.requests(BootNotification)) == 2


@story
async def test_pending_answers_but_starts_nothing() -> None:
    """R-090, R-091, R-093."""
    central = central_system()
    central.script(BootNotification, boot(central.now(), PENDING, interval=600))
    async with world(central=central, is_booted=False) as w:
        w.hardware.plug_in(1, vehicle())

        known = await w.central.call(GetConfiguration(key=("HeartbeatInterval",)))
        changed = await w.central.call(ChangeConfiguration(key="ConnectionTimeOut", value="90"))
        started = await w.central.call(RemoteStartTransaction(id_tag=TAG, connector_id=1))
        stopped = await w.central.call(RemoteStopTransaction(transaction_id=1))
        await w.after(500)

        assert known.configuration_key is not None
        assert changed.status is ConfigurationStatus.ACCEPTED
        assert started.status is stopped.status is RemoteStartStopStatus.REJECTED
        assert w.central.actions() == ["BootNotification"]


@story
async def test_pending_sends_what_is_asked_for() -> None:
    """R-092, R-096."""
    central = central_system()
    central.script(BootNotification, boot(central.now(), PENDING, interval=600))
    async with world(central=central, is_booted=False) as w:
        for message in (MessageTrigger.STATUS_NOTIFICATION, MessageTrigger.HEARTBEAT):
            answer = await w.central.call(TriggerMessage(requested_message=message))
            assert answer.status is TriggerMessageStatus.ACCEPTED
            await w.after()
        assert w.central.actions()[1:] == 3 * ["StatusNotification"] + ["Heartbeat"]

        await w.central.call(TriggerMessage(requested_message=MessageTrigger.BOOT_NOTIFICATION))
        await w.after()

        assert len(w.central.requests(BootNotification)) == 2
        assert w.snapshot.registration is RegistrationStatus.ACCEPTED


@story
async def test_rejected_answers_nothing_and_does_nothing_of_it_later() -> None:
    """R-094."""
    central = central_system()
    central.script(BootNotification, boot(central.now(), REJECTED, interval=100))
    async with world(central=central, is_booted=False) as w:
        with pytest.raises(CallTimedOut):
            await w.central.call(ChangeConfiguration(key="ConnectionTimeOut", value="90"))
        await w.central.until(StatusNotification, 3)

        (key,) = (await w.central.call(GetConfiguration(key=("ConnectionTimeOut",)))).configuration_key or ()

        assert key.value == "60"


@story
async def test_a_lost_connection_does_not_shorten_the_wait() -> None:
    central = central_system()
    central.script(BootNotification, boot(central.now(), PENDING, interval=100))
    async with world(central=central, is_booted=False) as w:
        w.central.cut()
        await w.after(90)
        assert w.central.connections == 2
        assert len(w.central.requests(BootNotification)) == 1

        await w.after(15)

        assert w.snapshot.registration is RegistrationStatus.ACCEPTED


@story
async def test_a_mere_reconnect_sends_no_boot_notification() -> None:
    """R-033."""
    async with world() as w:
        w.central.cut()
        await w.after(5)
        w.hardware.plug_in(1, vehicle())
        await w.after(5)

        assert w.central.connections == 2
        assert w.central.actions(since=4) == ["StatusNotification"]


@story
async def test_changed_boot_facts_are_announced_at_the_next_connection() -> None:
    """R-034."""
    async with world() as w:
        updated = BootNotification(charge_point_vendor="v", charge_point_model="m", firmware_version="2.0")
        w.hardware.update(updated)
        await w.after(5)
        assert len(w.central.requests(BootNotification)) == 1

        w.central.cut()
        await w.after(5)

        assert w.central.requests(BootNotification)[1:] == [updated]


@story
async def test_after_acceptance_the_queue_is_delivered() -> None:
    """R-097."""
    async with world(LocalPreAuthorize="true") as w:
        await w.charge()
        w.central.go_offline()
        await w.after(10)
        w.hardware.tap(1, TAG)
        await w.after(10)
        w.hardware.update(BootNotification(charge_point_vendor="v", charge_point_model="new"))
        w.central.script(BootNotification, boot(w.clock.now(), PENDING, interval=30))
        w.central.is_reachable = True

        await w.after(20)
        assert w.central.requests(StopTransaction) == []
        await w.after(20)

        assert len(w.central.requests(StopTransaction)) == 1


@story
async def test_fresh_out_of_the_box_and_offline_nobody_charges() -> None:
    """R-107."""
    central = central_system()
    central.is_reachable = False
    async with world(central=central, is_booted=False, AllowOfflineTxForUnknownId="true") as w:
        w.hardware.plug_in(1, vehicle())
        w.hardware.tap(1, TAG)
        await w.after(30)
        central.is_reachable = True
        await asyncio.sleep(60)

        assert w.central.requests(StartTransaction) == []
        assert w.hardware.connectors[0].offered_a == 0

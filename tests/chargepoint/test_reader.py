"""What presenting an identifier means."""

from __future__ import annotations

from tests.chargepoint.central_system import BLOCKED, SILENCE, Late
from tests.chargepoint.virtual_time import story
from tests.chargepoint.world import TAG, vehicle, world

from voltyard.protocol.messages import (
    AuthorizationStatus,
    Authorize,
    ChargePointStatus,
    IdTagInfo,
    Reason,
    RemoteStartTransaction,
    StartTransaction,
    StopTransaction,
)

IN_GROUP = IdTagInfo(status=AuthorizationStatus.ACCEPTED, parent_id_tag="GROUP")
IN_GROUP_BUT_BLOCKED = IdTagInfo(status=AuthorizationStatus.BLOCKED, parent_id_tag="GROUP")
IN_OTHER_GROUP = IdTagInfo(status=AuthorizationStatus.ACCEPTED, parent_id_tag="GROUP 2")


@story
async def test_the_same_tag_stops_without_asking_in_any_case_of_letters() -> None:
    """R-110, R-115, R-176, R-177."""
    async with world() as w:
        await w.charge(id_tag="ab12")
        w.hardware.tap(1, "AB12")
        await w.after()

        (stop,) = w.central.requests(StopTransaction)
        assert (stop.id_tag, stop.reason) == ("AB12", Reason.LOCAL)
        assert [each.id_tag for each in w.central.requests(Authorize)] == ["ab12"]


@story
async def test_another_tag_of_the_group_stops() -> None:
    """R-111."""
    async with world() as w:
        w.central.tags |= {TAG: IN_GROUP, "FRIEND": IN_GROUP}
        await w.charge()
        w.hardware.tap(1, "FRIEND")
        await w.after()

        (stop,) = w.central.requests(StopTransaction)
        assert stop.id_tag == "FRIEND"


@story
async def test_a_stranger_does_not_stop() -> None:
    """R-112, R-113, R-114: other group, no group, and a tag that is the group's name."""
    async with world() as w:
        w.central.tags |= {TAG: IN_GROUP, "OTHER": IN_OTHER_GROUP}
        await w.charge()
        for stranger in ("OTHER", "NOBODY", "GROUP"):
            w.hardware.tap(1, stranger)
            await w.after()

        assert w.status() is ChargePointStatus.CHARGING
        assert [each.id_tag for each in w.central.requests(Authorize)] == [TAG, "OTHER", "NOBODY", "GROUP"]


@story
async def test_two_tags_without_a_group_are_not_a_group() -> None:
    """R-113."""
    async with world() as w:
        await w.charge()
        w.hardware.tap(1, "ALSO ALONE")
        await w.after()

        assert w.central.requests(StopTransaction) == []


@story
async def test_a_refused_tag_begins_nothing() -> None:
    async with world() as w:
        w.central.tags[TAG] = BLOCKED
        await w.charge()

        assert w.status() is ChargePointStatus.PREPARING
        assert w.central.requests(StartTransaction) == []


@story
async def test_a_second_tap_before_the_plug_takes_it_back() -> None:
    async with world() as w:
        w.hardware.tap(1, TAG)
        await w.after()
        w.hardware.tap(1, "OTHER")
        await w.after()
        assert w.status() is ChargePointStatus.PREPARING

        w.hardware.tap(1, TAG)
        await w.after()

        assert w.status() is ChargePointStatus.AVAILABLE


@story
async def test_the_plug_may_be_gone_when_the_answer_comes() -> None:
    async with world() as w:
        w.central.script(Authorize, SILENCE)
        w.hardware.plug_in(1, vehicle())
        w.hardware.tap(1, TAG)
        await w.after(5)
        w.hardware.unplug(1)
        await w.after(60)

        assert w.central.requests(StartTransaction) == []
        assert w.status() is ChargePointStatus.AVAILABLE


@story
async def test_two_taps_at_once_start_one_transaction() -> None:
    async with world() as w:
        w.hardware.plug_in(1, vehicle())
        w.hardware.tap(1, TAG)
        w.hardware.tap(1, "OTHER")
        await w.after(5)

        assert len(w.central.requests(StartTransaction)) == 1


@story
async def test_a_transaction_that_ended_while_asking_is_not_stopped_again() -> None:
    async with world() as w:
        w.central.tags[TAG] = IN_GROUP
        await w.charge()
        w.central.tags["FRIEND"] = IN_GROUP
        w.central.script(Authorize, Late(5))
        w.hardware.tap(1, "FRIEND")
        await w.after(1)
        w.hardware.tap(1, TAG)
        w.hardware.tap(1, TAG)
        await w.after(10)

        assert [each.id_tag for each in w.central.requests(StopTransaction)] == [TAG]
        assert w.status() is ChargePointStatus.CHARGING


@story
async def test_the_group_of_who_was_started_remotely_is_what_the_answer_to_its_start_says() -> None:
    """R-111, R-119."""
    async with world() as w:
        w.central.tags |= {TAG: IN_GROUP, "FRIEND": IN_GROUP}
        await w.central.call(RemoteStartTransaction(id_tag=TAG, connector_id=1))
        w.hardware.plug_in(1, vehicle())
        await w.after()
        w.hardware.tap(1, "FRIEND")
        await w.after()

        (stop,) = w.central.requests(StopTransaction)
        assert stop.id_tag == "FRIEND"
        assert [each.id_tag for each in w.central.requests(Authorize)] == ["FRIEND"]


@story
async def test_a_cable_kept_for_who_was_refused_is_let_go_of_by_his_group() -> None:
    """R-168: also if only the refusal said which group that is."""
    async with world() as w:
        w.central.tags |= {TAG: IN_GROUP_BUT_BLOCKED, "FRIEND": IN_GROUP, "OTHER": IN_OTHER_GROUP}
        await w.central.call(RemoteStartTransaction(id_tag=TAG, connector_id=1))
        w.hardware.plug_in(1, vehicle())
        await w.after()
        w.hardware.tap(1, "OTHER")
        await w.after()
        assert w.hardware.connectors[0].is_locked

        w.hardware.tap(1, "FRIEND")
        await w.after()

        assert not w.hardware.connectors[0].is_locked


@story
async def test_who_has_left_when_the_answer_comes_does_not_begin_any_more() -> None:
    """Nor does his answer begin anything for who comes after him (C.3)."""
    async with world() as w:
        w.central.script(Authorize, Late(10))
        w.hardware.plug_in(1, vehicle())
        w.hardware.tap(1, TAG)
        await w.after(2)
        w.hardware.unplug(1)
        await w.after(2)
        w.hardware.plug_in(1, vehicle())
        await w.after(20)

        assert w.status() is ChargePointStatus.PREPARING
        assert w.central.requests(StartTransaction) == []


@story
async def test_an_answer_about_the_time_before_a_transaction_begins_no_other_after_it() -> None:
    async with world() as w:
        w.central.script(Authorize, Late(5), Late(10))
        w.hardware.plug_in(1, vehicle())
        w.hardware.tap(1, TAG)
        w.hardware.tap(1, "FRIEND")
        await w.after(6)
        w.hardware.tap(1, TAG)
        await w.after(30)

        assert w.status() is ChargePointStatus.FINISHING
        assert len(w.central.requests(StartTransaction)) == 1


@story
async def test_a_tag_that_lies_on_the_reader_is_asked_about_once_at_a_time() -> None:
    async with world() as w:
        w.central.script(Authorize, Late(20))
        w.central.tags["tag-1"] = BLOCKED
        w.hardware.plug_in(1, vehicle())
        for _ in range(10):
            w.hardware.tap(1, "tag-1")
            w.hardware.tap(1, "TAG-1")
            await w.after(1)
        await w.after(20)
        assert len(w.central.requests(Authorize)) == 1

        w.hardware.tap(1, "tag-1")
        await w.after()

        assert len(w.central.requests(Authorize)) == 2

"""What is kept long enough goes, in portions that hold nobody up."""

from __future__ import annotations

import pytest
from tests.central.building import Desk, charge_point

from voltyard.central.storage import retention
from voltyard.central.storage.database import Database
from voltyard.central.storage.message_log import LoggedFrame
from voltyard.central.storage.retention import delete_frames
from voltyard.central.storage.schema import message_chunks
from voltyard.central.storage.work import Work


def write(work: Work, charge_point_id: int, at_us: int) -> None:
    work.message_log.write([LoggedFrame(charge_point_id, at_us, "in", "[]")])


def test_a_portion_is_deleted_at_a_time_until_there_is_no_more(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_PORTION", 2)
    with Desk(database) as desk:
        origin = desk.add(charge_point())
        for at_us in range(5):
            desk.do(write, origin.id, at_us)

        more = [desk.do(delete_frames, 4) for _ in range(3)]

        assert more == [True, True, False]
        assert [row.first_at_us for row in desk.rows(message_chunks)] == [4]

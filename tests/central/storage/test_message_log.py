"""The message log: frames come out as they went in, and go when they are old."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.central.building import Desk, charge_point

from voltyard.central.storage.database import Database
from voltyard.central.storage.message_log import LoggedFrame, _packed, unpack
from voltyard.central.storage.retention import delete_frames
from voltyard.central.storage.schema import message_chunks
from voltyard.central.storage.work import Work

json_texts = st.text(st.characters(min_codepoint=0x20))


def write(work: Work, *frames: LoggedFrame) -> None:
    work.message_log.write(frames)


def unpacked(desk: Desk) -> list[tuple[int, list[tuple[int, str, str]]]]:
    return [(row.charge_point_id, unpack(row.frames)) for row in desk.rows(message_chunks)]


def test_frames_are_stored_by_charge_point_in_their_order(database: Database) -> None:
    with Desk(database) as desk:
        first, second = desk.add(charge_point("A")), desk.add(charge_point("B"))
        desk.do(
            write,
            LoggedFrame(second.id, 1, "in", '[2,"1","Heartbeat",{}]'),
            LoggedFrame(first.id, 2, "in", '[2,"ä😀","Heartbeat",{}]'),
            LoggedFrame(second.id, 3, "out", '[3,"1",{}]'),
        )
        desk.do(write, LoggedFrame(second.id, 4, "in", ""))
        desk.do(write)

        assert unpacked(desk) == [
            (second.id, [(1, "in", '[2,"1","Heartbeat",{}]'), (3, "out", '[3,"1",{}]')]),
            (first.id, [(2, "in", '[2,"ä😀","Heartbeat",{}]')]),
            (second.id, [(4, "in", "")]),
        ]
        assert [(row.first_at_us, row.last_at_us) for row in desk.rows(message_chunks)] == [
            (1, 3),
            (2, 2),
            (4, 4),
        ]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(), st.sampled_from(["in", "out"]), json_texts), min_size=1))
def test_every_text_that_can_be_json_comes_out_as_it_went_in(frames: list[tuple[int, str, str]]) -> None:
    packed = _packed([LoggedFrame(1, *frame) for frame in frames])

    assert unpack(packed) == frames


@settings(deadline=None)
@given(st.lists(st.text(), min_size=1))
def test_any_text_at_all_leaves_the_frames_apart_and_free_of_nul(texts: list[str]) -> None:
    packed = _packed([LoggedFrame(1, number, "in", text) for number, text in enumerate(texts)])

    assert [(at_us, len(frame)) for at_us, _, frame in unpack(packed)] == [
        (number, len(text)) for number, text in enumerate(texts)
    ]
    assert "\x00" not in packed


def test_what_no_database_takes_is_stored_all_the_same(database: Database) -> None:
    with Desk(database) as desk:
        origin = desk.add(charge_point())

        desk.do(write, LoggedFrame(origin.id, 1, "in", "a\x00b\x1ec\x1fd"))

        assert unpacked(desk) == [(origin.id, [(1, "in", "a\ufffdb\ufffdc\ufffdd")])]


def test_old_frames_go_in_portions(database: Database) -> None:
    with Desk(database) as desk:
        origin = desk.add(charge_point())
        for at_us in range(600):
            desk.do(write, LoggedFrame(origin.id, at_us, "in", "[]"))

        assert desk.do(delete_frames, 550)
        assert [row.first_at_us for row in desk.rows(message_chunks)] == list(range(500, 600))
        assert not desk.do(delete_frames, 550)
        assert [row.first_at_us for row in desk.rows(message_chunks)] == list(range(550, 600))
        assert not desk.do(delete_frames, 550)


def test_a_chunk_is_as_old_as_its_newest_frame(database: Database) -> None:
    with Desk(database) as desk:
        origin = desk.add(charge_point())
        desk.do(write, LoggedFrame(origin.id, 1, "in", "[]"), LoggedFrame(origin.id, 100, "in", "[]"))

        desk.do(delete_frames, 100)
        kept = len(desk.rows(message_chunks))
        desk.do(delete_frames, 101)

        assert (kept, len(desk.rows(message_chunks))) == (1, 0)

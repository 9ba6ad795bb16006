"""The message log, read backwards, on both databases."""

from __future__ import annotations

import pytest
from tests.central.building import NOON_US, Desk, charge_point

from voltyard.central.services.errors import NotFound
from voltyard.central.storage.database import Database
from voltyard.central.storage.message_log import LoggedFrame
from voltyard.central.storage.queries import messages as queries
from voltyard.central.storage.queries.messages import Message, MessageFilter, message_page, read_frame
from voltyard.central.storage.work import Work

EVERYTHING = MessageFilter()


def log(desk: Desk, charge_point_id: int, first: int, *frames: tuple[str, str]) -> None:
    """Store a chunk of frames, one microsecond apart."""

    def write(work: Work) -> None:
        work.message_log.write(
            [
                LoggedFrame(charge_point_id, NOON_US + first + index, direction, frame)
                for index, (direction, frame) in enumerate(frames)
            ]
        )

    desk.do(write)


def fill(desk: Desk) -> None:
    """Log ten frames of CP1 in three chunks, with those of another charge point between them."""
    origin, other = desk.add(charge_point("CP1")), desk.add(charge_point("CP2"))
    numbered = [
        ("in" if n % 2 else "out", f'[2,"{n}","{"Heartbeat" if n % 3 else "Authorize"}",{{}}]')
        for n in range(10)
    ]
    log(desk, origin.id, 0, *numbered[:4])
    log(desk, other.id, 4, ("in", "[]"))
    log(desk, origin.id, 4, *numbered[4:5])
    log(desk, origin.id, 5, *numbered[5:])


def ids(messages: list[Message]) -> list[str | None]:
    return [message.message_id for message in messages]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 7, 10, 11])
def test_pages_of_any_size_hold_every_frame_once(database: Database, limit: int) -> None:
    with Desk(database) as desk:
        fill(desk)

    with database.engine.connect() as connection:
        seen, after, sizes = [], None, []
        while True:
            page = message_page(connection, "CP1", EVERYTHING, after, limit)
            seen += page.items
            sizes.append(len(page.items))
            if page.next is None:
                break
            after = (int(page.next[0]), int(page.next[1]))

    assert ids(seen) == [str(number) for number in range(9, -1, -1)]
    assert [message.at_us for message in seen] == [NOON_US + number for number in range(9, -1, -1)]
    assert set(sizes[:-1]) <= {limit}


def test_filters_look_at_direction_and_action(database: Database) -> None:
    with Desk(database) as desk:
        fill(desk)

    with database.engine.connect() as connection:
        out = message_page(connection, "CP1", MessageFilter(direction="out"), None, 50)
        action = message_page(connection, "CP1", MessageFilter(action="Authorize"), None, 50)
        both = message_page(connection, "CP1", MessageFilter(direction="in", action="Authorize"), None, 50)
        none = message_page(connection, "CP1", MessageFilter(action="Reset"), None, 50)

    assert ids(out.items) == ["8", "6", "4", "2", "0"]
    assert ids(action.items) == ["9", "6", "3", "0"]
    assert ids(both.items) == ["9", "3"]
    assert none.items == []


def test_a_page_gives_up_in_time_and_says_where_to_go_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "_CHUNKS_PER_PAGE", 2)
    monkeypatch.setattr(queries, "_CHUNKS_PER_READ", 1)
    with Desk(database) as desk:
        fill(desk)
    rare = MessageFilter(action="Authorize", direction="out")

    with database.engine.connect() as connection:
        first = message_page(connection, "CP1", rare, None, 50)
        assert first.next is not None
        second = message_page(connection, "CP1", rare, (int(first.next[0]), int(first.next[1])), 50)

    assert ids(first.items) == ["6"]
    assert ids(second.items) == ["0"]
    assert second.next is None


def test_a_cursor_to_nowhere_does_no_harm(database: Database) -> None:
    with Desk(database) as desk:
        fill(desk)

    with database.engine.connect() as connection:
        before = message_page(connection, "CP1", EVERYTHING, (-5, -5), 50)
        beyond = message_page(connection, "CP1", EVERYTHING, (2**63 - 2, 2**63 - 1), 50)
        with pytest.raises(NotFound):
            message_page(connection, "CP3", EVERYTHING, None, 50)

    assert before.items == []
    assert len(beyond.items) == 10


@pytest.mark.parametrize(
    ("frame", "type_", "id", "action"),
    [
        ('[2,"a","Heartbeat",{}]', 2, "a", "Heartbeat"),
        ('[3,"a",{"status":"Accepted"}]', 3, "a", None),
        ('[4,"a","GenericError","",{}]', 4, "a", None),
        ('[2,5,"Heartbeat"]', 2, None, "Heartbeat"),
        ('["2","a"]', None, "a", None),
        ("[2]", 2, None, None),
        ("[]", None, None, None),
        ("{}", None, None, None),
        ("hello", None, None, None),
        ("", None, None, None),
        ("[" * 100_000, None, None, None),
    ],
)
def test_a_frame_tells_of_itself_what_can_be_read(
    frame: str, type_: int | None, id: str | None, action: str | None
) -> None:
    assert read_frame(1, "in", frame) == Message(1, "in", frame, type_, id, action)

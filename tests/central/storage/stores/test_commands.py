"""The queue of commands, as it is asked."""

from __future__ import annotations

from typing import Any

from tests.central.building import NOON_US, Desk, charge_point

from voltyard.central.services.records import Command, CommandStatus
from voltyard.central.storage.database import Database
from voltyard.central.storage.work import Work


def queued(id: str, at_us: int = NOON_US, **fields: Any) -> Command:
    values: dict[str, Any] = {
        "id": id,
        "charge_point_id": 1,
        "action": "Reset",
        "payload": '{"type":"Soft"}',
        "status": CommandStatus.QUEUED,
        "response": None,
        "error_code": None,
        "error_description": None,
        "transaction_id": None,
        "created_at_us": at_us,
        "expires_at_us": at_us + 100,
        "sent_at_us": None,
        "ended_at_us": None,
    }
    return Command(**values | fields)


def add(work: Work, *some: Command) -> None:
    for command in some:
        work.commands.add(command)


def ids(commands: list[Command]) -> list[str]:
    return [command.id for command in commands]


def test_a_command_comes_back_as_it_was_stored(database: Database) -> None:
    command = queued(
        "a", response="{}", error_code="E", error_description="é", transaction_id=5, sent_at_us=1
    )
    with Desk(database) as desk:
        desk.add(charge_point())
        desk.do(add, command)

        assert desk.do(lambda work: work.commands.get("a")) == command
        assert desk.do(lambda work: work.commands.get("b")) is None


def test_the_oldest_that_waits_is_next(database: Database) -> None:
    with Desk(database) as desk:
        desk.add(charge_point("A"), charge_point("B"))
        desk.do(
            add,
            queued("sent", NOON_US - 9, status=CommandStatus.SENT),
            queued("cancelled", NOON_US - 8, status=CommandStatus.CANCELLED, ended_at_us=1),
            queued("other", NOON_US - 7, charge_point_id=2),
            queued("young", NOON_US + 1),
            queued("z-old"),
            queued("a-old"),
        )

        order = []
        while (command := desk.do(lambda work: work.commands.next_queued(1))) is not None:
            order.append(command.id)
            desk.do(lambda work, id_=command.id: work.commands.set(id_, status="sent"))  # type: ignore[misc]

        assert order == ["a-old", "z-old", "young"]


def test_who_was_interrupted_and_who_is_too_old(database: Database) -> None:
    with Desk(database) as desk:
        desk.add(charge_point())
        desk.do(
            add,
            queued("queued"),
            queued("late", expires_at_us=NOON_US),
            queued("sent", status=CommandStatus.SENT, expires_at_us=NOON_US),
            queued("ended", status=CommandStatus.EXPIRED, expires_at_us=NOON_US, ended_at_us=NOON_US),
            queued("unknown", status=CommandStatus.UNKNOWN, ended_at_us=NOON_US),
        )

        assert ids(desk.do(lambda work: work.commands.interrupted())) == ["sent"]
        assert ids(desk.do(lambda work: work.commands.expired(NOON_US))) == ["late"]
        assert ids(desk.do(lambda work: work.commands.expired(NOON_US - 1))) == []


def test_which_remote_starts_may_have_led_to_a_transaction(database: Database) -> None:
    start: dict[str, Any] = {"action": "RemoteStartTransaction", "status": CommandStatus.ANSWERED}
    with Desk(database) as desk:
        desk.add(charge_point("A"), charge_point("B"))
        desk.do(
            add,
            queued("second", NOON_US + 2, **start),
            queued("first", NOON_US + 1, **start | {"status": CommandStatus.SENT}),
            queued("old", NOON_US - 1, **start),
            queued("linked", **start, transaction_id=7),
            queued("refused", **start | {"status": CommandStatus.REJECTED}),
            queued("stop", **start | {"action": "RemoteStopTransaction"}),
            queued("other", **start, charge_point_id=2),
        )

        assert ids(desk.do(lambda work: work.commands.awaiting_start(1, NOON_US))) == ["first", "second"]


def test_texts_that_no_database_takes_are_stored_all_the_same(database: Database) -> None:
    with Desk(database) as desk:
        desk.add(charge_point())
        desk.do(add, queued("a"))

        desk.do(
            lambda work: work.commands.set("a", error_code="\x00x", error_description="é\x00", sent_at_us=5)
        )

        changed = desk.do(lambda work: work.commands.get("a"))
        assert (changed.error_code, changed.error_description, changed.sent_at_us) == (
            "\ufffdx",
            "é\ufffd",
            5,
        )

"""Commands, newest first, on both databases."""

from __future__ import annotations

import pytest
from tests.central.building import NOON_US, SECOND_US, Desk, charge_point

from voltyard.central.services.commands import cancel_command, create_command, read_command
from voltyard.central.services.errors import NotFound
from voltyard.central.storage.database import Database
from voltyard.central.storage.queries import commands as queries

CLEAR_CACHE = read_command("ClearCache", b"{}")


def order(desk: Desk, identity: str, second: int) -> str:
    """Queue a command and return its id."""
    at_us = NOON_US + second * SECOND_US
    return desk.do(create_command, identity, CLEAR_CACHE, "{}", SECOND_US, at_us).id


def test_a_command_is_found_with_the_identity_of_its_charge_point(database: Database) -> None:
    with Desk(database) as desk:
        desk.add(charge_point("CP1"))
        id = order(desk, "CP1", 0)

    with database.engine.connect() as connection:
        found = queries.command(connection, id)
        with pytest.raises(NotFound):
            queries.command(connection, id[::-1])

    assert (found.record.id, found.record.action, found.identity) == (id, "ClearCache", "CP1")


def test_pages_are_those_of_one_charge_point(database: Database) -> None:
    with Desk(database) as desk:
        desk.add(charge_point("CP1"), charge_point("CP2"))
        # Two of the same instant are told apart by their ids.
        ids = [order(desk, "CP1", second) for second in (0, 1, 1, 2)]
        order(desk, "CP2", 3)
    expected = [ids[3], *sorted(ids[1:3], reverse=True), ids[0]]

    with database.engine.connect() as connection:
        seen, after = [], None
        while True:
            page = queries.command_page(connection, "CP1", after, 2)
            seen += [named.record.id for named in page.items]
            if page.next is None:
                break
            at_us, id = page.next
            after = (int(at_us), str(id))
        with pytest.raises(NotFound):
            queries.command_page(connection, "CP3", None, 2)

    assert seen == expected


def test_commands_without_an_end_are_counted_by_status(database: Database) -> None:
    with Desk(database) as desk:
        desk.add(charge_point("CP1"))
        ids = [order(desk, "CP1", second) for second in range(3)]
        desk.do(cancel_command, ids[0], NOON_US)

    with database.engine.connect() as connection:
        assert queries.count_pending_commands(connection) == {"queued": 2}

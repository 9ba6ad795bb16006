"""Look-ups on the path of a connection or a message."""

from __future__ import annotations

from sqlalchemy import insert
from tests.central.building import NOON_US, Desk, charge_point, tag

from voltyard.central.services.records import ApiKey, User
from voltyard.central.storage.database import Database
from voltyard.central.storage.finding import find_api_key, find_charge_point, find_tag, find_user
from voltyard.central.storage.schema import api_keys, users


def test_a_charge_point_is_found_by_its_exact_identity(database: Database) -> None:
    """The text does not say that letter case would not matter (reference B.1)."""
    with Desk(database) as desk, database.engine.connect() as connection:
        origin = desk.add(charge_point("RDAM 123", vendor="Acme", deleted_at_us=5))

        found = find_charge_point(connection, "RDAM 123")

        assert found == charge_point("RDAM 123", id=origin.id, vendor="Acme", deleted_at_us=5)
        assert find_charge_point(connection, "rdam 123") is None


def test_a_tag_is_found_in_any_letter_case(database: Database) -> None:
    """R-076, R-138."""
    with Desk(database) as desk, database.engine.connect() as connection:
        desk.add(tag("aBc1", parent_id_tag="Fleet"))

        found = [find_tag(connection, spelling) for spelling in ("aBc1", "ABC1", "abc1")]

        assert found == [tag("aBc1", parent_id_tag="Fleet")] * 3
        assert find_tag(connection, "abc") is None


def test_keys_and_users_are_found_by_what_they_present(database: Database) -> None:
    key = {
        "name": "ci",
        "role": "viewer",
        "prefix": "vy_abc",
        "key_hash": "h",
        "created_at_us": NOON_US,
        "expires_at_us": None,
    }
    user = {"name": "ada", "role": "admin", "password_hash": "p", "created_at_us": NOON_US}
    with database.engine.begin() as connection:
        connection.execute(insert(api_keys).values(key))
        connection.execute(insert(users).values(user))

    with database.engine.connect() as connection:
        assert find_api_key(connection, "h") == ApiKey(id=1, **key)  # type: ignore[arg-type]  # of one dict
        assert find_user(connection, "ada") == User(id=1, **user)  # type: ignore[arg-type]  # of one dict
        assert find_api_key(connection, "other") is None
        assert find_user(connection, "Ada") is None

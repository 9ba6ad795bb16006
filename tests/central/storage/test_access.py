"""Keys and users, changed directly, beside a running system."""

from __future__ import annotations

import pytest
from tests.central.building import NOON_US

from voltyard.central.credentials import Role, hash_api_key, user_password_matches
from voltyard.central.services.errors import Conflict, NotFound
from voltyard.central.storage.access import (
    count_api_keys,
    create_api_key,
    create_user,
    delete_user,
    list_api_keys,
    list_users,
    revoke_api_key,
    revoke_api_keys_named,
    set_user_password,
)
from voltyard.central.storage.database import Database


def test_a_key_is_shown_once_and_stored_as_a_hash(database: Database) -> None:
    key = create_api_key(database, Role.OPERATOR, "ci", expires_at_us=NOON_US).reveal()

    [stored] = list_api_keys(database)
    assert key.startswith("vy_")
    assert (stored.name, stored.role, stored.expires_at_us) == ("ci", "operator", NOON_US)
    assert (stored.key_hash, stored.prefix) == (hash_api_key(key), key[: len(stored.prefix)])
    assert key not in str(stored)


def test_keys_are_listed_counted_and_revoked(database: Database) -> None:
    for name in ("a", "b", "b", "c"):
        create_api_key(database, Role.VIEWER, name)

    assert [key.name for key in list_api_keys(database)] == ["a", "b", "b", "c"]
    assert revoke_api_keys_named(database, "b") == 2
    assert revoke_api_keys_named(database, "b") == 0
    revoke_api_key(database, 1)
    with pytest.raises(NotFound, match="no API key 1"):
        revoke_api_key(database, 1)
    assert (count_api_keys(database), [key.name for key in list_api_keys(database)]) == (1, ["c"])


def test_a_user_is_there_once_with_a_password_that_is_a_hash(database: Database) -> None:
    create_user(database, "ada", Role.ADMIN, "correct horse battery")
    create_user(database, "Ada", Role.VIEWER, "correct horse battery")

    with pytest.raises(Conflict, match="'ada'"):
        create_user(database, "ada", Role.VIEWER, "another password")

    users = list_users(database)
    assert {(user.name, user.role) for user in users} == {("ada", "admin"), ("Ada", "viewer")}
    assert len({user.password_hash for user in users}) == 2
    assert all(user_password_matches(user.password_hash, "correct horse battery") for user in users)


def test_a_password_is_changed_and_a_user_removed(database: Database) -> None:
    create_user(database, "ada", Role.ADMIN, "correct horse battery")

    set_user_password(database, "ada", "a brand new password")

    [user] = list_users(database)
    assert user_password_matches(user.password_hash, "a brand new password")
    delete_user(database, "ada")
    assert list_users(database) == []
    with pytest.raises(NotFound, match="no user 'ada'"):
        set_user_password(database, "ada", "a brand new password")
    with pytest.raises(NotFound, match="no user 'ada'"):
        delete_user(database, "ada")

"""API keys as work: made, expired, removed."""

from __future__ import annotations

import pytest
from tests.central.building import NOON_US, SECOND_US, Desk

from voltyard.central.services.access import add_api_key, login_name, remove_api_key
from voltyard.central.services.errors import NotFound
from voltyard.central.services.records import ApiKey
from voltyard.central.storage.schema import api_keys


def key(name: str, *, created_at_us: int = NOON_US, expires_at_us: int | None = None) -> ApiKey:
    return ApiKey(0, name, "viewer", "vy_123456", f"hash of {name}", created_at_us, expires_at_us)


def names(desk: Desk) -> list[str]:
    return [row.name for row in desk.rows(api_keys)]


def test_a_key_gets_an_id_and_is_removed_by_it(desk: Desk) -> None:
    first, second = (desk.do(add_api_key, key(name)) for name in ("a", "b"))

    desk.do(remove_api_key, first.id)

    assert first.id != second.id
    assert second == ApiKey(second.id, "b", "viewer", "vy_123456", "hash of b", NOON_US, None)
    assert names(desk) == ["b"]
    with pytest.raises(NotFound):
        desk.do(remove_api_key, first.id)


def test_expired_keys_go_when_another_one_comes(desk: Desk) -> None:
    desk.do(add_api_key, key("expired", expires_at_us=NOON_US + SECOND_US))
    desk.do(add_api_key, key("good", expires_at_us=NOON_US + 2 * SECOND_US))
    desk.do(add_api_key, key("endless"))

    desk.do(add_api_key, key("new", created_at_us=NOON_US + SECOND_US))

    assert names(desk) == ["good", "endless", "new"]


def test_the_keys_of_a_login_are_named_after_the_user_within_the_length_of_a_name() -> None:
    assert login_name("ada") == "login:ada"
    assert len(login_name("a" * 64)) == 64

"""The keys of the API."""

from __future__ import annotations

from typing import Any

from tests.central.building import NOON_US, Desk

from voltyard.central.services.records import ApiKey
from voltyard.central.storage.database import Database
from voltyard.central.storage.schema import api_keys
from voltyard.central.storage.work import Work


def key(name: str, **fields: Any) -> ApiKey:
    values: dict[str, Any] = {
        "id": 0,
        "name": name,
        "role": "viewer",
        "prefix": "vy_abc",
        "key_hash": f"hash of {name}",
        "created_at_us": NOON_US,
        "expires_at_us": None,
    }
    return ApiKey(**values | fields)


def add(work: Work, one: ApiKey) -> ApiKey:
    return work.api_keys.add(one)


def test_a_key_gets_an_id_and_goes_when_it_is_removed(database: Database) -> None:
    with Desk(database) as desk:
        first, second = desk.do(add, key("a")), desk.do(add, key("b"))

        assert (first.id, second.id) == (1, 2)
        assert [ApiKey(*tuple(row)) for row in desk.rows(api_keys)] == [first, second]
        assert desk.do(lambda work: work.api_keys.remove(first.id))
        assert not desk.do(lambda work: work.api_keys.remove(first.id))
        assert [row.name for row in desk.rows(api_keys)] == ["b"]


def test_keys_go_when_their_time_is_over(database: Database) -> None:
    with Desk(database) as desk:
        for name, expires_at_us in (("for ever", None), ("past", NOON_US), ("to come", NOON_US + 1)):
            desk.do(add, key(name, expires_at_us=expires_at_us))

        desk.do(lambda work: work.api_keys.remove_expired(NOON_US))

        assert [row.name for row in desk.rows(api_keys)] == ["for ever", "to come"]

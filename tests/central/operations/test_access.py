"""Whose key it is: looked up, believed for a moment, and not a moment longer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.aio import run
from tests.central.building import NOON_US

from voltyard.central.credentials import Role
from voltyard.central.operations import access as access_module
from voltyard.central.operations.access import AccessOperations, Caller
from voltyard.central.operations.requests import NewApiKey
from voltyard.central.storage.access import create_api_key, revoke_api_keys_named
from voltyard.central.storage.database import Database
from voltyard.central.storage.ledger import Ledger
from voltyard.central.storage.readers import Readers


@asynccontextmanager
async def access_on(database: Database) -> AsyncIterator[AccessOperations]:
    """The operations over a database."""
    ledger, readers = Ledger(database, lambda _: None), Readers(database)
    try:
        yield AccessOperations(ledger, readers)
    finally:
        await ledger.close()
        readers.close()


def test_a_key_says_who_calls_and_with_which_role(sqlite_database: Database) -> None:
    keys = {role: create_api_key(sqlite_database, role, f"a {role}").reveal() for role in Role}

    async def story() -> list[Caller | None]:
        async with access_on(sqlite_database) as access:
            return [await access.authenticate(key) for key in keys.values() for _ in range(2)]

    assert run(story()) == [Caller(f"a {role}", role) for role in Role for _ in range(2)]


def test_what_is_no_key_is_nobody(sqlite_database: Database) -> None:
    key = create_api_key(sqlite_database, Role.ADMIN, "a").reveal()

    async def story() -> list[Caller | None]:
        async with access_on(sqlite_database) as access:
            return [
                await access.authenticate(text)
                for text in (
                    "",
                    "vy_",
                    key[:-1],
                    key + "a",
                    key.upper(),
                    "vy_" + "a" * 1000,
                    "vy_\xff",
                    "x" + key,
                )
            ]

    assert run(story()) == [None] * 8


def test_an_expired_key_is_nobody_also_when_it_was_somebody_a_moment_ago(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = create_api_key(sqlite_database, Role.ADMIN, "a", expires_at_us=NOON_US).reveal()

    async def story() -> list[Caller | None]:
        async with access_on(sqlite_database) as access:
            callers = []
            for at_us in (NOON_US - 1, NOON_US):
                monkeypatch.setattr(access_module, "now_us", lambda at_us=at_us: at_us)
                callers.append(await access.authenticate(key))
            return callers

    assert run(story()) == [Caller("a", Role.ADMIN), None]


def test_a_key_that_is_revoked_elsewhere_soon_works_no_more(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert access_module._BELIEVED_S <= 2
    monkeypatch.setattr(access_module, "_BELIEVED_S", 0.0)
    key = create_api_key(sqlite_database, Role.ADMIN, "a").reveal()

    async def story() -> list[bool]:
        async with access_on(sqlite_database) as access:
            known = [await access.authenticate(key) is not None]
            revoke_api_keys_named(sqlite_database, "a")
            return [*known, await access.authenticate(key) is not None]

    assert run(story()) == [True, False]


def test_a_key_that_is_revoked_here_works_no_more_at_once(sqlite_database: Database) -> None:
    async def story() -> list[bool]:
        async with access_on(sqlite_database) as access:
            issued = await access.create(NewApiKey(name="a", role=Role.VIEWER))
            known = [await access.authenticate(issued.key) is not None]
            await access.revoke(issued.id)
            return [*known, await access.authenticate(issued.key) is not None]

    assert run(story()) == [True, False]

"""Keys and signing in over the API."""

from __future__ import annotations

from typing import Any

import httpx
from tests.aio import run
from tests.central.api.system import running

from voltyard.central.credentials import Role
from voltyard.central.settings import Settings
from voltyard.central.storage.access import create_user, delete_user
from voltyard.central.storage.database import open_database

KEYS = "/api/v1/api-keys"
LOGIN = "/api/v1/login"
PASSWORD = "correct horse battery"


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def with_user(settings: Settings, role: Role = Role.OPERATOR) -> Settings:
    """The same settings, with somebody in the database who may sign in."""
    database = open_database(settings.database.reveal())
    create_user(database, "ada", role, PASSWORD)
    database.close()
    return settings


def test_a_key_is_shown_once_and_works_until_it_is_revoked(settings: Settings) -> None:
    async def story() -> tuple[httpx.Response, list[dict[str, Any]], list[int]]:
        async with running(settings) as system:
            created = await system.admin.post(KEYS, json={"name": "meter", "role": "viewer"})
            issued = created.json()
            headers = bearer(issued["key"])
            statuses = [(await system.stranger.get("/api/v1/transactions", headers=headers)).status_code]
            listed = (await system.admin.get(KEYS)).json()["items"]
            statuses.append((await system.admin.delete(f"{KEYS}/{issued['id']}")).status_code)
            statuses.append((await system.stranger.get("/api/v1/transactions", headers=headers)).status_code)
            statuses.append((await system.admin.delete(f"{KEYS}/{issued['id']}")).status_code)
            return created, listed, statuses

    created, listed, statuses = run(story())

    issued = created.json()
    assert created.status_code == 201
    assert issued["key"].startswith("vy_")
    assert issued["key"].startswith(issued["prefix"])
    assert listed[-1] == {name: issued[name] for name in listed[-1]}
    assert "key" not in listed[-1]
    assert statuses == [200, 204, 401, 404]


def test_a_key_can_have_an_end(settings: Settings) -> None:
    async def story() -> list[httpx.Response]:
        async with running(settings) as system:
            return [
                await system.admin.post(KEYS, json={"name": "a", "role": "viewer", "expires_at": when})
                for when in ("2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z")
            ]

    past, future = run(story())
    assert (past.status_code, past.json()["field"]) == (422, "expires_at")
    assert future.json()["expires_at"] == "2999-01-01T00:00:00.000Z"


def test_keys_are_for_admins_only(settings: Settings) -> None:
    async def story() -> list[int]:
        async with running(settings) as system:
            return [
                response.status_code
                for client in (system.viewer, system.operator)
                for response in (
                    await client.get(KEYS),
                    await client.post(KEYS, json={"name": "a", "role": "viewer"}),
                    await client.delete(f"{KEYS}/1"),
                )
            ]

    assert run(story()) == [403] * 6


def test_a_bad_key_order_names_its_field(settings: Settings) -> None:
    bodies: list[tuple[dict[str, Any], str]] = [
        ({"role": "viewer"}, "name"),
        ({"name": "", "role": "viewer"}, "name"),
        ({"name": "a\u0000", "role": "viewer"}, "name"),
        ({"name": "a" * 65, "role": "viewer"}, "name"),
        ({"name": "a", "role": "root"}, "role"),
    ]

    async def story() -> list[httpx.Response]:
        async with running(settings) as system:
            return [await system.admin.post(KEYS, json=body) for body, _ in bodies]

    assert [(one.status_code, one.json()["field"]) for one in run(story())] == [
        (400, field) for _, field in bodies
    ]


def test_whoever_knows_the_password_gets_a_key_of_their_role(settings: Settings) -> None:
    async def story() -> tuple[httpx.Response, list[int]]:
        async with running(with_user(settings)) as system:
            response = await system.stranger.post(LOGIN, json={"name": "ada", "password": PASSWORD})
            headers = bearer(response.json()["key"])
            return response, [
                (await system.stranger.get("/api/v1/id-tags", headers=headers)).status_code,
                (await system.stranger.put("/api/v1/id-tags/A", headers=headers, json={})).status_code,
                (await system.stranger.delete("/api/v1/id-tags/A", headers=headers)).status_code,
            ]

    response, statuses = run(story())

    assert response.status_code == 200
    assert response.json()["role"] == "operator"
    assert response.json()["expires_at"].endswith("Z")
    assert statuses == [200, 200, 403]


def test_wrong_credentials_are_refused_alike_and_soon_made_to_wait(settings: Settings) -> None:
    async def story() -> list[httpx.Response]:
        async with running(with_user(settings)) as system:
            attempts = [("ada", "wrong")] * 11 + [
                ("nobody", PASSWORD),
                ("", ""),
                ("a\u0000", "x"),
                ("a" * 65, "x"),
            ]
            return [
                await system.stranger.post(LOGIN, json={"name": name, "password": password}, timeout=30)
                for name, password in attempts
            ]

    *wrong, blocked, unknown, empty, nul, long = run(story(), 60)

    assert [response.status_code for response in wrong] == [401] * 10
    assert blocked.status_code == 429
    assert 0 < int(blocked.headers["retry-after"]) <= 60
    for response in (unknown, empty, nul, long):
        assert response.status_code == 401
        assert response.json() == wrong[0].json()
        assert response.headers["www-authenticate"] == "Bearer"


def test_a_user_who_is_removed_is_signed_out(settings: Settings) -> None:
    async def story() -> list[int]:
        async with running(with_user(settings)) as system:
            response = await system.stranger.post(LOGIN, json={"name": "ada", "password": PASSWORD})
            headers = bearer(response.json()["key"])
            database = open_database(settings.database.reveal())
            delete_user(database, "ada")
            database.close()
            return [
                (await system.stranger.get("/api/v1/id-tags", headers=headers)).status_code,
                (await system.stranger.post(LOGIN, json={"name": "ada", "password": PASSWORD})).status_code,
            ]

    assert run(story()) == [401, 401]

"""The outermost layer: who gets in, and with which headers everything leaves."""

from __future__ import annotations

import httpx
from tests.aio import run
from tests.central.api.system import running

from voltyard.central.credentials import Role
from voltyard.central.settings import Settings


def test_nothing_but_health_and_signing_in_is_answered_without_a_key(settings: Settings) -> None:
    paths = (
        "/metrics",
        "/api/v1/openapi.json",
        "/api/v1/charge-points",
        "/api/v1/events",
        "/api/v1",
        "/api/v1/nothing",
        "/nothing",
        "/healthz/",
        "//healthz",
        "/api/v1/openapi/",
    )

    async def story() -> list[httpx.Response]:
        async with running(settings) as system:
            return [await system.stranger.get(f"{system.url}{path}") for path in paths]

    for response in run(story()):
        assert response.status_code == 401, response.url
        assert response.headers["www-authenticate"] == "Bearer"
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["title"] == "Unauthorized"


def test_only_one_good_bearer_key_lets_somebody_in(settings: Settings) -> None:
    async def story() -> list[int]:
        async with running(settings) as system:
            key = system.keys[Role.VIEWER].encode()
            attempts = [
                [b"Bearer " + key],
                [b"bearer  " + key],
                [],
                [key],
                [b"Basic " + key],
                [b"Bearer"],
                [b"Bearer " + key + b"x"],
                [b"Bearer " + key[:-1]],
                [b"Bearer vy_" + b"a" * 8000],
                [b"Bearer vy_\xff\xfe"],
                [b"Bearer " + key, b"Bearer " + key],
            ]
            statuses = []
            for values in attempts:
                headers = [(b"Authorization", value) for value in values]
                response = await system.stranger.get("/api/v1/transactions", headers=headers)
                statuses.append(response.status_code)
            return statuses

    assert run(story()) == [200, 200] + [401] * 9


def test_every_answer_has_safe_headers(settings: Settings) -> None:
    paths = (
        "/",
        "/healthz",
        "/api/v1/docs",
        "/api/v1/transactions",
        "/api/v1/transactions/0",
        "/api/v1/nothing",
    )

    async def story() -> list[httpx.Response]:
        async with running(settings) as system:
            return [await client.get(path) for path in paths for client in (system.viewer, system.stranger)]

    for response in run(story()):
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
        assert "server" not in response.headers
        assert "access-control-allow-origin" not in response.headers


def test_a_url_that_no_database_takes_is_refused(settings: Settings) -> None:
    async def story() -> list[httpx.Response]:
        async with running(settings) as system:
            return [
                await system.viewer.get(f"{system.url}{path}")
                for path in (
                    "/api/v1/charge-points/%00",
                    "/api/v1/transactions?id_tag=%00",
                    "/api/v1/charge-points/a%2Fb",
                    "/api/v1/charge-points/a%2fb/commands",
                )
            ]

    assert [response.status_code for response in run(story())] == [400, 400, 404, 404]


def test_a_role_that_is_too_low_is_told_which_one_it_takes(settings: Settings) -> None:
    async def story() -> httpx.Response:
        async with running(settings) as system:
            return await system.viewer.put("/api/v1/id-tags/A", json={})

    response = run(story())

    assert response.status_code == 403
    assert response.headers["content-type"] == "application/problem+json"
    assert "operator" in response.json()["detail"]


def test_a_method_that_is_not_there_is_refused_with_those_that_are(settings: Settings) -> None:
    async def story() -> httpx.Response:
        async with running(settings) as system:
            return await system.admin.put("/api/v1/transactions", json={})

    response = run(story())

    assert response.status_code == 405
    assert "GET" in response.headers["allow"]
    assert response.headers["content-type"] == "application/problem+json"

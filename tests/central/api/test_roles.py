"""Who may do what: every operation of the OpenAPI document, by every role."""

from __future__ import annotations

import re
from http import HTTPStatus

from tests.aio import run
from tests.central.api.system import running

from voltyard.central.settings import Settings

OPEN = {("GET", "/healthz"), ("GET", "/readyz"), ("POST", "/api/v1/login")}
METHODS = ("get", "post", "put", "patch", "delete")
# Of the callers nobody, viewer, operator, admin: how many of them, counted from the last, get in.
WHO_GETS_IN = {"everybody": 4, "viewer": 3, "operator": 2, "admin": 1}


def allowed(method: str, path: str) -> str:
    """Who may use an operation, by the rule that people are told."""
    if (method, path) in OPEN:
        return "everybody"
    if method == "DELETE" or path.startswith("/api/v1/api-keys"):
        return "admin"
    return "viewer" if method == "GET" else "operator"


def test_every_operation_lets_in_whom_it_should_and_nobody_else(settings: Settings) -> None:
    async def story() -> tuple[dict[tuple[str, str], list[int]], list[str]]:
        async with running(settings) as system:
            document = (await system.viewer.get("/api/v1/openapi.json")).json()
            statuses = {}
            for path, item in document["paths"].items():
                for method in METHODS:
                    if method not in item or path.endswith("/events"):
                        continue
                    url = re.sub(r"\{[^}]*\}", "1", path)
                    statuses[method.upper(), path] = [
                        (await client.request(method, url)).status_code
                        for client in (system.stranger, system.viewer, system.operator, system.admin)
                    ]
            return statuses, list(document["paths"])

    statuses, paths = run(story(), 60)

    assert len(paths) > 20
    refused = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
    for (method, path), got in statuses.items():
        inside = WHO_GETS_IN[allowed(method, path)]
        verdicts = [status not in refused for status in got]
        assert verdicts == [False] * (4 - inside) + [True] * inside, (method, path, got)
        if inside < 4:
            assert got[0] == HTTPStatus.UNAUTHORIZED
            assert set(got[1 : 4 - inside]) <= {HTTPStatus.FORBIDDEN}

"""What goes wrong is told in one form, and what is our fault stays in our log."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from structlog.testing import capture_logs
from tests.aio import run
from tests.central.api.system import running

from voltyard.central.api.problems import Problem, problem
from voltyard.central.credentials import Role
from voltyard.central.settings import Settings
from voltyard.central.storage.errors import StorageFailed


def test_a_problem_names_its_status_and_the_field_at_fault() -> None:
    assert problem(404, "no such thing", "id") == Problem(
        type="about:blank", title="Not Found", status=404, detail="no such thing", field="id"
    )


@pytest.mark.parametrize(
    ("error", "status"), [(RuntimeError("a secret"), 500), (StorageFailed("a secret"), 503)]
)
def test_a_failure_of_ours_is_a_problem_that_tells_no_secret(
    settings: Settings, error: Exception, status: int
) -> None:
    async def fail(*_: object) -> None:
        raise error

    async def story() -> httpx.Response:
        async with running(settings) as system:
            system.operations.transactions.get = fail  # type: ignore[method-assign,assignment]  # a defect
            return await system.viewer.get("/api/v1/transactions/1")

    with capture_logs() as logs:
        response = run(story())

    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert "secret" not in response.text
    failures = [entry for entry in logs if entry["event"] == "request failed"]
    assert [entry["exc_info"] for entry in failures] == ([error] if status == 500 else [])


@pytest.mark.integration
def test_a_client_that_leaves_in_the_middle_of_its_request_is_no_failure_of_ours(settings: Settings) -> None:
    async def story() -> int:
        async with running(settings) as system:
            port = int(system.url.rpartition(":")[2])
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(
                b"POST /api/v1/charge-points HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"
                b"Content-Type: application/json\r\n"
                b"Authorization: Bearer " + system.keys[Role.ADMIN].encode() + b"\r\n\r\n{"
            )
            await writer.drain()
            # Until the request is being read.
            await system.viewer.get("/api/v1/transactions")
            writer.close()
            await writer.wait_closed()
            return (await system.viewer.get("/api/v1/transactions")).status_code

    with capture_logs() as logs:
        status = run(story())

    assert status == 200
    assert [entry for entry in logs if entry["log_level"] in {"error", "warning"}] == []

"""The whole API against generated requests: good and bad ones, for things that are there and that are not."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.central.api.system import connected, running
from tests.central.building import NOON

from voltyard.central.credentials import Role
from voltyard.central.settings import Settings
from voltyard.protocol.messages import StartTransaction, StopTransaction

pytestmark = pytest.mark.integration

EXAMPLES = 12  # of each kind: good, bad, and good ones about what is there
CHECKS = [content_type_conformance, response_schema_conformance, status_code_conformance]


class Filled:
    """A system in another thread, with one of everything that can be asked about."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ready = threading.Event()
        self.url = ""
        self.key = ""
        self.known: dict[str, Any] = {}

    def run(self) -> None:
        """Serve until told to end."""
        asyncio.run(self._serve())

    def wait(self) -> None:
        """Wait until it serves."""
        assert self._ready.wait(20)

    def end(self) -> None:
        """Let it end."""
        self._loop.call_soon_threadsafe(self._ended.set)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        async with running(self._settings) as system:
            await system.add("CP1")
            await system.operator.put("/api/v1/id-tags/TAG", json={})
            order = {"action": "ClearCache", "expire_after_s": 3600}
            command = await system.operator.post("/api/v1/charge-points/CP1/commands", json=order)
            async with connected(system) as station:
                started = await station.call(
                    StartTransaction(connector_id=1, id_tag="TAG", meter_start=0, timestamp=NOON)
                )
                await station.call(StopTransaction(transaction_id=77, meter_stop=1, timestamp=NOON))
            self.known = {
                "/api/v1/charge-points/{identity}": {"identity": "CP1"},
                "/api/v1/commands/{id}": {"id": command.json()["id"]},
                "/api/v1/transactions/{id}": {"id": started.transaction_id},
                "/api/v1/id-tags/{id_tag}": {"id_tag": "TAG"},
            }
            self.url, self.key = system.url, system.keys[Role.ADMIN]
            self._ready.set()
            await self._ended.wait()

    def parameters_of(self, path: str) -> dict[str, Any] | None:
        """What makes a path lead to something that is there."""
        return next((known for prefix, known in self.known.items() if path.startswith(prefix)), None)


@contextmanager
def filled(settings: Settings) -> Iterator[Filled]:
    """Run such a system."""
    system = Filled(settings)
    thread = threading.Thread(target=system.run)
    thread.start()
    try:
        system.wait()
        yield system
    finally:
        system.end()
        thread.join()


def document_of(system: Filled) -> dict[str, Any]:
    """The OpenAPI document without what would make the test wait."""
    response = httpx.get(
        f"{system.url}/api/v1/openapi.json",
        headers={"Authorization": f"Bearer {system.key}"},
        trust_env=False,
    )
    document: dict[str, Any] = response.json()
    del document["paths"]["/api/v1/events"]
    for item in document["paths"].values():
        for operation in item.values():
            operation["parameters"] = [one for one in operation["parameters"] if one["name"] != "wait"]
    return document


def test_no_request_makes_the_api_fail_or_say_what_its_document_does_not(settings: Settings) -> None:
    with filled(settings) as system, requests.Session() as session:
        session.trust_env = False
        schema = schemathesis.openapi.from_dict(document_of(system))
        operations = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr]  # or it raises
        assert len(operations) > 30
        # What ends something comes last: the charge point, the tag, the key itself.
        for operation in sorted(operations, key=lambda one: one.method.upper() == "DELETE"):
            exercise(operation.as_strategy(), system, session)
            if (known := system.parameters_of(operation.path)) is not None:
                exercise(operation.as_strategy(path_parameters=known), system, session)
            if takes_anything(operation):
                exercise(operation.as_strategy(GenerationMode.NEGATIVE), system, session)


def takes_anything(operation: Any) -> bool:
    """Whether there is something about a request that can be wrong."""
    return any((operation.path_parameters, operation.query, operation.headers, operation.body))


def exercise(strategy: Any, system: Filled, session: requests.Session) -> None:
    """Send generated requests and look at the answers."""

    @hypothesis_settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(strategy)
    def send(case: Case[Any]) -> None:
        response = case.call(
            base_url=system.url,
            session=session,
            headers={"Authorization": f"Bearer {system.key}"},
            timeout=30,
        )
        told = f"{case.as_curl_command()}: {response.status_code} {response.text[:500]}"
        assert response.status_code < 500, told
        if response.status_code >= 400:
            assert response.headers["content-type"] == ["application/problem+json"], told
            assert response.json()["status"] == response.status_code, told
        if response.status_code not in {401, 404, 405}:
            case.validate_response(response, checks=CHECKS)

    send()

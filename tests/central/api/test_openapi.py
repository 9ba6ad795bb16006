"""The OpenAPI document: valid, complete, and what the API really does."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.aio import run
from tests.central.api.system import running

from voltyard.central.settings import Settings

NAMES = {
    "ChargePointView": {
        "identity",
        "security_profile",
        "compliance",
        "registration",
        "connected",
        "last_seen",
        "vendor",
        "model",
        "firmware_version",
        "connectors",
    },
    "ConnectorView": {"connector_id", "status", "error_code", "transaction_id"},
    "IdTagView": {"id_tag", "status", "parent_id_tag", "expiry_date", "max_active_transactions"},
    "TransactionView": {
        "id",
        "charge_point",
        "connector_id",
        "id_tag",
        "meter_start",
        "meter_stop",
        "started_at",
        "stopped_at",
        "stop_reason",
        "energy_wh",
        "anomalies",
    },
    "MeterValueView": {
        "timestamp",
        "context",
        "samples",
        "energy_wh",
        "power_w",
        "current_a",
        "soc_percent",
    },
    "CommandView": {
        "id",
        "action",
        "payload",
        "status",
        "response",
        "error",
        "created_at",
        "sent_at",
        "ended_at",
    },
    "CommandError": {"code", "description"},
}


@pytest.fixture
def document(settings: Settings) -> dict[str, Any]:
    """The document as it is served."""

    async def story() -> dict[str, Any]:
        async with running(settings) as system:
            response = await system.viewer.get("/api/v1/openapi.json")
            assert response.status_code == 200
            assert response.headers["content-type"] == "application/json"
            return dict(response.json())

    return run(story())


def test_it_is_an_openapi_document_whose_schemas_are_sound(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_the_names_that_other_programs_rely_on_are_there(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    for name, fields in NAMES.items():
        assert fields <= set(schemas[name]["properties"]), name
        assert fields <= set(schemas[name]["required"]), name
    assert "password" not in schemas["ChargePointView"]["properties"]
    assert set(schemas["Listed_TransactionView_"]["required"]) == {"items", "next"}


def test_every_operation_says_what_it_does_and_how_it_refuses(document: dict[str, Any]) -> None:
    ids = []
    for path, item in document["paths"].items():
        for method, operation in item.items():
            ids.append(operation["operationId"])
            assert operation["summary"].endswith("."), (method, path)
            assert operation["tags"]
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    assert list(response["content"]) == ["application/problem+json"]
    assert len(ids) == len(set(ids))


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(node: object) -> set[str]:
        match node:
            case {"$ref": str(reference)}:
                return {reference}
            case dict():
                return set().union(*map(references, node.values()))
            case list():
                return set().union(*map(references, node))
        return set()

    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}

    assert references(document) <= known

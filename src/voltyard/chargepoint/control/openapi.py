"""The OpenAPI document: the framework's account of the endpoints, with our refusals in it."""

from __future__ import annotations

from typing import Any, Final

from litestar import Litestar
from msgspec import json
from msgspec.json import schema_components

from voltyard.chargepoint.control.problems import MEDIA_TYPE, Problem

_REFERENCE: Final = "#/components/schemas/{name}"
_FRAMEWORKS_REFUSAL: Final = "400"

Document = dict[str, Any]


def describe(app: Litestar) -> bytes:
    """Return the document of an application, as JSON."""
    document: Document = app.openapi_schema.to_schema()
    schemas: Document = document["components"]["schemas"]
    (problem,), components = schema_components([Problem], ref_template=_REFERENCE)
    schemas |= components
    refusal = {"description": "Why it was refused.", "content": {MEDIA_TYPE: {"schema": problem}}}
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"].pop(_FRAMEWORKS_REFUSAL, None)
            operation["responses"]["4XX"] = refusal
            _name(operation)
            if "requestBody" in operation:
                operation["requestBody"]["required"] = _says_something(operation["requestBody"], schemas)
    return json.encode(document)


def _name(operation: Document) -> None:
    """Take the first line of the docstring as the summary and leave the rest as the description."""
    summary, _, description = operation.pop("description", "").partition("\n")
    operation["summary"] = summary
    if description.strip():
        operation["description"] = " ".join(description.split())


def _says_something(body: Document, schemas: Document) -> bool:
    """Say whether there is something that must be in the body; otherwise it may be left out."""
    schema = body["content"]["application/json"]["schema"]
    name = schema.get("$ref", "").rpartition("/")[2]
    return not name or bool(schemas[name].get("required"))

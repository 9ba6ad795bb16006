"""The OpenAPI document says what is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.chargepoint.control.system import controlled
from tests.chargepoint.virtual_time import story

from voltyard.chargepoint.control.routes import ROUTES


def operations(document: Any) -> Iterator[Any]:
    for methods in document["paths"].values():
        yield from methods.values()


@story
async def test_it_describes_every_endpoint() -> None:
    async with controlled() as s:
        document = await s.get("/openapi.json")

    described = {(path, method) for path, methods in document["paths"].items() for method in methods}
    assert len(described) == len(ROUTES)
    assert ("/connectors/{connector_id}/plug", "post") in described
    assert all(each["summary"].endswith((".", ").")) for each in operations(document))


@story
async def test_it_refers_to_what_it_defines() -> None:
    async with controlled() as s:
        document = await s.get("/openapi.json")

    defined = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) == defined


@story
async def test_every_refusal_is_a_problem_document() -> None:
    async with controlled() as s:
        document = await s.get("/openapi.json")

    for operation in operations(document):
        refusals = {status for status in operation["responses"] if status.startswith("4")}
        assert refusals == {"4XX"}
        assert list(operation["responses"]["4XX"]["content"]) == ["application/problem+json"]


@story
async def test_a_body_is_required_where_it_has_to_say_something() -> None:
    async with controlled() as s:
        document = await s.get("/openapi.json")

        bodies = {
            each["operationId"]: each["requestBody"]["required"]
            for each in operations(document)
            if "requestBody" in each
        }
        assert {name for name, is_required in bodies.items() if is_required} == {
            *("tap", "raise_fault", "set_power", "set_weather", "set_configuration"),
        }
        assert not bodies["plug"]
        await s.post("/connectors/1/plug")


def references(node: Any) -> list[str]:
    """Return every reference in a part of the document."""
    if isinstance(node, dict):
        here = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return here + [each for value in node.values() for each in references(value)]
    if isinstance(node, list):
        return [each for value in node for each in references(value)]
    return []

"""Every refusal is a problem document."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from msgspec import json
from tests.chargepoint.control.system import controlled
from tests.chargepoint.virtual_time import story

from voltyard.chargepoint.control.problems import Problem, Refused, problem
from voltyard.chargepoint.errors import UnknownConnector


def test_a_document_says_what_is_at_fault_if_something_is() -> None:
    plain = problem(HTTPStatus.CONFLICT, "no")
    exact = problem(HTTPStatus.CONFLICT, "no", "model")

    assert json.decode(json.encode(plain)) == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "no",
    }
    assert json.decode(json.encode(exact), type=Problem).field == "model"


@story
async def test_a_refusal_keeps_its_status_and_its_field() -> None:
    async with controlled() as s:
        answer = await s.client.post("/connectors/1/plug", json={"model": "tank"})

        assert (answer.status_code, answer.json()["field"]) == (422, "model")


@story
async def test_a_wrong_parameter_is_named() -> None:
    async with controlled() as s:
        answer = await s.client.get("/messages", params={"limit": 0})

        assert answer.status_code == 400
        assert answer.json()["detail"].startswith("limit: ")


@story
async def test_a_method_that_is_not_there_is_said_to_be() -> None:
    async with controlled() as s:
        answer = await s.client.delete("/state")

        assert (answer.status_code, answer.json()["title"]) == (405, "Method Not Allowed")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RuntimeError("a defect with a secret"), 500),
        (UnknownConnector(7), 404),
        (Refused(HTTPStatus.CONFLICT, "not now"), 409),
    ],
)
@story
async def test_whatever_goes_wrong_in_an_endpoint_is_answered(error: Exception, status: int) -> None:
    async with controlled() as s:

        def fail() -> None:
            raise error

        s.station.hardware.press_emergency_button = fail  # type: ignore[method-assign] # a defect
        answer = await s.client.post("/emergency-stop")

        assert answer.status_code == answer.json()["status"] == status
        assert "secret" not in answer.text
        assert (await s.station_state())["registration"] == "Accepted"

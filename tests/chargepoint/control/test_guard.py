"""Web pages do not get at the charge point."""

from __future__ import annotations

import pytest
from tests.chargepoint.control.system import HOST, controlled
from tests.chargepoint.virtual_time import story


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "127.0.0.1"},
        {"Host": "localhost:8123"},
        {"Host": "LOCALHOST"},
        {"Host": "[::1]:80"},
        {"Origin": f"http://{HOST}"},
        {"Host": "localhost:5", "Origin": "http://localhost:5"},
    ],
)
@story
async def test_what_comes_from_this_machine_gets_through(headers: dict[str, str]) -> None:
    async with controlled() as s:
        answer = await s.client.get("/state", headers=headers)

        assert answer.status_code == 200
        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:8080"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "127.0.0.1@evil.example"},
        {"Host": ""},
        {"Host": "[::1"},
        {"Host": "10.0.0.1:8080"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": f"https://{HOST}"},
        {"Origin": "http://127.0.0.1:3000"},
        {"Origin": "http://localhost:8080"},
    ],
)
@story
async def test_what_comes_from_elsewhere_is_refused_before_anything_happens(headers: dict[str, str]) -> None:
    async with controlled() as s:
        answer = await s.client.post("/power", json={"state": "cut"}, headers=headers)

        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"].split(":")[0] in headers
        assert s.station.has_power


@story
async def test_a_page_cannot_ask_whether_it_might() -> None:
    async with controlled() as s:
        headers = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}

        answer = await s.client.options("/power", headers=headers)

        assert answer.status_code == 403


@story
async def test_a_form_is_no_json() -> None:
    async with controlled() as s:
        answer = await s.client.post("/power", data={"state": "cut"})

        assert (answer.status_code, answer.json()["detail"]) == (415, "application/json is expected")
        assert s.station.has_power

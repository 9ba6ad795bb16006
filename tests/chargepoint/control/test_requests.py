"""Bodies are read whatever is sent."""

from __future__ import annotations

import pytest
from tests.chargepoint.control.system import controlled
from tests.chargepoint.virtual_time import story

from voltyard.chargepoint.control.requests import MAX_BODY_BYTES

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"{", "the body cannot be read: "),
        (b"\xff", "the body cannot be read: "),
        (b'"\xff"', "the body "),
        (b"[" * 100_000, "the body is nested too deeply"),
        (b'{"id_tag":"\\ud800"}', "the body cannot be read: "),
        (b"5", "Expected `object`, got `int`"),
        (b"null", "Expected `object`, got `null`"),
    ],
)
@story
async def test_what_is_no_json_object_is_a_bad_request(body: bytes, detail: str) -> None:
    async with controlled() as s:
        answer = await s.client.post("/connectors/1/tap", content=body, headers=JSON)

        assert answer.status_code == 400
        assert answer.json()["detail"].startswith(detail)


@story
async def test_a_body_that_says_nothing_may_be_left_out() -> None:
    async with controlled() as s:
        assert (await s.client.post("/connectors/1/plug")).status_code == 200
        assert (await s.client.post("/connectors/2/plug", content=b"{}", headers=JSON)).status_code == 200


@story
async def test_a_body_that_is_too_large_is_refused() -> None:
    async with controlled() as s:
        body = b'{"frame":"' + b"x" * MAX_BODY_BYTES + b'"}'

        answer = await s.client.post("/call", content=body, headers=JSON)

        assert answer.status_code == 413


@story
async def test_a_frame_far_too_large_for_anybody_is_sent_all_the_same() -> None:
    async with controlled() as s:
        answer = await s.post("/call", {"frame": "x" * 1_000_000})

        assert answer["outcome"] == "sent"
        assert (await s.station_state())["is_connected"]

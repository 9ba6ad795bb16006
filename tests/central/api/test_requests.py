"""Bodies: hostile ones are refused with a problem document, whatever is in them."""

from __future__ import annotations

import httpx
from tests.aio import run
from tests.central.api.system import PASSWORD, running

from voltyard.central.settings import Settings

CHARGE_POINTS = "/api/v1/charge-points"
JSON = "application/json"
DEEP = 100_000

HOSTILE: list[tuple[str | None, bytes, int]] = [
    (JSON, b"", 400),
    (JSON, b"null", 400),
    (JSON, b"[]", 400),
    (JSON, b'"identity"', 400),
    (JSON, b"{", 400),
    (JSON, b'{"identity":"CP1"', 400),
    (JSON, b'{"identity":NaN}', 400),
    (JSON, b"\xef\xbb\xbf{}", 400),
    (JSON, b'{"identity":"\xff"}', 400),
    (JSON, b'{"\xff":1}', 400),
    (JSON, b'{"identity":"\\ud800"}', 400),
    (JSON, b'{"identity":"\\u0000"}', 400),
    (JSON, b'{"identity":1e400}', 400),
    (JSON, b'{"identity":' + b"9" * 5000 + b"}", 400),
    (JSON, b'{"identity":' + b"[" * DEEP + b"]" * DEEP + b"}", 400),
    (JSON, b"[" * DEEP, 400),
    (JSON, b'{"a":' * DEEP, 400),
    (JSON, b" " * (1 << 20) + b"{}", 413),
    (JSON, b"x" * 10_000_000, 413),
    ("text/plain", b'{"identity":"CP1"}', 415),
    ("application/x-www-form-urlencoded", b"identity=CP1", 415),
    ("multipart/form-data; boundary=x", b"--x\r\n\r\n--x--", 415),
    ("application/msgpack", b"\x81\xa8identity\xa3CP1", 415),
    ("", b"{}", 415),
    ("application/json; charset=utf-16", b'{"identity":"CP1"}', 422),
    ("application/merge-patch+json", b'{"identity":"CP1"}', 422),
    (None, b'{"identity":"CP1"}', 422),
]


def test_hostile_bodies_are_refused(settings: Settings) -> None:
    async def story() -> list[httpx.Response]:
        async with running(settings) as system:
            return [
                await system.operator.post(
                    CHARGE_POINTS, content=body, headers={} if kind is None else {"Content-Type": kind}
                )
                for kind, body, _ in HOSTILE
            ]

    responses = run(story(), 30)

    assert [response.status_code for response in responses] == [status for _, _, status in HOSTILE]
    for response in responses:
        assert response.headers["content-type"] == "application/problem+json"
        assert len(response.content) < 1000


def test_hostile_payloads_of_commands_are_refused(settings: Settings) -> None:
    payloads = (
        b'{"key":"\xff","value":"a"}',
        b'{"key":"\\ud800","value":"a"}',
        b'{"key":"\\u0000","value":"a"}',
        b'{"key":"a","key":"b","value":"c"}',
        b'{"key":"a","value":' + b"[" * 1000 + b"]" * 1000 + b"}",
        b'{"key":"' + b"a" * 100_000 + b'","value":"c"}',
    )

    async def story() -> list[httpx.Response]:
        async with running(settings) as system:
            await system.operator.post(CHARGE_POINTS, json={"identity": "CP1", "password": PASSWORD})
            return [
                await system.operator.post(
                    f"{CHARGE_POINTS}/CP1/commands",
                    content=b'{"action":"ChangeConfiguration","payload":' + payload + b"}",
                )
                for payload in payloads
            ]

    for response in run(story()):
        assert response.status_code in {400, 422}, response.text
        assert response.headers["content-type"] == "application/problem+json"
        assert len(response.content) < 1000

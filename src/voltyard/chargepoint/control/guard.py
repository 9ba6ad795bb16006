"""Keeping web pages out: a browser on this machine must not do what a page from elsewhere wants."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send
from msgspec import json

from voltyard.chargepoint.control.problems import MEDIA_TYPE, problem

_OUR_NAMES: Final = frozenset({"127.0.0.1", "localhost", "::1"})
Header = tuple[bytes, bytes]


class Guard:
    """Lets through what was sent to this machine by its own names, and by no page but one of ours.

    A page whose name is made to point to this machine (DNS rebinding) shows its own name in `Host`, one that
    sends a form from elsewhere shows it in `Origin`. Programs know our name, and send no `Origin`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == ScopeType.HTTP and (complaint := _complaint(scope["headers"])) is not None:
            await _refuse(send, complaint)
        else:
            await self._app(scope, receive, send)


def _complaint(headers: Iterable[Header]) -> str | None:
    hosts, origins = [], []
    for name, value in headers:
        if name == b"host":
            hosts.append(value.decode("latin-1"))
        elif name == b"origin":
            origins.append(value.decode("latin-1"))
    if len(hosts) != 1 or _name_in(hosts[0]) not in _OUR_NAMES:
        return "Host: this is for 127.0.0.1 only"
    if any(origin != f"http://{hosts[0]}" for origin in origins):
        return "Origin: this is not for pages from elsewhere"
    return None


def _name_in(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


async def _refuse(send: Send, detail: str) -> None:
    body = json.encode(problem(HTTPStatus.FORBIDDEN, detail))
    headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": HTTPStatus.FORBIDDEN, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})

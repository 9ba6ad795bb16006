"""The outermost layer: nobody gets past it without a key, and every answer leaves with safe headers."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from http import HTTPStatus

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from msgspec import json

from voltyard.central.api.problems import MEDIA_TYPE, problem
from voltyard.central.operations.access import AccessOperations, Caller
from voltyard.central.storage.errors import StorageFailed

_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
Header = tuple[bytes, bytes]


class Shell:
    """Wraps the application. `open_to_all` are the (method, path) pairs that need no key."""

    def __init__(
        self, app: ASGIApp, access: AccessOperations, open_to_all: Collection[tuple[str, str]]
    ) -> None:
        self._app = app
        self._access = access
        self._open_to_all = frozenset(open_to_all)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return

        request: HTTPScope = scope

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _completed(message["headers"])
            await send(message)

        if b"%2f" in request["raw_path"].lower():
            # It would be taken for a slash between segments.
            await _refuse(send_safely, HTTPStatus.NOT_FOUND, "no segment of a path here has a slash in it")
        elif "\x00" in request["path"] or b"%00" in request["query_string"]:
            # No database takes it, and nothing here has it in its name.
            await _refuse(send_safely, HTTPStatus.BAD_REQUEST, "the URL contains a NUL")
        elif (request["method"], request["path"]) in self._open_to_all:
            await self._app(scope, receive, send_safely)
        else:
            await self._serve_known(scope, receive, send_safely)

    async def _serve_known(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            caller = await self._caller(scope["headers"])
        except StorageFailed:
            await _refuse(send, HTTPStatus.SERVICE_UNAVAILABLE, "the storage does not work, try again later")
            return
        if caller is None:
            await _refuse(
                send,
                HTTPStatus.UNAUTHORIZED,
                "an API key is required: Authorization: Bearer vy_…",
                [(b"www-authenticate", b"Bearer")],
            )
            return
        scope["auth"] = caller
        await self._app(scope, receive, send)

    async def _caller(self, headers: Iterable[Header]) -> Caller | None:
        values = [value for name, value in headers if name == b"authorization"]
        if len(values) != 1:
            return None
        scheme, _, key = values[0].partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        return await self._access.authenticate(key.strip().decode("latin-1"))


def _completed(headers: Iterable[Header]) -> list[Header]:
    """Add what an answer does not say itself."""
    given = list(headers)
    names = {name.lower() for name, _ in given}
    return [*given, *(header for header in _HEADERS if header[0] not in names)]


async def _refuse(send: Send, status: HTTPStatus, detail: str, headers: Iterable[Header] = ()) -> None:
    body = json.encode(problem(status, detail))
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", MEDIA_TYPE.encode()),
                (b"content-length", str(len(body)).encode()),
                *headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})

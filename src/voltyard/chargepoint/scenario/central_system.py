"""The other side of a scenario: how a central system is made to do something, if there is a way to."""

from __future__ import annotations

import asyncio
import http.client
import socket
from contextlib import suppress
from typing import Any, Final, Protocol
from urllib.parse import quote, urlsplit

from msgspec import MsgspecError, json

from voltyard.chargepoint.scenario.errors import CentralSystemRefused
from voltyard.chargepoint.scenario.scenario import KnownTag

_TIMEOUT_S: Final = 10.0
_LONGEST_ANSWER: Final = 1_000_000
_SUCCESS: Final = range(200, 300)


class CentralSystemControl(Protocol):
    """A way to command a central system; everything raises `CentralSystemRefused`."""

    async def know(self, tag: KnownTag) -> None:
        """Have it know a tag, as often as it is presented at the same time."""

    async def command(self, identity: str, action: str, payload: bytes) -> None:
        """Have it send a CALL to a charge point; returns before that is answered."""


class HttpControl:
    """Commands `voltyard serve` by its REST API, with an API key of the role operator."""

    def __init__(self, api_url: str, api_key: str) -> None:
        parts = urlsplit(api_url)
        if parts.scheme not in _CONNECTIONS or not parts.hostname:
            raise ValueError(f"expected http://host:port or https://host:port, got {api_url!a}")
        if not (api_key.isascii() and api_key.isprintable()):
            raise ValueError("an API key is printable ASCII")
        self._connect = _CONNECTIONS[parts.scheme]
        self._address = parts.hostname, parts.port
        self._root = f"{parts.path.rstrip('/').removesuffix('/api/v1')}/api/v1"
        self._headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}

    async def know(self, tag: KnownTag) -> None:
        settings = {
            "status": tag.status,
            "parent_id_tag": tag.parent_id_tag,
            "max_active_transactions": None,
        }
        await self._ask("PUT", f"/id-tags/{quote(tag.id_tag, safe='')}", json.encode(settings))

    async def command(self, identity: str, action: str, payload: bytes) -> None:
        body = b'{"action":%b,"payload":%b}' % (json.encode(action), payload)
        await self._ask("POST", f"/charge-points/{quote(identity, safe='')}/commands", body)

    async def _ask(self, method: str, path: str, body: bytes) -> None:
        host, port = self._address
        connection = self._connect(host, port, timeout=_TIMEOUT_S)
        try:
            await asyncio.to_thread(self._request, connection, method, self._root + path, body)
        finally:
            # Whoever is cancelled need not wait until the thread gives up.
            if (wire := connection.sock) is not None:
                with suppress(OSError):
                    wire.shutdown(socket.SHUT_RDWR)

    def _request(self, connection: http.client.HTTPConnection, method: str, path: str, body: bytes) -> None:
        try:
            connection.request(method, path, body, self._headers)
            response = connection.getresponse()
            answer = response.read(_LONGEST_ANSWER)
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise CentralSystemRefused(f"the API of the central system: {reason}") from error
        finally:
            connection.close()
        if response.status not in _SUCCESS:
            raise CentralSystemRefused(f"{method} {path}: {response.status} {_reason(answer)}".rstrip())


def _reason(answer: bytes) -> str:
    """Return what a problem document (RFC 9457) says."""
    try:
        problem: Any = json.decode(answer)  # whatever a stranger answers
    except MsgspecError:
        return ""
    return str(problem.get("detail", "")) if isinstance(problem, dict) else ""


_CONNECTIONS: Final = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}

"""How bodies are read: as JSON, whatever is sent, with a clear word about what is none."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from litestar import Request
from litestar.exceptions import InternalServerException
from msgspec import DecodeError, json

from voltyard.central.api.problems import BadRequest

MAX_BODY_BYTES = 1 << 20


class ApiRequest(Request[Any, Any, Any]):
    """A request whose body is a JSON document."""

    async def body(self) -> bytes:
        """Return the body as it came; raises `BadRequest` when it did not come whole."""
        try:
            return await super().body()
        except InternalServerException as error:
            raise BadRequest("the connection ended in the middle of the body") from error

    async def json(self) -> Any:
        """Return the body; raises `BadRequest`."""
        media_type = self.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        if media_type != "application/json" and not media_type.endswith("+json"):
            raise BadRequest("application/json is expected", status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        try:
            return json.decode(await self.body())
        except UnicodeDecodeError as error:
            raise BadRequest("the body is not UTF-8") from error
        except RecursionError as error:
            raise BadRequest("the body is nested too deeply") from error
        except DecodeError as error:
            raise BadRequest(f"the body cannot be read: {error}") from error

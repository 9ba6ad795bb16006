"""Problem documents (RFC 9457): how every refusal of the control API looks."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from msgspec import UNSET, Struct, UnsetType, json

from voltyard.chargepoint.errors import UnknownConnector

MEDIA_TYPE: Final = "application/problem+json"

_log = structlog.get_logger()


class Problem(Struct, frozen=True, kw_only=True):
    """Why a request was refused; `field` names the part of it that is at fault, if one is."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    field: str | UnsetType = UNSET


class Refused(Exception):
    """What is asked for cannot be done now, or not at all; `status` says which."""

    def __init__(self, status: HTTPStatus, detail: str, *, field: str | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.field = field


def problem(status: int, detail: str, field: str | None = None) -> Problem:
    """Return the document for a status."""
    return Problem(
        title=HTTPStatus(status).phrase, status=status, detail=detail, field=UNSET if field is None else field
    )


def answer_exception(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Return what a request gets whose handling raised `error`."""
    match error:
        case Refused():
            document = problem(error.status, error.detail, error.field)
        case UnknownConnector():
            document = problem(HTTPStatus.NOT_FOUND, str(error))
        case ValidationException():
            document = problem(HTTPStatus.BAD_REQUEST, _finding(error))
        case HTTPException() if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            document = problem(error.status_code, error.detail)
        case _:
            _log.error("request failed", method=request.method, path=request.url.path, exc_info=error)
            document = problem(HTTPStatus.INTERNAL_SERVER_ERROR, "something went wrong, see the log")
    return Response(json.encode(document), status_code=document.status, media_type=MEDIA_TYPE)


def _finding(error: ValidationException) -> str:
    """Return what the framework has found wrong first: its own summary names but the URL."""
    found = error.extra[0] if isinstance(error.extra, list) and error.extra else {}
    message, key = (str(found.get(name, "")) for name in ("message", "key"))
    if not message:
        return error.detail
    return message if key in {"", "data"} else f"{key}: {message}"

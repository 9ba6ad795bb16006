"""Problem documents (RFC 9457): how every refusal of the API looks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.params import ParameterKwarg
from msgspec import UNSET, Struct, UnsetType

from voltyard.central.operations.access import LoginRefused, TooManyAttempts
from voltyard.central.operations.cursors import BadCursor
from voltyard.central.services.errors import Conflict, NotFound, Refused, Unacceptable
from voltyard.central.storage.errors import StorageFailed

MEDIA_TYPE = "application/problem+json"

# The first class that fits decides.
_STATUS_OF_REFUSAL: tuple[tuple[type[Refused], HTTPStatus], ...] = (
    (NotFound, HTTPStatus.NOT_FOUND),
    (Conflict, HTTPStatus.CONFLICT),
    (BadCursor, HTTPStatus.BAD_REQUEST),
    (Unacceptable, HTTPStatus.UNPROCESSABLE_ENTITY),
    (LoginRefused, HTTPStatus.UNAUTHORIZED),
    (TooManyAttempts, HTTPStatus.TOO_MANY_REQUESTS),
    (Refused, HTTPStatus.CONFLICT),
)
_RETRY_AFTER_S = 5
_NAMED_FIELD = re.compile(r"(?:missing required|contains unknown) field `([^`]*)`")

_log = structlog.get_logger()


class Problem(Struct, frozen=True, kw_only=True):
    """Why a request was refused; `field` names the part of it that is at fault, if one is."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    field: str | UnsetType = UNSET


class BadRequest(Exception):
    """What arrived cannot be read; `status` is 400 or a more exact one."""

    def __init__(
        self, detail: str, *, field: str | None = None, status: HTTPStatus = HTTPStatus.BAD_REQUEST
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.status = status


def problem(status: int, detail: str, field: str | None = None) -> Problem:
    """Return the document for a status."""
    return Problem(
        title=HTTPStatus(status).phrase, status=status, detail=detail, field=UNSET if field is None else field
    )


def answer_exception(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """Return what a request gets whose handling raised `error`."""
    headers: Mapping[str, str] = {}
    match error:
        case Refused():
            document = problem(_status_of(error), error.reason, error.field)
            headers = _headers_of(error)
        case StorageFailed():
            document = problem(HTTPStatus.SERVICE_UNAVAILABLE, "the storage does not work, try again later")
            headers = {"Retry-After": str(_RETRY_AFTER_S)}
        case BadRequest():
            document = problem(error.status, error.detail, error.field)
        case ValidationException():
            document = _invalid(request, error)
        case HTTPException() if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            document = problem(error.status_code, error.detail)
            headers = error.headers or {}
        case _:
            _log.error("request failed", method=request.method, path=request.url.path, exc_info=error)
            document = problem(
                HTTPStatus.INTERNAL_SERVER_ERROR, "something went wrong, see the log of the server"
            )
    return Response(document, status_code=document.status, headers=headers, media_type=MEDIA_TYPE)


def _status_of(refused: Refused) -> HTTPStatus:
    return next(status for kind, status in _STATUS_OF_REFUSAL if isinstance(refused, kind))


def _headers_of(refused: Refused) -> Mapping[str, str]:
    match refused:
        case TooManyAttempts(retry_after_s=retry_after_s):
            return {"Retry-After": str(retry_after_s)}
        case LoginRefused():
            return {"WWW-Authenticate": "Bearer"}
    return {}


def _invalid(request: Request[Any, Any, Any], error: ValidationException) -> Problem:
    """Translate the framework's finding: which parameter or which field of the body is wrong, and why."""
    found = error.extra[0] if isinstance(error.extra, list) and error.extra else {}
    message, key, source = (str(found.get(name, "")) for name in ("message", "key", "source"))
    if source == "body" and key == "data":
        if message == "'data'":
            return problem(HTTPStatus.BAD_REQUEST, "a JSON document is expected as body")
        named = _NAMED_FIELD.search(message)
        return problem(HTTPStatus.BAD_REQUEST, message, named.group(1) if named else None)
    return problem(HTTPStatus.BAD_REQUEST, message or error.detail, _public_name(request, key) or None)


def _public_name(request: Request[Any, Any, Any], key: str) -> str:
    """Return the name of a parameter in the URL, which may differ from that in the code."""
    parameter = request.route_handler.parsed_fn_signature.parameters.get(key)
    definition = None if parameter is None else parameter.kwarg_definition
    return (isinstance(definition, ParameterKwarg) and definition.name) or key

"""The control API as an ASGI application: endpoints, errors, and its OpenAPI document."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final

from litestar import Litestar, Request, Response, Router, get
from litestar.di import Provide
from litestar.exceptions import NotFoundException
from litestar.openapi.config import OpenAPIConfig
from litestar.types import ASGIApp

from voltyard.chargepoint.control.bench import Bench
from voltyard.chargepoint.control.guard import Guard
from voltyard.chargepoint.control.openapi import describe
from voltyard.chargepoint.control.problems import answer_exception
from voltyard.chargepoint.control.requests import MAX_BODY_BYTES, ControlRequest
from voltyard.chargepoint.control.routes import ROUTES

_DESCRIPTION: Final = (
    "What a tester does with his hands at a simulated charge point. For this machine only, without a"
    " password. Bodies are JSON; one that says nothing may be left out. Refusals are problem documents"
    " (RFC 9457)."
)


def create_application(bench: Bench) -> ASGIApp:
    """Return the application; it needs no lifespan."""
    return Guard(create_litestar(bench))


def create_litestar(bench: Bench) -> Litestar:
    """Return the application without its guard."""
    return Litestar(
        [*ROUTES, get_openapi],
        dependencies={"bench": Provide(lambda: bench, sync_to_thread=False)},
        exception_handlers={Exception: answer_exception},
        logging_config=None,
        openapi_config=OpenAPIConfig(
            title="Voltyard charge point control",
            version=version("voltyard"),
            description=_DESCRIPTION,
            use_handler_docstrings=True,
            operation_id_creator=lambda handler, _method, _path: handler.handler_name,
            # The framework's own pages about the document are not for us.
            openapi_router=Router(
                path="/openapi", route_handlers=[], before_request=_nowhere, include_in_schema=False
            ),
        ),
        request_class=ControlRequest,
        request_max_body_size=MAX_BODY_BYTES,
    )


@get("/openapi.json", include_in_schema=False)
async def get_openapi(request: ControlRequest) -> Response[bytes]:
    """Get the OpenAPI document."""
    return Response(describe(request.app), media_type="application/json")


async def _nowhere(_request: Request[Any, Any, Any]) -> None:
    raise NotFoundException

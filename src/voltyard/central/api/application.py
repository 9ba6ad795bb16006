"""The API as an ASGI application: routes, documentation, errors, and the shell around it all."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from litestar import Litestar, Request, Router
from litestar.di import Provide
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.types import ASGIApp

from voltyard.central.api.problems import answer_exception
from voltyard.central.api.requests import MAX_BODY_BYTES, ApiRequest
from voltyard.central.api.roles import check_role, required_role
from voltyard.central.api.routes import (
    access,
    charge_points,
    commands,
    events,
    evidence,
    health,
    id_tags,
    pages,
    transactions,
)
from voltyard.central.api.routes.parameters import span
from voltyard.central.api.shell import Shell
from voltyard.central.operations import Operations

_ROOT = "/api/v1"
_SCHEME = "api_key"
_SUBJECTS = (
    ("charge points", charge_points.ROUTES),
    ("commands", commands.ROUTES),
    ("transactions", transactions.ROUTES),
    ("tags", id_tags.ROUTES),
    ("evidence", evidence.ROUTES),
    ("events", events.ROUTES),
    ("access", access.ROUTES),
)
_DESCRIPTION = """
Everything but health and signing in needs a key: `Authorization: Bearer vy_…`. A viewer reads, an operator
also changes charge points and tags and sends commands, an admin also deletes and hands out keys.

Lists are pages: `next` is the cursor of the following one, null on the last. Refusals are problem documents
(RFC 9457); `field` names the part of the request that is at fault.
"""


def create_application(operations: Operations) -> ASGIApp:
    """Return the application; it needs no lifespan."""
    litestar = create_litestar(operations)
    return Shell(litestar, operations.access, set(_open_routes(litestar)))


def create_litestar(operations: Operations) -> Litestar:
    """Return the application without its shell, which is what authenticates."""
    api = [Router(path=_ROOT, route_handlers=list(routes), tags=[tag]) for tag, routes in _SUBJECTS]
    plain = Router(path="/", route_handlers=list(health.ROUTES), tags=["health"])
    site = Router(path="/", route_handlers=list(pages.ROUTES))
    return Litestar(
        [*api, plain, site],
        dependencies={"operations": Provide(lambda: operations, sync_to_thread=False), "span": Provide(span)},
        exception_handlers={Exception: answer_exception},
        guards=[check_role],
        logging_config=None,
        openapi_config=_openapi_config(),
        request_class=ApiRequest,
        request_max_body_size=MAX_BODY_BYTES,
    )


def _openapi_config() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Voltyard",
        version=version("voltyard"),
        description=_DESCRIPTION.strip(),
        components=Components(security_schemes={_SCHEME: SecurityScheme(type="http", scheme="bearer")}),
        security=[{_SCHEME: []}],
        openapi_router=Router(
            # The framework's own pages about the document are not for us.
            path=f"{_ROOT}/openapi",
            route_handlers=[],
            before_request=_nowhere,
            include_in_schema=False,
        ),
        operation_id_creator=lambda handler, _method, _path: handler.handler_name,
    )


async def _nowhere(_request: Request[Any, Any, Any]) -> None:
    raise NotFoundException


def _open_routes(app: Litestar) -> Iterator[tuple[str, str]]:
    """Yield method and path of what needs no key."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler):
                for method in handler.http_methods:
                    if required_role(handler, method) is None:
                        yield method, route.path

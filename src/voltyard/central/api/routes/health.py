"""Whether the process lives, whether it can work, and figures about it."""

from __future__ import annotations

from http import HTTPStatus

from litestar import Response, get
from msgspec import Struct

from voltyard.central.api.metrics import CONTENT_TYPE, exposition
from voltyard.central.api.problems import MEDIA_TYPE, Problem, problem
from voltyard.central.api.roles import OPEN
from voltyard.central.api.routes.parameters import Ops


class Health(Struct, frozen=True):
    """A good answer."""

    status: str


@get("/healthz", opt=OPEN, security=[{}])
async def get_health() -> Health:
    """Tell that the process lives."""
    return Health("alive")


@get("/readyz", opt=OPEN, security=[{}])
async def get_readiness(operations: Ops) -> Response[Health | Problem]:
    """Tell whether the database answers and the last commit succeeded."""
    fault = await operations.health.fault()
    if fault is None:
        return Response(Health("ready"))
    status = HTTPStatus.SERVICE_UNAVAILABLE
    return Response(problem(status, fault), status_code=status, media_type=MEDIA_TYPE)


@get("/metrics", media_type="text/plain")
async def get_metrics(operations: Ops) -> Response[bytes]:
    """Get figures in the exposition format of Prometheus."""
    return Response(exposition(await operations.health.figures()), media_type=CONTENT_TYPE)


ROUTES = (get_health, get_readiness, get_metrics)

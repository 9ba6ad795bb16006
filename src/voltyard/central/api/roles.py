"""Which role a request needs."""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import PermissionDeniedException
from litestar.handlers import BaseRouteHandler

from voltyard.central.credentials import Role
from voltyard.central.operations.access import Caller

ADMIN_ONLY = {"role": Role.ADMIN}
OPEN = {"role": None}

_ROLE_OF_METHOD = {"GET": Role.VIEWER, "DELETE": Role.ADMIN}


def required_role(handler: BaseRouteHandler, method: str) -> Role | None:
    """Return the role that a handler names, or else the one of its method; None if everybody may."""
    if "role" in handler.opt:
        role: Role | None = handler.opt["role"]
        return role
    return _ROLE_OF_METHOD.get(method, Role.OPERATOR)


def check_role(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Refuse a caller whose role does not do (403)."""
    required = required_role(handler, connection.scope["method"])  # type: ignore[typeddict-item]  # of HTTP
    if required is None:
        return
    caller: Caller = connection.auth
    if not caller.role.allows(required):
        raise PermissionDeniedException(f"this needs the role {required}, the key has {caller.role}")

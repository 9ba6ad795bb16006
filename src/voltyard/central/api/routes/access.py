"""Keys of programs, and signing in."""

from __future__ import annotations

from litestar import delete, get, post
from litestar.params import JSONBody

from voltyard.central.api.requests import ApiRequest
from voltyard.central.api.roles import ADMIN_ONLY, OPEN
from voltyard.central.api.routes.parameters import Number, Ops, Page
from voltyard.central.operations.access import IssuedKey, Session
from voltyard.central.operations.cursors import Listed
from voltyard.central.operations.requests import Login, NewApiKey
from voltyard.central.operations.views import ApiKeyView


@post("/api-keys", opt=ADMIN_ONLY)
async def create_api_key(operations: Ops, data: JSONBody[NewApiKey]) -> IssuedKey:
    """Create a key for a program; it is shown this once."""
    return await operations.access.create(data)


@get("/api-keys", opt=ADMIN_ONLY)
async def list_api_keys(operations: Ops, span: Page) -> Listed[ApiKeyView]:
    """List keys, oldest first."""
    return await operations.access.page(span)


@delete("/api-keys/{id:int}")
async def delete_api_key(operations: Ops, id: Number) -> None:
    """Revoke a key."""
    await operations.access.revoke(id)


@post("/login", opt=OPEN, status_code=200, security=[{}])
async def log_in(request: ApiRequest, operations: Ops, data: JSONBody[Login]) -> Session:
    """Get a key for half a day, with the name and the password of a user."""
    return await operations.access.login(data, request.client.host if request.client else "")


ROUTES = (create_api_key, list_api_keys, delete_api_key, log_in)

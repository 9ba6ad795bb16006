"""Tags that may charge."""

from __future__ import annotations

from litestar import delete, get, patch, post, put
from litestar.params import JSONBody

from voltyard.central.api.routes.parameters import Name, Ops, Page
from voltyard.central.operations.cursors import Listed
from voltyard.central.operations.requests import NewTag, TagChanges, TagSettings
from voltyard.central.operations.views import IdTagView


@post("/id-tags")
async def create_id_tag(operations: Ops, data: JSONBody[NewTag]) -> IdTagView:
    """Create a tag."""
    return await operations.id_tags.create(data)


@get("/id-tags")
async def list_id_tags(operations: Ops, span: Page) -> Listed[IdTagView]:
    """List tags, in their own order."""
    return await operations.id_tags.page(span)


@get("/id-tags/{id_tag:str}")
async def get_id_tag(operations: Ops, id_tag: Name) -> IdTagView:
    """Get a tag; letter case does not matter."""
    return await operations.id_tags.get(id_tag)


@put("/id-tags/{id_tag:str}")
async def put_id_tag(operations: Ops, id_tag: Name, data: JSONBody[TagSettings]) -> IdTagView:
    """Create a tag, or replace its settings."""
    return await operations.id_tags.put(id_tag, data)


@patch("/id-tags/{id_tag:str}")
async def change_id_tag(operations: Ops, id_tag: Name, data: JSONBody[TagChanges]) -> IdTagView:
    """Change a tag; what is left out stays."""
    return await operations.id_tags.change(id_tag, data)


@delete("/id-tags/{id_tag:str}")
async def delete_id_tag(operations: Ops, id_tag: Name) -> None:
    """Delete a tag; its transactions stay."""
    await operations.id_tags.remove(id_tag)


ROUTES = (create_id_tag, list_id_tags, get_id_tag, put_id_tag, change_id_tag, delete_id_tag)

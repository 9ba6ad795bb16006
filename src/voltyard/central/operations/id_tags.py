"""Tags as operators see and change them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import UNSET, structs

from voltyard.central.instants import now_us, to_us
from voltyard.central.operations.cursors import TEXT, Listed, Span, listed
from voltyard.central.operations.requests import NewTag, TagChanges, TagSettings
from voltyard.central.operations.views import IdTagView, view_id_tag
from voltyard.central.services.errors import NotFound, Unacceptable
from voltyard.central.services.provisioning import change_tag, create_tag, put_tag, remove_tag
from voltyard.central.services.records import IdTag
from voltyard.central.storage.finding import find_tag
from voltyard.central.storage.ledger import Ledger
from voltyard.central.storage.queries.id_tags import tag_page
from voltyard.central.storage.readers import Readers

_MAX_LENGTH = 20  # of an IdToken, OCPP 1.6 §7.28


class IdTagOperations:
    """Creates, shows, changes and removes tags."""

    def __init__(self, ledger: Ledger, readers: Readers) -> None:
        self._ledger = ledger
        self._readers = readers

    async def create(self, new: NewTag) -> IdTagView:
        """Store a new tag."""
        tag = _record(_checked(new.id_tag), new)
        return view_id_tag(await self._ledger.run(create_tag, tag, now_us()))

    async def put(self, id_tag: str, settings: TagSettings) -> IdTagView:
        """Store a tag, in place of what it was."""
        tag = _record(_checked(id_tag), settings)
        return view_id_tag(await self._ledger.run(put_tag, tag, now_us()))

    async def get(self, id_tag: str) -> IdTagView:
        """Return one."""
        tag = await self._readers.run(find_tag, _required(id_tag))
        if tag is None:
            raise NotFound(f"no tag {id_tag!r}")
        return view_id_tag(tag)

    async def page(self, span: Span) -> Listed[IdTagView]:
        """Return a page, by tag."""
        page = await self._readers.run(tag_page, span.after(TEXT), span.limit)
        return listed(page.map(view_id_tag))

    async def change(self, id_tag: str, wanted: TagChanges) -> IdTagView:
        """Change what a tag is worth."""
        changes: dict[str, Any] = {
            name: value for name, value in structs.asdict(wanted).items() if value is not UNSET
        }
        if "expiry_date" in changes:
            changes["expiry_date_us"] = _instant(changes.pop("expiry_date"))
        return view_id_tag(await self._ledger.run(change_tag, _required(id_tag), changes, now_us()))

    async def remove(self, id_tag: str) -> None:
        """Forget a tag; its transactions stay."""
        await self._ledger.run(remove_tag, _required(id_tag), now_us())


def _record(id_tag: str, settings: TagSettings) -> IdTag:
    return IdTag(
        id_tag_key="",
        id_tag=id_tag,
        status=settings.status,
        parent_id_tag=settings.parent_id_tag,
        expiry_date_us=_instant(settings.expiry_date),
        max_active_transactions=settings.max_active_transactions,
        created_at_us=0,
    )


def _instant(moment: datetime | None) -> int | None:
    return None if moment is None else to_us(moment)


def _is_id_tag(text: str) -> bool:
    # What stands in a URL must come through: no slash, and no dot segment.
    return 0 < len(text) <= _MAX_LENGTH and text.isprintable() and "/" not in text and text.strip(".") != ""


def _checked(id_tag: str) -> str:
    if not _is_id_tag(id_tag):
        raise Unacceptable(
            f"expected 1 to {_MAX_LENGTH} printable characters without a slash, and not dots only",
            field="id_tag",
        )
    return id_tag


def _required(id_tag: str) -> str:
    """Return what can be a tag; for anything else there is none (`NotFound`)."""
    if not _is_id_tag(id_tag):
        raise NotFound("no such tag")
    return id_tag

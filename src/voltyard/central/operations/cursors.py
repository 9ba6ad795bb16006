"""Cursors: where the next page of a list begins, as a text that nobody has to understand."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, Generic, TypeVar

from msgspec import DecodeError, Meta, Struct, json

from voltyard.central.services.errors import Unacceptable
from voltyard.central.storage.queries.paging import Page

T = TypeVar("T")
K = TypeVar("K")

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
# A key that the database could not compare with its own is nobody's.
_Number = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
_Text = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00]*\Z")]

# What the keys of lists are made of.
NUMBER: json.Decoder[tuple[int]] = json.Decoder(tuple[_Number])
NUMBERS: json.Decoder[tuple[int, int]] = json.Decoder(tuple[_Number, _Number])
TEXT: json.Decoder[tuple[str]] = json.Decoder(tuple[_Text])
NUMBER_AND_TEXT: json.Decoder[tuple[int, str]] = json.Decoder(tuple[_Number, _Text])


class BadCursor(Unacceptable):
    """A text that is no cursor of this list."""

    def __init__(self) -> None:
        super().__init__("not a cursor of this list", field="cursor")


class Listed(Struct, Generic[T], frozen=True):
    """One page of a list; `next` is the cursor of the following page, null on the last one."""

    items: list[T]
    next: str | None


class Span(Struct, frozen=True):
    """Which page of a list is wanted: at most `limit` items from `cursor` on, or from the beginning."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None

    def after(self, key: json.Decoder[K]) -> K | None:
        """Return the key of the last item of the page before, None at the beginning; raises `BadCursor`."""
        if self.cursor is None:
            return None
        try:
            return key.decode(urlsafe_b64decode(self.cursor.encode("ascii")))
        except (ValueError, DecodeError, RecursionError) as error:
            raise BadCursor from error


def listed(page: Page[T]) -> Listed[T]:
    """Return a page as it is handed out."""
    if page.next is None:
        return Listed(page.items, None)
    return Listed(page.items, urlsafe_b64encode(json.encode(page.next)).decode())

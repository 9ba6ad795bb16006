"""The message log, newest frame first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from msgspec import DecodeError, Raw, Struct, json
from sqlalchemy import Connection, select

from voltyard.central.storage.message_log import unpack
from voltyard.central.storage.queries.paging import Page, require_id
from voltyard.central.storage.schema import message_chunks

_CHUNKS_PER_READ = 50
# A rare action may be far away: a page ends after so many chunks, full or not, and says where to go on.
_CHUNKS_PER_PAGE = 2000

T = TypeVar("T")


class Message(Struct, frozen=True):
    """One frame, and what it says about itself if it can be read."""

    at_us: int
    direction: str
    frame: str
    message_type: int | None
    message_id: str | None
    action: str | None


class MessageFilter(Struct, frozen=True, kw_only=True):
    """Which frames; None does not ask."""

    direction: str | None = None
    action: str | None = None


def message_page(
    connection: Connection, identity: str, wanted: MessageFilter, after: tuple[int, int] | None, limit: int
) -> Page[Message]:
    """Return frames of a charge point; `after` is a chunk and a place in it.

    Raises `NotFound` if there is no such charge point. With a filter a page may be short, or even empty,
    and yet not the last one.
    """
    found: list[Message] = []
    place: tuple[int, int] | None = after
    chunks = _chunks(connection, require_id(connection, identity), after)
    for count, (chunk_id, frames) in enumerate(chunks):
        if count == _CHUNKS_PER_PAGE:
            return Page(found, place)
        for index, message in _messages(frames, place, chunk_id):
            if len(found) == limit:
                return Page(found, place)
            place = (chunk_id, index)
            if _matches(message, wanted):
                found.append(message)
        place = (chunk_id, 0)
    return Page(found, None)


def read_frame(at_us: int, direction: str, frame: str) -> Message:
    """Return a frame with what it says about itself; garbage says nothing."""
    try:
        parts = json.decode(frame, type=list[Raw])
    except (DecodeError, RecursionError):
        parts = []
    type_ = _part(parts, 0, int)
    return Message(
        at_us,
        direction,
        frame,
        type_,
        _part(parts, 1, str),
        _part(parts, 2, str) if type_ == 2 else None,
    )


def _chunks(
    connection: Connection, charge_point_id: int, after: tuple[int, int] | None
) -> Iterator[tuple[int, str]]:
    table = message_chunks.c
    query = (
        select(table.id, table.frames)
        .where(table.charge_point_id == charge_point_id)
        .order_by(table.id.desc())
        .limit(_CHUNKS_PER_READ)
    )
    # The chunk that the last page ended in is read again.
    below = None if after is None else after[0] + 1
    while True:
        portion = query if below is None else query.where(table.id < below)
        rows = [(id, frames) for id, frames in connection.execute(portion)]
        yield from rows
        if len(rows) < _CHUNKS_PER_READ:
            return
        below = rows[-1][0]


def _messages(frames: str, after: tuple[int, int] | None, chunk_id: int) -> Iterator[tuple[int, Message]]:
    unpacked = unpack(frames)
    end = len(unpacked)
    if after is not None and after[0] == chunk_id:
        end = min(end, after[1])
    for index in range(end - 1, -1, -1):
        yield index, read_frame(*unpacked[index])


def _matches(message: Message, wanted: MessageFilter) -> bool:
    if wanted.direction is not None and message.direction != wanted.direction:
        return False
    return wanted.action is None or message.action == wanted.action


def _part(parts: Sequence[Raw], index: int, type: type[T]) -> T | None:
    try:
        return json.decode(parts[index], type=type)
    except (IndexError, DecodeError):
        return None

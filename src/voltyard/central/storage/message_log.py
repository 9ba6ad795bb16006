"""The message log: every frame both ways, stored in chunks.

A frame that is a row of its own costs as much as the meter values in it. Frames are therefore gathered for a
moment and stored as one row for each charge point. Nobody waits for them, and a crash may take those of the
last moment; what they reported is in the tables of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Dialect, bindparam, delete, insert, select

from voltyard.central.storage.schema import message_chunks
from voltyard.central.storage.statements import Cursor, Statement
from voltyard.central.storage.stores.sql import columns, parameters

# Control characters, which JSON does not contain.
_RECORD = "\x1e"
_UNIT = "\x1f"
_CLEANED = {
    0: "\N{REPLACEMENT CHARACTER}",
    0x1E: "\N{REPLACEMENT CHARACTER}",
    0x1F: "\N{REPLACEMENT CHARACTER}",
}


class LoggedFrame(NamedTuple):
    """One frame as it went over the connection; `direction` is `in` or `out`, seen from here."""

    charge_point_id: int
    at_us: int
    direction: str
    frame: str


class MessageLog:
    """Writes chunks."""

    def __init__(self, cursor: Cursor, dialect: Dialect) -> None:
        self._cursor = cursor
        self._insert = Statement(
            insert(message_chunks).inline().values(parameters(columns(message_chunks))), dialect
        )
        # Chunks are numbered in the order of their time, so the oldest need no index of their own.
        oldest = (
            select(message_chunks.c.id).order_by(message_chunks.c.id).limit(bindparam("portion")).subquery()
        )
        self._delete = Statement(
            delete(message_chunks).where(
                message_chunks.c.id.in_(select(oldest.c.id)),
                message_chunks.c.last_at_us < bindparam("before"),
            ),
            dialect,
        )

    def delete(self, before_us: int, portion: int) -> int:
        """Delete at most so many of the oldest chunks, if they ended before that; return how many went."""
        return self._delete.run(self._cursor, portion=portion, before=before_us)

    def write(self, frames: Iterable[LoggedFrame]) -> None:
        """Store frames, in the order in which they went."""
        chunks: dict[int, list[LoggedFrame]] = {}
        for frame in frames:
            chunks.setdefault(frame.charge_point_id, []).append(frame)
        if chunks:
            self._insert.run_many(
                self._cursor,
                [(id, chunk[0].at_us, chunk[-1].at_us, _packed(chunk)) for id, chunk in chunks.items()],
            )


def unpack(frames: str) -> list[tuple[int, str, str]]:
    """Return (instant, direction, frame) for each frame of a chunk."""
    unpacked = []
    for record in frames.split(_RECORD):
        at_us, direction, frame = record.split(_UNIT)
        unpacked.append((int(at_us), direction, frame))
    return unpacked


def _packed(chunk: list[LoggedFrame]) -> str:
    return _RECORD.join(
        [f"{at_us}{_UNIT}{direction}{_UNIT}{_clean(frame)}" for _, at_us, direction, frame in chunk]
    )


def _clean(frame: str) -> str:
    # Only a frame that is no JSON can contain them.
    if _RECORD in frame or _UNIT in frame or "\x00" in frame:
        return frame.translate(_CLEANED)
    return frame

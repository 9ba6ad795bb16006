"""Deleting what has been kept long enough."""

from __future__ import annotations

from voltyard.central.storage.work import Work

_PORTION = 500


def delete_frames(work: Work, before_us: int) -> bool:
    """Delete some of the frames older than that and say whether there are more."""
    return work.message_log.delete(before_us, _PORTION) == _PORTION

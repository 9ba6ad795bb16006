"""What there is to complain about the central system: everything it does wrong, counted by kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

from msgspec import Raw, json

from voltyard.protocol.codec import Deviation
from voltyard.protocol.errors import ErrorCode
from voltyard.protocol.rpc import (
    MAX_ID_LENGTH,
    REPEATED,
    UNSOLICITED,
    CallAnswered,
    CallFailed,
    CallReceived,
    Event,
    FrameIgnored,
)


class Complaint(StrEnum):
    """The kinds; some are refined by what follows a slash: `call-error/InternalError`.

    A refined kind only ever takes values that this program knows, so what is counted stays small.
    """

    UNREADABLE_FRAME = "unreadable-frame"
    """Nothing to answer: no JSON, no array, no message type or id that exists."""
    REPEATED_CALL = "repeated-call"
    """The CALL that was just being handled, once more."""
    UNSOLICITED_ANSWER = "unsolicited-answer"
    """An answer to no call of ours, or a second one."""
    LATE_ANSWER = "late-answer"
    """An answer to a call of ours that was given up."""
    INVALID_ANSWER = "invalid-answer"
    """An answer that is not the response the specification asks for."""
    UNANSWERED_CALL = "unanswered-call"
    CALL_ERROR = "call-error"
    """A CALLERROR to a call of ours; refined by its code."""
    REFUSED_CALL = "refused-call"
    """A CALL that was answered with a CALLERROR; refined by its code."""
    DEVIATION = "deviation"
    """What was read although it breaks the specification; refined by the rule."""
    LONG_MESSAGE_ID = "long-message-id"
    IMPOSSIBLE_TIME = "impossible-time"
    """A time of day that no clock can be set to."""
    LOST_CONNECTION = "lost-connection"
    """A connection that ended because of what was sent on it; refined by the code of RFC 6455 §7.4."""


_BLAMING_CODES: Final = frozenset({1002, 1003, 1007, 1008, 1009})
"""Protocol error, no text, not UTF-8, policy violation, too big: what either end says when it has enough."""

_REMEMBERED_CALLS: Final = 4
_CALL_ERROR: Final = ord("4")
_TYPE_AT: Final = 1
_elements = json.Decoder(list[Raw])
_text = json.Decoder(str)


class Complaints:
    """Counts while the charge point talks; a `FrameObserver`.

    What is in order costs a comparison or two: only what is not is looked at any closer.
    """

    __slots__ = ("_counts", "_given_up")

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._given_up: tuple[str, ...] = ()

    @property
    def counts(self) -> Mapping[str, int]:
        """How often there was something to complain about, by kind; a copy."""
        return dict(sorted(self._counts.items()))

    def count(self, complaint: Complaint, refinement: str = "") -> None:
        """Count one."""
        self._counts[f"{complaint}/{refinement}" if refinement else complaint.value] += 1

    def received(self, frame: bytes, event: Event) -> None:
        """See `FrameObserver`."""
        kind = type(event)
        if kind is CallReceived or kind is CallAnswered:
            return
        match event:
            case FrameIgnored(reason=reason):
                self.count(self._ignored(frame, reason))
            case CallFailed(code=code):
                self.count(Complaint.CALL_ERROR, ErrorCode.from_wire(code))
            case _:
                # A refused CALL is counted when its CALLERROR is sent, an unusable answer by who asked.
                return

    def sent(self, frame: bytes) -> None:
        """See `FrameObserver`."""
        if frame[_TYPE_AT] == _CALL_ERROR:
            self.count(Complaint.REFUSED_CALL, _text.decode(_elements.decode(frame)[2]))

    def given_up(self, message_id: str) -> None:
        """Count a call of ours that was not answered in time; its answer may still come."""
        self.count(Complaint.UNANSWERED_CALL)
        self._given_up = (message_id, *self._given_up[: _REMEMBERED_CALLS - 1])

    def deviated(self, deviations: Iterable[Deviation]) -> None:
        """Count what was let pass in a payload."""
        for deviation in deviations:
            self.count(Complaint.DEVIATION, deviation.rule)

    def identified(self, message_id: str) -> None:
        """Look at the id of a CALL that was accepted."""
        if len(message_id) > MAX_ID_LENGTH:
            self.count(Complaint.LONG_MESSAGE_ID)

    def disconnected(self, code: int) -> None:
        """Look at how a connection ended."""
        if code in _BLAMING_CODES:
            self.count(Complaint.LOST_CONNECTION, str(code))

    def _ignored(self, frame: bytes, reason: str) -> Complaint:
        if reason == REPEATED:
            return Complaint.REPEATED_CALL
        if reason != UNSOLICITED:
            return Complaint.UNREADABLE_FRAME
        beginning = frame[: 2 * MAX_ID_LENGTH].decode(errors="replace")
        is_late = any(f'"{message_id}"' in beginning for message_id in self._given_up)
        return Complaint.LATE_ANSWER if is_late else Complaint.UNSOLICITED_ANSWER

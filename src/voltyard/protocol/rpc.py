"""OCPP-J 1.6 framing and call bookkeeping: frames in, events out, and back. No I/O, no clock, no logging.

This module does not know which role it plays: a charge point and a central system are the same here.
"""

from __future__ import annotations

import re
from enum import IntEnum

from msgspec import MsgspecError, Raw, Struct, json

from voltyard.protocol.errors import ErrorCode

MAX_ID_LENGTH = 36
MAX_DESCRIPTION_LENGTH = 255


class MessageType(IntEnum):
    """The first element of a frame (OCPP-J 1.6 §4.1.3)."""

    CALL = 2
    CALL_RESULT = 3
    CALL_ERROR = 4


class CallReceived(Struct, frozen=True):
    """The peer asks for something; it waits for `Connection.answer` or `Connection.reject`."""

    id: str
    action: str
    payload: bytes


class CallAnswered(Struct, frozen=True):
    """The CALL in flight got its CALLRESULT."""

    id: str
    payload: bytes


class CallFailed(Struct, frozen=True):
    """The CALL in flight got a CALLERROR; `code` is as it came, see `ErrorCode.from_wire`."""

    id: str
    code: str
    description: str


class AnswerUnusable(Struct, frozen=True):
    """The CALL in flight got an answer that cannot be read; nothing is sent back."""

    id: str
    reason: str


class CallRefused(Struct, frozen=True):
    """A malformed CALL; its CALLERROR is already among the frames to send.

    `action` is empty if it cannot be read.
    """

    id: str
    action: str
    code: ErrorCode
    description: str


REPEATED = "repeats the call being handled; one answer serves both"
UNSOLICITED = "answers no call in flight"


class FrameIgnored(Struct, frozen=True):
    """A frame nobody may answer: late (`UNSOLICITED`), repeated (`REPEATED`) or unreadable."""

    reason: str


Event = CallReceived | CallAnswered | CallFailed | AnswerUnusable | CallRefused | FrameIgnored

# Plain integers: an enumeration member costs an attribute look-up and a slower encoding per frame.
_CALL, _CALL_RESULT, _CALL_ERROR = (kind.value for kind in MessageType)

_call_frame = json.Decoder(tuple[int, str, str, Raw])
_any_frame = json.Decoder(list[Raw])
_number = json.Decoder(int)
_text = json.Decoder(str)
_encode = json.Encoder().encode
# What can be told of a frame whose rest is unreadable: its type, its id and, of a CALL, its action.
_prefix = re.compile(rb'\s*\[\s*([234])\s*,\s*("(?:[^"\\]|\\.)+")\s*,\s*(?:("(?:[^"\\]|\\.)*")\s*,)?')
# Other escapes are matched, too: the second backslash of an escaped one does not begin a surrogate.
_surrogate_escape = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}|(\\.)")
_UNREADABLE = (MsgspecError, ValueError, RecursionError)


class Connection:
    """One side of an OCPP-J conversation.

    Each readable CALL gets exactly one answer, no input raises, and at most one CALL of ours is in
    flight; later ones wait for their turn (OCPP-J 1.6 §4.1.1). Calls of both sides may cross.

    While `lenient` a message id of more than 36 characters is accepted; the caller sees it by its length.
    """

    __slots__ = ("_in_flight", "_is_finishing", "_outbox", "_unanswered", "_waiting", "lenient")

    def __init__(self, *, lenient: bool = False) -> None:
        self.lenient = lenient
        self._outbox: list[bytes] = []
        self._waiting: list[tuple[str, bytes]] = []
        self._in_flight: str | None = None
        self._is_finishing = False
        self._unanswered: dict[str, bytes] = {}

    @property
    def in_flight(self) -> str | None:
        """The id of our CALL that was sent and is not answered yet."""
        return self._in_flight

    def receive(self, frame: bytes) -> Event:
        """Say what a frame means; total: every input gives an event."""
        try:
            kind, id, action, payload = _call_frame.decode(frame)
        except _UNREADABLE:
            return self._receive_uncommon(frame)
        if kind != _CALL:
            return self._receive_uncommon(frame)
        return self._receive_call(id, action, bytes(payload), frame)

    def call(self, id: str, action: str, payload: bytes) -> None:
        """Queue a CALL; it is sent when the one before it is settled."""
        self._waiting.append((id, _encode((_CALL, id, action, Raw(payload)))))
        self._advance()

    def expire(self, id: str) -> None:
        """Stop waiting for an answer; if it still comes it is ignored."""
        if self._in_flight == id:
            self._settle()
        else:
            self._waiting = [call for call in self._waiting if call[0] != id]

    def finish(self) -> None:
        """Send no more CALLs; those that wait are not sent either."""
        self._is_finishing = True

    def answer(self, id: str, payload: bytes) -> None:
        """Answer a received CALL with a CALLRESULT."""
        del self._unanswered[id]
        self._outbox.append(_encode((_CALL_RESULT, id, Raw(payload))))

    def reject(self, id: str, code: ErrorCode, description: str = "") -> None:
        """Answer a received CALL with a CALLERROR."""
        del self._unanswered[id]
        self._send_error(id, code, description)

    def frames_to_send(self) -> list[bytes]:
        """Hand over the frames that are due, in order."""
        frames, self._outbox = self._outbox, []
        return frames

    def _receive_call(self, id: str, action: str, payload: bytes, frame: bytes) -> Event:
        if not id:
            return FrameIgnored("empty message id")
        if len(id) > MAX_ID_LENGTH and not self.lenient:
            return self._refuse(id, action, f"message id longer than {MAX_ID_LENGTH} characters")
        earlier = self._unanswered.get(id)
        if earlier is not None:
            if earlier == frame:
                return FrameIgnored(REPEATED)
            return self._refuse(id, action, "another call with this id is being handled")
        self._unanswered[id] = frame
        return CallReceived(id, action, payload)

    def _receive_uncommon(self, frame: bytes) -> Event:
        try:
            elements = _any_frame.decode(frame)
        except RecursionError:
            return self._receive_defective(frame, 4, "nested too deep")
        except _UNREADABLE:
            return self._receive_unreadable(frame)
        if len(elements) < 2:
            return FrameIgnored("too short to hold a message id")
        try:
            kind, id = MessageType(_number.decode(elements[0])), _text.decode(elements[1])
        except _UNREADABLE:
            return FrameIgnored("unknown message type or unreadable message id")
        if kind is MessageType.CALL:
            return self._receive_malformed_call(id, _text_or_none(elements[2:3]), len(elements))
        if id != self._in_flight:
            return FrameIgnored(UNSOLICITED)
        if kind is MessageType.CALL_RESULT:
            return self._receive_result(id, elements[2:])
        return self._receive_error(id, elements[2:])

    def _receive_unreadable(self, frame: bytes) -> Event:
        # A lone surrogate is JSON by its grammar, so the CALL around it deserves an answer.
        repaired = _surrogate_escape.sub(lambda escape: escape[1] or b"?", frame)
        if repaired == frame:
            return FrameIgnored("not a JSON array")
        try:
            count = len(_any_frame.decode(repaired))
        except _UNREADABLE:
            return FrameIgnored("not a JSON array")
        return self._receive_defective(frame, count, "a lone surrogate")

    def _receive_defective(self, frame: bytes, count: int, defect: str) -> Event:
        """Take in a frame of `count` elements of which the last cannot be read here."""
        prefix = _prefix.match(frame)
        if prefix is None:
            return FrameIgnored(f"{defect}, and no message id before it")
        try:
            kind, id = _number.decode(prefix[1]), _text.decode(prefix[2])
            action = _text.decode(prefix[3]) if prefix[3] else None
        except _UNREADABLE:
            return FrameIgnored(f"{defect} in the message id or action")
        if kind == _CALL:
            if action is None or count != 4:
                return self._receive_malformed_call(id, action, count)
            # Whoever reads the payload finds the defect in it, and says where.
            return self._receive_call(id, action, frame[prefix.end() :].rstrip().removesuffix(b"]"), frame)
        if id != self._in_flight:
            return FrameIgnored(UNSOLICITED)
        self._settle()
        return AnswerUnusable(id, defect)

    def _receive_malformed_call(self, id: str, action: str | None, count: int) -> Event:
        if not id:
            return FrameIgnored("empty message id")
        if count != 4:
            return self._refuse(id, action or "", f"a CALL has 4 elements, not {count}")
        return self._refuse(id, "", "the action is not a string")

    def _receive_result(self, id: str, rest: list[Raw]) -> Event:
        self._settle()
        if len(rest) != 1:
            return AnswerUnusable(id, f"a CALLRESULT has 3 elements, not {len(rest) + 2}")
        return CallAnswered(id, bytes(rest[0]))

    def _receive_error(self, id: str, rest: list[Raw]) -> Event:
        # Trailing elements may be missing on receipt (OCPP-J 1.6 §4.2.3 asks for all five).
        self._settle()
        try:
            code, description = [*map(_text.decode, rest[:2]), "", ""][:2]
        except _UNREADABLE:
            return AnswerUnusable(id, "unreadable CALLERROR")
        return CallFailed(id, code or ErrorCode.GENERIC_ERROR, description)

    def _refuse(self, id: str, action: str, description: str) -> CallRefused:
        self._send_error(id, ErrorCode.FORMATION_VIOLATION, description)
        return CallRefused(id, action, ErrorCode.FORMATION_VIOLATION, description)

    def _send_error(self, id: str, code: ErrorCode, description: str) -> None:
        text = description[:MAX_DESCRIPTION_LENGTH].encode("utf-8", "replace").decode()
        self._outbox.append(_encode((_CALL_ERROR, id, code, text, {})))

    def _settle(self) -> None:
        self._in_flight = None
        self._advance()

    def _advance(self) -> None:
        # No new CALL before the previous one is answered or timed out (OCPP-J 1.6 §4.1.1).
        if self._in_flight is None and self._waiting and not self._is_finishing:
            self._in_flight, frame = self._waiting.pop(0)
            self._outbox.append(frame)


def _text_or_none(elements: list[Raw]) -> str | None:
    try:
        return _text.decode(elements[0]) if elements else None
    except _UNREADABLE:
        return None

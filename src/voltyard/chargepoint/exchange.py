"""Frames that somebody sends as they are, beside the conversation, and the answers to them."""

from __future__ import annotations

import re
from typing import Final

from msgspec import MsgspecError, json

from voltyard.chargepoint.clock import Clock, sleep_unless
from voltyard.chargepoint.flag import Flag
from voltyard.protocol.rpc import UNSOLICITED, Event, FrameIgnored

# Whatever the type of a message, its id is the second element; the rest need not even be JSON. Nothing is
# tried twice, so the length of a frame does not matter.
_BEGINNING: Final = re.compile(rb'\s*+\[\s*+([^\s,\[\]{}]*+)\s*+,\s*+("(?:[^"\\]|\\.)*+")')
_ANSWERS: Final = frozenset({b"3", b"4"})
_text = json.Decoder(str)


class Exchanges:
    """Who waits for the answer to which frame.

    The conversation knows nothing of these frames, so it takes their answers for unsolicited ones.
    """

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []

    async def answer(self, frame: bytes, clock: Clock, timeout_s: float) -> bytes | None:
        """Return the frame that answers a frame just sent; None if none can come or none does in time."""
        id = _id_of(frame, is_answer=False)
        if id is None:
            return None
        waiting = _Waiting(id)
        self._waiting.append(waiting)
        try:
            await sleep_unless(clock, timeout_s, waiting.answered)
        finally:
            self._waiting.remove(waiting)
        return waiting.answer

    def take(self, frame: bytes, event: Event) -> bool:
        """Take in a received frame if somebody waits for it; say whether it was."""
        if not self._waiting or not isinstance(event, FrameIgnored) or event.reason != UNSOLICITED:
            return False
        id = _id_of(frame, is_answer=True)
        for waiting in self._waiting:
            # The same id may have been sent twice: the first answer is for who sent it first.
            if waiting.id == id and not waiting.answered.is_set():
                waiting.answer = frame
                waiting.answered.set()
                return True
        return False


class _Waiting:
    def __init__(self, id: str) -> None:
        self.id = id
        self.answered = Flag()
        self.answer: bytes | None = None


def _id_of(frame: bytes, *, is_answer: bool) -> str | None:
    beginning = _BEGINNING.match(frame)
    if beginning is None or (beginning[1] in _ANSWERS) is not is_answer:
        return None
    try:
        return _text.decode(beginning[2])
    except (MsgspecError, ValueError):
        return None

"""What was said between the charge point and the central system: each CALL, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from voltyard.chargepoint.flag import Flag
from voltyard.chargepoint.scenario.patterns import shown
from voltyard.chargepoint.scenario.steps import Side
from voltyard.chargepoint.scenario.values import Value, read_json
from voltyard.protocol.rpc import (
    AnswerUnusable,
    CallAnswered,
    CallFailed,
    CallReceived,
    Event,
    MessageType,
)


@dataclass(frozen=True, slots=True)
class Answered:
    """A CALL got its CALLRESULT."""

    payload: Value


@dataclass(frozen=True, slots=True)
class Failed:
    """A CALL got a CALLERROR, or an answer that cannot be read."""

    code: str
    description: str


@dataclass(slots=True)
class Exchange:
    """A CALL and its answer, None until it comes."""

    number: int
    at: datetime
    by: Side
    action: str
    payload: Value
    answer: Answered | Failed | None = None

    def __str__(self) -> str:
        return self._line(shown)

    def in_full(self) -> str:
        """Return it as one line, however long that is."""
        return self._line(partial(shown, longest=None))

    def _line(self, show: Callable[[Value], str]) -> str:
        return (
            f"{self.at:%H:%M:%S} {self.by}: {self.action} {show(self.payload)} -> {self._answer_text(show)}"
        )

    def _answer_text(self, show: Callable[[Value], str]) -> str:
        match self.answer:
            case None:
                return "no answer yet"
            case Answered(payload=payload):
                return show(payload)
            case Failed(code=code, description=description):
                return f"{code} {description}".rstrip()


class Journal:
    """Keeps all exchanges in order; an observer of the charge point's conversation."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._exchanges: list[Exchange] = []
        self._open: dict[tuple[Side, str], Exchange] = {}
        self._changed = Flag()

    def __len__(self) -> int:
        return len(self._exchanges)

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self._exchanges)

    def since(self, number: int) -> list[Exchange]:
        """Return the exchanges from this one on."""
        return self._exchanges[number:]

    @property
    def change(self) -> Flag:
        """What is set when the journal changes the next time."""
        return self._changed

    def received(self, frame: bytes, event: Event) -> None:
        """Note a frame of the central system."""
        match event:
            case CallReceived(id=id, action=action, payload=payload):
                self._begin(Side.CENTRAL_SYSTEM, id, action, read_json(payload))
            case CallAnswered(id=id, payload=payload):
                self._end(Side.CHARGE_POINT, id, Answered(read_json(payload)))
            case CallFailed(id=id, code=code, description=description):
                self._end(Side.CHARGE_POINT, id, Failed(code, description))
            case AnswerUnusable(id=id, reason=reason):
                self._end(Side.CHARGE_POINT, id, Failed("unusable", reason))
            case _:
                # To what was sent beside the conversation.
                self._read_answer(Side.CHARGE_POINT, read_json(frame))

    def sent(self, frame: bytes) -> None:
        """Note a frame of the charge point."""
        match message := read_json(frame):
            case [MessageType.CALL, str(id), str(action), payload]:
                self._begin(Side.CHARGE_POINT, id, action, payload)
            case _:
                self._read_answer(Side.CENTRAL_SYSTEM, message)

    def _read_answer(self, asked_by: Side, message: Value) -> None:
        match message:
            case [MessageType.CALL_RESULT, str(id), payload]:
                self._end(asked_by, id, Answered(payload))
            case [MessageType.CALL_ERROR, str(id), str(code), str(description), _]:
                self._end(asked_by, id, Failed(code, description))
            case _:
                return  # what is sent on purpose need not be OCPP

    def _begin(self, by: Side, id: str, action: str, payload: Value) -> None:
        exchange = Exchange(len(self._exchanges), self._now(), by, action, payload)
        self._exchanges.append(exchange)
        self._open[by, id] = exchange
        self._tell()

    def _end(self, by: Side, id: str, answer: Answered | Failed) -> None:
        exchange = self._open.pop((by, id), None)
        if exchange is not None:
            exchange.answer = answer
            self._tell()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = Flag()

"""Watching the journal: finding the message that a step is about, and saying why there is none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from voltyard.chargepoint.scenario.journal import Answered, Exchange, Failed, Journal
from voltyard.chargepoint.scenario.patterns import ABSENT, Absent, Mismatch, Pattern, Seen
from voltyard.chargepoint.scenario.steps import Side, Since
from voltyard.chargepoint.scenario.values import Names, Value
from voltyard.protocol.actions import ACTIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """A CALL of a side, what is in it, and what it is answered with; `is_answered` if it is at all."""

    action: str
    by: Side | None = None
    fields: Pattern | None = None
    answer: Pattern | None = None
    error: Pattern | None = None
    is_answered: bool = False

    @property
    def sender(self) -> Side:
        """Who sends it; the side that the specification names if nothing else is said."""
        if self.by is not None:
            return self.by
        return Side.CHARGE_POINT if ACTIONS[self.action].from_charge_point else Side.CENTRAL_SYSTEM


class Found(NamedTuple):
    """A message as it was sought, and what its patterns give names to."""

    exchange: Exchange
    seen: Seen


class Watcher:
    """Remembers which messages have been expected already, and where each step begins to look."""

    def __init__(self, journal: Journal, names: Names) -> None:
        self._journal = journal
        self._names = names
        self._claimed: set[int] = set()
        self._action_began = 0
        self._last = 0
        self._is_acting = True

    def acts(self) -> None:
        """A step begins that does something: what comes from now on may be because of it."""
        if not self._is_acting:
            self._action_began = len(self._journal)
        self._is_acting = True

    def expects(self) -> None:
        """A step begins that looks at what has come of the steps before it."""
        self._is_acting = False

    def find(self, sought: Sought, begin: int) -> Found | None:
        """Return the first message from `begin` on that is as sought and not claimed."""
        for exchange in self._candidates(sought, begin):
            try:
                return Found(exchange, self._check(exchange, sought))
            except Mismatch:
                continue
        return None

    def claim(self, found: Found) -> None:
        """Let no other expectation be met by this message, and learn what it gives names to."""
        self._claimed.add(found.exchange.number)
        self._last = found.exchange.number + 1
        self._names.learn(found.seen)

    def why_none(self, sought: Sought, begin: int) -> str:
        """Return what is wrong with the last message that might have been meant."""
        other = "other " if any(self._of_kind(sought, begin)) else ""
        reason = f"no {other}{sought.action} of the {sought.sender} came"
        for exchange in self._candidates(sought, begin):
            try:
                self._check(exchange, sought)
            except Mismatch as mismatch:
                reason = f"{sought.action}: {mismatch}"
        return reason

    def begin_of(self, since: Since) -> int:
        """Return the number of the first message that counts."""
        match since:
            case Since.START:
                return 0
            case Since.ACTION:
                return self._action_began
            case Since.LAST:
                return self._last

    def _candidates(self, sought: Sought, begin: int) -> Iterable[Exchange]:
        return (each for each in self._of_kind(sought, begin) if each.number not in self._claimed)

    def _of_kind(self, sought: Sought, begin: int) -> Iterable[Exchange]:
        return (
            exchange
            for exchange in self._journal.since(begin)
            if exchange.action == sought.action and exchange.by is sought.sender
        )

    def _check(self, exchange: Exchange, sought: Sought) -> Seen:
        if sought.is_answered and exchange.answer is None:
            raise Mismatch("answer", ABSENT, "there")
        parts: list[tuple[Pattern | None, Value | Absent, str]] = [
            (sought.fields, exchange.payload, "$"),
            (sought.answer, _result(exchange), "answer"),
            (sought.error, _error(exchange), "error"),
        ]
        seen: Seen = {}
        for pattern, value, path in parts:
            if pattern is not None:
                seen |= pattern.match(value, self._names, path)
        return seen


def _result(exchange: Exchange) -> Value | Absent:
    return exchange.answer.payload if isinstance(exchange.answer, Answered) else ABSENT


def _error(exchange: Exchange) -> Value | Absent:
    return exchange.answer.code if isinstance(exchange.answer, Failed) else ABSENT

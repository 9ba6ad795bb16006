"""What a fleet of charge points has said and met, counted: messages, latencies, faults, errors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from math import ceil, floor, log
from typing import Final

from voltyard.chargepoint.simulator.fault_rates import Fault
from voltyard.protocol.actions import ACTIONS
from voltyard.protocol.rpc import AnswerUnusable, CallAnswered, CallFailed, Event
from voltyard.transport.errors import HandshakeRefused, TransportError

_STEP: Final = 1.02
"""The ratio of neighbouring classes of latencies: percentiles are exact to two per cent."""
_LEAST_S: Final = 1e-6
_CALL: Final = b"[2,"
_ACTION_AT: Final = 3
"""In `[2,"id","Action",…` cut at the quotation marks."""
_NO_ACTION: Final = ""
_ACTIONS: Final[Mapping[bytes, str]] = {name.encode(): name for name in ACTIONS}


class Latencies:
    """How long answers took, in classes: as small after a day as after a minute."""

    __slots__ = ("_classes",)

    def __init__(self) -> None:
        self._classes: Counter[int] = Counter()

    def add(self, seconds: float) -> None:
        """Count one."""
        self._classes[floor(log(max(seconds, _LEAST_S), _STEP))] += 1

    def percentile(self, percent: float) -> float | None:
        """Return the time in seconds within which so many per cent were answered; None if there were none."""
        left = ceil(self._classes.total() * percent / 100)
        for number, count in sorted(self._classes.items()):
            left -= count
            if left <= 0:
                return float(_STEP ** (number + 0.5))
        return None


class Tally:
    """Counts for many charge points together; `monotonic` tells seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.messages_sent = 0
        self.messages_received = 0
        self.answered: Counter[str] = Counter()
        """The calls to the central system that got their answer, by action."""
        self.latencies = Latencies()
        self.faults: Counter[Fault] = Counter()
        self.failed_attempts: Counter[str] = Counter()
        """Attempts to connect that failed, by reason."""
        self.broken: Counter[str] = Counter()
        """Charge points that ended by themselves, by error."""
        self._monotonic = monotonic

    def observer(self) -> StationObserver:
        """Return what watches the messages of one charge point."""
        return StationObserver(self, self._monotonic)

    def not_connected(self, error: OSError | TransportError, _retry_in_s: float) -> None:
        """Count an attempt to connect that failed."""
        match error:
            case HandshakeRefused(status=status):
                self.failed_attempts[f"HTTP {status}"] += 1
            case _:
                self.failed_attempts[type(error).__name__] += 1

    def fault_happened(self, fault: Fault) -> None:
        """Count a fault of the network."""
        self.faults[fault] += 1


class StationObserver:
    """Watches the messages of one charge point; a `FrameObserver`."""

    __slots__ = ("_action", "_monotonic", "_sent_at", "_tally")

    def __init__(self, tally: Tally, monotonic: Callable[[], float]) -> None:
        self._tally = tally
        self._monotonic = monotonic
        self._action = _NO_ACTION
        self._sent_at = 0.0

    def sent(self, frame: bytes) -> None:
        """See `FrameObserver`."""
        self._tally.messages_sent += 1
        if frame.startswith(_CALL):
            # At most one call is under way at a time (OCPP-J 1.6 §4.1.1).
            self._action = _action_of(frame)
            self._sent_at = self._monotonic()

    def received(self, frame: bytes, event: Event) -> None:
        """See `FrameObserver`."""
        self._tally.messages_received += 1
        kind = type(event)
        if kind is CallAnswered or kind is CallFailed or kind is AnswerUnusable:
            self._tally.latencies.add(self._monotonic() - self._sent_at)
            if kind is CallAnswered:
                self._tally.answered[self._action] += 1


def _action_of(frame: bytes) -> str:
    parts = frame.split(b'"', _ACTION_AT + 1)
    return _ACTIONS.get(parts[_ACTION_AT], _NO_ACTION) if len(parts) > _ACTION_AT else _NO_ACTION

"""What a fleet has said and met, counted."""

from __future__ import annotations

from random import Random

import pytest

from voltyard.chargepoint.simulator.fault_rates import Fault
from voltyard.chargepoint.simulator.tally import Latencies, StationObserver, Tally
from voltyard.protocol.rpc import Connection
from voltyard.transport.errors import HandshakeFailed, HandshakeRefused


def test_percentiles_are_exact_to_two_per_cent() -> None:
    latencies, random = Latencies(), Random(1)
    values = sorted(random.lognormvariate(-6, 1.5) for _ in range(5000))

    for value in values:
        latencies.add(value)

    for percent in (1, 50, 99, 100):
        exact = values[max(0, len(values) * percent // 100 - 1)]
        assert latencies.percentile(percent) == pytest.approx(exact, rel=0.03)


def test_without_answers_there_is_no_percentile_and_no_time_at_all_is_one() -> None:
    latencies = Latencies()

    assert latencies.percentile(50) is None
    latencies.add(0.0)
    assert latencies.percentile(50) == pytest.approx(1e-6, rel=0.05)


class Conversation:
    """The messages of one charge point, and a clock."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.tally = Tally(lambda: self.now_s)
        self.observers = [self.tally.observer(), self.tally.observer()]
        self._rpc = {id(observer): Connection() for observer in self.observers}

    def call(self, action: str, of: int = 0, id: str = "1") -> None:
        rpc, observer = self._parts(of)
        rpc.call(id, action, b"{}")
        for frame in rpc.frames_to_send():
            observer.sent(frame)

    def receive(self, frame: bytes, of: int = 0) -> None:
        rpc, observer = self._parts(of)
        observer.received(frame, rpc.receive(frame))

    def _parts(self, of: int) -> tuple[Connection, StationObserver]:
        observer = self.observers[of]
        return self._rpc[id(observer)], observer


def test_calls_are_counted_when_they_are_answered_with_the_time_that_took() -> None:
    talk = Conversation()

    talk.call("StartTransaction", of=0)
    talk.now_s = 2.0
    talk.call("Heartbeat", of=1)
    talk.now_s = 3.0
    talk.receive(b'[3,"1",{}]', of=0)
    talk.receive(b'[3,"1",{}]', of=1)

    assert talk.tally.answered == {"StartTransaction": 1, "Heartbeat": 1}
    assert talk.tally.latencies.percentile(1) == pytest.approx(1, rel=0.03)
    assert talk.tally.latencies.percentile(100) == pytest.approx(3, rel=0.03)
    assert (talk.tally.messages_sent, talk.tally.messages_received) == (2, 2)


def test_a_refusal_takes_time_but_confirms_nothing_and_a_stranger_counts_as_a_message_only() -> None:
    talk = Conversation()

    talk.call("StopTransaction")
    talk.receive(b'[3,"another",{}]')
    talk.receive(b'[4,"1","GenericError","",{}]')
    talk.receive(b"nonsense")

    assert not talk.tally.answered
    assert talk.tally.latencies.percentile(50) is not None
    assert talk.tally.messages_received == 3


@pytest.mark.parametrize("frame", [b"", b"[", b"[2,", b'[2,"1"', b"nonsense", b'[2,"1","Nonsense",{}]'])
def test_any_frame_may_be_sent(frame: bytes) -> None:
    tally = Tally(lambda: 0.0)

    tally.observer().sent(frame)

    assert tally.messages_sent == 1


def test_failures_and_faults_are_counted_by_kind() -> None:
    tally = Tally(lambda: 0.0)

    tally.not_connected(HandshakeRefused(401, "Unauthorized"), 1.0)
    tally.not_connected(HandshakeRefused(401, "Unauthorized"), 2.0)
    tally.not_connected(HandshakeFailed("lost"), 4.0)
    tally.not_connected(ConnectionRefusedError(), 4.0)
    tally.fault_happened(Fault.CUT)

    assert tally.failed_attempts == {"HTTP 401": 2, "HandshakeFailed": 1, "ConnectionRefusedError": 1}
    assert tally.faults == {Fault.CUT: 1}

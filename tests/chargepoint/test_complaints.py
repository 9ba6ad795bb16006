"""What is wrong with what comes is counted by kind; the stories are in test_hostile_central_system."""

from __future__ import annotations

import pytest

from voltyard.chargepoint.complaints import Complaint, Complaints
from voltyard.protocol.codec import Deviation
from voltyard.protocol.rpc import Connection


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


@pytest.fixture
def conversation(complaints: Complaints) -> Conversation:
    return Conversation(complaints)


class Conversation:
    """A charge point's side, whose frames are observed."""

    def __init__(self, complaints: Complaints) -> None:
        self.rpc = Connection()
        self._complaints = complaints

    def receive(self, frame: bytes) -> None:
        self._complaints.received(frame, self.rpc.receive(frame))
        self.send()

    def send(self) -> None:
        for frame in self.rpc.frames_to_send():
            self._complaints.sent(frame)

    def call(self, id: str) -> None:
        self.rpc.call(id, "Heartbeat", b"{}")
        self.send()

    def give_up(self, id: str) -> None:
        self.rpc.expire(id)
        self._complaints.given_up(id)


def test_what_is_in_order_is_not_counted(complaints: Complaints, conversation: Conversation) -> None:
    conversation.call("a")
    conversation.receive(b'[3,"a",{}]')
    conversation.receive(b'[2,"b","ClearCache",{}]')
    conversation.rpc.answer("b", b"{}")
    conversation.send()
    complaints.deviated(())
    complaints.identified("x" * 36)
    for code in (1000, 1001, 1006, 1012):
        complaints.disconnected(code)

    assert complaints.counts == {}


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (b"garbage", "unreadable-frame"),
        (b"[3]", "unreadable-frame"),
        (b'[9,"a",{}]', "unreadable-frame"),
        (b'[3,"nobody",{}]', "unsolicited-answer"),
        (b'[4,"nobody","InternalError","",{}]', "unsolicited-answer"),
        (b'[3,"over",{}]', "late-answer"),
        (b'[4, "over","InternalError","",{}]', "late-answer"),
        (b'[4,"under way","NotSupported","",{}]', "call-error/NotSupported"),
        (b'[4,"under way","OccurrenceConstraintViolation"]', "call-error/OccurenceConstraintViolation"),
        (b'[4,"under way","Made up","",{}]', "call-error/GenericError"),
        (b'[2,"a","Reset"]', "refused-call/FormationViolation"),
    ],
)
def test_each_offence_has_its_kind(
    complaints: Complaints, conversation: Conversation, frame: bytes, kind: str
) -> None:
    conversation.call("over")
    conversation.give_up("over")
    conversation.call("under way")

    conversation.receive(frame)

    assert complaints.counts == {kind: 1, "unanswered-call": 1}


def test_a_call_that_is_repeated_while_it_is_handled_is_counted(
    complaints: Complaints, conversation: Conversation
) -> None:
    for _ in range(3):
        conversation.receive(b'[2,"a","Reset",{"type":"Soft"}]')

    assert complaints.counts == {"repeated-call": 2}


def test_only_the_last_calls_are_remembered(complaints: Complaints, conversation: Conversation) -> None:
    for number in range(6):
        conversation.call(f"call {number}")
        conversation.give_up(f"call {number}")

    conversation.receive(b'[3,"call 0",{}]')
    conversation.receive(b'[3,"call 5",{}]')

    assert complaints.counts == {"late-answer": 1, "unanswered-call": 6, "unsolicited-answer": 1}


def test_what_others_notice_is_counted_with_the_rest(complaints: Complaints) -> None:
    complaints.count(Complaint.UNANSWERED_CALL)
    complaints.deviated([Deviation("lax-scalar", "$.connectorId", "'1'")] * 2)
    complaints.identified("x" * 37)
    for code in (1002, 1003, 1007, 1008, 1009, 1009):
        complaints.disconnected(code)

    assert complaints.counts == {
        "deviation/lax-scalar": 2,
        "long-message-id": 1,
        "lost-connection/1002": 1,
        "lost-connection/1003": 1,
        "lost-connection/1007": 1,
        "lost-connection/1008": 1,
        "lost-connection/1009": 2,
        "unanswered-call": 1,
    }


def test_counts_are_a_copy(complaints: Complaints) -> None:
    before = complaints.counts

    complaints.count(Complaint.IMPOSSIBLE_TIME)

    assert before == {}

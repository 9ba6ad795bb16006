"""Finding messages in the journal: which count, which were expected before, and why none is the one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from voltyard.chargepoint.scenario.journal import Journal
from voltyard.chargepoint.scenario.patterns import Pattern
from voltyard.chargepoint.scenario.steps import Side, Since
from voltyard.chargepoint.scenario.values import Names
from voltyard.chargepoint.scenario.watching import Sought, Watcher
from voltyard.protocol.rpc import CallAnswered, CallFailed, CallReceived

NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)
HEARTBEAT = Sought(action="Heartbeat")


class Watch:
    """A journal that is filled by hand, and its watcher."""

    def __init__(self) -> None:
        self.journal = Journal(lambda: NOON)
        self.names = Names({}, lambda: NOON)
        self.watcher = Watcher(self.journal, self.names)

    def sends(self, action: str, payload: str = "{}") -> str:
        id = str(len(self.journal))
        self.journal.sent(f'[2,"{id}","{action}",{payload}]'.encode())
        return id

    def numbers(self, sought: Sought, since: Since = Since.START) -> list[int]:
        """Claim all that are found and return which they were."""
        found = []
        begin = self.watcher.begin_of(since)
        while (each := self.watcher.find(sought, begin)) is not None:
            self.watcher.claim(each)
            found.append(each.exchange.number)
        return found


def test_a_message_is_found_once() -> None:
    watch = Watch()
    for action in ("Heartbeat", "Authorize", "Heartbeat"):
        watch.sends(action)

    assert watch.numbers(HEARTBEAT) == [0, 2]
    assert watch.numbers(HEARTBEAT) == []


def test_the_sender_is_the_one_that_the_specification_names() -> None:
    assert Sought(action="Heartbeat").sender is Side.CHARGE_POINT
    assert Sought(action="Reset").sender is Side.CENTRAL_SYSTEM
    assert Sought(action="DataTransfer", by=Side.CENTRAL_SYSTEM).sender is Side.CENTRAL_SYSTEM


def test_a_message_of_the_other_side_is_another_one() -> None:
    watch = Watch()
    watch.journal.received(b"", CallReceived("a", "DataTransfer", b"{}"))

    assert watch.numbers(Sought(action="DataTransfer", by=Side.CHARGE_POINT)) == []
    assert watch.numbers(Sought(action="DataTransfer", by=Side.CENTRAL_SYSTEM)) == [0]


def test_what_is_in_it_and_what_answers_it_have_to_match() -> None:
    watch = Watch()
    id = watch.sends("Authorize", '{"idTag":"A"}')
    fields, answer = Pattern({"idTag": "A"}), Pattern({"idTagInfo": {"status": "-> status"}})

    before = watch.numbers(Sought(action="Authorize", fields=fields, answer=answer))
    watch.journal.received(b"", CallAnswered(id, b'{"idTagInfo":{"status":"Blocked"}}'))
    other = watch.numbers(Sought(action="Authorize", fields=Pattern({"idTag": "B"}), answer=answer))
    after = watch.numbers(Sought(action="Authorize", fields=fields, answer=answer))

    assert (before, other, after) == ([], [], [0])
    assert watch.names.fill_in("{status}") == "Blocked"


def test_a_refusal_is_no_answer_but_an_error() -> None:
    watch = Watch()
    id = watch.sends("Authorize")
    watch.journal.received(b"", CallFailed(id, "NotSupported", ""))

    assert watch.numbers(Sought(action="Authorize", answer=Pattern({}))) == []
    assert watch.numbers(Sought(action="Authorize", error=Pattern("GenericError"))) == []
    assert watch.numbers(Sought(action="Authorize", error=Pattern("NotSupported"), is_answered=True)) == [0]


def test_a_message_may_have_to_be_answered_in_whatever_way() -> None:
    watch = Watch()
    watch.sends("Heartbeat")

    assert watch.numbers(Sought(action="Heartbeat", is_answered=True)) == []


def test_what_came_before_the_last_actions_does_not_count() -> None:
    watch = Watch()
    watch.sends("Heartbeat")
    watch.watcher.expects()
    watch.sends("Heartbeat")
    watch.watcher.acts()
    watch.sends("Heartbeat")
    watch.watcher.acts()
    watch.sends("Heartbeat")
    watch.watcher.expects()
    watch.sends("Heartbeat")

    assert watch.numbers(HEARTBEAT, Since.ACTION) == [2, 3, 4]


def test_everything_counts_until_something_is_expected() -> None:
    watch = Watch()
    watch.sends("Heartbeat")
    watch.watcher.acts()

    assert watch.numbers(HEARTBEAT, Since.ACTION) == [0]


def test_order_may_count() -> None:
    watch = Watch()
    for action in ("Heartbeat", "Authorize", "Heartbeat"):
        watch.sends(action)
    watch.numbers(Sought(action="Authorize"))

    assert watch.numbers(HEARTBEAT, Since.LAST) == [2]


@pytest.mark.parametrize(
    ("sought", "reason"),
    [
        (HEARTBEAT, "no other Heartbeat of the charge point came"),
        (Sought(action="Reset"), "no Reset of the central system came"),
        (
            Sought(action="Authorize", fields=Pattern({"idTag": "C"})),
            'Authorize: $.idTag is "B", not "C"',
        ),
        (
            Sought(action="Authorize", fields=Pattern({"idTag": "B"}), answer=Pattern({})),
            "Authorize: answer is absent, not an object",
        ),
        (Sought(action="Authorize", is_answered=True), "Authorize: answer is absent, not there"),
    ],
)
def test_the_reason_is_what_is_wrong_with_the_last_that_might_have_been_meant(
    sought: Sought, reason: str
) -> None:
    watch = Watch()
    watch.sends("Authorize", '{"idTag":"A"}')
    watch.sends("Authorize", '{"idTag":"B"}')
    watch.sends("Heartbeat")
    watch.numbers(HEARTBEAT)

    assert watch.watcher.why_none(sought, 0) == reason

"""The journal: exchanges out of frames, whoever began them, and their answers."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from voltyard.chargepoint.scenario.journal import Answered, Exchange, Failed, Journal
from voltyard.chargepoint.scenario.steps import Side
from voltyard.protocol.rpc import (
    AnswerUnusable,
    CallAnswered,
    CallFailed,
    CallReceived,
    Event,
    FrameIgnored,
)

NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)
CALL = b'[2,"1","Heartbeat",{}]'


def journal(*sent: bytes) -> Journal:
    made = Journal(lambda: NOON)
    for frame in sent:
        made.sent(frame)
    return made


def only(made: Journal) -> Exchange:
    (exchange,) = made
    return exchange


def test_a_call_of_the_charge_point_waits_for_its_answer() -> None:
    made = journal(CALL)

    assert only(made) == Exchange(0, NOON, Side.CHARGE_POINT, "Heartbeat", {})
    assert str(only(made)) == "12:00:00 charge point: Heartbeat {} -> no answer yet"


@pytest.mark.parametrize(
    ("event", "answer", "text"),
    [
        (CallAnswered("1", b'{"a":1}'), Answered({"a": 1}), '{"a":1}'),
        (CallAnswered("1", b"\xff"), Answered("\ufffd"), '"\ufffd"'),
        (CallFailed("1", "InternalError", "why"), Failed("InternalError", "why"), "InternalError why"),
        (CallFailed("1", "InternalError", ""), Failed("InternalError", ""), "InternalError"),
        (AnswerUnusable("1", "no object"), Failed("unusable", "no object"), "unusable no object"),
    ],
)
def test_an_answer_of_the_central_system_is_noted(event: Event, answer: object, text: str) -> None:
    made = journal(CALL)

    made.received(b"", event)

    assert only(made).answer == answer
    assert str(only(made)).endswith(f"-> {text}")


@pytest.mark.parametrize(
    ("frame", "answer"),
    [
        (b'[3,"7",{"status":"Accepted"}]', Answered({"status": "Accepted"})),
        (b'[4,"7","NotSupported","no",{}]', Failed("NotSupported", "no")),
    ],
)
def test_a_call_of_the_central_system_is_noted_with_the_answer(frame: bytes, answer: object) -> None:
    made = journal()

    made.received(b"", CallReceived("7", "Reset", b'{"type":"Soft"}'))
    made.sent(frame)

    assert only(made) == Exchange(0, NOON, Side.CENTRAL_SYSTEM, "Reset", {"type": "Soft"}, answer)  # type: ignore[arg-type]  # object


def test_a_line_is_short_or_whole_and_holds_no_password() -> None:
    made = journal(CALL)
    answer = b'{"key":"AuthorizationKey","value":"canary","more":"%b"}' % (b"x" * 1000)

    made.received(b"", CallAnswered("1", answer))

    assert len(str(only(made))) < 300
    assert len(only(made).in_full()) > 1000
    assert "canary" not in only(made).in_full()


def test_the_same_id_on_both_sides_is_not_confused() -> None:
    made = journal(CALL)

    made.received(b"", CallReceived("1", "Reset", b"{}"))
    made.sent(b'[3,"1",{"a":1}]')
    made.received(b"", CallAnswered("1", b'{"b":2}'))

    assert [exchange.answer for exchange in made] == [Answered({"b": 2}), Answered({"a": 1})]


def test_the_answer_to_a_frame_beside_the_conversation_is_noted() -> None:
    made = journal(CALL)

    made.received(b'[4,"1","FormationViolation","",{}]', FrameIgnored("answers no call in flight"))

    assert only(made).answer == Failed("FormationViolation", "")


@pytest.mark.parametrize(
    "frame", [b"", b"nonsense", b"[2]", b'[3,"9",{}]', b'[2,1,"x",{}]', b'[5,"1",{}]', b"\xff\xfe"]
)
def test_what_is_no_message_of_ours_is_nothing(frame: bytes) -> None:
    made = journal(CALL)
    change = made.change

    made.sent(frame)
    made.received(frame, FrameIgnored("whatever"))

    assert len(made) == 1
    assert only(made).answer is None
    assert not change.is_set()


def test_every_change_is_told_once() -> None:
    made = journal()

    first = made.change
    made.sent(CALL)
    second = made.change
    made.received(b"", CallAnswered("1", b"{}"))

    assert first.is_set()
    assert second.is_set()
    assert not made.change.is_set()


def test_what_came_since_a_number_is_found() -> None:
    made = journal(CALL, b'[2,"2","Authorize",{}]', b'[2,"3","Heartbeat",{}]')

    assert [exchange.action for exchange in made.since(1)] == ["Authorize", "Heartbeat"]

"""Frames in, events out: every row of the frame table, any bytes, and conversations of two connections."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from voltyard.protocol.errors import ErrorCode
from voltyard.protocol.rpc import (
    MAX_DESCRIPTION_LENGTH,
    AnswerUnusable,
    CallAnswered,
    CallFailed,
    CallReceived,
    CallRefused,
    Connection,
    Event,
    FrameIgnored,
)

HEARTBEAT = b'[2,"1","Heartbeat",{}]'
DEEP = b"[" * 100_000 + b"]" * 100_000
LONG_ID = "x" * 37
LONGEST_ID = "é" * 36


class Side:
    """One end of a pair: its connection and what it was told."""

    def __init__(self, *, lenient: bool = False) -> None:
        self.connection = Connection(lenient=lenient)
        self.events: list[Event] = []
        self.wire: list[bytes] = []

    def take_frames(self) -> None:
        self.wire += self.connection.frames_to_send()


class ConnectionPair:
    """Two connections whose frames reach each other when `pump` is called."""

    def __init__(self) -> None:
        self.left, self.right = Side(), Side()

    def pump(self) -> None:
        """Exchange frames until nothing is under way."""
        while any([self._carry(self.left, self.right), self._carry(self.right, self.left)]):
            pass

    @staticmethod
    def _carry(sender: Side, receiver: Side) -> bool:
        sender.take_frames()
        frames, sender.wire = sender.wire, []
        receiver.events += [receiver.connection.receive(frame) for frame in frames]
        return bool(frames)


def received(frame: bytes, *, lenient: bool = False) -> tuple[Event, list[bytes]]:
    """What a fresh connection makes of a frame, and what it sends."""
    connection = Connection(lenient=lenient)
    return connection.receive(frame), connection.frames_to_send()


def answer_to_call(frame: bytes) -> tuple[Event, Connection]:
    """What a connection whose CALL "1" is in flight makes of a frame."""
    connection = Connection()
    connection.call("1", "Heartbeat", b"{}")
    connection.frames_to_send()
    return connection.receive(frame), connection


# What is sent.


def test_a_call_has_four_elements_and_an_empty_payload_is_an_object() -> None:
    """R-037, R-041."""
    connection = Connection()

    connection.call("1", "Heartbeat", b"{}")

    assert connection.frames_to_send() == [HEARTBEAT]
    assert connection.frames_to_send() == []


def test_an_answer_has_three_elements_and_carries_the_id_of_its_call() -> None:
    """R-038, R-050."""
    connection = Connection()
    connection.receive(b'[2,"a\\u00e9","Authorize",{"idTag":"x"}]')

    connection.answer("aé", b'{"idTagInfo":{"status":"Accepted"}}')

    assert connection.frames_to_send() == ['[3,"aé",{"idTagInfo":{"status":"Accepted"}}]'.encode()]


@pytest.mark.parametrize(("description", "sent"), [("", ""), ("no such connector", "no such connector")])
def test_an_error_has_five_elements_with_an_object_for_details(description: str, sent: str) -> None:
    """R-039, R-040."""
    connection = Connection()
    connection.receive(HEARTBEAT)

    connection.reject("1", ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION, description)

    [frame] = connection.frames_to_send()
    assert json.loads(frame) == [4, "1", "OccurenceConstraintViolation", sent, {}]


@settings(deadline=None)
@given(st.text() | st.text(st.characters(categories=["Cs"])) | st.just("x" * 300))
def test_every_error_description_can_be_sent_and_is_short_enough(description: str) -> None:
    connection = Connection()
    connection.receive(HEARTBEAT)

    connection.reject("1", ErrorCode.INTERNAL_ERROR, description)

    [frame] = connection.frames_to_send()
    assert len(json.loads(frame)[3]) == min(len(description), MAX_DESCRIPTION_LENGTH)


# The frame table of the rulings.


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b" ",
        b"hello",
        b"{[",
        b'{"a":1}',
        b"null",
        b"2",
        b'"2"',
        b'[2,"1","Heartbeat",{}',
        b'[2,"1","Heartbeat",{}]]',
        b'[2,"1","Heartbeat",{},]',
        b'[2,"1","Heartbeat",NaN]',
        b"[2,'1','Heartbeat',{}]",
        b'\xef\xbb\xbf[2,"1","Heartbeat",{}]',
        b'\x00[2,"1","Heartbeat",{}]',
        b'[2,"1","Heartbeat",{"a":"\x00"}]',
        b'[2,"1","Heartbeat",{"a":"\\ud800"}',
        b'"\\ud800"',
        b"[]",
        b"[2]",
    ],
)
def test_what_holds_no_id_is_ignored(frame: bytes) -> None:
    """R-044: text that is not JSON, not an array, or too short."""
    for lenient in (False, True):
        event, sent = received(frame, lenient=lenient)

        assert isinstance(event, FrameIgnored)
        assert sent == []


@pytest.mark.parametrize("kind", ["9", "1", "0", "-2", "22", '"2"', "true", "2.5", "null", "[2]", "9" * 5000])
@pytest.mark.parametrize("rest", ['"1","Heartbeat",{}', '"1",{}', '"1"'])
def test_an_unknown_message_type_is_ignored(kind: str, rest: str) -> None:
    """R-043 (OCPP-J 1.6 §4.1.3)."""
    event, sent = received(f"[{kind},{rest}]".encode())

    assert isinstance(event, FrameIgnored)
    assert sent == []


@pytest.mark.parametrize("id", ["1", "null", "true", '["1"]', '{"a":"1"}', '""', '"\\ud800"', '"\\udc00x"'])
@pytest.mark.parametrize("rest", ["", ',"Heartbeat",{}', ',"Heartbeat"', ',"Heartbeat",{"a":"\\ud800"}'])
def test_an_id_that_is_no_string_or_empty_or_unreadable_is_ignored(id: str, rest: str) -> None:
    event, sent = received(f"[2,{id}{rest}]".encode())

    assert isinstance(event, FrameIgnored)
    assert sent == []


def test_an_id_of_36_characters_is_long_enough() -> None:
    """R-045."""
    event, sent = received(f'[2,"{LONGEST_ID}","Heartbeat",{{}}]'.encode())

    assert event == CallReceived(LONGEST_ID, "Heartbeat", b"{}")
    assert sent == []


@pytest.mark.parametrize("payload", [b"{}", b'{"a":"\\ud800"}', DEEP])
def test_a_longer_id_is_refused_with_that_id(payload: bytes) -> None:
    """R-046."""
    event, sent = received(b'[2,"%s","StopTransaction",%s]' % (LONG_ID.encode(), payload))

    assert event == CallRefused(
        LONG_ID, "StopTransaction", ErrorCode.FORMATION_VIOLATION, "message id longer than 36 characters"
    )
    assert [json.loads(frame)[:3] for frame in sent] == [[4, LONG_ID, "FormationViolation"]]


def test_a_longer_id_is_accepted_by_who_is_lenient() -> None:
    connection = Connection(lenient=True)

    event = connection.receive(f'[2,"{LONG_ID}","Heartbeat",{{}}]'.encode())
    connection.answer(LONG_ID, b"{}")

    assert event == CallReceived(LONG_ID, "Heartbeat", b"{}")
    assert connection.frames_to_send() == [f'[3,"{LONG_ID}",{{}}]'.encode()]


@pytest.mark.parametrize(
    ("rest", "action", "description"),
    [
        ("", "", "a CALL has 4 elements, not 2"),
        (',"Heartbeat"', "Heartbeat", "a CALL has 4 elements, not 3"),
        (",{}", "", "a CALL has 4 elements, not 3"),
        (',"Heartbeat",{},{}', "Heartbeat", "a CALL has 4 elements, not 5"),
        (",[],{}", "", "the action is not a string"),
        (",null,{}", "", "the action is not a string"),
        (',1,"Heartbeat"', "", "the action is not a string"),
        (',1,{"a":"\\ud800"}', "", "the action is not a string"),
        (',"Heartbeat","\\ud800",1', "Heartbeat", "a CALL has 4 elements, not 5"),
    ],
)
@pytest.mark.parametrize("lenient", [False, True])
def test_a_call_of_another_form_is_refused(rest: str, action: str, description: str, lenient: bool) -> None:
    event, sent = received(f'[2,"1"{rest}]'.encode(), lenient=lenient)

    assert event == CallRefused("1", action, ErrorCode.FORMATION_VIOLATION, description)
    assert [json.loads(frame) for frame in sent] == [[4, "1", "FormationViolation", description, {}]]


@pytest.mark.parametrize("payload", ["null", "[]", '"x"', "3", "9" * 5000, '{"a":1,"a":2}'])
def test_payloads_are_handed_on_unread(payload: str) -> None:
    """R-042: what a payload may be, `null` included, is for the codec to say."""
    event, sent = received(f'[2,"1","Heartbeat",{payload}]'.encode())

    assert event == CallReceived("1", "Heartbeat", payload.encode())
    assert sent == []


@pytest.mark.parametrize(
    "payload",
    [
        DEEP,
        b'{"a":%s}' % DEEP,
        b'{"a":"\\ud800"}',
        b'{"a":"\\udc00\\ud83d"}',
        b'{"\\ud83d":1}',
        b'"\\ud800"',
        b'{"a":"\\\\ud800","b":"\\ud800"}',
        b'{"a":"\\\\\\ud800"}',
        b'{"a":"\\ud83d\\ude00 \\ud800 \\u00e9"}',
    ],
)
@pytest.mark.parametrize(
    "frame", [b'[2,"1","StopTransaction",%s]', b' [ 2 , "1" ,\n"StopTransaction" , %s ]\n']
)
def test_a_payload_that_only_the_codec_can_refuse_is_handed_on_too(frame: bytes, payload: bytes) -> None:
    """Nesting and lone surrogates: the CALL is readable, so it gets an answer, and whoever asked is known."""
    event, sent = received(frame % payload)

    assert isinstance(event, CallReceived)
    assert (event.id, event.action, event.payload.strip()) == ("1", "StopTransaction", payload)
    assert sent == []


def test_a_call_repeated_while_it_is_handled_is_executed_once_and_answered_once() -> None:
    """R-048."""
    connection = Connection()
    connection.receive(HEARTBEAT)

    event = connection.receive(HEARTBEAT)
    connection.answer("1", b"{}")

    assert isinstance(event, FrameIgnored)
    assert connection.frames_to_send() == [b'[3,"1",{}]']


@pytest.mark.parametrize(
    "other", [b'[2,"1","Heartbeat",null]', b'[2,"1","Authorize",{"idTag":"x"}]', b'[2,"1"]']
)
def test_another_call_with_an_id_being_handled_is_refused_and_does_not_disturb_the_first(
    other: bytes,
) -> None:
    """R-052."""
    connection = Connection()
    connection.receive(HEARTBEAT)

    event = connection.receive(other)
    refusals = connection.frames_to_send()
    connection.answer("1", b"{}")

    assert isinstance(event, CallRefused)
    assert [json.loads(frame)[:3] for frame in refusals] == [[4, "1", "FormationViolation"]]
    assert connection.frames_to_send() == [b'[3,"1",{}]']


@pytest.mark.parametrize("second", [HEARTBEAT, b'[2,"1","Authorize",{"idTag":"x"}]'])
def test_an_id_used_again_after_its_answer_is_a_new_call(second: bytes) -> None:
    """R-048, R-049: a retry may keep its id; a charge point may count from 1 after each boot."""
    connection = Connection()
    connection.receive(HEARTBEAT)
    connection.answer("1", b"{}")

    event = connection.receive(second)

    assert isinstance(event, CallReceived)


@pytest.mark.parametrize("frame", ['[3,"zzz",{}]', '[4,"zzz","InternalError","",{}]', '[3,"",{}]', '[4,""]'])
def test_an_answer_to_nothing_in_flight_is_ignored(frame: str) -> None:
    """R-051."""
    event, sent = received(frame.encode())
    during_a_call, connection = answer_to_call(frame.encode())

    assert isinstance(event, FrameIgnored)
    assert sent == []
    assert isinstance(during_a_call, FrameIgnored)
    assert connection.in_flight == "1"


@pytest.mark.parametrize("kind", ["3", "4"])
def test_a_second_answer_is_ignored(kind: str) -> None:
    _, connection = answer_to_call(b'[3,"1",{}]')

    event = connection.receive(f'[{kind},"1",{{}}]'.encode())

    assert isinstance(event, FrameIgnored)


@pytest.mark.parametrize(
    "frame",
    [
        b'[3,"1"]',
        b'[3,"1",{},{}]',
        b'[4,"1",5]',
        b'[4,"1",null,"x",{}]',
        b'[4,"1","InternalError",[],{}]',
        b'[3,"1",{"a":"\\ud800"}]',
        b'[4,"1","InternalError","\\ud800",{}]',
        b'[4,"1","\\ud800"]',
        b'[3,"1",%s]' % DEEP,
        b'[4,"1","InternalError","",%s]' % DEEP,
    ],
)
def test_an_unusable_answer_fails_the_call_and_nothing_is_sent_back(frame: bytes) -> None:
    event, connection = answer_to_call(frame)

    assert isinstance(event, AnswerUnusable)
    assert event.id == "1"
    assert connection.in_flight is None
    assert connection.frames_to_send() == []


@pytest.mark.parametrize("frame", [b'[3,"2",{"a":"\\ud800"}]', b'[3,"2",%s]' % DEEP, b'[4,"","\\ud800"]'])
def test_an_unusable_answer_to_nothing_in_flight_is_ignored(frame: bytes) -> None:
    event, connection = answer_to_call(frame)

    assert isinstance(event, FrameIgnored)
    assert connection.in_flight == "1"


@pytest.mark.parametrize(
    ("frame", "code", "description"),
    [
        ('[4,"1","NotSupported","no profile",{"a":1}]', "NotSupported", "no profile"),
        ('[4,"1","OccurrenceConstraintViolation","",{}]', "OccurrenceConstraintViolation", ""),
        ('[4,"1","InternalError","x"]', "InternalError", "x"),
        ('[4,"1","InternalError"]', "InternalError", ""),
        ('[4,"1"]', "GenericError", ""),
        ('[4,"1","","",{}]', "GenericError", ""),
        ('[4,"1","InternalError","x",null,1]', "InternalError", "x"),
    ],
)
def test_a_call_error_fails_the_call_also_when_elements_are_missing(
    frame: str, code: str, description: str
) -> None:
    event, connection = answer_to_call(frame.encode())

    assert event == CallFailed("1", code, description)
    assert connection.in_flight is None


# Our own calls.


def test_a_second_call_waits_for_the_answer_to_the_first() -> None:
    """R-053."""
    connection = Connection()
    for number in "123":
        connection.call(number, "Heartbeat", b"{}")

    assert connection.frames_to_send() == [HEARTBEAT]
    assert connection.in_flight == "1"
    assert connection.receive(b'[3,"1",{"a":1}]') == CallAnswered("1", b'{"a":1}')
    assert connection.frames_to_send() == [b'[2,"2","Heartbeat",{}]']
    assert connection.receive(b'[4,"2","InternalError","",{}]') == CallFailed("2", "InternalError", "")
    assert connection.frames_to_send() == [b'[2,"3","Heartbeat",{}]']
    assert connection.in_flight == "3"


def test_a_call_that_timed_out_frees_the_slot_and_its_late_answer_is_harmless() -> None:
    """R-055, R-056."""
    connection = Connection()
    connection.call("1", "Heartbeat", b"{}")
    connection.call("2", "Heartbeat", b"{}")

    connection.expire("1")

    assert connection.in_flight == "2"
    assert isinstance(connection.receive(b'[3,"1",{}]'), FrameIgnored)
    assert connection.receive(b'[3,"2",{}]') == CallAnswered("2", b"{}")


def test_a_call_that_expires_before_its_turn_is_never_sent() -> None:
    connection = Connection()
    for number in "123":
        connection.call(number, "Heartbeat", b"{}")

    connection.expire("2")
    connection.receive(b'[3,"1",{}]')

    assert connection.frames_to_send() == [HEARTBEAT, b'[2,"3","Heartbeat",{}]']


def test_expiring_what_is_settled_or_unknown_changes_nothing() -> None:
    connection = Connection()
    connection.call("1", "Heartbeat", b"{}")
    connection.receive(b'[3,"1",{}]')
    connection.call("2", "Heartbeat", b"{}")

    connection.expire("1")
    connection.expire("never")

    assert connection.in_flight == "2"


def test_who_is_finishing_gets_the_answer_to_the_call_in_flight_and_sends_no_other() -> None:
    connection = Connection()
    connection.call("1", "Heartbeat", b"{}")
    connection.call("2", "Heartbeat", b"{}")

    connection.finish()
    connection.call("3", "Heartbeat", b"{}")

    assert connection.receive(b'[3,"1",{}]') == CallAnswered("1", b"{}")
    assert connection.frames_to_send() == [HEARTBEAT]
    assert connection.in_flight is None


# Two of them.


def test_calls_of_both_sides_may_cross() -> None:
    """R-054: each side is answered while its own call waits."""
    pair = ConnectionPair()
    pair.left.connection.call("same id", "BootNotification", b"{}")
    pair.right.connection.call("same id", "GetConfiguration", b"{}")
    pair.pump()

    pair.left.connection.answer("same id", b'{"by":"left"}')
    pair.right.connection.answer("same id", b'{"by":"right"}')
    pair.pump()

    assert pair.left.events == [
        CallReceived("same id", "GetConfiguration", b"{}"),
        CallAnswered("same id", b'{"by":"right"}'),
    ]
    assert pair.right.events == [
        CallReceived("same id", "BootNotification", b"{}"),
        CallAnswered("same id", b'{"by":"left"}'),
    ]


@pytest.mark.parametrize("caller", ["left", "right"])
def test_both_sides_refuse_and_fail_alike(caller: str) -> None:
    pair = ConnectionPair()
    asking, asked = (pair.left, pair.right) if caller == "left" else (pair.right, pair.left)
    asking.connection.call("1", "Reset", b'{"type":"Hard"}')
    pair.pump()

    asked.connection.reject("1", ErrorCode.NOT_SUPPORTED, "no")
    pair.pump()

    assert asked.events == [CallReceived("1", "Reset", b'{"type":"Hard"}')]
    assert asking.events == [CallFailed("1", "NotSupported", "no")]


class Conversation(RuleBasedStateMachine):
    """Two sides that call, answer, refuse and give up as they like, over a line with frames of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.sides = (Side(), Side(lenient=True))
        self.numbers = 0
        self.settled: list[list[str]] = [[], []]
        self.called: list[set[str]] = [set(), set()]
        self.answers: list[dict[str, int]] = [{}, {}]
        self.executions: list[dict[str, int]] = [{}, {}]

    indices = st.sampled_from([0, 1])

    @rule(index=indices)
    def call(self, index: int) -> None:
        self.numbers += 1
        self.called[index].add(id := str(self.numbers))
        self.sides[index].connection.call(id, "DataTransfer", b'{"vendorId":"x"}')
        self.sides[index].take_frames()

    @rule(index=indices, repeated=st.integers(1, 2))
    def deliver(self, index: int, repeated: int) -> None:
        sender, receiver = self.sides[index], self.sides[1 - index]
        if not sender.wire:
            return
        frame = sender.wire.pop(0)
        for _ in range(repeated):
            event = receiver.connection.receive(frame)
            receiver.events.append(event)
            receiver.take_frames()
            self._note(1 - index, event)

    @rule(index=indices, choose=st.randoms(use_true_random=False), refuse=st.booleans())
    def answer(self, index: int, choose: Any, refuse: bool) -> None:
        open_calls = self._unanswered(index)
        if not open_calls:
            return
        id = choose.choice(open_calls)
        self.answers[index][id] = self.answers[index].get(id, 0) + 1
        if refuse:
            self.sides[index].connection.reject(id, ErrorCode.INTERNAL_ERROR)
        else:
            self.sides[index].connection.answer(id, b"{}")
        self.sides[index].take_frames()

    @rule(index=indices)
    def give_up(self, index: int) -> None:
        id = self.sides[index].connection.in_flight
        if id is not None:
            self.sides[index].connection.expire(id)
            self.sides[index].take_frames()

    @rule(index=indices, frame=st.sampled_from([b"{", b"[]", b'[3,"?",{}]', b'[9,"1"]', b'[4,"0"]', b"\xff"]))
    def noise(self, index: int, frame: bytes) -> None:
        side = self.sides[index]

        assert isinstance(side.connection.receive(frame), FrameIgnored)
        assert side.connection.frames_to_send() == []

    @precondition(lambda self: all(side.wire == [] for side in self.sides))
    @rule(index=indices)
    def a_quiet_line_has_a_question_in_somebodys_hands(self, index: int) -> None:
        id = self.sides[index].connection.in_flight

        assert id is None or id in self._unanswered(1 - index)

    @invariant()
    def each_call_is_executed_once_and_answered_at_most_once(self) -> None:
        for index in (0, 1):
            assert all(count == 1 for count in self.executions[index].values())
            assert all(count == 1 for count in self.answers[index].values())

    @invariant()
    def nobody_is_told_twice_how_a_call_ended(self) -> None:
        for index in (0, 1):
            assert len(self.settled[index]) == len(set(self.settled[index]))
            assert set(self.settled[index]) <= self.called[index]

    def _note(self, index: int, event: Event) -> None:
        match event:
            case CallReceived(id=id):
                self.executions[index][id] = self.executions[index].get(id, 0) + 1
            case CallAnswered(id=id) | CallFailed(id=id) | AnswerUnusable(id=id):
                self.settled[index].append(id)

    def _unanswered(self, index: int) -> list[str]:
        return [id for id in self.executions[index] if id not in self.answers[index]]


TestConversation = Conversation.TestCase
TestConversation.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


# Any bytes at all.

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=6,
)
call_arrays = st.tuples(st.just(2), st.text(min_size=1, max_size=40), st.text(max_size=20), json_values)
arrays = (
    call_arrays.map(list)
    | st.lists(json_values, max_size=6)
    | st.tuples(st.sampled_from([2, 3, 4]), st.sampled_from(["1", "2"]), json_values, json_values).map(list)
)
NASTY = (
    DEEP[:5000],
    DEEP,
    b"9" * 5000,
    b"1e999999999",
    b'"\\ud800"',
    b'"\\u0000"',
    b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b'"',
    b"\\",
    b"[",
    b"]",
    b",",
    b"{",
    b"null",
)


@st.composite
def mutated_frames(draw: Callable[[st.SearchStrategy[Any]], Any]) -> bytes:
    """A valid frame with pieces taken out and nasty ones put in."""
    frame = json.dumps(draw(arrays), ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(frame)))
        end = draw(st.integers(start, min(len(frame), start + 4)))
        frame = frame[:start] + draw(st.sampled_from(NASTY) | st.binary(max_size=3)) + frame[end:]
    return frame


@settings(deadline=None)
@given(st.lists(st.binary() | mutated_frames() | st.sampled_from(NASTY), max_size=5), st.booleans())
def test_no_bytes_raise_and_what_is_sent_is_json(frames: list[bytes], lenient: bool) -> None:
    connection = Connection(lenient=lenient)
    connection.call("1", "Heartbeat", b"{}")
    connection.frames_to_send()

    for frame in frames:
        event = connection.receive(frame)
        sent = [msgspec.json.decode(answer) for answer in connection.frames_to_send()]

        if isinstance(event, CallRefused):
            assert sent == [[4, event.id, "FormationViolation", event.description, {}]]
            assert len(event.description) <= MAX_DESCRIPTION_LENGTH
        else:
            assert sent == []
        if isinstance(event, CallReceived):
            connection.answer(event.id, b"{}")
            assert [msgspec.json.decode(answer) for answer in connection.frames_to_send()] == [
                [3, event.id, {}]
            ]


@settings(deadline=None)
@given(arrays, st.booleans())
def test_each_readable_call_gets_exactly_one_answer(array: list[Any], lenient: bool) -> None:
    connection = Connection(lenient=lenient)

    event = connection.receive(json.dumps(array).encode())
    if isinstance(event, CallReceived):
        connection.answer(event.id, b"{}")
    answers = [json.loads(frame) for frame in connection.frames_to_send()]

    readable = len(array) > 1 and type(array[0]) is int and array[0] == 2 and isinstance(array[1], str)
    assert [answer[1] for answer in answers] == ([array[1]] if readable and array[1] else [])

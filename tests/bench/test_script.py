"""What the load generator's charge points say is valid OCPP 1.6, each message different."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from bench.script import AnswerError, Call, Script, meter_values_payload, script
from bench.websocket import masked

from voltyard.protocol.actions import ACTIONS
from voltyard.protocol.codec import PayloadDecoder

ANSWERS = {
    "BootNotification": b'[3,"1",{"status":"Accepted"}]',
    "StartTransaction": b'[3,"1",{"idTagInfo":{"status":"Accepted"},"transactionId":4711}]',
}


def begun(first_meter_values: int = 8) -> Script:
    return script("CP00001", datetime(2026, 1, 1, tzinfo=UTC), first_meter_values)


def calls(number: int, first_meter_values: int = 8) -> list[Call]:
    following = begun(first_meter_values)
    said = [next(following)]
    while len(said) < number:
        said.append(following.send(ANSWERS.get(said[-1].action, b"{}")))
    return said


def parsed(call: Call) -> list[Any]:
    header = 8 if call.frame[1] == 0xFE else 6
    message: list[Any] = json.loads(masked(call.frame[header:]))  # masking twice unmasks
    return message


def test_a_charge_point_boots_and_then_repeats_transactions_of_ten_messages() -> None:
    actions = [call.action for call in calls(13)]

    assert actions[:2] == ["BootNotification", "StatusNotification"]
    assert actions[2:12] == ["StartTransaction", *["MeterValues"] * 8, "StopTransaction"]
    assert actions[12] == "StartTransaction"


def test_only_the_first_transaction_is_shortened() -> None:
    actions = [call.action for call in calls(15, first_meter_values=2)]

    assert actions[2:6] == ["StartTransaction", "MeterValues", "MeterValues", "StopTransaction"]
    assert actions[6:] == ["StartTransaction", *["MeterValues"] * 8]


def test_each_message_is_strictly_valid() -> None:
    for call in calls(24):
        message = parsed(call)
        payload = json.dumps(message[3]).encode()

        assert message[2] == call.action
        PayloadDecoder(ACTIONS[call.action].request).strict(payload)


def test_the_meter_values_have_ten_samples_and_about_1_2_kb() -> None:
    payload = json.loads(meter_values_payload())

    assert len(payload["meterValue"][0]["sampledValue"]) == 10
    assert 1_150 <= len(meter_values_payload()) <= 1_250


def test_timestamps_and_message_ids_never_repeat_and_transaction_ids_are_the_servers() -> None:
    said = [parsed(call) for call in calls(40)]
    meter_values = [message[3] for message in said if message[2] == "MeterValues"]

    timestamps = [payload["meterValue"][0]["timestamp"] for payload in meter_values]
    assert timestamps == sorted(set(timestamps))
    assert len({message[1] for message in said}) == len(said)
    assert {payload["transactionId"] for payload in meter_values} == {4711}


def test_the_answer_is_recognised_by_how_it_begins() -> None:
    call = calls(1)[0]

    assert call.expected == f'[3,"{parsed(call)[1]}"'.encode()


@pytest.mark.parametrize(
    "answer",
    [b'[3,"1",{"idTagInfo":{"status":"Invalid"},"transactionId":1}]', b'[3,"1",{"transactionId":-1}]'],
)
def test_a_start_that_is_not_accepted_is_an_error(answer: bytes) -> None:
    following = begun()
    next(following)
    following.send(ANSWERS["BootNotification"])
    following.send(b"{}")

    with pytest.raises(AnswerError):
        following.send(answer)

"""Steps that expect something: met as soon as it is there, failed when the time is over."""

from __future__ import annotations

import pytest
from tests.chargepoint.scenario.playing import BOOTED, last_of, play
from tests.chargepoint.virtual_time import run, story

from voltyard.chargepoint.scenario.verdict import Outcome, StepResult

PLUG = '{ do = "plug" },'


def last(steps: str) -> StepResult:
    return run(last_of(steps))


@story
async def test_a_message_is_waited_for_no_longer_than_necessary() -> None:
    result = await last_of('{ do = "expect", action = "Heartbeat", within_s = 3600, answer = {} }')

    assert result.outcome is Outcome.PASSED
    assert 290 < result.took_s < 310


@story
async def test_a_message_that_does_not_come_in_time_is_missed() -> None:
    result = await last_of('{ do = "expect", action = "Heartbeat", within_s = 10 }')

    assert result.outcome is Outcome.FAILED
    assert result.reason == "no Heartbeat of the charge point came, within 10 s"
    assert 9.9 < result.took_s < 10.1


@story
async def test_a_message_that_cannot_come_is_missed_with_the_reason() -> None:
    result = await last_of(
        '{ do = "network", state = "down" }, { do = "expect", action = "Heartbeat", within_s = 1 }'
    )

    assert result.reason == (
        "no Heartbeat of the charge point came, within 1 s; the charge point is not connected"
    )


@story
async def test_what_came_instead_is_shown() -> None:
    result = await last_of(
        f'{PLUG} {{ do = "expect", action = "StatusNotification", fields = {{ status = "Charging" }} }}'
    )

    assert result.reason == 'StatusNotification: $.status is "Preparing", not "Charging", within 10 s'
    assert "BootNotification" in result.seen[0]
    assert '"status":"Preparing"' in result.seen[-1]


@story
async def test_several_of_a_kind_are_counted() -> None:
    steps = (
        '{{ do = "expect", action = "StatusNotification", since = "start", times = {}, within_s = 5 }}'.format
    )

    enough = await last_of(steps(2))
    too_few = await last_of(steps(3))

    assert enough.outcome is Outcome.PASSED
    assert "(2 of 3 came), within 5 s" in too_few.reason


@story
async def test_a_message_that_must_not_come_is_waited_for_in_vain() -> None:
    none = await last_of('{ do = "expect-none", action = "Heartbeat", seconds = 5 }')
    one = await last_of(f'{PLUG} {{ do = "expect-none", action = "StatusNotification", seconds = 5 }}')

    assert (none.outcome, one.outcome) == (Outcome.PASSED, Outcome.FAILED)
    assert 4.9 < none.took_s < 5.1
    assert one.reason.startswith("there is one: ")


@story
async def test_what_was_expected_before_does_not_come_again() -> None:
    expected = '{ do = "expect", action = "BootNotification", since = "start" },'

    result = await last_of(
        expected + '{ do = "expect-none", action = "BootNotification", seconds = 1, since = "start" }'
    )

    assert result.outcome is Outcome.PASSED


@story
async def test_a_state_is_waited_for() -> None:
    result = await last_of(
        f'{PLUG} {{ do = "tap", id_tag = "A" }},'
        '{ do = "expect-state", connector = 1, fields = { status = "Charging", power_w = "> 1000" } }'
    )

    assert result.outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("connector", "fields", "reason"),
    [
        (0, "{ is_connected = false }", "charge point.is_connected is true, not false, within 2 s"),
        (1, '{ status = "Charging" }', 'connector 1.status is "Available", not "Charging", within 2 s'),
        (1, '{ colour = "any" }', "connector 1.colour is absent, not there, within 2 s"),
        (
            0,
            '{ reservations = ["any"] }',
            "charge point.reservations is [], not an array with one more element, within 2 s",
        ),
        (
            0,
            '{ connectors = [{ connector_id = 1, transaction_id = "absent" }, "any"] }',
            "charge point.connectors is [], not an array with one more element, within 2 s",
        ),
    ],
)
def test_a_state_that_does_not_come_is_missed(connector: int, fields: str, reason: str) -> None:
    result = last(f'{{ do = "expect-state", connector = {connector}, fields = {fields}, within_s = 2 }}')

    assert (result.outcome, result.reason) == (Outcome.FAILED, reason)


@story
async def test_a_state_may_have_to_last() -> None:
    state = '{ do = "expect-state", connector = 1, fields = { status = "Preparing" }, hold_s = 60 }'
    setting = "[station.settings]\nConnectionTimeOut = 30"

    short = await last_of(f"{PLUG} {state}", head=setting)
    long = await last_of(f"{PLUG} {state}", head="[station.settings]\nConnectionTimeOut = 300")

    assert short.outcome is Outcome.FAILED
    assert short.reason == 'it was so, but then connector 1.status is "Finishing", not "Preparing"'
    assert long.outcome is Outcome.PASSED
    assert long.took_s >= 60


@story
async def test_what_a_state_gives_a_name_to_can_be_used() -> None:
    before, after = (
        f'{{ do = "expect-state", connector = 1, fields = {{ register_wh = "{wanted}" }}, within_s = 60 }}'
        for wanted in ("-> before", "> {before+100}")
    )

    verdict = await play(f'{BOOTED} {before}, {{ do = "plug" }}, {{ do = "tap", id_tag = "A" }}, {after}')

    assert verdict.outcome is Outcome.PASSED


@story
async def test_a_charge_point_that_is_not_up_has_no_state() -> None:
    result = await last_of(
        '{ do = "power", state = "cut" }, { do = "wait", seconds = 1 },'
        '{ do = "expect-state", fields = { is_up = false, registration = "absent" } }'
    )

    assert result.outcome is Outcome.PASSED


@story
async def test_an_upload_that_does_not_come_is_missed() -> None:
    result = await last_of('{ do = "expect-upload", name = "*.zip", within_s = 2 }')

    assert result.reason == "nothing was uploaded within 2 s, not *.zip"

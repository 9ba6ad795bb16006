"""Steps that make either side send something, and what they make of the answer."""

from __future__ import annotations

import pytest
from tests.chargepoint.central_system import REFUSED, CentralSystem
from tests.chargepoint.scenario.playing import BOOTED, Spectator, last_of, play
from tests.chargepoint.virtual_time import VirtualClock, run, story

from voltyard.chargepoint.scenario.verdict import Outcome
from voltyard.protocol.messages import DataTransfer, Heartbeat

OFFLINE = """
    { do = "network", state = "down" },
    { do = "wait", seconds = 1 },
"""
SIGNED = '{ certificateChain = "" }'


@pytest.mark.parametrize(
    "step",
    [
        '{ do = "call", action = "Heartbeat" }',
        '{ do = "call", action = "Heartbeat", answer = { currentTime = "any" } }',
        '{ do = "call", action = "DataTransfer", payload = { vendorId = "any" }, answer = {} }',
        '{ do = "call", action = "Nonsense", error = "NotImplemented" }',
        '{ do = "call", action = "Heartbeat", error = "absent" }',
        '{ do = "call", action = "DataTransfer", payload = { vendorId = "x", data = 2024-05-17 } }',
        """{ do = "frame", text = '[2,"x","Heartbeat",{}]', answer = [3, "x", {}] }""",
        """{ do = "frame", text = '[2,"x","Heartbeat"]', answer = [4, "x", "FormationViolation"] }""",
        '{ do = "frame", text = "nonsense" }',
        '{ do = "central", action = "GetConfiguration", answer = { configurationKey = "any" } }',
        '{ do = "central", action = "Reset", payload = { type = "Soft" }, answer = { status = "Accepted" } }',
        f'{{ do = "central", action = "CertificateSigned", payload = {SIGNED}, error = "any" }}',
    ],
)
def test_the_answer_is_as_it_has_to_be(step: str) -> None:
    result = run(last_of(step))

    assert (result.outcome, result.reason) == (Outcome.PASSED, "")


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (
            '{ do = "call", action = "Heartbeat", error = "NotSupported" }',
            'Heartbeat: error is absent, not "NotSupported"',
        ),
        (
            '{ do = "call", action = "DataTransfer", payload = { vendorId = "x" }, answer = { status = 1 } }',
            'DataTransfer: answer.status is "Accepted", not 1',
        ),
        (
            OFFLINE + '{ do = "call", action = "Heartbeat" }',
            "Heartbeat: not connected (1006)",
        ),
        (OFFLINE + '{ do = "frame", text = "[]" }', "not connected (1006)"),
        (
            """{ do = "frame", text = '[2,"x","Heartbeat",{}]', answer = [4] }""",
            "answer[2] is {",
        ),
        ("""{ do = "frame", text = "[]", answer = [3], within_s = 2 }""", "nothing came back within 2 s"),
        (
            '{ do = "central", action = "Reset", payload = { type = "Hard" }, answer = { status = 1 } }',
            'Reset: answer.status is "Accepted", not 1',
        ),
        ('{ do = "central", action = "ClearCache" }', "it does not want to"),
    ],
)
def test_an_answer_that_is_not_as_it_has_to_be_fails(step: str, reason: str) -> None:
    result = run(last_of(step))

    assert result.outcome is Outcome.FAILED
    assert result.reason.startswith(reason)


@story
async def test_an_answer_that_does_not_come_is_missed() -> None:
    central = CentralSystem(VirtualClock().now)
    verdict = await play(
        f'{BOOTED} {{ do = "network", faults = "silence-in=1" }}, {{ do = "call", action = "Heartbeat" }}',
        central=central,
    )

    assert verdict.steps[-1].reason == "Heartbeat was not answered within 10 s"
    assert len(central.requests(Heartbeat)) == 1


@story
async def test_a_payload_may_refer_to_what_was_seen() -> None:
    central = CentralSystem(VirtualClock().now)
    central.script(DataTransfer, REFUSED)

    await play(
        f"""{BOOTED}
        {{ do = "expect", action = "BootNotification", fields = {{ chargePointVendor = "-> vendor" }} }},
        {{ do = "call", action = "DataTransfer", payload = {{ vendorId = "{{vendor}}" }}, error = "any" }},
        {{ do = "call", action = "DataTransfer", payload = {{ vendorId = "of {{identity}}" }} }}""",
        central=central,
    )

    assert [each.vendor_id for each in central.requests(DataTransfer)] == ["Voltyard", "of CP-1"]


@story
async def test_what_the_answer_is_gets_a_name() -> None:
    verdict = await play(
        f"""{BOOTED}
        {{ do = "frame", text = '[2,"x","Heartbeat",{{}}]', answer = ["-> kind"] }},
        {{ do = "call", action = "Heartbeat", answer = {{ currentTime = "-> time" }} }},
        {{ do = "expect-state", fields = {{ undelivered = "= {{kind-3}}" }} }}"""
    )

    assert verdict.outcome is Outcome.PASSED


@story
async def test_whoever_is_asked_gets_the_whole_payload_to_send() -> None:
    spectator, data = Spectator(), "x" * 1000
    step = f'{{ do = "central", action = "DataTransfer", payload = {{ vendorId = "V", data = "{data}" }} }}'

    await play(f"{BOOTED} {step}", has_control=False, spectator=spectator)

    assert data in spectator.requests[0]


@story
async def test_without_control_whoever_runs_it_is_asked() -> None:
    spectator = Spectator()

    verdict = await play(
        f'{BOOTED} {{ do = "central", action = "Reset", payload = {{ type = "Soft" }} }}',
        has_control=False,
        spectator=spectator,
    )

    assert spectator.requests == ['have the central system send Reset {"type":"Soft"} within 120 s']
    assert verdict.steps[-1].reason == "no Reset came from the central system within 120 s"
    assert 119 < verdict.steps[-1].took_s < 121

"""Running scenarios: step after step to a verdict, whatever happens on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tests.chargepoint.central_system import CentralSystem
from tests.chargepoint.scenario.playing import BOOTED, HEAD, Control, Spectator, play
from tests.chargepoint.virtual_time import VirtualClock, run, story

from voltyard.chargepoint.connection import Terms
from voltyard.chargepoint.scenario.errors import ScenarioInvalid
from voltyard.chargepoint.scenario.reading import read
from voltyard.chargepoint.scenario.runner import Circumstances
from voltyard.chargepoint.scenario.runner import run as run_scenario
from voltyard.chargepoint.scenario.scenario import KnownTag
from voltyard.chargepoint.scenario.verdict import Outcome
from voltyard.chargepoint.uplink import StayConnected
from voltyard.protocol.messages import BootNotification

WAIT = '{ do = "wait", seconds = 5 }'
CHARGE = '{ do = "plug" }, { do = "tap", id_tag = "A" }'
NEVER = '{ do = "expect", action = "MeterValues", fields = { connectorId = 7 }, within_s = 1 }'


@story
async def test_all_steps_passed_is_a_scenario_that_passed() -> None:
    spectator = Spectator()

    verdict = await play(f"{BOOTED} {WAIT}", spectator=spectator)

    assert (verdict.scenario, verdict.outcome, verdict.has_passed) == ("story", Outcome.PASSED, True)
    assert 5 <= verdict.took_s < 6
    assert [step.step for step in verdict.steps][1] == "wait 5 s"
    assert verdict.messages[0].startswith("09:59:30 charge point: BootNotification {")
    assert spectator.begun_steps == [1, 2]
    assert spectator.results == list(verdict.steps)


@story
async def test_the_first_step_that_fails_is_the_last_that_is_done() -> None:
    spectator = Spectator()

    verdict = await play(f"{BOOTED} {NEVER}, {WAIT}", spectator=spectator)

    assert [step.outcome for step in verdict.steps] == [Outcome.PASSED, Outcome.FAILED, Outcome.SKIPPED]
    assert (verdict.outcome, verdict.has_passed) == (Outcome.FAILED, False)
    assert verdict.steps[1].reason
    assert verdict.steps[1].seen == verdict.messages
    assert verdict.took_s < 3
    assert spectator.begun_steps == [1, 2]
    assert spectator.results == list(verdict.steps[:2])


@story
async def test_only_the_last_messages_are_shown_with_a_failure() -> None:
    verdict = await play(f'{BOOTED} {CHARGE}, {{ do = "wait", seconds = 600 }}, {NEVER}')

    assert len(verdict.messages) > 8
    assert len(verdict.steps[-1].seen) == 8
    for shown, whole in zip(verdict.steps[-1].seen, verdict.messages[-8:], strict=True):
        assert whole.startswith(shown.partition("…")[0])


@story
async def test_a_message_may_be_expected_in_the_order_in_which_it_comes() -> None:
    verdict = await play(
        """
        { do = "expect", action = "StatusNotification", fields = { connectorId = 1 } },
        { do = "expect", action = "StatusNotification", fields = { connectorId = 0 }, since = "last" }
        """
    )

    assert [step.outcome for step in verdict.steps] == [Outcome.PASSED, Outcome.FAILED]


@story
async def test_a_name_that_is_no_number_fails_the_step_that_adds_to_it() -> None:
    verdict = await play(
        """
        { do = "expect", action = "BootNotification", fields = { chargePointVendor = "-> vendor" } },
        { do = "call", action = "DataTransfer", payload = { vendorId = "{vendor+1}" } }
        """
    )

    assert verdict.steps[1].reason == "{vendor} stands for 'Voltyard', which is no number"


@story
async def test_the_charge_point_is_as_the_scenario_says() -> None:
    verdict = await play(
        f"""{BOOTED}
        {{ do = "expect", action = "StatusNotification", fields = {{ connectorId = 3 }} }},
        {CHARGE},
        {{ do = "expect", action = "MeterValues", times = 3, within_s = 70 }},
        {{ do = "expect-state", connector = 1, fields = {{ energy_wh = "> 5000", is_locked = false }} }}""",
        head='[station]\nconnectors = 3\ncables = "fixed"\nspeed = 60\n'
        "settings = { MeterValueSampleInterval = 20 }",
    )

    assert verdict.outcome is Outcome.PASSED, verdict.steps


@story
async def test_the_speed_may_be_another_one() -> None:
    steps = f"""{BOOTED} {CHARGE}, {{ do = "wait", seconds = 60 }},
        {{ do = "expect-state", connector = 1, fields = {{ energy_wh = "> 5000" }}, within_s = 0 }}"""

    slow = await play(steps)
    fast = await play(steps, speed=60)

    assert (slow.outcome, fast.outcome) == (Outcome.FAILED, Outcome.PASSED)


@story
async def test_tags_are_made_known_before_anything_else() -> None:
    central = CentralSystem(VirtualClock().now)
    control = Control(central)
    scenario = read(f'{HEAD}tags = [{{ id_tag = "A" }}]\nsteps = [{WAIT}]', "story")

    await run_scenario(
        scenario,
        Circumstances(
            identity="CP-1", connect=lambda _: central.stay_connected, central=control, clock=VirtualClock()
        ),
        Spectator(),
    )

    assert control.known == [KnownTag(id_tag="A")]


@story
async def test_without_control_whoever_runs_it_has_to_see_to_the_tags() -> None:
    spectator = Spectator()
    scenario = read(
        f"""{HEAD}
        tags = [{{ id_tag = "A", parent_id_tag = "P" }}, {{ id_tag = "B", status = "Blocked" }}]
        steps = [{WAIT}]""",
        "story",
    )
    central = CentralSystem(VirtualClock().now)

    await run_scenario(
        scenario,
        Circumstances(identity="CP-1", connect=lambda _: central.stay_connected, clock=VirtualClock()),
        spectator,
    )

    assert spectator.requests == [
        "make sure that the central system knows A (Accepted, parent P), B (Blocked)"
    ]


@story
async def test_a_charge_point_that_breaks_down_is_an_error() -> None:
    async def break_down(_connected: object) -> None:
        raise ZeroDivisionError

    circumstances = Circumstances(
        identity="CP-1", connect=lambda _: break_down, clock=VirtualClock(), central=None
    )
    scenario = read(f"{HEAD}steps = [{WAIT}, {WAIT}]", "story")

    verdict = await run_scenario(scenario, circumstances, Spectator())

    assert (verdict.outcome, verdict.has_passed) == (Outcome.ERROR, False)
    assert [step.outcome for step in verdict.steps] == [Outcome.ERROR, Outcome.SKIPPED]
    assert "the charge point broke down: " in verdict.steps[0].reason
    assert "ZeroDivisionError" in verdict.steps[0].reason


@story
async def test_the_connection_is_made_under_the_terms_of_the_charge_point() -> None:
    central = CentralSystem(VirtualClock().now)
    asked: list[Callable[[], Terms]] = []

    def connect(terms: Callable[[], Terms]) -> StayConnected:
        asked.append(terms)
        return central.stay_connected

    scenario = read(f"{HEAD}steps = [{WAIT}]\n[station.settings]\nWebSocketPingInterval = 17", "story")
    await run_scenario(
        scenario, Circumstances(identity="CP-1", connect=connect, clock=VirtualClock()), Spectator()
    )

    (terms,) = asked
    assert terms().ping_interval_s == 17


def test_settings_that_cannot_be_are_the_fault_of_the_scenario() -> None:
    with pytest.raises(ScenarioInvalid, match=r"station.settings: .*HeartbeatInterval"):
        run(play(WAIT, head='[station.settings]\nHeartbeatInterval = "soon"'))


@story
async def test_it_can_be_interrupted_at_any_step() -> None:
    central = CentralSystem(VirtualClock().now)
    playing = asyncio.create_task(play(f"{BOOTED} {WAIT}", central=central))
    await asyncio.sleep(2)

    playing.cancel()
    await asyncio.wait({playing})

    assert playing.cancelled()
    assert len(central.requests(BootNotification)) == 1

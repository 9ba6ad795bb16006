"""The hands of a scenario: each step does to the charge point what it says."""

from __future__ import annotations

import pytest
from tests.chargepoint.central_system import CentralSystem
from tests.chargepoint.scenario.playing import BOOTED, last_of, play
from tests.chargepoint.virtual_time import VirtualClock, run, story

from voltyard.chargepoint.scenario.verdict import Outcome
from voltyard.protocol.messages import BootNotification, StopTransaction

CHARGING = """
    { do = "plug" },
    { do = "tap", id_tag = "A" },
    { do = "expect-state", connector = 1, fields = { status = "Charging" } },
"""
OFFLINE = """
    { do = "network", state = "down" },
    { do = "wait", seconds = 1 },
"""
DARK = """
    { do = "power", state = "cut" },
    { do = "wait", seconds = 5 },
"""


def is_now(field: str, value: str, connector: int = 1) -> str:
    return f'{{ do = "expect-state", connector = {connector}, fields = {{ {field} = {value} }} }}'


def status(wanted: str) -> str:
    return is_now("status", f'"{wanted}"')


@pytest.mark.parametrize(
    ("steps", "outcome"),
    [
        ('{ do = "plug" },', status("Preparing")),
        ('{ do = "plug" }, { do = "unplug" },', status("Available")),
        (CHARGING + '{ do = "unplug-at-vehicle" },', status("Finishing")),
        (CHARGING + '{ do = "vehicle", is_paused = true },', status("SuspendedEV")),
        (CHARGING + '{ do = "vehicle", target_percent = 10 },', status("SuspendedEV")),
        (
            CHARGING + '{ do = "vehicle", is_paused = true }, { do = "vehicle", is_paused = false },',
            status("Charging"),
        ),
        (CHARGING + '{ do = "tap", id_tag = "A" },', status("Finishing")),
        (CHARGING + '{ do = "emergency" },', status("Finishing")),
        ('{ do = "fault", connector = 1, error_code = "GroundFailure" },', status("Faulted")),
        ('{ do = "fault", error_code = "InternalError" },', is_now("status", '"Faulted"', 0)),
        (
            (
                '{ do = "fault", connector = 1, error_code = "GroundFailure" }, { do = "wait", seconds = 1 },'
                '{ do = "clear-fault", connector = 1 },'
            ),
            status("Available"),
        ),
        (OFFLINE, is_now("is_connected", "false", 0)),
        (OFFLINE + '{ do = "network", state = "up" },', is_now("is_connected", "true", 0)),
        (DARK, is_now("has_power", "false", 0)),
        (DARK, is_now("is_up", "false")),
        (DARK + '{ do = "power", state = "restored" },', is_now("registration", '"Accepted"', 0)),
        ('{ do = "reboot", type = "Hard" },', '{ do = "expect", action = "BootNotification" }'),
        (
            '{ do = "set", key = "HeartbeatInterval", value = 20 },',
            '{ do = "expect", action = "Heartbeat", within_s = 30 }',
        ),
        (
            '{ do = "weather", celsius = 90 },',
            (
                '{ do = "expect", action = "StatusNotification", fields = { errorCode = "HighTemperature" },'
                " within_s = 7200 }"
            ),
        ),
        (
            '{ do = "lock", is_jammed = true },',
            (
                '{ do = "central", action = "UnlockConnector", payload = { connectorId = 1 },'
                ' answer = { status = "UnlockFailed" } }'
            ),
        ),
    ],
)
def test_it_is_done(steps: str, outcome: str) -> None:
    result = run(last_of(steps + outcome))

    assert (result.outcome, result.reason) == (Outcome.PASSED, "")


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ('{ do = "set", key = "Nonsense", value = 1 }', "Nonsense cannot be set to '1': NotSupported"),
        (
            '{ do = "set", key = "HeartbeatInterval", value = "soon" }',
            "HeartbeatInterval cannot be set to 'soon': Rejected",
        ),
        (DARK + '{ do = "reboot" }', "the charge point is not up"),
        ('{ do = "vehicle", is_paused = true }', "there is no vehicle at connector 1"),
    ],
)
def test_what_cannot_be_done_fails(steps: str, reason: str) -> None:
    result = run(last_of(steps))

    assert (result.outcome, result.reason) == (Outcome.FAILED, reason)


@story
async def test_a_fixed_cable_has_no_lock_to_jam() -> None:
    result = await last_of('{ do = "lock", is_jammed = true }', head='[station]\ncables = "fixed"')

    assert (result.outcome, result.reason) == (
        Outcome.FAILED,
        "connector 1 has a fixed cable and no lock",
    )


@story
async def test_a_vehicle_is_as_it_is_described() -> None:
    result = await last_of(
        """
        { do = "plug", soc_percent = 60, battery_wh = 10000, max_power_w = 2300, phases = 1 },
        { do = "tap", id_tag = "A" },
        { do = "wait", seconds = 30 },
        { do = "expect-state", connector = 1, fields = { soc_percent = ">= 60", power_w = "> 2000" } }
        """
    )

    assert (result.outcome, result.reason) == (Outcome.PASSED, "")


@story
async def test_a_cut_of_power_is_one_and_what_ran_is_made_up_for() -> None:
    central = CentralSystem(VirtualClock().now)

    await play(
        f"""{BOOTED} {CHARGING} {DARK} {{ do = "power", state = "restored" }},
        {{ do = "expect", action = "StopTransaction" }}""",
        central=central,
    )

    (stop,) = central.requests(StopTransaction)
    assert stop.reason == "PowerLoss"
    assert len(central.requests(BootNotification)) == 2


@story
async def test_what_is_to_fail_fails_so_often() -> None:
    central = CentralSystem(VirtualClock().now)

    await play(
        f"""{BOOTED}
        {{ do = "outages", failing_restarts = 2, failing_installs = 1 }},
        {{ do = "reboot", type = "Hard" }},
        {{ do = "expect", action = "BootNotification", within_s = 20 }},
        {{ do = "lock", failing_unlocks = 1 }},
        {{ do = "central", action = "UnlockConnector", payload = {{ connectorId = 1 }} }},
        {{ do = "central", action = "UnlockConnector", payload = {{ connectorId = 1 }} }}""",
        central=central,
    )

    boots = [each.at for each in central.received if isinstance(each.request, BootNotification)]
    assert (boots[1] - boots[0]).total_seconds() > 15


@story
async def test_a_wrong_clock_counts_until_the_central_system_tells_the_time() -> None:
    result = await last_of(
        f"""{OFFLINE}
        {{ do = "clock", ahead_s = -86400 }},
        {{ do = "plug" }},
        {{ do = "wait", seconds = 1 }},
        {{ do = "network", state = "up" }},
        {{ do = "expect", action = "StatusNotification", fields = {{ timestamp = "< {{now-86000}}" }} }}
        """
    )

    assert (result.outcome, result.reason) == (Outcome.PASSED, "")


@story
async def test_the_network_may_be_bad() -> None:
    result = await last_of(
        """
        { do = "network", faults = "drop=1" },
        { do = "plug" },
        { do = "expect-none", action = "StatusNotification", answer = {}, seconds = 5 }
        """
    )

    assert (result.outcome, result.reason) == (Outcome.PASSED, "")

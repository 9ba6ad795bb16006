"""Steps as sentences: every kind has one that says what it does."""

from __future__ import annotations

import pytest

from voltyard.chargepoint.scenario.reading import STEPS, read
from voltyard.chargepoint.scenario.wording import sentence

WORDINGS = {
    '{ do = "plug", connector = 2, soc_percent = 30 }': "plug a vehicle with 30 % into connector 2",
    '{ do = "unplug" }': "unplug connector 1",
    '{ do = "unplug-at-vehicle" }': "unplug the vehicle at connector 1",
    '{ do = "vehicle", is_paused = true }': "vehicle at connector 1, pause",
    '{ do = "vehicle", is_paused = false, target_percent = 80 }': (
        "vehicle at connector 1, go on, charge to 80 %"
    ),
    '{ do = "tap", id_tag = "A" }': "tap A at connector 1",
    '{ do = "fault", error_code = "GroundFailure" }': "break the charge point: GroundFailure",
    '{ do = "clear-fault", connector = 1 }': "repair connector 1",
    '{ do = "lock", is_jammed = true }': "lock of connector 1, jam",
    '{ do = "lock", is_jammed = false, failing_unlocks = 2 }': (
        "lock of connector 1, free, the next 2 times fail"
    ),
    '{ do = "emergency" }': "press the emergency button",
    '{ do = "power", state = "cut" }': "cut the power",
    '{ do = "power", state = "restored" }': "restore the power",
    '{ do = "network", state = "down" }': "network down",
    '{ do = "network", state = "up", faults = "drop=0.1" }': "network up, network faults drop=0.1",
    '{ do = "network", faults = "" }': "network faults none",
    '{ do = "reboot" }': "soft reboot",
    '{ do = "outages", failing_restarts = 1, failing_installs = 2 }': (
        "let 1 restarts fail, let 2 installations fail"
    ),
    '{ do = "weather", celsius = -5 }': "have -5 °C",
    '{ do = "clock", ahead_s = 60 }': "set the clock +60 s from the right time",
    '{ do = "wait", seconds = 0.5 }': "wait 0.5 s",
    '{ do = "set", key = "HeartbeatInterval", value = 5 }': "set HeartbeatInterval to 5",
    '{ do = "call", action = "Heartbeat", error = "any" }': "send Heartbeat {}, refused any",
    '{ do = "frame", text = "[]", answer = [4] }': "send [], answered [4]",
    '{ do = "central", action = "Reset", payload = { type = "Soft" }, answer = { status = "Accepted" } }': (
        'the central system sends Reset {"type":"Soft"}, answered status Accepted'
    ),
    '{ do = "expect", action = "Heartbeat" }': "expect Heartbeat",
    '{ do = "expect", action = "Heartbeat", times = 3, since = "start" }': (
        "expect 3 times Heartbeat, at any time"
    ),
    '{ do = "expect", action = "Authorize", fields = { idTag = "A" }, answer = {}, since = "last" }': (
        "expect Authorize idTag A, answered with anything, after the one before"
    ),
    '{ do = "expect-none", action = "Heartbeat", seconds = 2 }': "expect no Heartbeat for 2 s",
    '{ do = "expect-none", action = "Heartbeat", seconds = 2, since = "start" }': (
        "expect no other Heartbeat for 2 s"
    ),
    '{ do = "expect-state", fields = { undelivered = 0 } }': "expect the charge point to be undelivered 0",
    '{ do = "expect-state", connector = 1, fields = { status = "Charging" }, hold_s = 2 }': (
        "expect connector 1 to be status Charging, and for 2 s"
    ),
    '{ do = "expect-upload", name = "*.gz" }': "expect *.gz to be uploaded",
}


@pytest.mark.parametrize(("step", "wording"), WORDINGS.items())
def test_a_step_is_a_sentence(step: str, wording: str) -> None:
    (only,) = read(
        f'name = "a"\ndescription = "b"\nsteps = [{step}]\n[station]\nconnectors = 2', "story"
    ).steps

    assert sentence(only) == wording


def test_every_kind_of_step_has_one() -> None:
    assert {step.partition('do = "')[2].partition('"')[0] for step in WORDINGS} == set(STEPS)

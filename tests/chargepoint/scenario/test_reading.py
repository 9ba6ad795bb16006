"""Reading scenarios: what is shipped can be read, what is wrong is named with its step."""

from __future__ import annotations

from pathlib import Path

import pytest

from voltyard.chargepoint.scenario.errors import ScenarioInvalid, UnknownScenario
from voltyard.chargepoint.scenario.reading import STEPS, find, read, shipped
from voltyard.chargepoint.scenario.scenario import Cables, KnownTag, settings_of
from voltyard.chargepoint.scenario.steps import Expect, Plug, Tap

HEAD = 'name = "story"\ndescription = "A story."\n'
WAIT = '{ do = "wait", seconds = 1 }'
WHOLE = f"{HEAD}steps = [{WAIT}]\n"


def complaint(text: str) -> str:
    with pytest.raises(ScenarioInvalid) as caught:
        read(text, "story.toml")
    assert caught.value.where in str(caught.value)
    return str(caught.value)


def of_steps(*steps: str) -> str:
    return complaint(f"{HEAD}steps = [{', '.join(steps)}]")


def test_a_scenario_is_who_it_is_about_and_what_is_done() -> None:
    scenario = read(
        f"""{HEAD}
        specification = ["4.2"]
        tags = [{{ id_tag = "A", parent_id_tag = "P" }}, {{ id_tag = "B", status = "Blocked" }}]
        steps = [{{ do = "plug", connector = 2, note = "a {{vehicle}}" }}, {{ do = "tap", id_tag = "A" }}]
        [station]
        connectors = 2
        cables = "fixed"
        speed = 60
        [station.settings]
        MeterValueSampleInterval = 1
        LocalPreAuthorize = true
        MeterValuesSampledData = "Voltage"
        """,
        "story.toml",
    )

    assert scenario.steps == (Plug(connector=2, note="a {vehicle}"), Tap(id_tag="A"))
    assert scenario.tags == (KnownTag(id_tag="A", parent_id_tag="P"), KnownTag(id_tag="B", status="Blocked"))
    assert (scenario.station.cables, scenario.station.speed) == (Cables.FIXED, 60)
    assert settings_of(scenario.station) == {
        "MeterValueSampleInterval": "1",
        "LocalPreAuthorize": "true",
        "MeterValuesSampledData": "Voltage",
    }


def test_tables_and_inline_tables_are_the_same() -> None:
    tables = '[[steps]]\ndo = "expect"\naction = "Heartbeat"\n[steps.answer]\ncurrentTime = "any"\n'
    inline = 'steps = [{ do = "expect", action = "Heartbeat", answer = { currentTime = "any" } }]\n'

    (step,) = read(HEAD + tables, "a").steps

    assert isinstance(step, Expect)
    assert (step,) == read(HEAD + inline, "b").steps


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "story.toml: not TOML: "),
        ("x = " + "[" * 100_000, "story.toml: not TOML: "),
        (HEAD, "story.toml: expected a list of `steps`"),
        (HEAD + "steps = []", "story.toml: expected a list of `steps`"),
        (HEAD + "steps = 1", "story.toml: expected a list of `steps`"),
        (f"description = 'x'\nsteps = [{WAIT}]", "story.toml: Object missing required field `name`"),
        (f"name = 'A B'\ndescription = 'x'\nsteps = [{WAIT}]", "Expected `str` matching regex"),
        (f"{HEAD}nonsense = 1\nsteps = [{WAIT}]", "Object contains unknown field `nonsense`"),
        (
            f"{HEAD}steps = [{WAIT}]\n[station]\nconnectors = 0",
            "Expected `int` >= 1 - at `$.station.connectors`",
        ),
        (
            f"{HEAD}steps = [{WAIT}]\n[station]\ncables = 'long'",
            "Invalid enum value 'long' - at `$.station.cables`",
        ),
    ],
)
def test_what_is_wrong_with_the_whole_is_said(text: str, message: str) -> None:
    assert message in complaint(text)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ("1", "story.toml, step 2: `do` has to be one of plug, unplug, "),
        ("{ connector = 1 }", "story.toml, step 2: `do` has to be one of "),
        ('{ do = "plgu" }', "story.toml, step 2: `do` has to be one of "),
        ("{ do = 1 }", "story.toml, step 2: `do` has to be one of "),
        ('{ do = "tap" }', "story.toml, step 2 (tap): Object missing required field `id_tag`"),
        ('{ do = "tap", id_tag = "A", tga = "B" }', "step 2 (tap): Object contains unknown field `tga`"),
        ('{ do = "plug", connector = "1" }', "Expected `int`, got `str` - at `$.connector`"),
        ('{ do = "unplug", connector = 2 }', "step 2 (unplug): there is no connector 2, only 1"),
        (
            '{ do = "fault", error_code = "Bad" }',
            "step 2 (fault): Invalid enum value 'Bad' - at `$.error_code`",
        ),
        ('{ do = "fault", error_code = "NoError" }', "step 2 (fault): NoError is nothing that can break"),
        ('{ do = "wait", seconds = -1 }', "Expected `float` >= 0.0 - at `$.seconds`"),
        ('{ do = "power", state = "maybe" }', "Invalid enum value 'maybe' - at `$.state`"),
        ('{ do = "network", faults = "drop=2" }', "step 2 (network): drop: 2 is no share of messages"),
        ('{ do = "expect", action = "Hartbeat" }', "step 2 (expect): 'Hartbeat' is no action of OCPP 1.6"),
        ('{ do = "expect", action = "DataTransfer" }', "DataTransfer is sent by both sides: say `by` which"),
        (
            '{ do = "expect-none", action = "Reset", by = "charge point", seconds = 1 }',
            "step 2 (expect-none): Reset is not sent by the charge point",
        ),
        ('{ do = "central", action = "Heartbeat" }', "Heartbeat is not sent by the central system"),
        (
            '{ do = "expect", action = "Heartbeat", fields = { a = "> b" } }',
            "'> b': only numbers and date-times come one after the other - at `$.fields`",
        ),
        (
            '{ do = "expect", action = "Heartbeat", fields = { a = 2024-05-17 } }',
            "2024-05-17 has to stand in quotation marks - at `$.fields`",
        ),
        (
            '{ do = "central", action = "Reset", payload = { type = "{kind}" } }',
            "step 2 (central): nothing before it is called kind",
        ),
        (
            '{ do = "expect", action = "Reset", fields = { type = "-> kind", x = "{kind}" } }',
            "step 2 (expect): nothing before it is called kind",
        ),
    ],
)
def test_what_is_wrong_with_a_step_is_said_with_its_number(step: str, message: str) -> None:
    assert message in of_steps(WAIT, step)


def test_a_name_may_be_used_by_the_steps_behind_the_one_that_gives_it() -> None:
    steps = (
        '{ do = "expect", action = "StartTransaction", answer = { transactionId = "-> transaction" } }',
        '{ do = "expect-state", fields = { x = "{transaction}", y = "{now+5}", z = "{identity}" } }',
    )

    assert len(read(f"{HEAD}steps = [{', '.join(steps)}]", "story").steps) == 2


def test_every_shipped_scenario_can_be_read_and_has_the_name_of_its_file() -> None:
    texts = shipped()

    assert {name: read(text, name).name for name, text in texts.items()} == {name: name for name in texts}
    assert all(read(text, name).specification for name, text in texts.items())


def test_a_shipped_scenario_is_found_by_its_name_and_another_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(f"{HEAD}steps = [{WAIT}]")

    name, text = find("first-boot-and-charge")
    path, own = find(str(tmp_path / "own.toml"))

    assert (name, text) == ("first-boot-and-charge", shipped()[name])
    assert read(own, path).name == "story"


def test_what_is_neither_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(UnknownScenario, match="'nonsense' is no scenario that is shipped, and no file"):
        find("nonsense")
    with pytest.raises(UnknownScenario):
        find(str(tmp_path))


@pytest.mark.parametrize(("content", "reason"), [(b"\xff", "utf-8"), (b"#" * 1_000_001, "longer than")])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "bad.toml").write_bytes(content)

    with pytest.raises(ScenarioInvalid, match=reason):
        find(str(tmp_path / "bad.toml"))


def test_every_kind_of_step_has_a_word() -> None:
    assert sorted(STEPS) == [
        "call",
        "central",
        "clear-fault",
        "clock",
        "emergency",
        "expect",
        "expect-none",
        "expect-state",
        "expect-upload",
        "fault",
        "frame",
        "lock",
        "network",
        "outages",
        "plug",
        "power",
        "reboot",
        "set",
        "tap",
        "unplug",
        "unplug-at-vehicle",
        "vehicle",
        "wait",
        "weather",
    ]

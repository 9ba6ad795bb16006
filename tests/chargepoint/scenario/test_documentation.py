"""The page about scenarios says what there is: every kind of step with its fields, every shipped scenario."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from msgspec import structs

from voltyard.chargepoint import ConnectorSnapshot, StationSnapshot
from voltyard.chargepoint.scenario.reading import STEPS, read, shipped
from voltyard.chargepoint.scenario.scenario import BUILT_IN, KnownTag, Scenario, StationSetup
from voltyard.chargepoint.scenario.steps import Side, Since

PAGE = (Path(__file__).parents[3] / "docs" / "scenarios.md").read_text()


def row(name: str) -> str:
    (found,) = re.findall(rf"^\| `{re.escape(name)}` \|.*$", PAGE, re.MULTILINE)
    return str(found)


@pytest.mark.parametrize("name", sorted(STEPS))
def test_every_kind_of_step_has_a_row_with_its_fields(name: str) -> None:
    fields = {field.encode_name for field in structs.fields(STEPS[name])} - {"note"}

    assert {field for field in fields if f"`{field}`" not in row(name)} == set()


@pytest.mark.parametrize("name", sorted(STEPS))
def test_what_a_field_is_if_nothing_is_said_is_true(name: str) -> None:
    usual = {field.encode_name: field.default for field in structs.fields(STEPS[name])}

    said = re.findall(r"`(\w+)` \(([\d.]+)\)", row(name))

    assert [(field, float(value)) for field, value in said] == [(field, usual[field]) for field, _ in said]


@pytest.mark.parametrize("name", sorted(shipped()))
def test_every_shipped_scenario_has_a_row(name: str) -> None:
    assert row(name)


def test_everything_else_that_can_be_written_is_named() -> None:
    words = {
        field.encode_name for kind in (Scenario, StationSetup, KnownTag) for field in structs.fields(kind)
    }
    words |= {
        field.name for kind in (StationSnapshot, ConnectorSnapshot) for field in dataclasses.fields(kind)
    }
    words |= {*Side, Since.START, Since.LAST, *BUILT_IN}

    assert {word for word in words if not re.search(rf"\b{word}\b", PAGE)} == set()


def test_the_example_can_be_run() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)

    assert read(example, "docs/scenarios.md").station.connectors == 2

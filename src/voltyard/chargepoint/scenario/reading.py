"""Reading scenarios: strictly, and with the number of the step that is wrong."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final, TypeVar, get_args

import msgspec
from msgspec import Struct, structs

from voltyard.chargepoint.scenario.errors import ScenarioInvalid, UnknownScenario
from voltyard.chargepoint.scenario.patterns import Pattern
from voltyard.chargepoint.scenario.scenario import BUILT_IN, Scenario
from voltyard.chargepoint.scenario.steps import AnyStep, Central, Expect, ExpectNone, Fault, Side, Step
from voltyard.chargepoint.scenario.values import names_in
from voltyard.chargepoint.simulator.fault_rates import NO_FAULTS, NetworkFaults
from voltyard.protocol.actions import ACTIONS
from voltyard.protocol.messages import ChargePointErrorCode

T = TypeVar("T")

STEPS: Final[Mapping[str, type[Step]]] = {str(step.__struct_config__.tag): step for step in get_args(AnyStep)}
"""The kinds of steps by the word they have in a file."""

_SUFFIX: Final = ".toml"
_LONGEST: Final = 1_000_000


def shipped() -> dict[str, str]:
    """Return the texts of the scenarios that are shipped, by name."""
    texts = {name: file.read_text(encoding="utf-8") for name, file in _shipped_files()}
    return dict(sorted(texts.items()))


def find(name_or_path: str) -> tuple[str, str]:
    """Return the text of a scenario and what to call it in messages.

    Raises `UnknownScenario` and `ScenarioInvalid`.
    """
    for name, file in _shipped_files():
        if name == name_or_path:
            return name, file.read_text(encoding="utf-8")
    path = Path(name_or_path)
    if not path.is_file():
        raise UnknownScenario(name_or_path)
    try:
        if path.stat().st_size > _LONGEST:
            raise ScenarioInvalid(name_or_path, f"longer than {_LONGEST} bytes")
        return name_or_path, path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioInvalid(name_or_path, str(error)) from error


def read(text: str, where: str) -> Scenario:
    """Return a scenario; raises `ScenarioInvalid` with `where` and the step that is to blame."""
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ScenarioInvalid(where, f"not TOML: {error}") from error
    steps = raw.pop("steps", None)
    if not isinstance(steps, list) or not steps:
        raise ScenarioInvalid(where, "expected a list of `steps`")
    head = _convert(raw | {"steps": ()}, Scenario, where)
    scenario = structs.replace(
        head, steps=tuple(_step(each, f"{where}, step {number}") for number, each in enumerate(steps, 1))
    )
    _check_steps(scenario, where)
    return scenario


def _shipped_files() -> Iterator[tuple[str, Traversable]]:
    for file in (files("voltyard.chargepoint.simulator") / "scenarios").iterdir():
        if file.name.endswith(_SUFFIX):
            yield file.name.removesuffix(_SUFFIX), file


def _step(raw: object, where: str) -> AnyStep:
    kind = raw.get("do") if isinstance(raw, dict) else None
    if not isinstance(kind, str) or kind not in STEPS:
        raise ScenarioInvalid(where, f"`do` has to be one of {', '.join(STEPS)}")
    return _convert(raw, STEPS[kind], f"{where} ({kind})")  # type: ignore[return-value]  # all of them are in the table


def _convert(raw: object, type: type[T], where: str) -> T:
    try:
        return msgspec.convert(raw, type, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise ScenarioInvalid(where, str(error)) from error


def _decode(type: type[Any], raw: object) -> object:
    if type is NetworkFaults:
        return NetworkFaults.parse(str(raw)) if raw else NO_FAULTS
    return Pattern(raw)


def _check_steps(scenario: Scenario, where: str) -> None:
    known = set(BUILT_IN)
    for number, step in enumerate(scenario.steps, 1):
        place = f"{where}, step {number} ({step.__struct_config__.tag})"
        _check_connector(step, scenario.station.connectors, place)
        _check_fault(step, place)
        _check_action(step, place)
        _check_names(step, known, place)


def _check_connector(step: AnyStep, connectors: int, where: str) -> None:
    connector: int = structs.asdict(step).get("connector", 0)
    if connector > connectors:
        raise ScenarioInvalid(where, f"there is no connector {connector}, only {connectors}")


def _check_fault(step: AnyStep, where: str) -> None:
    if isinstance(step, Fault) and step.error_code is ChargePointErrorCode.NO_ERROR:
        raise ScenarioInvalid(where, f"{step.error_code} is nothing that can break")


def _check_action(step: AnyStep, where: str) -> None:
    if not isinstance(step, Central | Expect | ExpectNone):
        return
    action = ACTIONS.get(step.action)
    if action is None:
        raise ScenarioInvalid(where, f"{step.action!r} is no action of OCPP 1.6")
    by = Side.CENTRAL_SYSTEM if isinstance(step, Central) else step.by
    sends = {Side.CHARGE_POINT: action.from_charge_point, Side.CENTRAL_SYSTEM: action.from_central_system}
    if by is None and all(sends.values()):
        raise ScenarioInvalid(where, f"{step.action} is sent by both sides: say `by` which")
    if by is not None and not sends[by]:
        raise ScenarioInvalid(where, f"{step.action} is not sent by the {by}")


def _check_names(step: Struct, known: set[str], where: str) -> None:
    given: set[str] = set()
    for name, value in structs.asdict(step).items():
        if name == "note":
            continue
        is_pattern = isinstance(value, Pattern)
        unknown = set(names_in(value.source if is_pattern else value)) - known
        if unknown:
            raise ScenarioInvalid(where, f"nothing before it is called {', '.join(sorted(unknown))}")
        if is_pattern:
            given |= value.gives
    known |= given

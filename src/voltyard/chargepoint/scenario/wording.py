"""Steps as sentences, for people who watch a scenario or read what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from msgspec import json

from voltyard.chargepoint.scenario.patterns import Pattern
from voltyard.chargepoint.scenario.steps import (
    AnyStep,
    Call,
    Central,
    ClearFault,
    Clock,
    Emergency,
    Expect,
    ExpectNone,
    ExpectState,
    ExpectUpload,
    Fault,
    Frame,
    Lock,
    Network,
    Outages,
    Plug,
    Power,
    Reboot,
    Set,
    Since,
    Step,
    Tap,
    Unplug,
    UnplugAtVehicle,
    Vehicle,
    Wait,
    Weather,
)


def sentence(step: AnyStep) -> str:
    """Return what a step does or expects, in one line."""
    return _WORDINGS[type(step)](step)


def _plug(step: Plug) -> str:
    return f"plug a vehicle with {step.soc_percent:g} % into connector {step.connector}"


def _fault(step: Fault) -> str:
    return f"break {_place(step.connector)}: {step.error_code}"


def _vehicle(step: Vehicle) -> str:
    parts = [f"vehicle at connector {step.connector}"]
    if step.is_paused is not None:
        parts.append("pause" if step.is_paused else "go on")
    if step.target_percent is not None:
        parts.append(f"charge to {step.target_percent:g} %")
    return ", ".join(parts)


def _lock(step: Lock) -> str:
    parts = [f"lock of connector {step.connector}"]
    if step.is_jammed is not None:
        parts.append("jam" if step.is_jammed else "free")
    if step.failing_unlocks is not None:
        parts.append(f"the next {step.failing_unlocks} times fail")
    return ", ".join(parts)


def _outages(step: Outages) -> str:
    parts = []
    if step.failing_restarts is not None:
        parts.append(f"let {step.failing_restarts} restarts fail")
    if step.failing_installs is not None:
        parts.append(f"let {step.failing_installs} installations fail")
    return ", ".join(parts)


def _network(step: Network) -> str:
    parts = []
    if step.state is not None:
        parts.append(f"network {step.state}")
    if step.faults is not None:
        parts.append(f"network faults {str(step.faults) or 'none'}")
    return ", ".join(parts)


def _call(step: Call) -> str:
    return f"send {step.action} {_json(step.payload)}{_answered(step.answer, step.error)}"


def _central(step: Central) -> str:
    answered = _answered(step.answer, step.error)
    return f"the central system sends {step.action} {_json(step.payload)}{answered}"


def _expect(step: Expect) -> str:
    times = "" if step.times == 1 else f"{step.times} times "
    behind = {Since.ACTION: "", Since.START: ", at any time", Since.LAST: ", after the one before"}
    message = _message(step.action, step.fields, step.answer, step.error)
    return f"expect {times}{message}{behind[step.since]}"


def _expect_none(step: ExpectNone) -> str:
    other = "other " if step.since is Since.START else ""
    message = _message(step.action, step.fields, step.answer, step.error)
    return f"expect no {other}{message} for {step.seconds:g} s"


def _expect_state(step: ExpectState) -> str:
    held = f", and for {step.hold_s:g} s" if step.hold_s else ""
    return f"expect {_place(step.connector)} to be {_source(step.fields)}{held}"


def _place(connector: int) -> str:
    return f"connector {connector}" if connector else "the charge point"


def _message(action: str, fields: Pattern | None, answer: Pattern | None, error: Pattern | None) -> str:
    return action + ("" if fields is None else f" {_source(fields)}") + _answered(answer, error)


def _answered(answer: Pattern | None, error: Pattern | None) -> str:
    text = "" if answer is None else f", answered {_source(answer)}"
    return text if error is None else f"{text}, refused {_source(error)}"


def _source(pattern: Pattern) -> str:
    match pattern.source:
        case dict() as fields:
            return ", ".join(f"{name} {_json(value)}" for name, value in fields.items()) or "with anything"
        case other:
            return _json(other)


def _json(value: object) -> str:
    return value if isinstance(value, str) else json.encode(value).decode()


def _wordings() -> dict[type[Step], Callable[[Any], str]]:
    return {
        Plug: _plug,
        Unplug: lambda step: f"unplug connector {step.connector}",
        UnplugAtVehicle: lambda step: f"unplug the vehicle at connector {step.connector}",
        Vehicle: _vehicle,
        Tap: lambda step: f"tap {step.id_tag} at connector {step.connector}",
        Fault: _fault,
        ClearFault: lambda step: f"repair {_place(step.connector)}",
        Lock: _lock,
        Emergency: lambda _: "press the emergency button",
        Power: lambda step: "cut the power" if step.state == "cut" else "restore the power",
        Network: _network,
        Reboot: lambda step: f"{step.type.lower()} reboot",
        Outages: _outages,
        Weather: lambda step: f"have {step.celsius:g} °C",
        Clock: lambda step: f"set the clock {step.ahead_s:+g} s from the right time",
        Wait: lambda step: f"wait {step.seconds:g} s",
        Set: lambda step: f"set {step.key} to {_json(step.value)}",
        Call: _call,
        Frame: lambda step: f"send {step.text}{_answered(step.answer, None)}",
        Central: _central,
        Expect: _expect,
        ExpectNone: _expect_none,
        ExpectState: _expect_state,
        ExpectUpload: lambda step: f"expect {step.name} to be uploaded",
    }


_WORDINGS: Final[Mapping[type[Step], Callable[[Any], str]]] = MappingProxyType(_wordings())

"""The steps of a scenario: what a tester does with his hands, and what he expects to see."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta, Struct

from voltyard.chargepoint.scenario.patterns import Pattern
from voltyard.chargepoint.simulator.fault_rates import NetworkFaults
from voltyard.protocol.messages import ChargePointErrorCode, ResetType

Percent = Annotated[float, Meta(ge=0, le=100)]
Count = Annotated[int, Meta(ge=0, le=1000)]
Seconds = Annotated[float, Meta(ge=0, le=86400)]
ConnectorId = Annotated[int, Meta(ge=1, le=100)]
AnyConnectorId = Annotated[int, Meta(ge=0, le=100)]
Tag = Annotated[str, Meta(min_length=1, max_length=20)]
Action = Annotated[str, Meta(min_length=1, max_length=64)]
Times = Annotated[int, Meta(ge=1, le=1000)]
Payload: TypeAlias = dict[str, Any]  # JSON; what is in it, the receiver judges


class Side(StrEnum):
    """Who sends a CALL."""

    CHARGE_POINT = "charge point"
    CENTRAL_SYSTEM = "central system"


class Since(StrEnum):
    """From when on an expectation looks at messages."""

    ACTION = "action"
    START = "start"
    LAST = "last"


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="do"):
    """What every step has: a `note` for people, about why it is there."""

    note: str = ""


# What hands do.


class Plug(Step, frozen=True, kw_only=True, tag="plug"):
    """Connect a vehicle to a connector."""

    connector: ConnectorId = 1
    soc_percent: Percent = 20.0
    target_percent: Percent = 100.0
    battery_wh: Annotated[float, Meta(gt=0, le=10_000_000)] = 50_000.0
    max_power_w: Annotated[float, Meta(gt=0, le=1_000_000)] = 11_000.0
    phases: Annotated[int, Meta(ge=1, le=3)] = 3


class Unplug(Step, frozen=True, kw_only=True, tag="unplug"):
    """Pull the cable out of the connector."""

    connector: ConnectorId = 1


class UnplugAtVehicle(Step, frozen=True, kw_only=True, tag="unplug-at-vehicle"):
    """Pull the cable out of the vehicle; its other end stays in the socket."""

    connector: ConnectorId = 1


class Vehicle(Step, frozen=True, kw_only=True, tag="vehicle"):
    """Do what the vehicle's driver can do at the vehicle; what is left out stays."""

    connector: ConnectorId = 1
    is_paused: bool | None = None
    target_percent: Percent | None = None


class Tap(Step, frozen=True, kw_only=True, tag="tap"):
    """Present an identifier at the reader of a connector."""

    id_tag: Tag
    connector: ConnectorId = 1


class Fault(Step, frozen=True, kw_only=True, tag="fault"):
    """Break something; connector 0 is the charge point itself."""

    error_code: ChargePointErrorCode
    connector: AnyConnectorId = 0
    info: str = ""
    vendor_error_code: str = ""


class ClearFault(Step, frozen=True, kw_only=True, tag="clear-fault"):
    """Repair one thing, or everything at that place."""

    connector: AnyConnectorId = 0
    error_code: ChargePointErrorCode | None = None


class Lock(Step, frozen=True, kw_only=True, tag="lock"):
    """Say how unlocking ends: it fails as long as the lock is jammed, and so many times more."""

    connector: ConnectorId = 1
    is_jammed: bool | None = None
    failing_unlocks: Count | None = None


class Emergency(Step, frozen=True, kw_only=True, tag="emergency"):
    """Press the emergency button."""


class Power(Step, frozen=True, kw_only=True, tag="power"):
    """Cut the power of the charge point, or restore it."""

    state: Literal["cut", "restored"]


class Network(Step, frozen=True, kw_only=True, tag="network"):
    """Take the network away or bring it back; `faults` are what goes wrong with it from now on."""

    state: Literal["down", "up"] | None = None
    faults: NetworkFaults | None = None


class Reboot(Step, frozen=True, kw_only=True, tag="reboot"):
    """Have the charge point restart, as with a button inside of it."""

    type: ResetType = ResetType.SOFT


class Outages(Step, frozen=True, kw_only=True, tag="outages"):
    """Let the next restarts and installations of firmware fail; what is left out stays."""

    failing_restarts: Count | None = None
    failing_installs: Count | None = None


class Weather(Step, frozen=True, kw_only=True, tag="weather"):
    """Have it so warm around the charge point."""

    celsius: Annotated[float, Meta(ge=-60, le=90)]


class Clock(Step, frozen=True, kw_only=True, tag="clock"):
    """Set the charge point's own clock wrong by so many seconds; 0 sets it right."""

    ahead_s: Annotated[float, Meta(ge=-1e9, le=1e9)]


class Wait(Step, frozen=True, kw_only=True, tag="wait"):
    """Do nothing for some seconds."""

    seconds: Seconds


class Set(Step, frozen=True, kw_only=True, tag="set"):
    """Change a configuration key at the charge point itself."""

    key: str
    value: str | int | bool


# What either side is made to send.


class Call(Step, frozen=True, kw_only=True, tag="call"):
    """Have the charge point send a CALL; with `answer` or `error` it has to be answered so."""

    action: Action
    payload: Payload = {}
    answer: Pattern | None = None
    error: Pattern | None = None
    within_s: Seconds = 10.0


class Frame(Step, frozen=True, kw_only=True, tag="frame"):
    """Have the charge point send anything at all as one message; `answer` is what the one back has to be."""

    text: str
    answer: Pattern | None = None
    within_s: Seconds = 10.0


class Central(Step, frozen=True, kw_only=True, tag="central"):
    """Have the central system send a CALL; the charge point has to answer it as said.

    Without a way to command the central system whoever runs the scenario is asked to do it, and has
    `operator_within_s` for it.
    """

    action: Action
    payload: Payload = {}
    answer: Pattern | None = None
    error: Pattern | None = None
    within_s: Seconds = 10.0
    operator_within_s: Seconds = 120.0


# What has to come of it.


class Expect(Step, frozen=True, kw_only=True, tag="expect"):
    """A CALL, and with `answer` or `error` what it is answered with."""

    action: Action
    by: Side | None = None
    fields: Pattern | None = None
    answer: Pattern | None = None
    error: Pattern | None = None
    times: Times = 1
    since: Since = Since.ACTION
    within_s: Seconds = 10.0


class ExpectNone(Step, frozen=True, kw_only=True, tag="expect-none"):
    """No such CALL, but those that were expected already, for some seconds."""

    action: Action
    seconds: Seconds
    by: Side | None = None
    fields: Pattern | None = None
    answer: Pattern | None = None
    error: Pattern | None = None
    since: Since = Since.ACTION


class ExpectState(Step, frozen=True, kw_only=True, tag="expect-state"):
    """What the charge point looks like, connector 0, or one of its connectors; and stays for `hold_s`."""

    fields: Pattern
    connector: AnyConnectorId = 0
    within_s: Seconds = 10.0
    hold_s: Seconds = 0.0


class ExpectUpload(Step, frozen=True, kw_only=True, tag="expect-upload"):
    """A file that the charge point has uploaded to `{uploads}`."""

    name: str = "*"
    within_s: Seconds = 10.0


AnyStep = (
    Plug
    | Unplug
    | UnplugAtVehicle
    | Vehicle
    | Tap
    | Fault
    | ClearFault
    | Lock
    | Emergency
    | Power
    | Network
    | Reboot
    | Outages
    | Weather
    | Clock
    | Wait
    | Set
    | Call
    | Frame
    | Central
    | Expect
    | ExpectNone
    | ExpectState
    | ExpectUpload
)

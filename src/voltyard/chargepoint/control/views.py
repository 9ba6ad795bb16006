"""What the control API shows."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Raw, Struct

from voltyard.chargepoint.control.message_log import Message
from voltyard.chargepoint.simulator.fault_rates import Direction
from voltyard.chargepoint.snapshot import StationSnapshot
from voltyard.protocol.masking import without_password
from voltyard.protocol.messages import ChargePointErrorCode, KeyValue


class VehicleState(Struct, frozen=True, kw_only=True):
    """The vehicle at a connector."""

    model: str
    soc_percent: float
    wants_energy: bool
    is_paused: bool


class ConnectorState(Struct, frozen=True, kw_only=True):
    """The hardware of a connector, whatever the program makes of it; `defects` is what is broken.

    `public_key` is what its meter's signatures are verified with: DER, hexadecimal; null if it signs nothing.
    """

    connector_id: int
    vehicle: VehicleState | None
    offered_a: float
    power_w: float
    register_wh: int
    celsius: float
    has_lock: bool
    is_locked: bool
    is_lock_jammed: bool
    failing_unlocks: int
    public_key: str | None
    defects: list[ChargePointErrorCode]


class HardwareState(Struct, frozen=True, kw_only=True):
    """The hardware of the charge point; `defects` are those of the charge point itself."""

    ambient_celsius: float
    failing_restarts: int
    failing_installs: int
    defects: list[ChargePointErrorCode]
    connectors: list[ConnectorState]


class ClockState(Struct, frozen=True, kw_only=True):
    """The charge point's own clock, and how far it is ahead of the right time."""

    now: datetime
    ahead_s: float


class NetworkState(Struct, frozen=True, kw_only=True):
    """The network between the charge point and its central system; `faults` as for `--faults`."""

    state: Literal["down", "up"]
    faults: str


class State(Struct, frozen=True, kw_only=True):
    """Everything there is to see.

    `station` is what the program says of itself, null while it does not run. `complaints` counts by kind
    what the central system did wrong. `last_message` is the number of the last frame.
    """

    identity: str
    power: Literal["cut", "restored"]
    clock: ClockState
    network: NetworkState
    station: StationSnapshot | None
    hardware: HardwareState
    complaints: dict[str, int]
    vehicle_models: list[str]
    last_message: int


class CallFailure(Struct, frozen=True, kw_only=True):
    """A CALLERROR, or what is wrong with an answer; then there is no code."""

    code: str | None
    description: str


class CallOutcome(Struct, frozen=True, kw_only=True):
    """What became of what was sent.

    `answered` and `rejected` (a CALLERROR came back) say what the answer is, so does `invalid`. `timed_out`
    and `disconnected` leave open whether it arrived. `sent` is all that can be said of a frame that nothing
    answers. `frame` is the answer to a whole frame, unread.
    """

    outcome: Literal["answered", "rejected", "invalid", "timed_out", "disconnected", "sent"]
    payload: Raw | None = None
    error: CallFailure | None = None
    frame: str | None = None


class MessageView(Struct, frozen=True, kw_only=True):
    """One frame as it went, but for passwords; `direction` is `in` or `out`, seen from the charge point.

    `action` is that of the CALL it is or answers, null if that cannot be told.
    """

    number: int
    at: datetime
    direction: Direction
    action: str | None
    frame: str


class Messages(Struct, frozen=True, kw_only=True):
    """Some of the last frames, oldest first; `last` is the number of the last one of all."""

    messages: list[MessageView]
    last: int


class Keys(Struct, frozen=True, kw_only=True):
    """The configuration keys as GetConfiguration shows them."""

    keys: list[KeyView]


class KeyView(Struct, frozen=True, kw_only=True):
    """One configuration key; a read-only one cannot be set here either."""

    key: str
    value: str | None
    readonly: bool


def view_message(message: Message) -> MessageView:
    """Show a frame without passwords; what is not UTF-8 in it is replaced."""
    logged = message.logged
    return MessageView(
        number=logged.number,
        at=logged.at,
        direction=logged.direction,
        action=message.action,
        frame=without_password(logged.frame).decode(errors="replace"),
    )


def view_key(key: KeyValue) -> KeyView:
    """Show a configuration key."""
    return KeyView(key=key.key, value=key.value, readonly=key.readonly)

"""What the control API is asked for: bodies, and how they are read, whatever is sent."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from litestar import Request
from litestar.exceptions import InternalServerException
from msgspec import UNSET, DecodeError, Meta, Struct, UnsetType, json
from msgspec import field as msgspec_field

from voltyard.chargepoint.control.problems import Refused
from voltyard.protocol.messages import ChargePointErrorCode, ResetType

MAX_BODY_BYTES: Final = 4 * 1024 * 1024
"""Room for frames that are too large for any central system."""
_NOTHING: Final = b"{}"

Percent = Annotated[float, Meta(ge=0, le=100)]
Wait = Annotated[float, Meta(gt=0, le=300, description="How long to wait for the answer, in seconds.")]


class ControlRequest(Request[Any, Any, Any]):
    """A request whose body, if it has one, is a JSON document."""

    async def body(self) -> bytes:
        """Return the body, an empty object for none; raises `Refused` when it did not come whole."""
        try:
            return await super().body() or _NOTHING
        except InternalServerException as error:
            raise Refused(HTTPStatus.BAD_REQUEST, "the connection ended in the middle of the body") from error

    async def json(self) -> Any:
        """Return the body; raises `Refused`."""
        body = await self.body()
        media_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != "application/json" and body != _NOTHING:
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "application/json is expected")
        try:
            return json.decode(body)
        except UnicodeDecodeError as error:
            raise Refused(HTTPStatus.BAD_REQUEST, "the body is not UTF-8") from error
        except RecursionError as error:
            raise Refused(HTTPStatus.BAD_REQUEST, "the body is nested too deeply") from error
        except DecodeError as error:
            raise Refused(HTTPStatus.BAD_REQUEST, f"the body cannot be read: {error}") from error


class Plug(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A vehicle that is plugged in; `model` is one of those that GET /state names."""

    model: str = "compact"
    soc_percent: Percent = 20.0
    target_percent: Percent = 100.0


class Unplug(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the cable is pulled out; a fixed cable has only one end to pull."""

    end: Literal["station", "vehicle"] = "station"


class Tap(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A card at the reader of a connector; what is no idToken of OCPP 1.6 the reader does not read."""

    id_tag: Annotated[str, Meta(max_length=1000)]


class Fault(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What breaks. EVCommunicationError is no fault, but nothing is offered meanwhile (OCPP 1.6 §7.6)."""

    error_code: ChargePointErrorCode
    info: Annotated[str, Meta(max_length=1000)] = ""
    vendor_error_code: Annotated[str, Meta(max_length=1000)] = ""


class Repair(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is repaired; null is everything at this place."""

    error_code: ChargePointErrorCode | None = None


class Habits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the vehicle's driver sets; what is left out stays."""

    is_paused: bool | UnsetType = UNSET
    target_percent: Percent | UnsetType = UNSET


class Lock(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How unlocking ends: it fails as long as the lock is jammed, and so many times more."""

    is_jammed: bool | UnsetType = UNSET
    failing_unlocks: Annotated[int, Meta(ge=0, le=1000)] | UnsetType = UNSET


class Power(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether there is power."""

    state: Literal["cut", "restored"]


class Network(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The network as it is from now on; what is left out stays.

    `faults` are written as for `--faults`; an empty text is none.
    """

    state: Literal["down", "up"] | UnsetType = UNSET
    faults: Annotated[str, Meta(max_length=1000, examples=["drop=0.01,delay-in=0.05:2s"])] | UnsetType = UNSET


class Reboot(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What restarts: the program alone or, hard, the hardware too."""

    type: ResetType = ResetType.SOFT


class SetClock(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the charge point's own clock is set to; without anything the right time.

    It has no time zone, and it is what counts until the central system tells the time again.
    """

    now: Annotated[datetime, Meta(tz=True)] | UnsetType = UNSET
    ahead_s: Annotated[float, Meta(ge=-4e9, le=4e9)] | UnsetType = UNSET


class Call(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is sent: a CALL of any action and payload, or with `frame` or `frame_base64` anything at all.

    A CALL waits for its turn: until the one before it is answered. A whole frame is sent at once, as one
    text message, in base64 if it is not UTF-8.
    """

    action: Annotated[str, Meta(max_length=100_000)] | UnsetType = UNSET
    payload: Any = msgspec_field(default_factory=dict)
    frame: str | UnsetType = UNSET
    frame_base64: bytes | UnsetType = UNSET
    timeout_s: Wait = 30.0


class Outages(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What fails at the charge point the next times; what is left out stays."""

    failing_restarts: Annotated[int, Meta(ge=0, le=1000)] | UnsetType = UNSET
    failing_installs: Annotated[int, Meta(ge=0, le=1000)] | UnsetType = UNSET


class Weather(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How warm it is around the charge point."""

    celsius: Annotated[float, Meta(ge=-60, le=90)]

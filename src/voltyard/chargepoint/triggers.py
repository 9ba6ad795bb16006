"""Sending a message because the central system asks for it (OCPP 1.6 §5.17, white paper §5.5)."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from voltyard.chargepoint.commands import Commands
from voltyard.chargepoint.heartbeat import send_heartbeat
from voltyard.chargepoint.metering import take
from voltyard.chargepoint.parts import Parts
from voltyard.protocol.actions import FeatureProfile
from voltyard.protocol.messages import (
    ExtendedMessageTrigger,
    MessageTrigger,
    MeterValues,
    ReadingContext,
    TriggerMessageStatus,
)

Sending = Coroutine[Any, Any, None]
"""Sends what was asked for; raises `PeerError`."""

_ACCEPTED: Final = TriggerMessageStatus.ACCEPTED
_REJECTED: Final = TriggerMessageStatus.REJECTED


def trigger(commands: Commands, message: str, connector_id: int | None) -> TriggerMessageStatus:
    """Answer TriggerMessage, and send the message after the answer."""
    return _trigger(commands, _OF_TRIGGER_MESSAGE, message, connector_id)


def trigger_extended(commands: Commands, message: str, connector_id: int | None) -> TriggerMessageStatus:
    """Answer ExtendedTriggerMessage, and send the message after the answer."""
    return _trigger(commands, _OF_EXTENSION, message, connector_id)


def _trigger(
    commands: Commands, messages: Mapping[str, _Message], message: str, connector_id: int | None
) -> TriggerMessageStatus:
    if message not in messages:
        return TriggerMessageStatus.NOT_IMPLEMENTED
    return _REJECTED if commands.is_overburdened else messages[message](commands, connector_id)


def _boot_notification(commands: Commands, _: int | None) -> TriggerMessageStatus:
    if commands.is_accepted:
        # Once accepted it is not to be asked for until the next boot (errata 3.35, 3.40).
        return _REJECTED
    commands.parts.uplink.after_answer(commands.parts.registration.boot_now)
    return _ACCEPTED


def _heartbeat(commands: Commands, _: int | None) -> TriggerMessageStatus:
    commands.after_answer(lambda: send_heartbeat(commands.parts.uplink, commands.parts.clock))
    return _ACCEPTED


def _status_notification(commands: Commands, connector_id: int | None) -> TriggerMessageStatus:
    ids = range(len(commands.parts.sessions) + 1)
    return _each(commands, ids, connector_id, _send_status)


def _meter_values(commands: Commands, connector_id: int | None) -> TriggerMessageStatus:
    # Connector 0 has values where there is a main meter.
    first = 1 if commands.parts.hardware.main_meter is None else 0
    ids = range(first, len(commands.parts.sessions) + 1)
    return _each(commands, ids, connector_id, _send_meter_values)


def _each(
    commands: Commands, ids: range, connector_id: int | None, send: Callable[[Parts, int], Sending]
) -> TriggerMessageStatus:
    if connector_id is not None and connector_id not in ids:
        return _REJECTED
    chosen = ids if connector_id is None else (connector_id,)
    commands.after_answer(lambda: _one_by_one(commands.parts, send, chosen))
    return _ACCEPTED


async def _one_by_one(parts: Parts, send: Callable[[Parts, int], Sending], ids: Iterable[int]) -> None:
    for each in ids:
        await send(parts, each)


async def _send_status(parts: Parts, connector_id: int) -> None:
    source = parts.session(connector_id) if connector_id else parts.controller
    notification = source.status_notification()
    # In its turn: it must not overtake what is older, nor be followed by that.
    if not parts.status.repeat(notification):
        await parts.uplink.call(notification)


async def _send_meter_values(parts: Parts, connector_id: int) -> None:
    session = parts.session(connector_id) if connector_id else None
    meter = parts.hardware.main_meter if session is None else session.hardware
    wanted = parts.configuration.items("MeterValuesSampledData")
    if (
        meter is None
        or (meter_value := take(meter, wanted, ReadingContext.TRIGGER, parts.clock.now())) is None
    ):
        return
    transaction = None if session is None else session.transaction
    transaction_id = None if transaction is None else transaction.transaction_id
    request = MeterValues(
        connector_id=connector_id, transaction_id=transaction_id, meter_value=(meter_value,)
    )
    await parts.uplink.call(request)


def _diagnostics_status(commands: Commands, _: int | None) -> TriggerMessageStatus:
    parts = commands.parts
    if not parts.configuration.supports(FeatureProfile.FIRMWARE_MANAGEMENT):
        return TriggerMessageStatus.NOT_IMPLEMENTED
    return _once(commands, lambda: parts.uplink.call(parts.uploads.diagnostics_status_notification()))


def _firmware_status(commands: Commands, _: int | None) -> TriggerMessageStatus:
    parts = commands.parts
    if not parts.configuration.supports(FeatureProfile.FIRMWARE_MANAGEMENT):
        return TriggerMessageStatus.NOT_IMPLEMENTED
    return _once(commands, lambda: parts.uplink.call(parts.firmware.status_notification()))


def _log_status(commands: Commands, _: int | None) -> TriggerMessageStatus:
    parts = commands.parts
    return _once(commands, lambda: parts.uplink.call(parts.uploads.log_status_notification()))


def _once(commands: Commands, send: Callable[[], Coroutine[Any, Any, object]]) -> TriggerMessageStatus:
    async def send_it() -> None:
        await send()

    commands.after_answer(send_it)
    return _ACCEPTED


_Message = Callable[[Commands, int | None], TriggerMessageStatus]

_OF_BOTH: Final[Mapping[str, _Message]] = MappingProxyType(
    {
        MessageTrigger.BOOT_NOTIFICATION: _boot_notification,
        MessageTrigger.HEARTBEAT: _heartbeat,
        MessageTrigger.METER_VALUES: _meter_values,
        MessageTrigger.STATUS_NOTIFICATION: _status_notification,
    }
)
_OF_TRIGGER_MESSAGE: Final[Mapping[str, _Message]] = MappingProxyType(
    {
        **_OF_BOTH,
        MessageTrigger.DIAGNOSTICS_STATUS_NOTIFICATION: _diagnostics_status,
        MessageTrigger.FIRMWARE_STATUS_NOTIFICATION: _firmware_status,
    }
)
_OF_EXTENSION: Final[Mapping[str, _Message]] = MappingProxyType(
    {**_OF_BOTH, ExtendedMessageTrigger.LOG_STATUS_NOTIFICATION: _log_status}
)

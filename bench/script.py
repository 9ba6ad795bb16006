"""What one charge point says: boot, status, then one transaction after the other."""

from __future__ import annotations

import json
import re
from collections.abc import Generator
from datetime import datetime, timedelta
from itertools import count
from typing import NamedTuple

from bench.websocket import Template

METER_VALUES_PER_TRANSACTION = 8
DURABLE_ACTIONS = ("StartTransaction", "MeterValues", "StopTransaction")

_METER_VALUE_INTERVAL = timedelta(minutes=1)
_ENERGY_PER_INTERVAL_WH = 183
_TRANSACTION_ID = re.compile(rb'"transactionId":\s*([1-9][0-9]*)')
_ACCEPTED = re.compile(rb'"status":\s*"Accepted"')


class Call(NamedTuple):
    """A CALL as a frame to send, and how the CALLRESULT that answers it begins."""

    action: str
    frame: bytes
    expected: bytes


class AnswerError(Exception):
    """The server answered, but not what the script needs to go on."""


Script = Generator[Call, bytes, None]


def script(id_tag: str, begins_at: datetime, first_meter_values: int) -> Script:
    """Yield the CALLs of a charge point; each wants the text of the answer sent back.

    The first transaction has `first_meter_values` MeterValues instead of eight, so that connections
    that begin together do not stay in step. Times are the charge point's own: a minute a CALL.
    """
    ids = count(1)
    boot = yield _call(next(ids), "BootNotification", _BOOT_NOTIFICATION)
    _require(_ACCEPTED, boot)
    yield _call(next(ids), "StatusNotification", _STATUS_NOTIFICATION, _wire_time(begins_at))
    clock, energy_wh, meter_values = begins_at, 1_000_000, first_meter_values
    tag = id_tag.encode()
    while True:
        clock += _METER_VALUE_INTERVAL
        started = yield _call(
            next(ids), "StartTransaction", _START_TRANSACTION, tag, b"%d" % energy_wh, _wire_time(clock)
        )
        _require(_ACCEPTED, started)
        transaction_id = _require(_TRANSACTION_ID, started).group(1)
        for template in _METER_VALUES[METER_VALUES_PER_TRANSACTION - meter_values :]:
            clock += _METER_VALUE_INTERVAL
            energy_wh += _ENERGY_PER_INTERVAL_WH
            yield _call(
                next(ids), "MeterValues", template, transaction_id, _wire_time(clock), b"%d" % energy_wh
            )
        clock += _METER_VALUE_INTERVAL
        yield _call(
            next(ids),
            "StopTransaction",
            _STOP_TRANSACTION,
            tag,
            b"%d" % energy_wh,
            _wire_time(clock),
            transaction_id,
        )
        meter_values = METER_VALUES_PER_TRANSACTION


def meter_values_payload() -> bytes:
    """Return a MeterValues payload as it is sent: ten samples, 1.2 KB."""
    return (_meter_values_text(3) % ("42", "2026-01-01T12:00:00.000Z", "1000549")).encode()


def boot_notification_payload() -> bytes:
    """Return the BootNotification payload as it is sent."""
    return _BOOT_NOTIFICATION_TEXT.encode()


def _call(message_id: int, action: str, template: Template, *values: bytes) -> Call:
    wire_id = b"%010d" % message_id
    return Call(action, template.fill(wire_id, *values), b'[3,"%s"' % wire_id)


def _wire_time(moment: datetime) -> bytes:
    return moment.isoformat(timespec="milliseconds").encode().replace(b"+00:00", b"Z")


def _require(pattern: re.Pattern[bytes], answer: bytes) -> re.Match[bytes]:
    if (match := pattern.search(answer)) is None:
        raise AnswerError(f"no {pattern.pattern!r} in {answer[:200]!r}")
    return match


def _template(action: str, payload: str) -> Template:
    return Template(f'[2,"%s","{action}",{payload}]')


def _meter_values_text(step: int) -> str:
    """MeterValues `step` of a transaction: power ramps up, the state of charge rises."""
    amps = 9.5 + 1.9 * min(step, 4)
    samples = [
        ("%s", "Energy.Active.Import.Register", None, "Wh"),
        (f"{amps * 690:.1f}", "Power.Active.Import", None, "W"),
        (f"{amps:.2f}", "Current.Import", "L1", "A"),
        (f"{amps - 0.04:.2f}", "Current.Import", "L2", "A"),
        (f"{amps + 0.03:.2f}", "Current.Import", "L3", "A"),
        ("229.8", "Voltage", "L1-N", "V"),
        ("230.4", "Voltage", "L2-N", "V"),
        ("230.1", "Voltage", "L3-N", "V"),
        (f"{40 + step}", "SoC", None, "Percent"),
        (f"{31.5 + step / 10:.1f}", "Temperature", None, "Celsius"),
    ]
    meter_value = {"timestamp": "%s", "sampledValue": [_sample(*sample) for sample in samples]}
    text = json.dumps(
        {"connectorId": 1, "transactionId": 0, "meterValue": [meter_value]}, separators=(",", ":")
    )
    return text.replace('"transactionId":0', '"transactionId":%s')


def _sample(value: str, measurand: str, phase: str | None, unit: str) -> dict[str, str]:
    sample = {"value": value, "context": "Sample.Periodic", "measurand": measurand}
    location = {"location": "EV" if measurand == "SoC" else "Outlet"}
    return sample | ({"phase": phase} if phase else {}) | location | {"unit": unit}


_BOOT_NOTIFICATION_TEXT = (
    '{"chargePointVendor":"Voltyard","chargePointModel":"Bench 22","chargePointSerialNumber":"VY-000001",'
    '"firmwareVersion":"1.6.0","iccid":"8949020000000000000","imsi":"262020000000000",'
    '"meterType":"MID 3x32A","meterSerialNumber":"MTR-000001"}'
)
_BOOT_NOTIFICATION = _template("BootNotification", _BOOT_NOTIFICATION_TEXT)
_STATUS_NOTIFICATION = _template(
    "StatusNotification",
    '{"connectorId":1,"errorCode":"NoError","status":"Available","timestamp":"%s"}',
)
_START_TRANSACTION = _template(
    "StartTransaction", '{"connectorId":1,"idTag":"%s","meterStart":%s,"timestamp":"%s"}'
)
_METER_VALUES = tuple(
    _template("MeterValues", _meter_values_text(step)) for step in range(METER_VALUES_PER_TRANSACTION)
)
_STOP_TRANSACTION = _template(
    "StopTransaction",
    '{"idTag":"%s","meterStop":%s,"timestamp":"%s","transactionId":%s,"reason":"Local"}',
)

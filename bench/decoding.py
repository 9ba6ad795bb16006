"""Decoding and validating by itself, in this process: no sockets, no storage."""

from __future__ import annotations

import time
import timeit
from collections.abc import Callable
from functools import partial
from statistics import median

from bench.script import boot_notification_payload, meter_values_payload
from voltyard.protocol.codec import PayloadDecoder
from voltyard.protocol.messages import BootNotification, MeterValues

_LOOPS = 20_000
_REPEATS = 7


def decode_us() -> dict[str, float]:
    """Return the time of a strict decode in microseconds, by action."""
    boot_notification = partial(PayloadDecoder(BootNotification).strict, boot_notification_payload())
    meter_values = partial(PayloadDecoder(MeterValues).strict, meter_values_payload())
    return {
        "BootNotification": _microseconds(boot_notification),
        "MeterValues": _microseconds(meter_values),
    }


def _microseconds(work: Callable[[], object]) -> float:
    runs = timeit.repeat(work, timer=time.process_time, number=_LOOPS, repeat=_REPEATS)
    return median(runs) / _LOOPS * 1e6

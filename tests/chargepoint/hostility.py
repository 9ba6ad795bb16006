"""A central system that answers what it should not, and commands that no sane one would send."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from hypothesis import strategies as st
from msgspec import Raw, json
from tests.chargepoint.central_system import CentralSystem

from voltyard.protocol.actions import ACTIONS
from voltyard.protocol.shape import (
    Array,
    Choice,
    Flag,
    Member,
    Moment,
    Object,
    Shape,
    Tenth,
    Text,
    Whole,
    shape_of,
)
from voltyard.transport.link import Link, Receiver

Forgery = Callable[[str], bytes | None]
"""Makes the frame that is sent instead of an answer, given the id of the CALL; None is silence."""


class Forger(CentralSystem):
    """Sends any frame instead of its answers while there is a forgery for the action, or for all (`*`)."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(now)
        self.forgeries: dict[str, Forgery] = {}
        self.frames: list[bytes] = []

    def _accept(self, link: Link, lost: Any) -> Receiver:
        return _Forging(self, link, super()._accept(link, lost))


class _Forging:
    def __init__(self, forger: Forger, link: Link, receiver: Receiver) -> None:
        self._forger = forger
        self._link = link
        self._receiver = receiver

    def frame_received(self, frame: bytes) -> None:
        self._forger.frames.append(frame)
        kind, id, *rest = json.decode(frame)
        forgeries = self._forger.forgeries
        forgery = forgeries.get(rest[0], forgeries.get("*")) if kind == 2 else None
        if forgery is None:
            self._receiver.frame_received(frame)
        elif (forged := forgery(id)) is not None:
            self._link.send(forged)

    def connection_lost(self, code: int, reason: str) -> None:
        self._receiver.connection_lost(code, reason)


def silence(_id: str) -> None:
    """Answer nothing."""


def frame(text: bytes) -> Forgery:
    """Send this frame, in which the CALL's id stands for `ID`."""
    return lambda message_id: text.replace(b"ID", message_id.encode())


def result(payload: bytes) -> Forgery:
    """Answer with this payload."""
    return lambda message_id: json.encode((3, message_id, Raw(payload)))


def error(code: str = "InternalError") -> Forgery:
    """Answer with a CALLERROR."""
    return lambda message_id: json.encode((4, message_id, code, "no", {}))


def commands() -> st.SearchStrategy[tuple[str, bytes]]:
    """CALLs that break no rule of the schemas, with the most unlikely values that they allow."""
    return st.sampled_from([each for each in ACTIONS.values() if each.from_central_system]).flatmap(
        lambda action: st.tuples(st.just(action.name), _values(shape_of(action.request)).map(json.encode))
    )


def _values(shape: Shape) -> st.SearchStrategy[Any]:
    match shape:
        case Object(members=members):
            return _objects(list(members.values()))
        case Array(items=items, min_length=least):
            return st.lists(_values(items), min_size=least, max_size=3)
        case Choice(members=members):
            return st.sampled_from(sorted(members))
        case Whole(minimum=least, maximum=most):
            likely = [each for each in (-1, 0, 1, 2, 3, 1001, 2**31 - 1, 2**31) if least <= each <= most]
            return st.sampled_from([*likely, likely[0], least, most])
        case Tenth():
            return st.sampled_from([-1, 0, 0.1, 6, 16, 32, 11000, 99999999.9])
        case Flag():
            return st.booleans()
        case Moment():
            return st.sampled_from(
                [
                    "0001-01-01T00:00:00Z",
                    "1970-01-01T00:00:00Z",
                    "2024-05-17T09:59:30Z",
                    "2024-05-17T10:00:30Z",
                    "2024-05-18T10:00:00Z",
                    "9999-12-31T23:59:59.999Z",
                ]
            )
        case Text():
            return _texts(shape)


def _objects(members: list[Member]) -> st.SearchStrategy[dict[str, Any]]:
    required = {each.key: _values(each.shape) for each in members if each.required}
    optional = {each.key: _values(each.shape) for each in members if not each.required}
    return st.fixed_dictionaries(required, optional=optional)


_TEXTS = (
    *(
        "",
        "0",
        "1",
        "-1",
        "10",
        "true",
        "TAG-1",
        "HeartbeatInterval",
        "MeterValueSampleInterval",
        "Heartbeat",
    ),
    *("ConnectionTimeOut", "ClockAlignedDataInterval", "99999999999999999999", "BootNotification", "\u0661"),
    *(
        "StatusNotification",
        "MeterValues",
        "ftp://127.0.0.1:1/x",
        "file:///etc/passwd",
        "http://127.0.0.1:1/",
    ),
)


def _texts(shape: Text) -> st.SearchStrategy[str]:
    longest = "x" * (shape.max_length or 3000)
    fitting = [each for each in (*_TEXTS, longest) if len(each) <= (shape.max_length or 3000)]
    if shape.pattern is not None:
        fitting = [each for each in fitting if re.match(shape.pattern, each)]
    return st.sampled_from(fitting)

"""What is wrong with a connector, and how its status is reported (OCPP 1.6 §4.9, §7.6)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from voltyard.protocol.messages import ChargePointErrorCode, ChargePointStatus, StatusNotification

_NO_ERROR: Final = ChargePointErrorCode.NO_ERROR
_EV_COMMUNICATION_ERROR: Final = ChargePointErrorCode.EV_COMMUNICATION_ERROR
_FINE: Final = (_NO_ERROR, "", "")
_TEXT_LENGTH: Final = 50
# Where an error of the communication with the vehicle may be reported (OCPP 1.6 §7.6).
_WITH_VEHICLE: Final = frozenset(
    {
        ChargePointStatus.PREPARING,
        ChargePointStatus.SUSPENDED_EV,
        ChargePointStatus.SUSPENDED_EVSE,
        ChargePointStatus.FINISHING,
    }
)


class Condition:
    """A fault, which prevents charging, a warning, which does not, and what is to be said of the status."""

    __slots__ = ("_changed_at", "_fault", "_remark", "_warning")

    def __init__(self, now: datetime) -> None:
        self._fault = _FINE
        self._warning = _NO_ERROR
        self._remark = ""
        self._changed_at = now

    @property
    def warning(self) -> ChargePointErrorCode:
        """The warning there is, reported or not."""
        return self._warning

    def fail(self, error_code: ChargePointErrorCode, info: str, vendor_error_code: str) -> None:
        """Have a fault, its texts cut to what the specification allows; raises `ValueError` for NoError."""
        if error_code is _NO_ERROR:
            raise ValueError(f"{error_code} does not prevent charging")
        if error_code is _EV_COMMUNICATION_ERROR:
            # It is never reported with Faulted (OCPP 1.6 §7.6), and the charge point itself has no vehicle.
            error_code = ChargePointErrorCode.OTHER_ERROR
        self._fault = (error_code, info[:_TEXT_LENGTH], vendor_error_code[:_TEXT_LENGTH])

    def mend(self) -> None:
        """Have no fault any more."""
        self._fault = _FINE

    def warn(self, error_code: ChargePointErrorCode) -> None:
        """Have a warning; NoError takes it back."""
        self._warning = error_code

    def remark(self, text: str) -> bool:
        """Say something of a status that is no fault, cut to 50 characters; return whether that is new."""
        before, self._remark = self._remark, text[:_TEXT_LENGTH]
        return self._remark != before

    def changed(self, now: datetime) -> None:
        """Note when the status or what is wrong has changed."""
        self._changed_at = now

    def error_code(self, status: ChargePointStatus) -> ChargePointErrorCode:
        """Return what is wrong, as it may be reported with this status."""
        if status is ChargePointStatus.FAULTED:
            return self._fault[0]
        if self._warning is _EV_COMMUNICATION_ERROR and status not in _WITH_VEHICLE:
            return _NO_ERROR
        return self._warning

    def status_notification(self, connector_id: int, status: ChargePointStatus) -> StatusNotification:
        """Return the status as it is reported."""
        is_faulted = status is ChargePointStatus.FAULTED
        _, fault_info, vendor_error_code = self._fault if is_faulted else _FINE
        return StatusNotification(
            connector_id=connector_id,
            error_code=self.error_code(status),
            status=status,
            info=(fault_info if is_faulted else self._remark) or None,
            timestamp=self._changed_at,
            vendor_error_code=vendor_error_code or None,
        )

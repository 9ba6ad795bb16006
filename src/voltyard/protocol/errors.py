"""What can go wrong in a call, as OCPP-J 1.6 names it (table 7 of §4.2.3)."""

from __future__ import annotations

from enum import StrEnum

MAX_DESCRIPTION_LENGTH = 255  # OCPP-J 1.6 §4.2.3


class ErrorCode(StrEnum):
    """The ten codes of a CALLERROR; the misspelling stays (OCPP-J errata 5.1 and 5.2)."""

    NOT_IMPLEMENTED = "NotImplemented"
    NOT_SUPPORTED = "NotSupported"
    INTERNAL_ERROR = "InternalError"
    PROTOCOL_ERROR = "ProtocolError"
    SECURITY_ERROR = "SecurityError"
    FORMATION_VIOLATION = "FormationViolation"
    PROPERTY_CONSTRAINT_VIOLATION = "PropertyConstraintViolation"
    OCCURENCE_CONSTRAINT_VIOLATION = "OccurenceConstraintViolation"
    TYPE_CONSTRAINT_VIOLATION = "TypeConstraintViolation"
    GENERIC_ERROR = "GenericError"

    @classmethod
    def from_wire(cls, code: str) -> ErrorCode:
        """Return what a received code means; peers also send the spellings of OCPP 2 and their own words."""
        match code:
            case "OccurrenceConstraintViolation":
                return cls.OCCURENCE_CONSTRAINT_VIOLATION
            case "FormatViolation":
                return cls.FORMATION_VIOLATION
            case _ if code in cls.__members__.values():
                return cls(code)
            case _:
                return cls.GENERIC_ERROR


class CallError(Exception):
    """What a handler raises to have its CALL answered with this CALLERROR."""

    def __init__(self, code: ErrorCode, description: str = "") -> None:
        super().__init__(code, description)
        self.code = code
        self.description = description

    def __str__(self) -> str:
        return f"{self.code}: {self.description}" if self.description else str(self.code)


class InvalidPayload(Exception):
    """A payload breaks the specification: which rule (`code`), where (`path`), and how (`description`).

    `path` is a JSON path such as `$.meterValue[0].timestamp`. `description` can always be sent: it is cut
    to 255 characters and holds nothing that UTF-8 cannot.
    """

    def __init__(self, code: ErrorCode, path: str, description: str) -> None:
        description = description.encode(errors="replace").decode()[:MAX_DESCRIPTION_LENGTH]
        super().__init__(code, path, description)
        self.code = code
        self.path = path
        self.description = description

    def __str__(self) -> str:
        return f"{self.code}: {self.description}"

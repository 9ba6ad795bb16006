"""How the program ends when it cannot do what it was asked: one line and an exit status."""

from __future__ import annotations

import errno
import socket
from enum import IntEnum
from typing import NamedTuple

_CANNOT_LISTEN = frozenset({errno.EACCES, errno.EADDRNOTAVAIL})


class ExitStatus(IntEnum):
    """What the calling program learns."""

    REFUSED = 1
    BAD_SETTINGS = 2
    DATABASE_TROUBLE = 3
    PORT_IN_USE = 4


class Ending(NamedTuple):
    """One clear line for a person and a status for a program."""

    status: ExitStatus
    line: str


class BadArgument(Exception):
    """An argument that cannot be used."""


def ending_of(error: Exception) -> Ending | None:
    """Return how the program ends after an error, or None for one that nobody expected.

    Of several at once the first counts, if all were expected.
    """
    if isinstance(error, ExceptionGroup):
        endings = [ending_of(each) for each in error.exceptions]
        return None if None in endings else endings[0]
    status, subject = _verdict(error)
    if status is None:
        return None
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Ending(status, " ".join(f"{subject}{text}".split()))


def _verdict(error: Exception) -> tuple[ExitStatus | None, str]:
    # Imported here, since only a program that fails needs them.
    from voltyard.central.credentials import PasswordRefused  # noqa: PLC0415
    from voltyard.central.services.errors import Refused  # noqa: PLC0415
    from voltyard.central.settings_sources import SettingsError  # noqa: PLC0415
    from voltyard.central.storage.errors import DatabaseTrouble  # noqa: PLC0415
    from voltyard.chargepoint.errors import StateUnusable  # noqa: PLC0415
    from voltyard.chargepoint.scenario.errors import (  # noqa: PLC0415
        CentralSystemRefused,
        ScenarioInvalid,
        UnknownScenario,
    )

    match error:
        case SettingsError() | BadArgument() | ScenarioInvalid() | UnknownScenario():
            return ExitStatus.BAD_SETTINGS, ""
        case PasswordRefused():
            return ExitStatus.BAD_SETTINGS, "password: "
        case DatabaseTrouble() | StateUnusable():
            return ExitStatus.DATABASE_TROUBLE, ""
        case Refused() | CentralSystemRefused():
            return ExitStatus.REFUSED, ""
        case OSError():
            return _status_of_socket_error(error), "cannot listen: "
    return None, ""


def _status_of_socket_error(error: OSError) -> ExitStatus | None:
    if error.errno == errno.EADDRINUSE:
        return ExitStatus.PORT_IN_USE
    if isinstance(error, socket.gaierror) or (error.errno in _CANNOT_LISTEN and error.filename is None):
        return ExitStatus.BAD_SETTINGS
    return None

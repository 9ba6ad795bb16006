"""How the transfer of a file can fail, told apart as far as the central system wants to know."""

from __future__ import annotations

from enum import Enum, auto


class Failure(Enum):
    """Why a transfer failed, as white paper §6.19 tells failures apart."""

    NOT_SUPPORTED = auto()
    """The scheme is not supported here, or what was asked for not there."""
    PERMISSION_DENIED = auto()
    """The server wants other credentials, or lets these not do it."""
    BAD_MESSAGE = auto()
    """One of both did not understand the other."""
    FAILED = auto()
    """Anything else: nobody there, no such file, cut off, too large, too slow."""


class TransferFailed(Exception):
    """A file was not transferred; `reason` is for people and holds no credentials."""

    def __init__(self, failure: Failure, reason: str) -> None:
        super().__init__(reason)
        self.failure = failure
        self.reason = reason

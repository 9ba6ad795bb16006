"""What an operator may ask for in vain."""

from __future__ import annotations


class Refused(Exception):
    """A request that cannot be granted as things are; the text says why, for a person.

    `field` names the part of the request that is at fault, if one is.
    """

    def __init__(self, reason: str, *, field: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field


class NotFound(Refused):
    """What was named does not exist."""


class Conflict(Refused):
    """The request contradicts the present state."""


class Unacceptable(Refused):
    """The request itself is wrong."""

"""What can be wrong with a database, in one line each."""

from __future__ import annotations

from typing import TypeGuard

from voltyard.transport.errors import HangUp


class DatabaseTrouble(Exception):
    """The database cannot be used; the text is one line for a person, and nothing was changed."""


class DatabaseLocked(DatabaseTrouble):
    """Somebody else holds it."""


class DatabaseMissing(DatabaseTrouble):
    """It is not there, or its server does not answer."""


class DatabaseNewer(DatabaseTrouble):
    """A newer version of the program has migrated it."""


class DatabaseCorrupt(DatabaseTrouble):
    """What is there is not a readable Voltyard database."""


class StorageFailed(HangUp):
    """A unit of work was not committed.

    Towards a charge point it is answered by hanging up with 1013: after a CALLERROR or silence chargers
    discard what they wanted to report, after a lost connection they keep it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(1013, "storage failed, try again later")
        self.detail = reason

    def __str__(self) -> str:
        return self.detail


class Contended(StorageFailed):
    """Somebody else's work was in the way; tried again the same may be committed."""


class SpoolFailed(StorageFailed):
    """The spool on the local disk failed; the database may work."""


class WorkRefused(StorageFailed):
    """The database works but will not have this piece of work, now or later."""


def is_trouble(error: Exception) -> TypeGuard[StorageFailed]:
    """Whether an error is about the storage as a whole, so that other work would fail as well."""
    return isinstance(error, StorageFailed) and not isinstance(error, WorkRefused)

"""What an exception of a database driver says: that the database is in trouble, or that the work is."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError

from voltyard.central.storage.errors import Contended, StorageFailed, WorkRefused

_DRIVERS = frozenset({"sqlite3", "psycopg", "sqlalchemy"})
# The names that PEP 249 gives to what is wrong with a statement or its values, whatever the driver.
_FAULTS_OF_WORK = frozenset({"DataError", "IntegrityError", "ProgrammingError", "NotSupportedError"})
# PostgreSQL, appendix A: transaction rollback (serialization, deadlock); a program limit is exceeded.
_ROLLED_BACK = "40"
_LIMIT_EXCEEDED = "54"


def translate(error: Exception) -> Exception:
    """Return what a driver raised as `StorageFailed`, or one of its subclasses; anything else as it is."""
    if type(error).__module__.partition(".")[0] not in _DRIVERS:
        return error
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    kind = _kind(cause)
    failure = kind(" ".join(str(cause).split()) or type(cause).__name__)
    failure.__cause__ = error
    return failure


def _kind(error: BaseException) -> type[StorageFailed]:
    state = str(getattr(error, "sqlstate", None) or "")[:2]
    if state == _ROLLED_BACK:
        return Contended
    if state == _LIMIT_EXCEEDED or _is_plain_sqlite_error(error):
        return WorkRefused
    if _FAULTS_OF_WORK.isdisjoint(kind.__name__ for kind in type(error).__mro__):
        return StorageFailed
    return WorkRefused


def _is_plain_sqlite_error(error: BaseException) -> bool:
    # The driver calls it operational, but it is about one statement: a missing table, a wrong name.
    return (
        isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
    )

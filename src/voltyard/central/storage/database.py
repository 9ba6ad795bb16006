"""Opening a database: the engine, its revision, and one clear word when something is wrong with it."""

from __future__ import annotations

import fcntl
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, TypeVar

from sqlalchemy import Connection, Dialect, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from voltyard.central.storage.errors import (
    DatabaseCorrupt,
    DatabaseLocked,
    DatabaseMissing,
    DatabaseNewer,
    DatabaseTrouble,
)
from voltyard.central.storage.migrations import HEAD, REVISIONS, upgrade

# A full check of a large file takes longer than a start may; `voltyard db check` does it.
_QUICK_CHECK_BYTES = 16 * 1024 * 1024
# What is left of SQLite's log when it begins anew after it had grown.
_LOG_BYTES = 64 * 1024 * 1024
_BUSY_TIMEOUT_S = 5.0
# A writer of ours fails rather than wait for a lock or a statement without end, and then tries again.
_PATIENCE = "SET lock_timeout = '10s'; SET statement_timeout = '30s'"
# A server that has vanished without a word is given up, in seconds (milliseconds the last).
_KEEPALIVE = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}

T = TypeVar("T")


class Database:
    """An open database. `close` gives up its lock."""

    def __init__(self, engine: Engine, lock: IO[bytes] | None) -> None:
        self.engine = engine
        self._lock = lock

    @property
    def dialect(self) -> Dialect:
        """The dialect that statements are compiled for; its parameters are positional."""
        return self.engine.dialect

    @property
    def is_sqlite(self) -> bool:
        """Whether it is the embedded database."""
        return self.engine.dialect.name == "sqlite"

    def driver_connection(self) -> Any:
        """Return a connection of the driver itself, in autocommit mode, owned by the caller."""
        pooled = self.engine.raw_connection()
        connection = pooled.driver_connection
        pooled.detach()
        if not self.is_sqlite:
            connection.autocommit = True  # type: ignore[union-attr]  # psycopg's
            connection.execute(_PATIENCE)  # type: ignore[union-attr]  # psycopg's
        return connection

    def close(self) -> None:
        """Close every connection of the pool and release the lock."""
        self.engine.dispose()
        if self._lock is not None:
            self._lock.close()


def open_database(url: str, *, create: bool = True, exclusive: bool = False) -> Database:
    """Open a database, making it (SQLite, if `create`) or migrating it where needed.

    `exclusive` takes the lock of a running central system; a second one then gets `DatabaseLocked`.
    Raises `DatabaseTrouble`; nothing was changed then.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed, create=create, exclusive=exclusive)
    return _open_postgresql(parsed)


def check_database(url: str) -> str:
    """Examine a database without changing it and return one line that says what it is."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        path = _sqlite_path(parsed)
        if not path.exists():
            raise DatabaseMissing(f"database {path} does not exist")
        revision = _examine_sqlite(path, thorough=True)
    else:
        engine = _postgresql_engine(parsed)
        try:
            revision = _translated(lambda: _revision_of(engine), _name(parsed))
        finally:
            engine.dispose()
    _refuse_newer(revision, _name(parsed))
    state = "up to date" if revision == HEAD else f"needs an upgrade to {HEAD}"
    return f"database {_name(parsed)}: revision {revision or 'none'}, {state}"


def parse_url(url: str) -> URL:
    """Return a database URL with the driver that we use; raises `DatabaseTrouble` for any other."""
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError) as error:  # ValueError: the port is no number
        raise DatabaseTrouble("the database URL cannot be read") from error
    match backend:
        case "sqlite":
            return parsed.set(drivername="sqlite+pysqlite")
        case "postgresql" | "postgres":
            return parsed.set(drivername="postgresql+psycopg")
    raise DatabaseTrouble(f"database URL: expected sqlite or postgresql, got {backend!r}")


# SQLite.


def _open_sqlite(url: URL, *, create: bool, exclusive: bool) -> Database:
    path = _sqlite_path(url)
    if not path.parent.is_dir():
        raise DatabaseMissing(f"directory {path.parent} of the database does not exist")
    if path.exists():
        revision = _examine_sqlite(path, thorough=path.stat().st_size <= _QUICK_CHECK_BYTES)
        _refuse_newer(revision, str(path))
    elif not create:
        raise DatabaseMissing(f"database {path} does not exist")
    lock = _lock(path) if exclusive else None
    engine = create_engine(
        url, connect_args={"check_same_thread": False, "timeout": _BUSY_TIMEOUT_S, "isolation_level": None}
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin)
    database = Database(engine, lock)
    try:
        _translated(lambda: _migrate(engine), str(path))
    except BaseException:
        database.close()
        raise
    return database


def _sqlite_path(url: URL) -> Path:
    if not url.database or url.database == ":memory:":
        raise DatabaseTrouble("an SQLite database needs a file: sqlite:///path")
    return Path(url.database)


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # FULL syncs the log at each commit: what was answered is there after a power cut. Checkpoints, which
    # sync the database file itself, are run by the ledger in the background.
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute(f"PRAGMA journal_size_limit={_LOG_BYTES}")
    connection.execute("PRAGMA cache_size=-65536")
    connection.execute("PRAGMA temp_store=MEMORY")


def _begin(connection: Connection) -> None:
    # The driver is in autocommit mode, so that transactions are ours to begin, migrations included.
    connection.exec_driver_sql("BEGIN")


def _examine_sqlite(path: Path, *, thorough: bool) -> str | None:
    """Return the revision of a file that is there, opened for reading only."""
    name = str(path)
    if not path.is_file():
        raise DatabaseMissing(f"database {name} cannot be opened: it is not a file")
    try:
        connection = sqlite3.connect(_reading_only(path.resolve()), uri=True, timeout=_BUSY_TIMEOUT_S)
        try:
            tables = {
                row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")
            }
            if tables and "alembic_version" not in tables:
                raise DatabaseCorrupt(f"database {name} is not a Voltyard database")
            if thorough and (verdict := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise DatabaseCorrupt(f"database {name} is corrupt: {' '.join(verdict.split())}")
            if not tables:
                return None
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            return row[0] if row else None
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        raise _sqlite_trouble(error, name) from error


def _reading_only(path: Path) -> str:
    # Where nobody has it open, SQLite is kept from leaving its side files behind: nothing is to be touched.
    is_open = any(path.with_name(path.name + suffix).exists() for suffix in ("-wal", "-shm", "-journal"))
    return f"{path.as_uri()}?mode=ro{'' if is_open else '&immutable=1'}"


def _sqlite_trouble(error: BaseException, name: str) -> DatabaseTrouble:
    text_ = " ".join(str(error).split())
    if "locked" in text_ or "busy" in text_:
        return DatabaseLocked(f"database {name} is locked by another program")
    if "malformed" in text_ or "not a database" in text_:
        return DatabaseCorrupt(f"database {name} is corrupt: {text_}")
    if "unable to open" in text_:
        return DatabaseMissing(f"database {name} cannot be opened")
    return DatabaseTrouble(f"database {name}: {text_}")


def _lock(path: Path) -> IO[bytes]:
    # An own file: closing any descriptor of the database itself would drop SQLite's locks (POSIX).
    lock = path.with_name(path.name + ".lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise DatabaseLocked(f"database {path} is in use by another central system") from error
    return lock


# PostgreSQL.


def _open_postgresql(url: URL) -> Database:
    engine = _postgresql_engine(url)
    name = _name(url)
    try:
        _refuse_newer(_translated(lambda: _revision_of(engine), name), name)
        _translated(lambda: _migrate(engine), name)
    except BaseException:
        engine.dispose()
        raise
    return Database(engine, None)


def _postgresql_engine(url: URL) -> Engine:
    try:
        return create_engine(
            url,
            paramstyle="format",
            pool_pre_ping=True,
            connect_args={
                "connect_timeout": int(_BUSY_TIMEOUT_S),
                "application_name": "voltyard",
                **_KEEPALIVE,
            },
        )
    except ImportError as error:
        raise DatabaseTrouble("PostgreSQL needs the extra: pip install 'voltyard[postgres]'") from error


def _name(url: URL) -> str:
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return url.set(password=None, query={}).render_as_string().replace("+psycopg", "")


# Both.


def _revision_of(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
        return None if row is None else str(row[0])


def _migrate(engine: Engine) -> None:
    if _revision_of(engine) != HEAD:
        upgrade(engine)
        engine.dispose()  # connections made before do not know the planner's statistics


def _refuse_newer(revision: str | None, name: str) -> None:
    if revision is not None and revision not in REVISIONS:
        raise DatabaseNewer(
            f"database {name} was made by a newer version of Voltyard: "
            f"its revision is {revision}, this one knows {HEAD}"
        )


def _translated(action: Callable[[], T], name: str) -> T:
    try:
        return action()
    except OperationalError as error:
        if isinstance(error.orig, sqlite3.Error):
            raise _sqlite_trouble(error.orig, name) from error
        raise DatabaseMissing(f"database {name} does not answer: {_first_line(error.orig)}") from error
    except DBAPIError as error:
        if isinstance(error.orig, sqlite3.Error):
            raise _sqlite_trouble(error.orig, name) from error
        raise DatabaseTrouble(f"database {name}: {_first_line(error.orig)}") from error


def _first_line(error: BaseException | None) -> str:
    return (str(error).splitlines() or [""])[0]

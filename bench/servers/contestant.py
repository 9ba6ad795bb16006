"""What every measured central system offers the benchmark."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Server:
    """A running central system: `url` is where charge points connect, up to their identity.

    `stored` counts, by action, the durable messages that are in its storage.
    """

    pid: int
    url: str
    stored: Callable[[], Mapping[str, int]]


class Contestant(Protocol):
    """A central system that can be started again and again, each time with an empty storage."""

    @property
    def name(self) -> str:
        """Its name in the results."""
        ...

    @property
    def versions(self) -> Mapping[str, str]:
        """The versions of what it consists of."""
        ...

    def prepare(self) -> None:
        """Install what it needs, if that is not there yet."""
        ...

    def start(self, directory: Path, identities: Sequence[str]) -> AbstractContextManager[Server]:
        """Run it on 127.0.0.1 with its storage in `directory`, knowing these charge points and idTags."""
        ...


def count_by(path: Path, query: str) -> dict[str, int]:
    """Return the rows of a query, (name, number), of an SQLite database that is in use."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return dict(database.execute(query).fetchall())

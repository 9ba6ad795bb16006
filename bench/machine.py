"""What is worth knowing of the machine that measured: nothing that names it."""

from __future__ import annotations

import os
import platform
import sqlite3
import time
from collections.abc import Mapping
from statistics import median
from tempfile import NamedTemporaryFile

_SYNCS = 50
_PAGE = b"\0" * 4096


def facts() -> Mapping[str, str | int | float]:
    """Return cores, versions, how long a page takes to the disk, and how busy others keep the machine."""
    return {
        "cores": os.cpu_count() or 0,
        "architecture": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "fdatasync_us": _fdatasync_us(),
        "load_before": os.getloadavg()[0],
    }


def _fdatasync_us() -> float:
    with NamedTemporaryFile(prefix="bench-") as file:
        return median(_sync_us(file.fileno()) for _ in range(_SYNCS))


def _sync_us(descriptor: int) -> float:
    began_at = time.perf_counter()
    os.write(descriptor, _PAGE)
    os.fdatasync(descriptor)
    return (time.perf_counter() - began_at) * 1e6

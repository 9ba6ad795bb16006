"""Firmware of the simulated hardware: a file that says on its first line which version it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

MAGIC: Final = "VOLTYARD-FIRMWARE"
"""What an image begins with; a blank and the version follow, then a line feed and anything at all."""

_FIRST_LINE: Final = re.compile(rb"VOLTYARD-FIRMWARE ([!-~]{1,50})\r?(?:\n|\Z)")
_LONGEST_LINE: Final = 80


def image(version: str, content: bytes = b"") -> bytes:
    """Return a firmware image; raises `ValueError` for a version it cannot have."""
    whole = f"{MAGIC} {version}\n".encode() + content
    if _version(whole) != version:
        raise ValueError(f"a version is 1 to 50 printable ASCII characters without blanks, not {version!r}")
    return whole


def version_of(path: Path) -> str | None:
    """Return the version of an image in a file; None where it is none or cannot be read."""
    try:
        with path.open("rb") as file:
            return _version(file.read(_LONGEST_LINE))
    except OSError:
        return None


def _version(beginning: bytes) -> str | None:
    found = _FIRST_LINE.match(beginning)
    return None if found is None else found[1].decode("ascii")

"""Tables in plain text: aligned columns that people read and programs can cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import rich_click as click

_GAP = "  "


def print_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table; an empty cell shows as `-`, control characters are escaped."""
    lines = [tuple(titles), *(tuple(_cell(text) for text in row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(titles))]
    for line in lines:
        cells = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        click.echo(_GAP.join(cells).rstrip())


def to_minute(instant_us: int | None) -> str:
    """Return an instant in UTC to the minute, or nothing for none."""
    if instant_us is None:
        return ""
    return datetime.fromtimestamp(instant_us / 1_000_000, UTC).strftime("%Y-%m-%dT%H:%MZ")


def _cell(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text) or "-"

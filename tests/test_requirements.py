"""Which requirements of the specification have a test that names them: every one of the charge point's.

They stand in section H of the working reference, which lies in the directory `shared` beside the project.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

TESTS = Path(__file__).parent
REFERENCE = TESTS.resolve().parent.parent / "shared" / "spec" / "reference.md"

_ROW = re.compile(r"^\| (R-\d{3}) \| (CP|CS|Both) \| ([^|]+) \|", re.MULTILINE)
_ID = re.compile(r"R-\d{3}")
_RANGE = re.compile(r"R-(\d{3}) (?:to|-) R-(\d{3})")
# Certificates, TLS and signed firmware are a milestone of their own.
_OF_CERTIFICATES = {
    *("R-021", "R-024", "R-025", "R-026", "R-027", "R-029", "R-379"),
    *(f"R-{number}" for number in (*range(381, 388), *range(392, 415))),
}


class Requirement(NamedTuple):
    """A row of the table."""

    id: str
    role: str
    source: str


@cache
def requirements() -> tuple[Requirement, ...]:
    rows = _ROW.findall(REFERENCE.read_text(encoding="utf-8"))
    return tuple(Requirement(*(cell.strip() for cell in row)) for row in rows)


@cache
def named() -> frozenset[str]:
    """What tests name, in their docstrings or beside the line that proves it."""
    modules = (path for path in TESTS.rglob("test_*.py") if path.name != Path(__file__).name)
    return frozenset(id for path in modules for id in _ids(path.read_text(encoding="utf-8")))


def _ids(text: str) -> Iterator[str]:
    yield from _ID.findall(text)
    for first, last in _RANGE.findall(text):
        yield from (f"R-{number:03}" for number in range(int(first), int(last) + 1))


def test_the_reference_has_all_its_requirements() -> None:
    assert len(requirements()) == 414


def test_every_requirement_of_the_charge_point_has_a_test() -> None:
    of_charge_points = {each.id for each in requirements() if each.role in ("CP", "Both")}

    without = sorted(of_charge_points - _OF_CERTIFICATES - named())

    assert without == []


def test_tests_name_only_requirements_that_there_are() -> None:
    assert named() <= {each.id for each in requirements()}

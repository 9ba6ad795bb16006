"""A short form of the crash test: what was answered is there after `kill -9`, once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.crash.rounds import run


@pytest.mark.integration
@pytest.mark.parametrize("postgresql", [False, True], ids=["sqlite", "postgresql"])
def test_nothing_answered_is_lost_or_doubled_by_kills(
    postgresql: bool, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """R-163, R-164, R-193."""
    database = request.getfixturevalue("postgres_url") if postgresql else None

    verdict = asyncio.run(run(6, tmp_path, database, seed=7))

    assert verdict.faults == []
    assert verdict.answered > 100

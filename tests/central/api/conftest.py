"""Settings of a central system that tests can run."""

from __future__ import annotations

from pathlib import Path

import pytest

from voltyard.central.secret import Secret
from voltyard.central.settings import ApiSettings, OcppSettings, Settings


@pytest.fixture
def settings(ready_sqlite_url: str, tmp_path: Path) -> Settings:
    """A fresh SQLite database, and free ports of 127.0.0.1."""
    return Settings(
        data_dir=tmp_path,
        database=Secret(ready_sqlite_url),
        ocpp=OcppSettings(port=0),
        api=ApiSettings(port=0),
    )
